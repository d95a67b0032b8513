//! Many messages in few calls: sent, hidden and deleted.

use super::{WorkQueue, is_group, taken, whole_seconds};
use crate::aws::fault;
use crate::disposition::FaultKind;
use crate::port::{Delayed, Fault, Hidden};
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry,
    DeleteMessageBatchRequestEntry, SendMessageBatchRequestEntry,
};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

const SEND: &str = "sqs.send_message_batch";
const HIDE: &str = "sqs.change_message_visibility_batch";
const DELETE: &str = "sqs.delete_message_batch";

/// Most messages of one call, to whatever end (SQS API reference, *SendMessageBatch*).
pub(super) const MOST: usize = 10;
/// Most bytes of one call, which a single message may have too. SQS takes a mebibyte by now, and
/// servers that speak its language take a quarter of one.
const LARGEST: usize = 256 * 1024;
/// The longest that SQS hides a message.
pub(super) const LONGEST_HIDE: Duration = Duration::from_secs(12 * 3600);
/// What SQS calls a receipt of a message that is deleted already, or delivered to another reader
/// since and that one's to delete.
const STALE: &str = "ReceiptHandleIsInvalid";

impl WorkQueue {
    /// Sends at most [`MOST`] messages with one call.
    pub(super) async fn send_batch(&self, messages: &[Delayed]) -> Vec<Result<(), Fault>> {
        let mut request = self.client.send_message_batch().queue_url(&*self.url);
        for (place, Delayed { message, delay }) in messages.iter().enumerate() {
            let group = message.group.clone();
            let entry = SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_body(&message.body)
                .delay_seconds(whole_seconds(*delay))
                .set_message_group_id(group.filter(|group| self.groups && is_group(group)))
                .build();
            match entry {
                Ok(entry) => request = request.entries(entry),
                Err(_) => return vec![Err(Fault::new(SEND, FaultKind::Refused)); messages.len()],
            }
        }
        match request.send().await {
            Ok(answer) => {
                let sent = answer.successful.iter();
                let sent = sent.map(|entry| (entry.id(), taken(Some(entry.message_id()))));
                outcomes(SEND, sent, &answer.failed, messages.len())
            }
            Err(error) => vec![Err(fault(SEND, &error)); messages.len()],
        }
    }

    /// Hides at most [`MOST`] deliveries with one call.
    pub(super) async fn hide_batch(&self, deliveries: &[Hidden]) -> Vec<Result<(), Fault>> {
        let mut request = self
            .client
            .change_message_visibility_batch()
            .queue_url(&*self.url);
        for (place, delivery) in deliveries.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(place.to_string())
                .receipt_handle(&delivery.receipt)
                .visibility_timeout(whole_seconds(delivery.duration.min(LONGEST_HIDE)))
                .build();
            match entry {
                Ok(entry) => request = request.entries(entry),
                Err(_) => return vec![Err(Fault::new(HIDE, FaultKind::Refused)); deliveries.len()],
            }
        }
        match request.send().await {
            Ok(answer) => {
                let hidden = answer.successful.iter().map(|entry| (entry.id(), Ok(())));
                outcomes(HIDE, hidden, &answer.failed, deliveries.len())
            }
            Err(error) => vec![Err(fault(HIDE, &error)); deliveries.len()],
        }
    }

    /// Deletes at most [`MOST`] deliveries with one call.
    pub(super) async fn delete_batch(&self, receipts: &[&str]) -> Vec<Result<(), Fault>> {
        let mut request = self.client.delete_message_batch().queue_url(&*self.url);
        for (place, receipt) in receipts.iter().enumerate() {
            let entry = DeleteMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .receipt_handle(*receipt)
                .build();
            match entry {
                Ok(entry) => request = request.entries(entry),
                Err(_) => return vec![Err(Fault::new(DELETE, FaultKind::Refused)); receipts.len()],
            }
        }
        match request.send().await {
            Ok(answer) => {
                let (stale, failed): (Vec<_>, Vec<_>) = answer
                    .failed
                    .into_iter()
                    .partition(|entry| entry.code() == STALE);
                let deleted = answer.successful.iter().map(|entry| entry.id());
                let deleted = deleted.chain(stale.iter().map(BatchResultErrorEntry::id));
                outcomes(
                    DELETE,
                    deleted.map(|id| (id, Ok(()))),
                    &failed,
                    receipts.len(),
                )
            }
            Err(error) => vec![Err(fault(DELETE, &error)); receipts.len()],
        }
    }
}

/// Cuts messages, in order, into calls that SQS takes. One that is too large alone is a call of its
/// own, and is refused.
pub(super) fn calls(messages: &[Delayed]) -> Vec<Range<usize>> {
    let mut calls: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (place, delayed) in messages.iter().enumerate() {
        let size = delayed.message.body.len();
        match calls.last_mut() {
            Some(call) if call.len() < MOST && bytes + size <= LARGEST => {
                call.end = place + 1;
                bytes += size;
            }
            _ => {
                calls.push(place..place + 1);
                bytes = size;
            }
        }
    }
    calls
}

/// Reads what became of each message. Where the answer names it neither as taken nor as failed,
/// nobody knows.
pub(super) fn outcomes<'a>(
    operation: &'static str,
    taken: impl Iterator<Item = (&'a str, Result<(), Fault>)>,
    failed: &'a [BatchResultErrorEntry],
    count: usize,
) -> Vec<Result<(), Fault>> {
    let failed = failed.iter().map(|entry| {
        let kind = match (entry.code(), entry.sender_fault()) {
            ("RequestThrottled" | "ThrottlingException", _) => FaultKind::Throttled,
            (_, false) => FaultKind::Unavailable,
            (_, true) => FaultKind::Refused,
        };
        (entry.id(), Err(Fault::new(operation, kind)))
    });
    let told: BTreeMap<&str, Result<(), Fault>> = taken.chain(failed).collect();
    let unknown = Err(Fault::new(operation, FaultKind::TimedOut));
    (0..count)
        .map(|place| {
            let result = told.get(place.to_string().as_str());
            result.copied().unwrap_or(unknown)
        })
        .collect()
}
