//! The commit as an item.

use super::fault::{Item, item, read};
use super::keys;
use crate::commit::{Lease, Ledger};
use crate::port::Fault;
use crate::seal::{SealedCommit, StoredEvent};
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use usher_events::wire::TYPE_PREFIX;
use usher_events::{CorrelationId, Envelope, EventId, PoolId, Subject, Time};

/// What a commit's item holds. The subject and the id are in its keys.
#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    #[serde(rename = "type")]
    kind: String,
    schema_version: u16,
    time: Time,
    source: PoolId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation: Option<CorrelationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    causation: Option<EventId>,
    data: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<Bytes>,
    decided: Vec<StoredEvent>,
    ledger: Ledger,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease: Option<Lease>,
    recorded_at: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_shard: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<Time>,
}

/// Writes a commit as an item.
pub(super) fn to_item(operation: &'static str, commit: &SealedCommit) -> Result<Item, Fault> {
    let envelope = &commit.envelope;
    let due = commit.ledger.due();
    item(
        operation,
        Record {
            pk: keys::stream(&envelope.subject),
            sk: keys::event(envelope.id),
            kind: format!("{TYPE_PREFIX}{}", envelope.event.name),
            schema_version: envelope.event.version,
            time: envelope.time,
            source: envelope.source.clone(),
            correlation: envelope.correlation_id.clone(),
            causation: envelope.causation_id,
            data: envelope.event.data.clone(),
            person: commit.sealed_person.clone().map(Bytes),
            decided: commit.decided.clone(),
            ledger: commit.ledger.clone(),
            lease: commit.lease.clone(),
            recorded_at: commit.recorded_at,
            due_shard: due.map(|due| keys::due_shard(due.lane, keys::shard_of(envelope.id))),
            due_at: due.map(|due| due.at),
        },
    )
}

/// Reads a commit from an item.
pub(super) fn from_item(operation: &'static str, item: Item) -> Result<SealedCommit, Fault> {
    let record: Record = read(operation, item)?;
    let corrupt = || Fault::new(operation, crate::disposition::FaultKind::Corrupt);
    let (subject, id): (Subject, EventId) = match keys::parse(&record.pk, &record.sk) {
        Some(keys::Named::Commit(subject, id)) => (subject, id),
        Some(keys::Named::Spill(_)) | None => return Err(corrupt()),
    };
    let name = record
        .kind
        .strip_prefix(TYPE_PREFIX)
        .ok_or_else(corrupt)?
        .to_owned();
    Ok(SealedCommit {
        envelope: Envelope {
            id,
            source: record.source,
            subject,
            time: record.time,
            correlation_id: record.correlation,
            causation_id: record.causation,
            event: StoredEvent {
                name,
                version: record.schema_version,
                data: record.data,
            },
        },
        sealed_person: record.person.map(|bytes| bytes.0),
        decided: record.decided,
        ledger: record.ledger,
        lease: record.lease,
        recorded_at: record.recorded_at,
    })
}

/// Bytes that become a binary attribute and not a list of numbers.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
        }

        deserializer.deserialize_byte_buf(Reader).map(Self)
    }
}
