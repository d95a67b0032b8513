//! The work queue and the dead-letter queue on SQS.

mod dead_letters;
mod look;
mod many;

pub use dead_letters::DeadLetterQueue;

use crate::aws::{Clients, fault};
use crate::disposition::FaultKind;
use crate::port::{Delayed, Fault, Hidden, Inbox, Outgoing, Queue, Received, Visibility};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use std::sync::Arc;
use std::time::Duration;
use usher_events::Time;

const SEND: &str = "sqs.send_message";
const RECEIVE: &str = "sqs.receive_message";
const HIDE: &str = "sqs.change_message_visibility";

/// The longest that SQS keeps a reader waiting.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The longest group id.
const LONGEST_GROUP: usize = 128;

/// A standard queue, with the group of each message, so that one busy user does not hold up the
/// others (SQS developer guide, *Amazon SQS fair queues*).
#[derive(Clone, Debug)]
pub struct WorkQueue {
    client: Client,
    url: Arc<str>,
    groups: bool,
}

impl WorkQueue {
    /// The queue at this address; nothing is called yet.
    pub fn new(clients: &Clients, url: impl Into<Arc<str>>) -> Self {
        Self {
            client: Client::new(clients.sdk()),
            url: url.into(),
            groups: true,
        }
    }

    /// The same queue without groups, for a server that takes them on FIFO queues only.
    #[must_use]
    pub fn without_groups(self) -> Self {
        Self {
            groups: false,
            ..self
        }
    }

    /// Opens the connection, so that the first message does not wait for it. Whether the call
    /// itself succeeds does not matter.
    pub async fn warm(&self) {
        let request = self.client.get_queue_attributes().queue_url(&*self.url);
        let _ = request
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await;
    }

    /// Receives, and hides for `hold` if that is said, else for the queue's own time.
    async fn receive_messages(
        &self,
        most: u32,
        wait: Duration,
        hold: Option<Duration>,
    ) -> Result<Vec<Message>, Fault> {
        let wait = wait.min(LONGEST_WAIT);
        let hold = hold.map(|hold| whole_seconds(hold.min(many::LONGEST_HIDE)));
        let request = self
            .client
            .receive_message()
            .queue_url(&*self.url)
            .max_number_of_messages(i32::try_from(most.clamp(1, many::MOST as u32)).unwrap_or(1))
            .wait_time_seconds(whole_seconds(wait))
            .set_visibility_timeout(hold)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(
                MessageSystemAttributeName::ApproximateFirstReceiveTimestamp,
            )
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_attribute_names("All")
            .customize()
            .config_override(aws_sdk_sqs::Config::builder().timeout_config(self.patient_by(wait)));
        let answer = request
            .send()
            .await
            .map_err(|error| fault(RECEIVE, &error))?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// The clients' limits, each longer by what SQS is asked to wait.
    fn patient_by(&self, wait: Duration) -> TimeoutConfig {
        let Some(limits) = self.client.config().timeout_config() else {
            return TimeoutConfig::disabled();
        };
        let longer = |limit: Option<Duration>| limit.map(|limit| limit + wait);
        let mut longer_limits = limits.to_builder();
        longer_limits
            .set_read_timeout(longer(limits.read_timeout()))
            .set_operation_attempt_timeout(longer(limits.operation_attempt_timeout()))
            .set_operation_timeout(longer(limits.operation_timeout()));
        longer_limits.build()
    }
}

#[async_trait]
impl Queue for WorkQueue {
    async fn send(&self, message: &Outgoing) -> Result<(), Fault> {
        let group = message
            .group
            .as_deref()
            .filter(|group| self.groups && is_group(group));
        let request = self
            .client
            .send_message()
            .queue_url(&*self.url)
            .message_body(&message.body)
            .set_message_group_id(group.map(ToOwned::to_owned));
        let answer = request.send().await.map_err(|error| fault(SEND, &error))?;
        taken(answer.message_id.as_deref())
    }

    async fn send_many(&self, messages: &[Delayed]) -> Vec<Result<(), Fault>> {
        let mut results = Vec::with_capacity(messages.len());
        for call in many::calls(messages) {
            results.extend(self.send_batch(&messages[call]).await);
        }
        results
    }
}

/// Whether a message was taken: SQS names each that it takes. Where the answer holds no name, nobody
/// knows.
fn taken(message_id: Option<&str>) -> Result<(), Fault> {
    match message_id {
        Some(id) if !id.is_empty() => Ok(()),
        Some(_) | None => Err(Fault::new(SEND, FaultKind::TimedOut)),
    }
}

#[async_trait]
impl Inbox for WorkQueue {
    async fn receive(&self, most: u32, wait: Duration) -> Result<Vec<Received>, Fault> {
        self.receive_messages(most, wait, None)
            .await?
            .into_iter()
            .map(received)
            .collect()
    }

    async fn delete_many(&self, receipts: &[&str]) -> Vec<Result<(), Fault>> {
        let mut results = Vec::with_capacity(receipts.len());
        for together in receipts.chunks(many::MOST) {
            results.extend(self.delete_batch(together).await);
        }
        results
    }

    async fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault> {
        let request = self
            .client
            .change_message_visibility()
            .queue_url(&*self.url)
            .receipt_handle(receipt)
            .visibility_timeout(whole_seconds(duration.min(many::LONGEST_HIDE)));
        request.send().await.map_err(|error| fault(HIDE, &error))?;
        Ok(())
    }
}

#[async_trait]
impl Visibility for WorkQueue {
    async fn hide_many(&self, deliveries: &[Hidden]) -> Result<(), Fault> {
        let mut hidden = Ok(());
        for together in deliveries.chunks(many::MOST) {
            let results = self.hide_batch(together).await;
            hidden = results.into_iter().fold(hidden, Result::and);
        }
        hidden
    }
}

/// Reads a message. One without id, receipt or body is no message of SQS's.
fn received(message: Message) -> Result<Received, Fault> {
    let corrupt = || Fault::new(RECEIVE, FaultKind::Corrupt);
    let attributes = message.attributes.unwrap_or_default();
    let number = |name| {
        attributes
            .get(&name)
            .and_then(|text| text.parse::<i64>().ok())
    };
    let count = number(MessageSystemAttributeName::ApproximateReceiveCount);
    let first = number(MessageSystemAttributeName::ApproximateFirstReceiveTimestamp);
    Ok(Received {
        id: message.message_id.ok_or_else(corrupt)?,
        receipt: message.receipt_handle.ok_or_else(corrupt)?,
        body: message.body.ok_or_else(corrupt)?,
        receive_count: count
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(1),
        first_received: first.and_then(Time::from_unix_millis),
    })
}

/// Whether SQS takes a text as a group id: letters, digits and punctuation. A message without a
/// group is sent all the same; it only loses its place among the fair.
fn is_group(text: &str) -> bool {
    (1..=LONGEST_GROUP).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Rounds up: a message that is hidden too long is late, one hidden too short is delivered twice.
fn whole_seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
