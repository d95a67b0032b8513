use super::super::reader::Place;
use super::super::section::Section;
use crate::policy::claims::ClaimValue;
use serde_json::{Map, Number, Value};
use toml::de::DeValue;

/// Longest text of a constant, in characters; it stands in every token.
const LONGEST: usize = 256;

/// The value of a claim that is always the same.
pub(in super::super) fn constant(
    section: &Section<'_>,
    place: &Place,
    value: &DeValue<'_>,
) -> Option<ClaimValue> {
    let read = match value {
        DeValue::Array(members) => {
            let members = members.iter().map(|member| word(member.get_ref()));
            members.collect::<Result<_, _>>().map(ClaimValue::List)
        }
        DeValue::Table(_) => json(value).map(|value| match value {
            Value::Object(members) => ClaimValue::Object(members),
            other => ClaimValue::Text(other.to_string()),
        }),
        DeValue::String(text) => text_of(text).map(ClaimValue::Text),
        DeValue::Boolean(flag) => Ok(ClaimValue::Boolean(*flag)),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => {
            number(value).map(ClaimValue::Number)
        }
    };
    read.map_err(|text| section.report(place, text)).ok()
}

/// A member of a list, which must be told from its neighbors where the list is one text.
fn word(value: &DeValue<'_>) -> Result<Value, &'static str> {
    let wrong = "must be a list of texts without spaces, of numbers, or of true and false";
    match value {
        DeValue::String(text) if text.is_empty() || text.contains(char::is_whitespace) => {
            Err(wrong)
        }
        DeValue::Array(_) | DeValue::Table(_) => Err(wrong),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => json(value),
    }
}

fn json(value: &DeValue<'_>) -> Result<Value, &'static str> {
    match value {
        DeValue::String(text) => text_of(text).map(Value::String),
        DeValue::Boolean(flag) => Ok(Value::Bool(*flag)),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => {
            number(value).map(Value::Number)
        }
        DeValue::Array(members) => {
            let members = members.iter().map(|member| json(member.get_ref()));
            members.collect::<Result<_, _>>().map(Value::Array)
        }
        DeValue::Table(members) => {
            let members = members
                .iter()
                .map(|(name, value)| Ok((name.get_ref().to_string(), json(value.get_ref())?)));
            members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
    }
}

fn text_of(text: &str) -> Result<String, &'static str> {
    if text.chars().any(char::is_control) {
        return Err("must not hold control characters");
    }
    if text.chars().count() > LONGEST {
        return Err("must not hold a text of more than 256 characters");
    }
    Ok(text.to_owned())
}

/// A number that JSON has.
fn number(value: &DeValue<'_>) -> Result<Number, &'static str> {
    let digits = |text: &str| text.replace('_', "");
    match value {
        DeValue::Integer(number) => i64::from_str_radix(&digits(number.as_str()), number.radix())
            .map(Number::from)
            .map_err(|_too_large| "must be a number of at most 64 bits"),
        DeValue::Float(number) => {
            let number = digits(number.as_str()).parse().ok();
            number
                .and_then(Number::from_f64)
                .ok_or("must be a finite number")
        }
        DeValue::Datetime(_)
        | DeValue::String(_)
        | DeValue::Boolean(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => Err("must be in quotes; a token has no dates of its own"),
    }
}
