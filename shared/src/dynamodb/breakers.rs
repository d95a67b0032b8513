//! What all workers are told of a breaker: an item for each dependency.

use super::Table;
use super::fault::{Item, fault, item, read};
use super::items::Key;
use super::keys::{self, BREAKER, PK};
use super::spill::primary_key;
use crate::breaker::{Record, State};
use crate::dependency::Dependency;
use crate::disposition::FaultKind;
use crate::port::{BreakerWritten, Fault};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use usher_events::Time;

const GET: &str = "dynamodb.get_item";
const PUT: &str = "dynamodb.put_item";

/// What a breaker's item holds. Its dependency is in its key.
#[derive(Serialize, Deserialize)]
struct BreakerRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    version: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    target: String,
    state: Stored,
    since: Time,
    until: Time,
    trips: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    by: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    held: bool,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    Closed,
    Open,
    HalfOpen,
}

impl Table {
    pub(super) async fn get_breaker(
        &self,
        of: Dependency,
        consistent: bool,
    ) -> Result<Option<Record>, Fault> {
        let request = self
            .client
            .get_item()
            .table_name(self.name())
            .set_key(Some(key(of)))
            .consistent_read(consistent);
        let answer = request.send().await.map_err(|error| fault(GET, &error))?;
        answer.item.map(|item| from_item(GET, item)).transpose()
    }

    pub(super) async fn get_breakers(&self) -> Result<BTreeMap<Dependency, Record>, Fault> {
        let keys = Dependency::ALL.into_iter().map(key).collect();
        let mut items = self.get_items(keys).await?;
        let mut found = BTreeMap::new();
        for of in Dependency::ALL {
            if let Some(item) = items.remove(&keys::breaker(of)) {
                found.insert(of, from_item(GET, item)?);
            }
        }
        Ok(found)
    }

    pub(super) async fn put_breaker(
        &self,
        of: Dependency,
        record: &Record,
    ) -> Result<BreakerWritten, Fault> {
        let request = self
            .client
            .put_item()
            .table_name(self.name())
            .set_item(Some(to_item(of, record)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let request = if record.version <= 1 {
            request
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", PK)
        } else {
            let before = AttributeValue::N((record.version - 1).to_string());
            request
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", before)
        };
        let error = match request.send().await {
            Ok(_) => return Ok(BreakerWritten::Now),
            Err(SdkError::ServiceError(error)) => match error.err() {
                PutItemError::ConditionalCheckFailedException(failed) => {
                    let found = failed.item().filter(|item| !item.is_empty()).cloned();
                    // What is there now: as the refusal shows it, else by a read.
                    let found = match found {
                        Some(item) => Some(from_item(PUT, item)?),
                        None => self.get_breaker(of, true).await?,
                    };
                    return Ok(BreakerWritten::Overtaken(found.map(Box::new)));
                }
                _ => SdkError::ServiceError(error),
            },
            Err(error) => error,
        };
        Err(fault(PUT, &error))
    }
}

fn key(of: Dependency) -> Key {
    primary_key(keys::breaker(of), BREAKER.to_owned())
}

fn to_item(of: Dependency, record: &Record) -> Result<Item, Fault> {
    let stored = BreakerRecord {
        pk: keys::breaker(of),
        sk: BREAKER.to_owned(),
        version: record.version,
        target: record.target.clone(),
        state: match record.state {
            State::Closed => Stored::Closed,
            State::Open => Stored::Open,
            State::HalfOpen => Stored::HalfOpen,
        },
        since: time(record.since)?,
        until: time(record.until)?,
        trips: record.trips,
        why: record.why.clone(),
        by: record.by.clone(),
        held: record.held,
    };
    item(PUT, stored)
}

fn from_item(operation: &'static str, item: Item) -> Result<Record, Fault> {
    let stored: BreakerRecord = read(operation, item)?;
    Ok(Record {
        version: stored.version,
        target: stored.target,
        state: match stored.state {
            Stored::Closed => State::Closed,
            Stored::Open => State::Open,
            Stored::HalfOpen => State::HalfOpen,
        },
        since: distance(stored.since),
        until: distance(stored.until),
        trips: stored.trips,
        why: stored.why,
        by: stored.by,
        held: stored.held,
    })
}

fn time(distance: Duration) -> Result<Time, Fault> {
    let millis = i64::try_from(distance.as_millis()).ok();
    let time = millis.and_then(Time::from_unix_millis);
    time.ok_or(Fault::new(PUT, FaultKind::Refused))
}

/// An instant before the epoch, which nobody writes, is the epoch.
fn distance(time: Time) -> Duration {
    Duration::from_millis(u64::try_from(time.unix_millis()).unwrap_or(0))
}
