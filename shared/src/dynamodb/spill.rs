//! Events that nobody else would take.

use super::Table;
use super::fault::{fault, item, read};
use super::keys::{self, PK, SK};
use crate::commit::Lane;
use crate::port::Fault;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use usher_events::{EventId, Time};

const GET: &str = "dynamodb.get_item";
const PUT: &str = "dynamodb.put_item";
const DELETE: &str = "dynamodb.delete_item";

#[derive(Serialize, Deserialize)]
struct SpillRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    body: String,
    due_shard: String,
    due_at: Time,
}

impl Table {
    pub(super) async fn put_spill(&self, id: EventId, body: &str, due: Time) -> Result<(), Fault> {
        let record = SpillRecord {
            pk: keys::spill(id),
            sk: id.to_string(),
            body: body.to_owned(),
            due_shard: keys::due_shard(Lane::Queue, keys::shard_of(id)),
            due_at: due,
        };
        self.put_new(item(PUT, record)?).await?;
        Ok(())
    }

    pub(super) async fn get_spill(&self, id: EventId) -> Result<Option<String>, Fault> {
        let request = self
            .client
            .get_item()
            .table_name(self.name())
            .set_key(Some(spill_key(id)))
            .consistent_read(true);
        let answer = request.send().await.map_err(|error| fault(GET, &error))?;
        answer
            .item
            .map(|item| read::<SpillRecord>(GET, item).map(|record| record.body))
            .transpose()
    }

    pub(super) async fn delete_spill(&self, id: EventId) -> Result<(), Fault> {
        let request = self.client.delete_item().table_name(self.name());
        let request = request.set_key(Some(spill_key(id)));
        request
            .send()
            .await
            .map_err(|error| fault(DELETE, &error))?;
        Ok(())
    }
}

pub(super) fn primary_key(pk: String, sk: String) -> HashMap<String, AttributeValue> {
    HashMap::from([
        (PK.to_owned(), AttributeValue::S(pk)),
        (SK.to_owned(), AttributeValue::S(sk)),
    ])
}

pub(super) fn spill_key(id: EventId) -> HashMap<String, AttributeValue> {
    primary_key(keys::spill(id), id.to_string())
}
