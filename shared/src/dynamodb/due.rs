//! The index of what is due: commits with something set aside, and spilled events.

use super::Table;
use super::fault::{Item, fault, held, read};
use super::keys::{self, DUE_AT, DUE_INDEX, DUE_SHARD, Named};
use super::spill::{primary_key, spill_key};
use crate::commit::Lane;
use crate::disposition::FaultKind;
use crate::port::{Due, Fault, Written};
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use serde::Deserialize;
use usher_events::Time;

const QUERY: &str = "dynamodb.query";
const UPDATE: &str = "dynamodb.update_item";

#[derive(Deserialize)]
struct DueRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    due_at: Time,
}

impl Table {
    pub(super) async fn query_due(
        &self,
        lane: Lane,
        now: Time,
        most: u32,
    ) -> Result<Vec<Due>, Fault> {
        // Each shard may hold all of the oldest.
        let shards = (0..keys::SHARDS).map(|shard| keys::due_shard(lane, shard));
        let shards = shards.map(|shard| self.query_shard(shard, now, most));
        let mut due: Vec<Due> = try_join_all(shards).await?.into_iter().flatten().collect();
        due.sort_by_key(Due::at);
        due.truncate(most as usize);
        Ok(due)
    }

    async fn query_shard(&self, shard: String, now: Time, most: u32) -> Result<Vec<Due>, Fault> {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let left = i32::try_from(most as usize - found.len()).unwrap_or(i32::MAX);
            if left == 0 {
                return Ok(found);
            }
            let request = self
                .client
                .query()
                .table_name(self.name())
                .index_name(DUE_INDEX)
                .key_condition_expression("#shard = :shard AND #due <= :now")
                .expression_attribute_names("#shard", DUE_SHARD)
                .expression_attribute_names("#due", DUE_AT)
                .expression_attribute_values(":shard", AttributeValue::S(shard.clone()))
                .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
                .set_exclusive_start_key(from)
                .limit(left);
            let page = request.send().await.map_err(|error| fault(QUERY, &error))?;
            for item in page.items.unwrap_or_default() {
                found.push(due_of(item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    pub(super) async fn update_due(&self, item: &Due, to: Time) -> Result<Written, Fault> {
        let (key, was) = match item {
            Due::Commit { subject, id, due } => {
                (primary_key(keys::stream(subject), keys::event(*id)), due)
            }
            Due::Spill { id, due } => (spill_key(*id), due),
        };
        let request = self
            .client
            .update_item()
            .table_name(self.name())
            .set_key(Some(key))
            .update_expression("SET #due = :to")
            .condition_expression("#due = :was")
            .expression_attribute_names("#due", DUE_AT)
            .expression_attribute_values(":to", AttributeValue::S(to.to_string()))
            .expression_attribute_values(":was", AttributeValue::S(was.to_string()));
        let now = held(UPDATE, request.send().await)?;
        Ok(if now {
            Written::Now
        } else {
            Written::Overtaken
        })
    }
}

fn due_of(item: Item) -> Result<Due, Fault> {
    let record: DueRecord = read(QUERY, item)?;
    match keys::parse(&record.pk, &record.sk) {
        Some(Named::Commit(subject, id)) => Ok(Due::Commit {
            subject,
            id,
            due: record.due_at,
        }),
        Some(Named::Spill(id)) => Ok(Due::Spill {
            id,
            due: record.due_at,
        }),
        None => Err(Fault::new(QUERY, FaultKind::Corrupt)),
    }
}
