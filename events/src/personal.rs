use serde::{Deserialize, Serialize};
use std::fmt;

/// A value that says something about a person, and so never shows itself.
///
/// `Debug` and `Display` print a fixed word; the wire form carries the value as it is. Read it with
/// [`Personal::expose`], only where it is stored, sent to the person, or compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Personal(String);

impl Personal {
    /// Wraps a value; from here on it has to be asked for by name.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself. Every call is a place where personal data goes somewhere.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

impl fmt::Display for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_value_never_prints_itself() {
        let value = Personal::new("ada@example.com");
        assert_eq!(
            format!("{value} {value:?} {:?}", Some(&value)),
            "[personal] [personal] Some([personal])"
        );
    }

    #[test]
    fn the_wire_carries_the_value() {
        let json = serde_json::to_string(&Personal::new("Ada")).unwrap();
        assert_eq!(json, r#""Ada""#);
        assert_eq!(
            serde_json::from_str::<Personal>(&json).unwrap().expose(),
            "Ada"
        );
    }
}
