//! An item as a stream has it: values in JSON, by their types' names.

use crate::dynamodb::fault::Item;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::Blob;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

/// The item; `None` if it is none.
pub(super) fn item(image: &Value) -> Option<Item> {
    attributes(image.as_object()?)
}

fn attributes(image: &Map<String, Value>) -> Option<Item> {
    let attributes = image
        .iter()
        .map(|(name, value)| Some((name.clone(), attribute(value)?)));
    attributes.collect()
}

fn attribute(value: &Value) -> Option<AttributeValue> {
    let (kind, value) = value.as_object()?.iter().next()?;
    let text = || value.as_str().map(ToOwned::to_owned);
    Some(match kind.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "B" => AttributeValue::B(blob(value)?),
        "BOOL" => AttributeValue::Bool(value.as_bool()?),
        "NULL" => AttributeValue::Null(value.as_bool()?),
        "M" => AttributeValue::M(attributes(value.as_object()?)?),
        "L" => AttributeValue::L(all(value, attribute)?),
        "SS" => AttributeValue::Ss(all(value, |text| text.as_str().map(ToOwned::to_owned))?),
        "NS" => AttributeValue::Ns(all(value, |text| text.as_str().map(ToOwned::to_owned))?),
        "BS" => AttributeValue::Bs(all(value, blob)?),
        _ => return None,
    })
}

fn all<T>(values: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    values.as_array()?.iter().map(read).collect()
}

fn blob(value: &Value) -> Option<Blob> {
    BASE64_STANDARD.decode(value.as_str()?).ok().map(Blob::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_type_is_read_and_nothing_is_made_of_another() {
        let image = json!({
            "s": {"S": "a"}, "n": {"N": "1.5"}, "b": {"B": "AAH/"}, "t": {"BOOL": true},
            "z": {"NULL": true}, "m": {"M": {"l": {"L": [{"S": "x"}, {"N": "2"}]}}},
            "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1"]}, "bs": {"BS": ["AA=="]},
        });
        let read = item(&image).unwrap();
        let text = |text: &str| AttributeValue::S(text.to_owned());
        assert_eq!(read["s"], text("a"));
        assert_eq!(read["b"], AttributeValue::B(Blob::new([0, 1, 255])));
        let list = AttributeValue::L(vec![text("x"), AttributeValue::N("2".to_owned())]);
        assert_eq!(
            read["m"],
            AttributeValue::M([("l".to_owned(), list)].into())
        );
        assert_eq!(read.len(), 9);
        for bad in [
            json!(null),
            json!("a"),
            json!({"a": {"S": 1}}),
            json!({"a": {"B": "?"}}),
            json!({"a": {"X": "1"}}),
            json!({"a": {}}),
        ] {
            assert_eq!(item(&bad), None, "{bad}");
        }
    }
}
