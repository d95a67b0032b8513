//! The bus on EventBridge.

use crate::aws::{Clients, fault};
use crate::disposition::FaultKind;
use crate::port::{Bus, BusEntry, Fault};
use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use std::ops::Range;
use std::sync::Arc;

const PUT: &str = "eventbridge.put_events";

/// Most entries that one call takes.
const MOST: usize = 10;
/// Most bytes that the entries of one call have, counted as EventBridge counts them.
const LARGEST: usize = 256 * 1024;
/// What EventBridge counts for an entry's time.
const TIME_SIZE: usize = 14;

/// A bus of EventBridge.
#[derive(Clone, Debug)]
pub struct EventBus {
    client: Client,
    name: Arc<str>,
}

impl EventBus {
    /// The bus of this name or ARN; nothing is called yet.
    pub fn new(clients: &Clients, name: impl Into<Arc<str>>) -> Self {
        Self {
            client: Client::new(clients.sdk()),
            name: name.into(),
        }
    }

    async fn put(&self, entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        let request = entries
            .iter()
            .fold(self.client.put_events(), |request, entry| {
                request.entries(
                    PutEventsRequestEntry::builder()
                        .event_bus_name(&*self.name)
                        .source(&entry.source)
                        .detail_type(&entry.detail_type)
                        .detail(&entry.detail)
                        .time(DateTime::from_millis(entry.time.unix_millis()))
                        .build(),
                )
            });
        match request.send().await {
            Ok(answer) => {
                let given = answer.entries.unwrap_or_default();
                (0..entries.len())
                    .map(|at| outcome(given.get(at)))
                    .collect()
            }
            Err(error) => vec![Err(fault(PUT, &error)); entries.len()],
        }
    }
}

#[async_trait]
impl Bus for EventBus {
    /// An entry too large for any call fails as [`FaultKind::Refused`]; the others are published.
    async fn publish(&self, entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        let mut results = Vec::with_capacity(entries.len());
        for call in calls(entries) {
            match &entries[call] {
                [alone] if size(alone) > LARGEST => {
                    results.push(Err(Fault::new(PUT, FaultKind::Refused)));
                }
                together => results.extend(self.put(together).await),
            }
        }
        results
    }
}

/// Cuts entries, in order, into calls that EventBridge takes. An entry that is too large alone is
/// a call of its own.
fn calls(entries: &[BusEntry]) -> Vec<Range<usize>> {
    let mut calls: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (at, entry) in entries.iter().enumerate() {
        let size = size(entry);
        match calls.last_mut() {
            Some(call) if call.len() < MOST && bytes + size <= LARGEST => {
                call.end = at + 1;
                bytes += size;
            }
            _ => {
                calls.push(at..at + 1);
                bytes = size;
            }
        }
    }
    calls
}

/// Bytes of an entry (EventBridge user guide, *Calculating PutEvents event entry size*).
fn size(entry: &BusEntry) -> usize {
    TIME_SIZE + entry.source.len() + entry.detail_type.len() + entry.detail.len()
}

/// Reads what became of one entry. Where the answer names neither an event nor an error for it,
/// nobody knows.
fn outcome(given: Option<&PutEventsResultEntry>) -> Result<(), Fault> {
    let told = given.map(|entry| (entry.error_code.as_deref(), entry.event_id.as_deref()));
    let kind = match told {
        Some((None, Some(_))) => return Ok(()),
        Some((Some("ThrottlingException"), _)) => FaultKind::Throttled,
        Some((Some("InternalFailure" | "InternalException"), _)) => FaultKind::Unavailable,
        Some((Some(_), _)) => FaultKind::Refused,
        Some((None, None)) | None => FaultKind::TimedOut,
    };
    Err(Fault::new(PUT, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_events::Time;

    fn entry(bytes: usize) -> BusEntry {
        let entry = BusEntry {
            source: "usher".to_owned(),
            detail_type: "usher.signed_in".to_owned(),
            detail: String::new(),
            time: Time::from_unix_seconds(0).unwrap(),
        };
        BusEntry {
            detail: "x".repeat(bytes - size(&entry)),
            ..entry
        }
    }

    #[test]
    fn a_call_has_at_most_ten_entries_and_a_quarter_of_a_megabyte() {
        let lengths = |sizes: &[usize]| -> Vec<usize> {
            let entries: Vec<_> = sizes.iter().map(|bytes| entry(*bytes)).collect();
            calls(&entries).into_iter().map(|call| call.len()).collect()
        };
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&[100; 23]), [10, 10, 3]);
        assert_eq!(lengths(&[LARGEST / 2; 3]), [2, 1]);
        assert_eq!(lengths(&[100, LARGEST + 1, 100, 100]), [1, 1, 2]);
    }

    #[test]
    fn each_entry_has_an_outcome_of_its_own() {
        let taken = PutEventsResultEntry::builder().event_id("11710aed").build();
        assert_eq!(outcome(Some(&taken)), Ok(()));
        let kind = |code: Option<&str>| {
            let entry = PutEventsResultEntry::builder().set_error_code(code.map(str::to_owned));
            outcome(Some(&entry.build())).map_err(|fault| fault.kind)
        };
        assert_eq!(kind(None), Err(FaultKind::TimedOut));
        assert_eq!(kind(Some("ThrottlingException")), Err(FaultKind::Throttled));
        assert_eq!(kind(Some("InternalFailure")), Err(FaultKind::Unavailable));
        assert_eq!(kind(Some("MalformedDetail")), Err(FaultKind::Refused));
        assert_eq!(outcome(None).unwrap_err().kind, FaultKind::TimedOut);
    }
}
