//! DynamoDB's JSON: what a call asks, and what the server says of its cost.

use super::{Service, Units};
use crate::testkit::item_size::{Item, item_size};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::Blob;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

const CONDITION: &str = "ConditionalCheckFailedException";
/// Of ours, a transaction is canceled for nothing else.
const TRANSACTION: &str = "TransactionCanceledException";

/// Where an item is.
pub(super) struct Key {
    pub(super) table: String,
    pub(super) attributes: Item,
}

/// A call, as it was sent.
pub(super) struct Asked {
    pub(super) service: Service,
    pub(super) operation: String,
    pub(super) entries: usize,
    /// The items that it writes or would write.
    pub(super) written: Vec<Key>,
    body: Value,
}

impl Asked {
    pub(super) fn read(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target");
        // SES alone says by the path what it is to do, and here it does one thing.
        let (service, operation) = match target.and_then(|target| target.split_once('.')) {
            None => (Service::Ses, "SendEmail"),
            Some(("AmazonSQS", operation)) => (Service::Sqs, operation),
            Some(("AWSEvents", operation)) => (Service::EventBridge, operation),
            Some((_, operation)) => (Service::DynamoDb, operation),
        };
        let body = request.body().bytes().unwrap_or_default();
        let body: Value = serde_json::from_slice(body).unwrap();
        let entries = body["Entries"]
            .as_array()
            .or(body["TransactItems"].as_array());
        Self {
            service,
            operation: operation.to_owned(),
            entries: entries.map_or(1, Vec::len),
            written: written(operation, &body),
            body,
        }
    }

    /// The same, asking what it costs, and what of that is an index's.
    pub(super) fn for_units(&self) -> String {
        let mut body = self.body.clone();
        body["ReturnConsumedCapacity"] = json!("INDEXES");
        body.to_string()
    }

    /// What the server says of the cost.
    pub(super) fn reported(&self, answer: &[u8]) -> Option<Units> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let of_tables = match &answer["ConsumedCapacity"] {
            Value::Null => return None,
            Value::Array(tables) => tables.clone(),
            table => vec![table.clone()],
        };
        let of_table = |table: &Value| {
            let all = halves(&table["CapacityUnits"]);
            let of_indexes = table["GlobalSecondaryIndexes"].as_object();
            let of_indexes = of_indexes.into_iter().flat_map(|indexes| indexes.values());
            let indexed: usize = of_indexes
                .map(|index| halves(&index["CapacityUnits"]))
                .sum();
            if self.reads() {
                Units {
                    half_reads: all,
                    ..Units::default()
                }
            } else {
                Units {
                    written: (all - indexed) / 2,
                    indexed: indexed / 2,
                    half_reads: 0,
                }
            }
        };
        Some(of_tables.iter().map(of_table).sum())
    }

    /// What it costs by the rules, with the items that it writes as they were and as they are.
    pub(super) fn computed(
        &self,
        answer: &[u8],
        before: &[Option<Item>],
        after: &[Option<Item>],
    ) -> Units {
        if self.service != Service::DynamoDb {
            return Units::default();
        }
        let pairs = before.iter().zip(after);
        let units: Units = match failure(answer).as_deref() {
            Some(CONDITION | TRANSACTION) => before
                .iter()
                .map(|there| Units::refused(there.as_ref()))
                .sum(),
            Some(_) => return Units::default(),
            None if self.reads() => return self.read_units(answer),
            None => pairs
                .map(|(was, is)| Units::write(was.as_ref(), is.as_ref()))
                .sum(),
        };
        match self.operation.as_str() {
            // Each item is prepared, and then written.
            "TransactWriteItems" => units * 2,
            _ => units,
        }
    }

    /// Whether it was refused because a condition did not hold.
    pub(super) fn condition_failed(&self, answer: &[u8]) -> bool {
        let is_table = self.service == Service::DynamoDb;
        is_table && matches!(failure(answer).as_deref(), Some(CONDITION | TRANSACTION))
    }

    fn reads(&self) -> bool {
        matches!(
            self.operation.as_str(),
            "GetItem" | "BatchGetItem" | "Query"
        )
    }

    fn read_units(&self, answer: &[u8]) -> Units {
        let answer: Value = serde_json::from_slice(answer).unwrap();
        let consistent = |asked: &Value| asked["ConsistentRead"] == true;
        let size = |value: &Value| item_size(&item(value));
        let all = |items: &Value| items.as_array().cloned().unwrap_or_default();
        match self.operation.as_str() {
            "GetItem" => {
                let bytes = answer.get("Item").map_or(0, size);
                Units::read(bytes, consistent(&self.body))
            }
            "Query" => {
                let bytes = all(&answer["Items"]).iter().map(size).sum();
                Units::read(bytes, consistent(&self.body))
            }
            "BatchGetItem" => {
                let tables = self.body["RequestItems"].as_object().unwrap();
                let of_table = |(table, asked): (&String, &Value)| {
                    let there = all(&answer["Responses"][table]);
                    let not_there = all(&asked["Keys"]).len() - there.len();
                    let there = there.iter().map(size);
                    let sizes = there.chain(std::iter::repeat_n(0, not_there));
                    sizes
                        .map(|bytes| Units::read(bytes, consistent(asked)))
                        .sum::<Units>()
                };
                tables.iter().map(of_table).sum()
            }
            other => unreachable!("{other} is not among those that read"),
        }
    }
}

/// The kind of error that an answer is, if it is one.
fn failure(answer: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let kind = answer["__type"].as_str()?.rsplit('#').next()?;
    Some(kind.to_owned())
}

/// The items that a call writes or would write. Panics at a call that it does not know, which might
/// cost what nobody counts.
fn written(operation: &str, body: &Value) -> Vec<Key> {
    let key = |asked: &Value, attributes: &Value| {
        let attributes = item(attributes);
        let keys = ["PK", "SK"].map(|name| (name.to_owned(), attributes[name].clone()));
        Key {
            table: asked["TableName"].as_str().unwrap().to_owned(),
            attributes: keys.into(),
        }
    };
    match operation {
        "PutItem" => vec![key(body, &body["Item"])],
        "UpdateItem" | "DeleteItem" => vec![key(body, &body["Key"])],
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().unwrap().iter();
            items
                .map(|item| match &item["Put"] {
                    Value::Null => panic!("a transaction does more than put: {item}"),
                    put => key(put, &put["Item"]),
                })
                .collect()
        }
        "BatchWriteItem" | "TransactGetItems" | "Scan" => panic!("{operation} is not counted"),
        _ => Vec::new(),
    }
}

/// Twice a number of units, of which there are halves.
fn halves(units: &Value) -> usize {
    let twice = 2.0 * units.as_f64().unwrap();
    let whole: u32 = format!("{twice:.0}").parse().unwrap();
    assert!((twice - f64::from(whole)).abs() < 1e-6, "{units} units");
    usize::try_from(whole).unwrap()
}

fn item(value: &Value) -> Item {
    let attributes = value.as_object().unwrap().iter();
    attributes
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect()
}

fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let texts = || value.as_array().unwrap().iter().map(text).collect();
    match kind.as_str() {
        "S" => AttributeValue::S(text(value)),
        "N" => AttributeValue::N(text(value)),
        "B" => AttributeValue::B(Blob::new(STANDARD.decode(text(value)).unwrap())),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap()),
        "NULL" => AttributeValue::Null(true),
        "SS" => AttributeValue::Ss(texts()),
        "NS" => AttributeValue::Ns(texts()),
        "L" => AttributeValue::L(value.as_array().unwrap().iter().map(attribute).collect()),
        "M" => AttributeValue::M(item(value)),
        other => panic!("an attribute of kind {other} is not read"),
    }
}
