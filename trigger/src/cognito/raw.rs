use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A JSON object whose members are left as they are written: order, numbers, spacing and all.
#[derive(Clone, Debug, Default)]
pub struct RawObject<'a>(Vec<(String, &'a RawValue)>);

impl<'a> RawObject<'a> {
    /// Reads an object's members; `None` if the value is not an object that can be read.
    pub fn read(value: &'a RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok()
    }

    /// A member as it is written. Of two with one name, the last, as most readers have it.
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, value)| *value)
    }

    /// A member's text; `None` if it is missing or anything else. A bare number counts as text,
    /// because samples of Cognito's guide carry `"version": 1`.
    pub fn text(&self, key: &str) -> Option<String> {
        match serde_json::from_str(self.get(key)?.get()).ok()? {
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Number(number) => Some(number.to_string()),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_) => None,
        }
    }

    /// The object with this member set: in its place if there is one, else at the end.
    pub fn with(&self, key: &str, value: &RawValue) -> Box<RawValue> {
        let place = self.0.iter().rposition(|(name, _)| name == key);
        let mut text = String::from("{");
        let mut member = |name: &str, value: &RawValue| {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&serde_json::Value::from(name).to_string());
            text.push(':');
            text.push_str(value.get());
        };
        for (index, (name, old)) in self.0.iter().enumerate() {
            member(name, if Some(index) == place { value } else { old });
        }
        if place.is_none() {
            member(key, value);
        }
        text.push('}');
        RawValue::from_string(text)
            .expect("members that are JSON, between braces and commas, are JSON")
    }
}

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawObject(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(object: &str, key: &str, value: &str) -> String {
        let object: &RawValue = serde_json::from_str(object).unwrap();
        let value = RawValue::from_string(value.to_owned()).unwrap();
        RawObject::read(object)
            .unwrap()
            .with(key, &value)
            .get()
            .to_owned()
    }

    #[test]
    fn setting_a_member_leaves_every_other_byte_as_it_was_written() {
        let object = r#"{"a": 1.50e+2,"response":{ },"z":[ 12345678901234567890123, "\u00e9" ]}"#;
        let set = r#"{"a":1.50e+2,"response":{"x":1},"z":[ 12345678901234567890123, "\u00e9" ]}"#;
        assert_eq!(with(object, "response", r#"{"x":1}"#), set);
    }

    #[test]
    fn a_missing_member_comes_last_and_a_doubled_one_is_set_where_it_counts() {
        assert_eq!(with("{}", "response", "1"), r#"{"response":1}"#);
        assert_eq!(with(r#"{"r":1,"r":2}"#, "r", "3"), r#"{"r":1,"r":3}"#);
    }

    #[test]
    fn what_is_not_an_object_is_not_read() {
        for text in ["[]", "1", "null", r#""text""#] {
            assert!(
                RawObject::read(serde_json::from_str(text).unwrap()).is_none(),
                "{text}"
            );
        }
    }
}
