use crate::disposition::FaultKind;
use crate::port::{Cause, DeadLetter, Fault, Received};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1 as dynamo;
use std::collections::HashMap;
use usher_events::Time;

pub(super) type Item = HashMap<String, AttributeValue>;

/// A message as it is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) queue: String,
    /// Time-ordered, so that the oldest message comes first.
    pub(super) id: String,
    pub(super) body: String,
    #[serde(
        rename = "message_group",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) group: Option<String>,
    /// When it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sent: Option<Time>,
    /// Milliseconds since the epoch. The message is hidden until then.
    pub(super) visible_at: i64,
    pub(super) receive_count: u32,
    /// Of the latest delivery; empty before the first.
    pub(super) receipt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first_received: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<Cause>,
}

impl Message {
    pub(super) fn into_received(self) -> Received {
        Received {
            id: self.id,
            receipt: self.receipt,
            body: self.body,
            receive_count: self.receive_count,
            first_received: self.first_received,
        }
    }

    pub(super) fn into_dead_letter(mut self) -> DeadLetter {
        let cause = self.cause.take();
        DeadLetter {
            sent: self.sent,
            message: self.into_received(),
            cause,
        }
    }
}

/// Reads a message. The reason why one cannot be read is not told: it may quote its body.
pub(super) fn read(operation: &'static str, item: Item) -> Result<Message, Fault> {
    dynamo::from_item(item).map_err(|_error| Fault::new(operation, FaultKind::Corrupt))
}

/// Writes a message.
pub(super) fn item(operation: &'static str, message: Message) -> Result<Item, Fault> {
    dynamo::to_item(message).map_err(|_error| Fault::new(operation, FaultKind::Refused))
}
