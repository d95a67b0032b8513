//! The work queue and its dead letters, with SQS's promises, in the embedded database.

mod channel;
mod delivery;
mod message;
mod schema;

use super::Database;
use crate::clock::Clock;
use crate::port::{
    Cause, DeadLetter, DeadLetterInbox, DeadLetters, Delayed, Fault, Hidden, Inbox, Outgoing,
    Queue, QueueLimits, Received, Visibility, Waiting,
};
use async_trait::async_trait;
use channel::Channel;
use message::Message;
use std::sync::Arc;
use std::time::Duration;

/// A queue that several processes may use at once: every change is conditional on what was read.
#[derive(Clone)]
pub struct WorkQueue(Channel);

impl WorkQueue {
    /// The work queue of this database; nothing is called yet.
    pub fn new(database: &Database, clock: Arc<dyn Clock>, limits: QueueLimits) -> Self {
        Self(Channel::work(database, clock, limits))
    }

    /// Makes the table that queues are kept in, unless there is one.
    pub async fn create(&self) -> Result<(), Fault> {
        self.0.create().await
    }

    /// Its dead letters.
    pub fn dead_letters(&self) -> DeadLetterQueue {
        DeadLetterQueue(self.0.dead_letters())
    }

    /// Every message there is, hidden ones too, oldest first, without receiving any. Their receipts
    /// are those of their last delivery.
    pub async fn list(&self) -> Result<Vec<Received>, Fault> {
        Ok(self
            .0
            .list()
            .await?
            .into_iter()
            .map(Message::into_received)
            .collect())
    }
}

#[async_trait]
impl Queue for WorkQueue {
    async fn send(&self, message: &Outgoing) -> Result<(), Fault> {
        self.0
            .put(
                &message.body,
                message.group.as_deref(),
                None,
                Duration::ZERO,
            )
            .await
    }

    async fn send_many(&self, messages: &[Delayed]) -> Vec<Result<(), Fault>> {
        let mut results = Vec::with_capacity(messages.len());
        for Delayed { message, delay } in messages {
            let group = message.group.as_deref();
            results.push(self.0.put(&message.body, group, None, *delay).await);
        }
        results
    }
}

#[async_trait]
impl Inbox for WorkQueue {
    async fn receive(&self, most: u32, wait: Duration) -> Result<Vec<Received>, Fault> {
        Ok(self
            .0
            .receive(most, wait, None)
            .await?
            .into_iter()
            .map(Message::into_received)
            .collect())
    }

    async fn delete_many(&self, receipts: &[&str]) -> Vec<Result<(), Fault>> {
        self.0.delete_many(receipts).await
    }

    async fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault> {
        self.0.hide(receipt, duration).await
    }
}

#[async_trait]
impl Visibility for WorkQueue {
    async fn hide_many(&self, deliveries: &[Hidden]) -> Result<(), Fault> {
        self.0.hide_many(deliveries).await
    }
}

/// The dead letters of the work queue. They are delivered as often as anybody asks.
#[derive(Clone)]
pub struct DeadLetterQueue(Channel);

impl DeadLetterQueue {
    /// Every dead letter there is, oldest first, without receiving any.
    pub async fn list(&self) -> Result<Vec<DeadLetter>, Fault> {
        Ok(self
            .0
            .list()
            .await?
            .into_iter()
            .map(Message::into_dead_letter)
            .collect())
    }
}

#[async_trait]
impl DeadLetters for DeadLetterQueue {
    async fn set_aside(&self, body: &str, cause: &Cause) -> Result<(), Fault> {
        self.0.put(body, None, Some(cause), Duration::ZERO).await
    }
}

#[async_trait]
impl Inbox for DeadLetterQueue {
    async fn receive(&self, most: u32, wait: Duration) -> Result<Vec<Received>, Fault> {
        Ok(self
            .0
            .receive(most, wait, None)
            .await?
            .into_iter()
            .map(Message::into_received)
            .collect())
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
        let messages = self.0.receive(most, wait, Some(hold)).await?;
        Ok(messages
            .into_iter()
            .map(Message::into_dead_letter)
            .collect())
    }

    async fn waiting(&self) -> Result<Waiting, Fault> {
        self.0.waiting().await
    }
}
