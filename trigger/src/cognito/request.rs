use super::RawObject;
use serde_json::{Map, Value, value::RawValue};
use std::fmt;
use usher_events::{Person, Personal};
use usher_shared::policy::Attributes;

/// Stands for an outside provider that we know to be there and cannot name. No policy trusts it.
const UNNAMED_PROVIDER: &str = "(unnamed)";

/// How deep members are read one at a time: those of `request`, and those of its maps.
const LEVELS: u8 = 2;

/// `request`, as far as anybody asks for it. Holds passwords and codes, so it never shows itself.
#[derive(Clone, Default)]
pub struct Request(Map<String, Value>);

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request([personal])")
    }
}

impl Request {
    pub(super) fn read(raw: &RawValue) -> Self {
        Self(members(raw, LEVELS))
    }

    fn map(&self, key: &str) -> Option<&Map<String, Value>> {
        self.0.get(key)?.as_object()
    }

    /// One attribute's text; numbers and booleans count as their text. `None` also where empty.
    pub fn attribute(&self, name: &str) -> Option<String> {
        text(self.map("userAttributes")?.get(name)?)
    }

    fn is_true(&self, name: &str) -> bool {
        self.attribute(name)
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// What the client said beside the attributes, wherever this trigger carries it.
    pub fn hint(&self, name: &str) -> Option<String> {
        let said = |key| text(self.map(key)?.get(name)?);
        said("clientMetadata").or_else(|| said("validationData"))
    }

    /// The language in which the client, or else the user, wants to be spoken to. Their own text: it
    /// chooses among texts and grants nothing.
    pub fn locale(&self) -> Option<String> {
        self.hint("locale").or_else(|| self.attribute("locale"))
    }

    /// A text of the request itself, such as `codeParameter`. `None` also where empty.
    pub fn parameter(&self, name: &str) -> Option<String> {
        text(self.0.get(name)?)
    }

    /// A flag of the request itself, such as `newDeviceUsed`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Whether the request has a member of this name, whatever it is.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The groups that the pool gives, where the event names them and every one can be read: an
    /// answer that named only some would take the others away.
    pub fn groups(&self) -> Option<Vec<String>> {
        let groups = self
            .map("groupConfiguration")?
            .get("groupsToOverride")?
            .as_array()?;
        groups.iter().map(text).collect()
    }

    /// The rest of the group configuration, which an answer about groups has to give back.
    pub fn group_configuration(&self) -> Option<&Map<String, Value>> {
        self.map("groupConfiguration")
    }

    /// Whether this user comes from an outside provider.
    pub fn is_external(&self) -> bool {
        self.attribute("cognito:user_status")
            .is_some_and(|status| status == "EXTERNAL_PROVIDER")
    }

    /// What the attributes say of the person.
    pub fn person(&self, attributes: &Attributes) -> Person {
        let personal = |name: &str| self.attribute(name).map(Personal::new);
        let flag = |name: &str| {
            self.attribute(name)
                .and_then(|text| text.to_lowercase().parse().ok())
        };
        Person {
            email: personal("email"),
            email_verified: self.is_true("email_verified"),
            phone_number: personal("phone_number"),
            phone_number_verified: self.is_true("phone_number_verified"),
            given_name: personal("given_name"),
            family_name: personal("family_name"),
            locale: personal("locale"),
            zoneinfo: personal("zoneinfo"),
            department: personal(&attributes.department),
            marketing_consent: flag(&attributes.marketing_consent),
            onboarding_completed: flag(&attributes.onboarding_completed),
            providers: self.providers(),
        }
    }

    /// The outside providers of `identities`, a JSON array inside a text. What is there and cannot
    /// be read is a provider that nobody trusts.
    fn providers(&self) -> Vec<String> {
        let Some(identities) = self.attribute("identities") else {
            return if self.is_external() {
                vec![UNNAMED_PROVIDER.to_owned()]
            } else {
                Vec::new()
            };
        };
        let identities: Vec<Value> =
            serde_json::from_str(&identities).unwrap_or_else(|_| vec![Value::Null]);
        let name = |identity: &Value| identity.get("providerName").and_then(text);
        let mut names: Vec<String> = identities
            .iter()
            .map(|one| name(one).unwrap_or_else(|| UNNAMED_PROVIDER.to_owned()))
            .collect();
        if names.is_empty() && self.is_external() {
            names.push(UNNAMED_PROVIDER.to_owned());
        }
        names.sort();
        names.dedup();
        names
    }
}

/// Reads an object member by member, so that one that cannot be read – a number beyond all numbers,
/// half a character, a hundred arrays in each other – takes no other with it. Whether a user is
/// suspended must not hang on a value that nobody asks for.
fn members(raw: &RawValue, levels: u8) -> Map<String, Value> {
    let object = RawObject::read(raw).unwrap_or_default();
    let value = |raw: &RawValue| match serde_json::from_str(raw.get()) {
        Ok(value) => value,
        Err(_) if levels > 1 => Value::Object(members(raw, levels - 1)),
        Err(_) => Value::Null,
    };
    object
        .members()
        .map(|(name, raw)| (name.to_owned(), value(raw)))
        .collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use usher_shared::policy::Policy;

    fn person(attributes: &Value) -> Person {
        let raw =
            RawValue::from_string(json!({ "userAttributes": attributes }).to_string()).unwrap();
        Request::read(&raw).person(&Policy::default().attributes)
    }

    #[test]
    fn booleans_come_as_texts_or_as_booleans_and_nulls_are_absent() {
        let read = person(
            &json!({ "email": "a@b.example", "email_verified": true, "phone_number": null }),
        );
        assert!(read.email_verified && read.phone_number.is_none());
        assert!(person(&json!({ "email_verified": "true" })).email_verified);
        assert!(!person(&json!({ "email_verified": "false" })).email_verified);
        assert!(!person(&json!({ "email_verified": "yes" })).email_verified);
    }

    #[test]
    fn identities_name_the_outside_providers() {
        let read = person(&json!({ "identities": r#"[{"providerName":"Google","userId":"1"}]"# }));
        assert_eq!(read.providers, ["Google"]);
    }

    #[test]
    fn an_outside_provider_that_cannot_be_named_is_still_one() {
        for attributes in [
            json!({ "identities": "not json" }),
            json!({ "identities": r#"[{"userId":"1"}]"# }),
            json!({ "cognito:user_status": "EXTERNAL_PROVIDER" }),
            json!({ "cognito:user_status": "EXTERNAL_PROVIDER", "identities": "[]" }),
        ] {
            assert_eq!(
                person(&attributes).providers,
                [UNNAMED_PROVIDER],
                "{attributes}"
            );
        }
        assert!(person(&json!({ "identities": "[]" })).providers.is_empty());
    }

    #[test]
    fn a_member_that_cannot_be_read_takes_no_other_with_it() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for odd in ["1e999", r#""\ud800""#, r#"{"\ud800":1}"#, &deep] {
            let text = format!(
                r#"{{"x":{odd},"clientMetadata":{odd},"userAttributes":{{"sub":"3f0c","y":{odd}}}}}"#
            );
            let request = Request::read(&RawValue::from_string(text).unwrap());
            assert_eq!(request.attribute("sub").as_deref(), Some("3f0c"), "{odd}");
        }
    }

    #[test]
    fn custom_role_and_account_type_are_not_read_at_all() {
        let read = person(&json!({ "custom:role": "admin", "custom:account_type": "enterprise" }));
        assert_eq!(read, Person::default());
    }
}
