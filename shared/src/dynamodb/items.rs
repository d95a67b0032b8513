//! Reading several items at once.

use super::Table;
use super::fault::{Item, fault};
use super::keys::PK;
use crate::disposition::FaultKind;
use crate::port::Fault;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use std::collections::{BTreeMap, HashMap};

pub(super) const BATCH_GET: &str = "dynamodb.batch_get_item";

/// The most items that DynamoDB reads in one batch.
pub(super) const BATCH: u32 = 100;

/// A primary key.
pub(super) type Key = HashMap<String, AttributeValue>;

impl Table {
    /// Reads items consistently, at most [`BATCH`], by the text of their hash keys, of which each has
    /// its own; without those that are not there.
    pub(super) async fn get_items(&self, keys: Vec<Key>) -> Result<BTreeMap<String, Item>, Fault> {
        let (mut found, mut left) = (BTreeMap::new(), keys);
        while !left.is_empty() {
            let wanted = KeysAndAttributes::builder()
                .consistent_read(true)
                .set_keys(Some(left.clone()))
                .build()
                .map_err(|_error| Fault::new(BATCH_GET, FaultKind::Refused))?;
            let request = self.client.batch_get_item();
            let request = request.request_items(self.name(), wanted);
            let answer = request
                .send()
                .await
                .map_err(|error| fault(BATCH_GET, &error))?;
            let mut items = answer.responses.unwrap_or_default();
            for item in items.remove(self.name()).unwrap_or_default() {
                let pk = item.get(PK).and_then(|pk| pk.as_s().ok()).cloned();
                found.insert(pk.ok_or(Fault::new(BATCH_GET, FaultKind::Corrupt))?, item);
            }
            let unread = answer.unprocessed_keys.unwrap_or_default();
            let unread = unread.get(self.name()).map(KeysAndAttributes::keys);
            let unread = unread.unwrap_or_default();
            let before = left.len();
            left.retain(|key| unread.contains(key));
            // A table without capacity answers with nothing but what is left.
            if left.len() == before {
                return Err(Fault::new(BATCH_GET, FaultKind::Throttled));
            }
        }
        Ok(found)
    }
}
