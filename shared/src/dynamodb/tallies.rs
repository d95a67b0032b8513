//! How often sign-ups were refused: an item for each subject and hour.

use super::Table;
use super::fault::{Item, fault, item, read};
use super::keys::{self, PK};
use super::record::Bytes;
use super::schema::EXPIRES_AT;
use super::spill::primary_key;
use crate::disposition::FaultKind;
use crate::port::{Fault, TallyWritten};
use crate::tally::{Counted, Raised, Tally};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use usher_events::{EventId, RefusalReason, Time};
use uuid::Uuid;

const GET: &str = "dynamodb.get_item";
const PUT: &str = "dynamodb.put_item";

/// Bytes of one event's id.
const ID: usize = 16;

/// What a tally's item holds. Its subject and hour are in its key.
#[derive(Serialize, Deserialize)]
struct TallyRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    version: u64,
    /// The ids of each reason's events, one behind the other: an item of more than a kilobyte costs
    /// a second unit.
    counted: BTreeMap<RefusalReason, Bytes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raised: Option<(EventId, u32)>,
    /// In seconds: the table's own expiry reads it.
    expires_at: i64,
}

impl Table {
    pub(super) async fn get_tally(
        &self,
        of: &Counted,
        hour: Time,
        consistent: bool,
    ) -> Result<Option<Tally>, Fault> {
        let key = primary_key(keys::tallies(of), keys::hour(hour));
        let request = self
            .client
            .get_item()
            .table_name(self.name())
            .set_key(Some(key))
            .consistent_read(consistent);
        let answer = request.send().await.map_err(|error| fault(GET, &error))?;
        let found = answer.item.map(|item| from_item(GET, of, hour, item));
        found.transpose()
    }

    pub(super) async fn put_tally(&self, tally: &Tally) -> Result<TallyWritten, Fault> {
        let request = self
            .client
            .put_item()
            .table_name(self.name())
            .set_item(Some(to_item(tally)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let request = if tally.version <= 1 {
            request
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", PK)
        } else {
            let before = AttributeValue::N((tally.version - 1).to_string());
            request
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", before)
        };
        let error = match request.send().await {
            Ok(_) => return Ok(TallyWritten::Now),
            Err(SdkError::ServiceError(error)) => match error.err() {
                PutItemError::ConditionalCheckFailedException(failed) => {
                    let found = failed.item().cloned();
                    return self.tally_overtaken(tally, found).await;
                }
                _ => SdkError::ServiceError(error),
            },
            Err(error) => error,
        };
        Err(fault(PUT, &error))
    }

    /// What is there now: as the refusal shows it, else by a read.
    async fn tally_overtaken(
        &self,
        tally: &Tally,
        shown: Option<Item>,
    ) -> Result<TallyWritten, Fault> {
        let found = match shown.filter(|item| !item.is_empty()) {
            Some(item) => Some(from_item(PUT, &tally.of, tally.hour, item)?),
            None => self.get_tally(&tally.of, tally.hour, true).await?,
        };
        Ok(TallyWritten::Overtaken(found.map(Box::new)))
    }
}

pub(super) fn to_item(tally: &Tally) -> Result<Item, Fault> {
    let ids = |events: &BTreeSet<EventId>| {
        let ids = events.iter().map(|id| *id.uuid().as_bytes());
        Bytes(ids.collect::<Vec<_>>().concat())
    };
    let counted = tally.counted.iter();
    let record = TallyRecord {
        pk: keys::tallies(&tally.of),
        sk: keys::hour(tally.hour),
        version: tally.version,
        counted: counted.map(|(why, events)| (*why, ids(events))).collect(),
        raised: tally.raised.map(|raised| (raised.by, raised.attempts)),
        expires_at: tally.expires_at().unix_seconds(),
    };
    item(PUT, record)
}

fn from_item(
    operation: &'static str,
    of: &Counted,
    hour: Time,
    item: Item,
) -> Result<Tally, Fault> {
    let record: TallyRecord = read(operation, item)?;
    let ids = |bytes: &Bytes| {
        let (ids, []) = bytes.0.as_chunks::<ID>() else {
            return Err(Fault::new(operation, FaultKind::Corrupt));
        };
        let ids = ids
            .iter()
            .map(|id| EventId::from_uuid(Uuid::from_bytes(*id)));
        Ok(ids.collect())
    };
    let counted = record.counted.iter();
    let raised = record.raised.map(|(by, attempts)| Raised { by, attempts });
    Ok(Tally {
        of: of.clone(),
        hour,
        counted: counted
            .map(|(why, bytes)| Ok((*why, ids(bytes)?)))
            .collect::<Result<_, Fault>>()?,
        raised,
        version: record.version,
    })
}

/// The table's own expiry goes by the attribute that [`TallyRecord`] writes.
const _: () = assert!(matches!(EXPIRES_AT.as_bytes(), b"expires_at"));
