//! Values of claims, and the rule by which each of them is a text.

use serde::Serialize;
use serde_json::{Map, Number, Value};
use std::fmt;

/// What kind of value a claim has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list of texts, numbers and booleans.
    List,
    /// An object.
    Object,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Text,
        Self::Number,
        Self::Boolean,
        Self::List,
        Self::Object,
    ];

    /// The word in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Object => "object",
        }
    }
}

/// The value of one claim. It may be personal, and so it never shows itself.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ClaimValue {
    /// A text.
    Text(String),
    /// A number.
    Number(Number),
    /// True or false.
    Boolean(bool),
    /// Texts without spaces, numbers and booleans.
    List(Vec<Value>),
    /// An object.
    Object(Map<String, Value>),
}

impl ClaimValue {
    /// A list of words.
    pub fn words<'w>(words: impl IntoIterator<Item = &'w String>) -> Self {
        let words = words.into_iter().map(|word| Value::from(word.as_str()));
        Self::List(words.collect())
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Number(_) => Kind::Number,
            Self::Boolean(_) => Kind::Boolean,
            Self::List(_) => Kind::List,
            Self::Object(_) => Kind::Object,
        }
    }

    /// The value where only text is understood (`V1_0`), or where the policy wants one: a number in
    /// decimal, `true` or `false`, the members of a list with one space between them as in `scope`,
    /// an object as compact JSON. An empty list is an empty text.
    #[must_use]
    pub fn into_text(self) -> Self {
        Self::Text(match self {
            Self::Text(text) => text,
            Self::Number(number) => decimal(&number),
            Self::Boolean(flag) => flag.to_string(),
            Self::List(members) => {
                let members: Vec<String> = members.iter().map(member).collect();
                members.join(" ")
            }
            Self::Object(members) => Value::Object(members).to_string(),
        })
    }

    /// What the claim adds to the JSON of a token, in bytes: name, value, colon and comma.
    pub fn weight(&self, name: &str) -> usize {
        let length = |json: serde_json::Result<String>| {
            json.expect("texts, numbers, booleans, and lists and maps of them are always JSON")
                .len()
        };
        length(serde_json::to_string(name)) + length(serde_json::to_string(self)) + 2
    }
}

/// Shortest digits that read as the same number, without an exponent.
fn decimal(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        Some(_) | None => number.to_string(),
    }
}

fn member(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => decimal(number),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

impl fmt::Debug for ClaimValue {
    /// Shows the kind alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClaimValue({})", self.kind().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> ClaimValue {
        match value {
            Value::Object(members) => ClaimValue::Object(members),
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn every_kind_of_value_has_one_text() {
        let number = |value: f64| ClaimValue::Number(Number::from_f64(value).unwrap());
        for (value, text) in [
            (ClaimValue::Text("a b".into()), "a b"),
            (ClaimValue::Number(0.into()), "0"),
            (ClaimValue::Number((-1_767_323_045).into()), "-1767323045"),
            (ClaimValue::Number(u64::MAX.into()), "18446744073709551615"),
            (number(2.5), "2.5"),
            (number(1e21), "1000000000000000000000"),
            (number(1e-7), "0.0000001"),
            (ClaimValue::Boolean(true), "true"),
            (ClaimValue::Boolean(false), "false"),
            (ClaimValue::words(&["a".into(), "b:c".into()]), "a b:c"),
            (ClaimValue::words(&["a".into()]), "a"),
            (ClaimValue::List(vec![]), ""),
            (
                ClaimValue::List(vec![json!("a"), json!(1), json!(true), json!(0.5)]),
                "a 1 true 0.5",
            ),
            (
                object(json!({ "b": [1, "x y"], "a": "é\"" })),
                r#"{"b":[1,"x y"],"a":"é\""}"#,
            ),
            (object(json!({})), "{}"),
        ] {
            assert_eq!(json!(value.into_text()), text);
        }
    }

    #[test]
    fn a_weight_is_what_a_token_grows_by() {
        let values = [
            ClaimValue::Text("é\"\n".into()),
            ClaimValue::Number(12.into()),
            ClaimValue::Boolean(true),
            ClaimValue::words(&["a".into(), "b".into()]),
            object(json!({ "a": null })),
        ];
        for value in values {
            let one = json!({ "first": 1 }).to_string();
            let two = json!({ "first": 1, "na\"me": value }).to_string();
            assert_eq!(value.weight("na\"me"), two.len() - one.len(), "{two}");
        }
    }

    #[test]
    fn a_value_shows_its_kind_and_nothing_else() {
        for value in [
            ClaimValue::Text("ada@example.com".into()),
            object(json!({ "email": "ada@example.com" })),
        ] {
            assert!(!format!("{value:?}").contains("ada"), "{value:?}");
        }
    }
}
