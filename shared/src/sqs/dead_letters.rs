use super::{SEND, WorkQueue, received, taken};
use crate::aws::{Clients, fault};
use crate::disposition::FaultKind;
use crate::port::{
    Cause, DeadLetter, DeadLetterInbox, DeadLetters, Fault, Hidden, Inbox, Received, Visibility,
    Waiting,
};
use async_trait::async_trait;
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use usher_events::Time;

const COUNT: &str = "sqs.get_queue_attributes";

const KIND: &str = "usher.cause";
const TEXT: &str = "usher.cause_text";
const OPERATION: &str = "usher.operation";
const MESSAGE_ID: &str = "usher.message_id";
const FIRST_RECEIVED: &str = "usher.first_received";
const SET_ASIDE: &str = "usher.set_aside";
const RECEIVE_COUNT: &str = "usher.receive_count";

type Attributes = HashMap<String, MessageAttributeValue>;

/// The dead-letter queue: what SQS moved there at the receive limit, and what the worker copied
/// there with its cause, as message attributes.
#[derive(Clone, Debug)]
pub struct DeadLetterQueue(pub(super) WorkQueue);

impl DeadLetterQueue {
    /// The queue at this address; nothing is called yet.
    pub fn new(clients: &Clients, url: impl Into<Arc<str>>) -> Self {
        Self(WorkQueue::new(clients, url))
    }
}

#[async_trait]
impl DeadLetters for DeadLetterQueue {
    async fn set_aside(&self, body: &str, cause: &Cause) -> Result<(), Fault> {
        let request = self
            .0
            .client
            .send_message()
            .queue_url(&*self.0.url)
            .message_body(body)
            .set_message_attributes(Some(attributes(cause)?));
        let answer = request.send().await.map_err(|error| fault(SEND, &error))?;
        taken(answer.message_id.as_deref())
    }
}

#[async_trait]
impl Inbox for DeadLetterQueue {
    async fn receive(&self, most: u32, wait: Duration) -> Result<Vec<Received>, Fault> {
        self.0.receive(most, wait).await
    }

    async fn delete_many(&self, receipts: &[&str]) -> Vec<Result<(), Fault>> {
        self.0.delete_many(receipts).await
    }

    async fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault> {
        self.0.hide(receipt, duration).await
    }
}

#[async_trait]
impl Visibility for DeadLetterQueue {
    async fn hide_many(&self, deliveries: &[Hidden]) -> Result<(), Fault> {
        self.0.hide_many(deliveries).await
    }
}

#[async_trait]
impl DeadLetterInbox for DeadLetterQueue {
    async fn examine(
        &self,
        most: u32,
        wait: Duration,
        hold: Duration,
    ) -> Result<Vec<DeadLetter>, Fault> {
        let messages = self.0.receive_messages(most, wait, Some(hold)).await?;
        messages
            .into_iter()
            .map(|mut message| {
                let sent = message
                    .attributes
                    .as_ref()
                    .and_then(|given| given.get(&MessageSystemAttributeName::SentTimestamp))
                    .and_then(|text| Time::from_unix_millis(text.parse().ok()?));
                let cause = message
                    .message_attributes
                    .take()
                    .and_then(|given| cause(&given));
                Ok(DeadLetter {
                    message: received(message)?,
                    sent,
                    cause,
                })
            })
            .collect()
    }

    async fn waiting(&self) -> Result<Waiting, Fault> {
        let request = self.0.client.get_queue_attributes();
        let request = request
            .queue_url(&*self.0.url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible);
        let answer = request.send().await.map_err(|error| fault(COUNT, &error))?;
        let given = answer.attributes.unwrap_or_default();
        let number = |name| {
            let text = given.get(&name).and_then(|text| text.parse().ok());
            text.ok_or(Fault::new(COUNT, FaultKind::Corrupt))
        };
        Ok(Waiting {
            shown: number(QueueAttributeName::ApproximateNumberOfMessages)?,
            hidden: number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)?,
        })
    }
}

/// Writes a cause. SQS refuses an empty attribute, so an empty text is left out.
pub(super) fn attributes(cause: &Cause) -> Result<Attributes, Fault> {
    let texts = [
        (KIND, Some(cause.kind.clone())),
        (TEXT, Some(cause.text.clone())),
        (OPERATION, cause.operation.clone()),
        (MESSAGE_ID, Some(cause.message_id.clone())),
        (
            FIRST_RECEIVED,
            cause.first_received.map(|time| time.to_string()),
        ),
        (SET_ASIDE, Some(cause.set_aside.to_string())),
    ];
    let given = texts
        .into_iter()
        .filter_map(|(name, text)| Some((name, "String", text?)));
    let count = (RECEIVE_COUNT, "Number", cause.receive_count.to_string());
    given
        .chain([count])
        .filter(|(_, _, text)| !text.is_empty())
        .map(|(name, kind, text)| {
            let value = MessageAttributeValue::builder()
                .data_type(kind)
                .string_value(text)
                .build();
            Ok((
                name.to_owned(),
                value.map_err(|_error| Fault::new(SEND, FaultKind::Refused))?,
            ))
        })
        .collect()
}

/// Reads a cause; `None` where the message was not set aside by us.
pub(super) fn cause(given: &Attributes) -> Option<Cause> {
    let text = |name| given.get(name).and_then(|value| value.string_value.clone());
    let time = |name| text(name).and_then(|text| text.parse::<Time>().ok());
    Some(Cause {
        kind: text(KIND)?,
        text: text(TEXT).unwrap_or_default(),
        operation: text(OPERATION),
        message_id: text(MESSAGE_ID).unwrap_or_default(),
        first_received: time(FIRST_RECEIVED),
        set_aside: time(SET_ASIDE)?,
        receive_count: text(RECEIVE_COUNT)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default(),
    })
}
