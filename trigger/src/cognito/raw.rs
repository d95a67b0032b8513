use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A JSON object whose members are left as they are written: order, numbers, spacing and all.
///
/// Holds passwords, codes and tokens, so it never shows itself.
#[derive(Clone)]
pub struct RawObject<'a> {
    text: &'a str,
    members: Vec<(String, &'a RawValue)>,
}

impl<'a> RawObject<'a> {
    /// Reads an object's members; `None` if the value is not an object that can be read.
    pub fn read(value: &'a RawValue) -> Option<Self> {
        let text = value.get();
        let Members(members) = serde_json::from_str(text).ok()?;
        Some(Self { text, members })
    }

    /// A member as it is written. Of two with one name, the last, as most readers have it.
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        let mut members = self.members.iter().rev();
        members
            .find(|(name, _)| name == key)
            .map(|(_, value)| *value)
    }

    /// The object as it is written.
    pub fn to_raw(&self) -> Box<RawValue> {
        RawValue::from_string(self.text.to_owned()).expect("what was read as an object is JSON")
    }

    /// Every member in the order in which it is written, doubled ones too.
    pub fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        let members = self.members.iter();
        members.map(|(name, value)| (name.as_str(), *value))
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

    /// The object with this member set: in its place if there is one, else at the end. Every byte
    /// outside that place stays as it is.
    pub fn with(&self, key: &str, value: &RawValue) -> Box<RawValue> {
        let (before, after) = match self.get(key) {
            Some(old) => {
                let start = old.get().as_ptr().addr() - self.text.as_ptr().addr();
                let end = start + old.get().len();
                (self.text[..start].to_owned(), &self.text[end..])
            }
            None => {
                let (open, close) = self.text.split_at(self.text.len() - 1);
                let comma = if self.members.is_empty() { "" } else { "," };
                let key = serde_json::Value::from(key);
                (format!("{open}{comma}{key}:"), close)
            }
        };
        RawValue::from_string(format!("{before}{}{after}", value.get()))
            .expect("an object in which one value stands in another's place is an object")
    }
}

impl Default for RawObject<'_> {
    /// The object that has no members.
    fn default() -> Self {
        Self {
            text: "{}",
            members: Vec::new(),
        }
    }
}

impl fmt::Debug for RawObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawObject([personal])")
    }
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
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
        let set = r#"{"a": 1.50e+2,"response":{"x":1},"z":[ 12345678901234567890123, "\u00e9" ]}"#;
        assert_eq!(with(object, "response", r#"{"x":1}"#), set);
    }

    #[test]
    fn a_missing_member_comes_last_and_a_doubled_one_is_set_where_it_counts() {
        assert_eq!(with("{}", "response", "1"), r#"{"response":1}"#);
        assert_eq!(with("{\"a\" : 1\n}", "r", "2"), "{\"a\" : 1\n,\"r\":2}");
        assert_eq!(with(r#"{"r":1,"r":2}"#, "r", "3"), r#"{"r":1,"r":3}"#);
    }

    #[test]
    fn a_name_is_known_however_it_is_escaped_and_stays_as_it_is_written() {
        let object = r#"{"\u0061b": 0, "\u0072": 1}"#;
        assert_eq!(with(object, "r", "[]"), r#"{"\u0061b": 0, "\u0072": []}"#);
    }

    #[test]
    fn what_stands_around_an_object_is_no_part_of_it() {
        assert_eq!(with(" {\"r\":1} \n", "r", "2"), r#"{"r":2}"#);
    }

    #[test]
    fn an_object_does_not_show_what_it_holds() {
        let object: &RawValue = serde_json::from_str(r#"{"password":"hunter2"}"#).unwrap();
        let shown = format!("{:?}", RawObject::read(object));
        assert!(
            !shown.contains("password") && !shown.contains("hunter2"),
            "{shown}"
        );
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
