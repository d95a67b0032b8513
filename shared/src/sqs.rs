//! The work queue and the dead-letter queue on SQS.

use crate::aws::Clients;
use crate::port::{
    Cause, DeadLetter, DeadLetterInbox, DeadLetters, Fault, Inbox, Outgoing, Queue, Received,
};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use std::sync::Arc;
use std::time::Duration;

/// The work queue.
#[derive(Clone, Debug)]
pub struct WorkQueue {
    client: Client,
    url: Arc<str>,
    groups: bool,
}

impl WorkQueue {
    /// The queue at this address; nothing is called yet. Messages carry their group, which makes a
    /// standard queue a fair one.
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

/// The dead-letter queue.
#[derive(Clone, Debug)]
pub struct DeadLetterQueue(WorkQueue);

impl DeadLetterQueue {
    /// The queue at this address; nothing is called yet.
    pub fn new(clients: &Clients, url: impl Into<Arc<str>>) -> Self {
        Self(WorkQueue::new(clients, url))
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
