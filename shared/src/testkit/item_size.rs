//! How large DynamoDB thinks an item is, and so what writing it costs.

use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// Bytes of an item, as the developer guide's *DynamoDB item sizes and formats* counts them: names
/// and values, with a byte for each element of a list or map and three for the list or map itself.
pub fn item_size(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + value_size(value))
        .sum()
}

/// Write units that an item of this size costs: one for each kilobyte begun.
pub fn write_units(size: usize) -> usize {
    size.div_ceil(1024).max(1)
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::N(number) => number_size(number),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Bs(all) => all.iter().map(|bytes| bytes.as_ref().len()).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| number_size(number)).sum(),
        AttributeValue::L(values) => {
            3 + values
                .iter()
                .map(|value| 1 + value_size(value))
                .sum::<usize>()
        }
        AttributeValue::M(map) => {
            let entry = |(name, value): (&String, _)| 1 + name.len() + value_size(value);
            3 + map.iter().map(entry).sum::<usize>()
        }
        other => panic!("a kind of value that has no known size: {other:?}"),
    }
}

/// A byte for each two significant digits, begun ones included, one more for the number, and one
/// for a minus.
fn number_size(number: &str) -> usize {
    let digits = number.trim_start_matches('-').replace('.', "");
    let significant = digits.trim_start_matches('0').trim_end_matches('0').len();
    1 + significant.div_ceil(2) + usize::from(number.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_developer_guide() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = HashMap::from([("PK".to_owned(), text("abc")), ("é".to_owned(), text("é"))]);
        assert_eq!(item_size(&item), 2 + 3 + 2 + 2);
        let number = |number: &str| value_size(&AttributeValue::N(number.to_owned()));
        assert_eq!(
            (number("27"), number("-27"), number("100"), number("0")),
            (2, 3, 2, 1)
        );
        let list = AttributeValue::L(vec![text("a"), AttributeValue::Null(true)]);
        assert_eq!(value_size(&list), 3 + 2 + 2);
        let map = AttributeValue::M(HashMap::from([(
            "k".to_owned(),
            AttributeValue::Bool(true),
        )]));
        assert_eq!(value_size(&map), 3 + 1 + 1 + 1);
        assert_eq!([0, 1024, 1025].map(write_units), [1, 1, 2]);
    }
}
