//! What DynamoDB Streams is asked, and what it says.

use crate::dynamodb::{keys, record};
use crate::port::Fed;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Describe<'a> {
    pub(super) stream_arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exclusive_start_shard_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    pub(super) stream_description: Description,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    pub(super) stream_status: String,
    #[serde(default)]
    pub(super) shards: Vec<ListedShard>,
    pub(super) last_evaluated_shard_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedShard {
    pub(super) shard_id: String,
    pub(super) parent_shard_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Iterate<'a> {
    pub(super) stream_arn: &'a str,
    pub(super) shard_id: &'a str,
    pub(super) shard_iterator_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sequence_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Iterator {
    pub(super) shard_iterator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Read<'a> {
    pub(super) shard_iterator: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Records {
    #[serde(default)]
    pub(super) records: Vec<Change>,
    pub(super) next_shard_iterator: Option<String>,
}

/// A change of an item.
#[derive(Deserialize)]
pub(super) struct Change {
    #[serde(rename = "eventName")]
    pub(super) kind: String,
    pub(super) dynamodb: Changed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Changed {
    #[serde(default)]
    pub(super) keys: Value,
    #[serde(default)]
    pub(super) new_image: Value,
    pub(super) sequence_number: String,
}

impl Change {
    /// What was appended to the log, if this was that.
    pub(super) fn appended(&self) -> Option<Fed> {
        let sk = self.dynamodb.keys.pointer("/SK/S")?.as_str()?;
        if self.kind != "INSERT" || !sk.starts_with(keys::event_prefix()) {
            return None;
        }
        let item = super::image::item(&self.dynamodb.new_image);
        let commit = item.and_then(|item| record::from_item(super::READ, item).ok());
        Some(match commit {
            Some(commit) => Fed::Commit(Box::new(commit)),
            None => Fed::Unreadable(sk.to_owned()),
        })
    }
}
