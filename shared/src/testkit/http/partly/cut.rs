//! What a batch is without some of its entries, and what its answer says of those. No I/O.

use serde_json::{Map, Value, json};

/// A batch from which something is left out.
#[derive(Debug)]
pub(super) struct Cut {
    rest: Value,
    gone: Gone,
}

#[derive(Debug)]
enum Gone {
    /// Entries of `PutEvents`, whose answer has one entry for each, in order: their places.
    Places { gone: Vec<usize>, of: usize },
    /// Entries of SQS's batches, whose answers name them: their names.
    Names { gone: Vec<Value>, of: usize },
    /// Keys of `BatchGetItem`, by table, as they were asked for.
    Keys {
        gone: Map<String, Value>,
        left: bool,
    },
}

/// Draws for each entry of a batch whether it is left out. `None` if none is, or it is no batch.
pub(super) fn cut(
    operation: &str,
    mut asked: Value,
    leaves_out: &mut dyn FnMut() -> bool,
) -> Option<Cut> {
    let gone = match operation {
        "PutEvents" => {
            let entries = asked.get_mut("Entries")?.as_array_mut()?;
            let of = entries.len();
            let gone: Vec<usize> = (0..of).filter(|_| leaves_out()).collect();
            let mut place = 0..;
            entries.retain(|_| place.next().is_none_or(|place| !gone.contains(&place)));
            Gone::Places { gone, of }
        }
        "SendMessageBatch" | "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => {
            let entries = asked.get_mut("Entries")?.as_array_mut()?;
            let of = entries.len();
            let gone = entries.extract_if(.., |_| leaves_out());
            let gone = gone.map(|entry| entry["Id"].clone()).collect();
            Gone::Names { gone, of }
        }
        "BatchGetItem" => {
            let tables = asked.get_mut("RequestItems")?.as_object_mut()?;
            let mut gone = Map::new();
            for (table, wanted) in tables.iter_mut() {
                let mut unread = wanted.clone();
                let keys = wanted.get_mut("Keys")?.as_array_mut()?;
                let left_out: Vec<Value> = keys.extract_if(.., |_| leaves_out()).collect();
                if !left_out.is_empty() {
                    unread["Keys"] = Value::Array(left_out);
                    gone.insert(table.clone(), unread);
                }
            }
            tables.retain(|_, wanted| {
                wanted["Keys"]
                    .as_array()
                    .is_some_and(|keys| !keys.is_empty())
            });
            let left = !tables.is_empty();
            Gone::Keys { gone, left }
        }
        _ => return None,
    };
    let cut = Cut { rest: asked, gone };
    (cut.left_out() > 0).then_some(cut)
}

impl Cut {
    /// How many entries are left out.
    pub(super) fn left_out(&self) -> usize {
        match &self.gone {
            Gone::Places { gone, .. } => gone.len(),
            Gone::Names { gone, .. } => gone.len(),
            Gone::Keys { gone, .. } => {
                let keys = gone.values().filter_map(|wanted| wanted["Keys"].as_array());
                keys.map(Vec::len).sum()
            }
        }
    }

    /// The batch without them; `None` if nothing is left.
    pub(super) fn rest(&self) -> Option<&Value> {
        let left = match &self.gone {
            Gone::Places { gone, of } => gone.len() < *of,
            Gone::Names { gone, of } => gone.len() < *of,
            Gone::Keys { left, .. } => *left,
        };
        left.then_some(&self.rest)
    }

    /// What the service says to the whole batch, where it says this to the rest.
    pub(super) fn answer(&self, mut answer: Value) -> Value {
        match &self.gone {
            Gone::Places { gone, of } => {
                let given = answer["Entries"].as_array().cloned().unwrap_or_default();
                let mut given = given.into_iter();
                let failed =
                    json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "left out"});
                let entries = (0..*of).map(|place| {
                    let left_out = gone.contains(&place).then(|| failed.clone());
                    left_out.or_else(|| given.next()).unwrap_or_default()
                });
                answer["Entries"] = entries.collect();
                let failed = answer["FailedEntryCount"].as_u64().unwrap_or_default();
                answer["FailedEntryCount"] = json!(failed + gone.len() as u64);
            }
            Gone::Names { gone, .. } => {
                let mut failed = answer["Failed"].as_array().cloned().unwrap_or_default();
                failed.extend(gone.iter().map(|name| {
                    json!({"Id": name, "SenderFault": false, "Code": "InternalError", "Message": "left out"})
                }));
                answer["Failed"] = Value::Array(failed);
                if answer.get("Successful").is_none() {
                    answer["Successful"] = json!([]);
                }
            }
            Gone::Keys { gone, .. } => {
                if answer.get("Responses").is_none() {
                    answer["Responses"] = json!({});
                }
                let mut unread = answer["UnprocessedKeys"]
                    .as_object()
                    .cloned()
                    .unwrap_or_default();
                for (table, wanted) in gone {
                    let before = unread
                        .get(table)
                        .and_then(|before| before["Keys"].as_array());
                    let before = before.cloned().unwrap_or_default().into_iter();
                    let now = wanted["Keys"].as_array().cloned().unwrap_or_default();
                    let mut both = wanted.clone();
                    both["Keys"] = before.chain(now).collect();
                    unread.insert(table.clone(), both);
                }
                answer["UnprocessedKeys"] = Value::Object(unread);
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leaves out every other entry, beginning with the first.
    fn halved(operation: &str, asked: Value) -> Cut {
        let mut leaves_out = false;
        let cut = cut(operation, asked, &mut || {
            leaves_out = !leaves_out;
            leaves_out
        });
        cut.expect("something is left out")
    }

    #[test]
    fn the_bus_answers_for_each_entry_in_its_place() {
        let cut = halved("PutEvents", json!({"Entries": [1, 2, 3]}));
        assert_eq!(cut.rest(), Some(&json!({"Entries": [2]})));
        let answer = cut.answer(json!({"FailedEntryCount": 0, "Entries": [{"EventId": "2"}]}));
        let failed = json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "left out"});
        let entries = json!([failed, {"EventId": "2"}, failed]);
        assert_eq!(answer, json!({"FailedEntryCount": 2, "Entries": entries}));
    }

    #[test]
    fn the_queue_names_those_that_failed() {
        let cut = halved(
            "DeleteMessageBatch",
            json!({"Entries": [{"Id": "a"}, {"Id": "b"}]}),
        );
        assert_eq!(cut.rest(), Some(&json!({"Entries": [{"Id": "b"}]})));
        let answer = cut.answer(json!({"Successful": [{"Id": "b"}]}));
        assert_eq!(answer["Failed"][0]["Id"], "a");
        assert_eq!(answer["Successful"], json!([{"Id": "b"}]));
    }

    #[test]
    fn the_table_gives_the_unread_keys_back_as_they_were_asked_for() {
        let asked = json!({"RequestItems": {"t": {"ConsistentRead": true, "Keys": [1, 2]}}});
        let cut = halved("BatchGetItem", asked);
        let rest = json!({"RequestItems": {"t": {"ConsistentRead": true, "Keys": [2]}}});
        assert_eq!(cut.rest(), Some(&rest));
        let answer = cut.answer(json!({"Responses": {"t": []}, "UnprocessedKeys": {}}));
        let unread = json!({"t": {"ConsistentRead": true, "Keys": [1]}});
        assert_eq!(answer["UnprocessedKeys"], unread);
    }

    #[test]
    fn of_a_batch_of_one_nothing_is_left_and_what_is_no_batch_stays_whole() {
        let cut = halved(
            "BatchGetItem",
            json!({"RequestItems": {"t": {"Keys": [1]}}}),
        );
        assert_eq!(cut.rest(), None);
        let answer = cut.answer(json!({}));
        assert_eq!(answer["Responses"], json!({}));
        assert!(super::cut("PutItem", json!({"Entries": [1]}), &mut || true).is_none());
        assert!(super::cut("PutEvents", json!({"Entries": [1]}), &mut || false).is_none());
    }
}
