use super::Fault;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use usher_events::Time;

/// A message to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The text, as it is to arrive.
    pub body: String,
    /// Whose message it is, so that one busy subject does not hold up the others.
    pub group: Option<String>,
}

impl fmt::Debug for Outgoing {
    /// Shows how long the body is, and nothing of it: it is about a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("body_bytes", &self.body.len())
            .field("group", &self.group)
            .finish()
    }
}

/// What SQS keeps as a queue's attributes, for the queues that we keep ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// How long a received message is hidden from other readers.
    pub visibility_timeout: Duration,
    /// How often a message is delivered before it is a dead letter.
    pub receive_limit: u32,
}

impl Default for QueueLimits {
    /// Shorter than the deployment's: on one machine nobody wants to wait an hour for a second try.
    fn default() -> Self {
        Self {
            visibility_timeout: Duration::from_secs(30),
            receive_limit: 5,
        }
    }
}

/// The work queue, from its sender's side.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts one message on the queue. May be repeated: the worker knows an event by its id.
    async fn send(&self, message: &Outgoing) -> Result<(), Fault>;

    /// Puts messages on the queue, each to show once its delay is over, and gives one result for
    /// each, in order.
    ///
    /// Takes any number and cuts it into calls that the service allows. May be repeated, for those
    /// that failed alone. [`FaultKind::TimedOut`] means that a message may be there all the same.
    ///
    /// [`FaultKind::TimedOut`]: crate::disposition::FaultKind::TimedOut
    async fn send_many(&self, messages: &[Delayed]) -> Vec<Result<(), Fault>>;
}

/// A message that nobody is to receive at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delayed {
    /// The message.
    pub message: Outgoing,
    /// How long it is hidden from its readers, in whole seconds; SQS allows 15 minutes.
    pub delay: Duration,
}

/// A message that was received and not yet deleted.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// The queue's id of the message, the same at each delivery.
    pub id: String,
    /// What deletes this delivery.
    pub receipt: String,
    /// The text, as it was sent.
    pub body: String,
    /// How often it has been delivered, this time included.
    pub receive_count: u32,
    /// When it was first delivered.
    pub first_received: Option<Time>,
}

impl fmt::Debug for Received {
    /// Shows how long the body is, and nothing of it nor of what deletes the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("id", &self.id)
            .field("body_bytes", &self.body.len())
            .field("receive_count", &self.receive_count)
            .field("first_received", &self.first_received)
            .finish_non_exhaustive()
    }
}

/// The work queue, from its reader's side, for a worker that polls it itself.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Waits up to `wait` for messages and gives at most `most` of them. Empty means there are none.
    async fn receive(&self, most: u32, wait: Duration) -> Result<Vec<Received>, Fault>;

    /// Deletes deliveries, in as few calls as there can be, and gives one result for each, in order.
    /// May be repeated, for those that failed alone. A receipt that is stale deletes nothing, and is
    /// no error.
    async fn delete_many(&self, receipts: &[&str]) -> Vec<Result<(), Fault>>;

    /// Deletes one delivery, as [`delete_many`](Self::delete_many) does.
    async fn delete(&self, receipt: &str) -> Result<(), Fault> {
        let deleted = self.delete_many(&[receipt]).await;
        deleted.into_iter().collect()
    }

    /// Hides a delivery from other readers for this long from now; zero shows it at once.
    async fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault>;
}

/// A delivery that is to be hidden, and for how long from now. No reader gets it until then.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden {
    /// What names the delivery.
    pub receipt: String,
    /// How long. SQS hides for twelve hours from the receipt at most.
    pub duration: Duration,
}

impl fmt::Debug for Hidden {
    /// Shows nothing that deletes the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hidden")
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}

/// The work queue, from the side of whoever cannot work on a message now.
#[async_trait]
pub trait Visibility: Send + Sync {
    /// Hides deliveries, in as few calls as there can be. May be repeated. Gives the fault of one that
    /// could not be hidden, if there is one; the others are, and that one shows when the queue's own
    /// time is over.
    async fn hide_many(&self, deliveries: &[Hidden]) -> Result<(), Fault>;
}

/// Why a message was set aside. Holds nothing of what the message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The kind of failure: `not_an_envelope`, `forged`, `unknown_type`.
    pub kind: String,
    /// One sentence about it, without personal data.
    pub text: String,
    /// What failed, where a service did: `dynamodb.put_item`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The work queue's id of the message.
    pub message_id: String,
    /// When it was first delivered.
    pub first_received: Option<Time>,
    /// When it was set aside.
    pub set_aside: Time,
    /// How often it had been delivered.
    pub receive_count: u32,
}

impl Cause {
    /// The service that failed, where one did: `dynamodb`.
    pub fn dependency(&self) -> Option<&str> {
        let operation = self.operation.as_deref()?;
        Some(operation.split_once('.').map_or(operation, |(of, _)| of))
    }
}

/// The dead-letter queue.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Copies a message there, its body unchanged and the cause beside it. May be repeated: a
    /// second copy is a duplicate and loses nothing.
    async fn set_aside(&self, body: &str, cause: &Cause) -> Result<(), Fault>;
}

/// A message that was set aside, and why, where whoever set it aside said so. SQS itself does not:
/// a message that it moved at the receive limit has no cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message, its body as it was on the work queue.
    pub message: Received,
    /// When it was sent to the queue that has it now, or to the one that it was moved from.
    pub sent: Option<Time>,
    /// The cause.
    pub cause: Option<Cause>,
}

/// How many messages a queue has, about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Those that whoever asks would get.
    pub shown: u64,
    /// Those that were given to a reader and are hidden from the others.
    pub hidden: u64,
}

/// The dead-letter queue, from the side of an operator who looks into it and clears it.
#[async_trait]
pub trait DeadLetterInbox: Inbox + Visibility {
    /// Receives like [`Inbox::receive`], with causes, and hides what it gives from other readers for
    /// so long from now, instead of for the queue's own time. SQS hides for twelve hours at most.
    async fn examine(
        &self,
        most: u32,
        wait: Duration,
        hold: Duration,
    ) -> Result<Vec<DeadLetter>, Fault>;

    /// How many letters there are. What was sent, received or deleted a moment ago may be counted as it
    /// was before.
    async fn waiting(&self) -> Result<Waiting, Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_how_long_its_body_is_and_nothing_of_it() {
        let body = r#"{"email":"ada@example.com"}"#.to_owned();
        let message = Received {
            id: "4f1f2e7c".to_owned(),
            receipt: "AQEBwJnK".to_owned(),
            body: body.clone(),
            receive_count: 1,
            first_received: None,
        };
        let letter = DeadLetter {
            message: message.clone(),
            sent: None,
            cause: None,
        };
        let outgoing = Outgoing { body, group: None };
        for shown in [
            format!("{message:?} {message:#?}"),
            format!("{letter:?} {letter:#?}"),
            format!("{outgoing:?} {outgoing:#?}"),
        ] {
            assert!(shown.contains("body_bytes: 27"), "{shown}");
            assert!(!shown.contains("ada") && !shown.contains("AQEB"), "{shown}");
        }
    }
}
