use crate::Personal;
use serde::{Deserialize, Serialize};

/// What a user's attributes say of the person, as one event carried them.
///
/// Every event keeps personal values here and nowhere else, under the key `person`, so that a store
/// can seal them and a receiver can be spared them without knowing the event's type. Nothing in it
/// grants a right: most of it is written by the user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// Mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Personal>,
    /// Whether Cognito says that the address is verified. It counts only together with
    /// [`Person::providers`]: any outside provider can assert it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub email_verified: bool,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Personal>,
    /// Whether Cognito says that the number is verified.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub phone_number_verified: bool,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<Personal>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<Personal>,
    /// Language, as BCP 47 (`de-AT`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Personal>,
    /// Time zone, as an IANA name (`Europe/Vienna`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<Personal>,
    /// Department, from an attribute that the policy names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<Personal>,
    /// Consent to marketing mail, from an attribute that the policy names; `None` if never asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marketing_consent: Option<bool>,
    /// Whether the application's own onboarding is done, from an attribute that the policy names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onboarding_completed: Option<bool>,
    /// Names of the outside identity providers that this user signs in with; empty for a user who
    /// lives in the pool alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<String>,
}

impl Person {
    /// The part of the mail address behind its last `@`, in lower case.
    pub fn email_domain(&self) -> Option<String> {
        let (local, domain) = self.email.as_ref()?.expose().trim().rsplit_once('@')?;
        (!local.is_empty() && !domain.is_empty()).then(|| domain.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_what_stands_behind_the_last_at_sign() {
        let domain = |email: &str| {
            Person {
                email: Some(Personal::new(email)),
                ..Person::default()
            }
            .email_domain()
        };
        assert_eq!(domain("ada@Example.COM").as_deref(), Some("example.com"));
        assert_eq!(
            domain("\"a@b\"@example.com").as_deref(),
            Some("example.com")
        );
        assert_eq!(domain("ada@"), None);
        assert_eq!(domain("@example.com"), None);
        assert_eq!(domain("ada"), None);
    }

    #[test]
    fn debug_shows_no_personal_value() {
        let person = Person {
            email: Some(Personal::new("ada@example.com")),
            given_name: Some(Personal::new("Ada")),
            ..Person::default()
        };
        let shown = format!("{person:?}");
        assert!(
            !shown.contains("ada@example.com") && !shown.contains("Ada\""),
            "{shown}"
        );
    }
}
