//! JSON as it is written, for tests that look at every byte.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// A JSON object, member by member in the order in which it is written.
#[derive(Debug, PartialEq)]
pub struct Members(pub Vec<(String, String)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    members.push((name, value.get().to_owned()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl Members {
    pub fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Everything but the members of these names, byte for byte.
    pub fn without(&self, names: &[&str]) -> Vec<&(String, String)> {
        let kept = |member: &&(String, String)| !names.contains(&member.0.as_str());
        self.0.iter().filter(kept).collect()
    }

    pub fn last(&self, name: &str) -> Option<&str> {
        let mut members = self.0.iter().rev();
        let found = members.find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A value within objects within objects, others of whose members may be no text at all.
    pub fn at(text: &str, path: &[&str]) -> Option<Value> {
        match path {
            [] => serde_json::from_str(text).ok(),
            [name, rest @ ..] => Self::at(Self::of(text)?.last(name)?, rest),
        }
    }

    pub fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.last(name)?).ok()
    }
}
