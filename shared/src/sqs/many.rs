//! Sending many messages in few calls.

use super::{WorkQueue, is_group, taken, whole_seconds};
use crate::aws::fault;
use crate::disposition::FaultKind;
use crate::port::{Delayed, Fault};
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use std::collections::BTreeMap;
use std::ops::Range;

const SEND: &str = "sqs.send_message_batch";

/// Most messages of one call (SQS API reference, *SendMessageBatch*).
const MOST: usize = 10;
/// Most bytes of one call, which a single message may have too. SQS takes a mebibyte by now, and
/// servers that speak its language take a quarter of one.
const LARGEST: usize = 256 * 1024;

impl WorkQueue {
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
            Ok(answer) => outcomes(&answer, messages.len()),
            Err(error) => vec![Err(fault(SEND, &error)); messages.len()],
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

/// Reads what became of each message. Where the answer names it neither as sent nor as failed,
/// nobody knows.
pub(super) fn outcomes(answer: &SendMessageBatchOutput, count: usize) -> Vec<Result<(), Fault>> {
    let sent = answer.successful().iter();
    let sent = sent.map(|entry| (entry.id(), taken(Some(entry.message_id()))));
    let failed = answer.failed().iter().map(|entry| {
        let kind = match (entry.code(), entry.sender_fault()) {
            ("RequestThrottled" | "ThrottlingException", _) => FaultKind::Throttled,
            (_, false) => FaultKind::Unavailable,
            (_, true) => FaultKind::Refused,
        };
        (entry.id(), Err(Fault::new(SEND, kind)))
    });
    let told: BTreeMap<&str, Result<(), Fault>> = sent.chain(failed).collect();
    let unknown = Err(Fault::new(SEND, FaultKind::TimedOut));
    (0..count)
        .map(|place| {
            let result = told.get(place.to_string().as_str());
            result.copied().unwrap_or(unknown)
        })
        .collect()
}
