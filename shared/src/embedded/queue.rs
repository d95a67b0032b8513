use super::Database;
use crate::clock::Clock;
use crate::port::{
    Cause, DeadLetter, DeadLetterInbox, DeadLetters, Fault, Inbox, Outgoing, Queue, Received,
};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use std::sync::Arc;
use std::time::Duration;

/// What SQS keeps as a queue's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// How long a received message is hidden from other readers.
    pub visibility_timeout: Duration,
    /// How often a message is delivered before it is a dead letter.
    pub receive_limit: u32,
}

impl Default for QueueLimits {
    /// As the deployment's template has them, but for the visibility timeout: on one machine nobody
    /// wants to wait six minutes for a second try.
    fn default() -> Self {
        Self {
            visibility_timeout: Duration::from_secs(30),
            receive_limit: 5,
        }
    }
}

/// A queue with SQS's promises, in the embedded database.
#[derive(Clone)]
pub struct WorkQueue {
    client: Client,
    clock: Arc<dyn Clock>,
    limits: QueueLimits,
}

impl WorkQueue {
    /// The work queue of this database; nothing is called yet.
    pub fn new(database: &Database, clock: Arc<dyn Clock>, limits: QueueLimits) -> Self {
        Self {
            client: Client::new(database.clients().sdk()),
            clock,
            limits,
        }
    }

    /// Its dead letters.
    pub fn dead_letters(&self) -> DeadLetterQueue {
        DeadLetterQueue(self.clone())
    }

    /// Every message there is, hidden ones too, oldest first, without receiving any.
    pub async fn list(&self) -> Result<Vec<Received>, Fault> {
        let _ = (&self.client, &self.clock, self.limits);
        todo!()
    }
}

#[async_trait]
impl Queue for WorkQueue {
    async fn send(&self, _message: &Outgoing) -> Result<(), Fault> {
        todo!()
    }
}

#[async_trait]
impl Inbox for WorkQueue {
    async fn receive(&self, _most: u32, _wait: Duration) -> Result<Vec<Received>, Fault> {
        todo!()
    }
    async fn delete(&self, _receipt: &str) -> Result<(), Fault> {
        todo!()
    }
    async fn hide(&self, _receipt: &str, _duration: Duration) -> Result<(), Fault> {
        todo!()
    }
}

/// The dead letters of the work queue.
#[derive(Clone)]
pub struct DeadLetterQueue(WorkQueue);

impl DeadLetterQueue {
    /// Every dead letter there is, oldest first, without receiving any.
    pub async fn list(&self) -> Result<Vec<DeadLetter>, Fault> {
        todo!()
    }
}

#[async_trait]
impl DeadLetters for DeadLetterQueue {
    async fn set_aside(&self, _body: &str, _cause: &Cause) -> Result<(), Fault> {
        todo!()
    }
}

#[async_trait]
impl Inbox for DeadLetterQueue {
    async fn receive(&self, most: u32, wait: Duration) -> Result<Vec<Received>, Fault> {
        self.0.receive(most, wait).await
    }
    async fn delete(&self, receipt: &str) -> Result<(), Fault> {
        self.0.delete(receipt).await
    }
    async fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault> {
        self.0.hide(receipt, duration).await
    }
}

#[async_trait]
impl DeadLetterInbox for DeadLetterQueue {
    async fn examine(&self, _most: u32, _wait: Duration) -> Result<Vec<DeadLetter>, Fault> {
        todo!()
    }
}
