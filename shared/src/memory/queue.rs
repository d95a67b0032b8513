mod channel;

use super::way::{self, Way};
use crate::clock::Clock;
use crate::port::{
    Cause, DeadLetter, DeadLetterInbox, DeadLetters, Delayed, Fault, Hidden, Inbox, Outgoing,
    Queue, QueueLimits, Received, Visibility, Waiting,
};
use async_trait::async_trait;
use channel::Channel;
use std::sync::Arc;
use std::time::Duration;
use usher_events::Time;

const SEND: &str = "sqs.send_message";
const SEND_BATCH: &str = "sqs.send_message_batch";
const RECEIVE: &str = "sqs.receive_message";
const DELETE: &str = "sqs.delete_message_batch";
const COUNT: &str = "sqs.get_queue_attributes";
const HIDE: &str = "sqs.change_message_visibility";

/// Most messages of one call.
const MOST: usize = 10;

/// How many messages a queue has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Those that show.
    pub waiting: usize,
    /// Those that were received and are hidden.
    pub in_flight: usize,
    /// When the oldest was sent.
    pub oldest: Option<Time>,
}

/// The work queue in memory, with SQS's promises. Cheap to clone; clones share it.
///
/// A message that was delivered too often is moved to the dead letters by the next that asks.
#[derive(Clone)]
pub struct WorkQueue {
    way: Arc<dyn Way>,
    work: Channel,
    dead: Channel,
}

impl WorkQueue {
    /// An empty queue at the end of this way.
    pub fn over(way: Arc<dyn Way>, clock: Arc<dyn Clock>, limits: QueueLimits) -> Self {
        let dead = Channel::new(
            Arc::clone(&clock),
            QueueLimits {
                receive_limit: u32::MAX,
                ..limits
            },
            None,
        );
        let work = Channel::new(clock, limits, Some(dead.clone()));
        Self { way, work, dead }
    }

    /// Its dead letters.
    pub fn dead_letters(&self) -> DeadLetterQueue {
        DeadLetterQueue {
            way: Arc::clone(&self.way),
            dead: self.dead.clone(),
        }
    }

    /// How many messages there are now.
    pub fn depth(&self) -> Depth {
        self.work.depth()
    }

    /// The same queue at the end of another way.
    #[must_use]
    pub fn by(&self, way: Arc<dyn Way>) -> Self {
        let (work, dead) = (self.work.clone(), self.dead.clone());
        Self { way, work, dead }
    }

    /// Whether it has a message of this group, hidden or not.
    pub fn holds(&self, group: &str) -> bool {
        self.work.holds(group)
    }
}

#[async_trait]
impl Queue for WorkQueue {
    async fn send(&self, message: &Outgoing) -> Result<(), Fault> {
        let put = || {
            self.work.put(
                &message.body,
                message.group.as_deref(),
                Duration::ZERO,
                None,
            );
        };
        way::call(self.way.as_ref(), SEND, put).await
    }

    async fn send_many(&self, messages: &[Delayed]) -> Vec<Result<(), Fault>> {
        let mut results = Vec::with_capacity(messages.len());
        for together in messages.chunks(MOST) {
            let put = || {
                for Delayed { message, delay } in together {
                    self.work
                        .put(&message.body, message.group.as_deref(), *delay, None);
                }
            };
            let put = way::call(self.way.as_ref(), SEND_BATCH, put).await;
            results.extend(together.iter().map(|_| put));
        }
        results
    }
}

#[async_trait]
impl Inbox for WorkQueue {
    async fn receive(&self, most: u32, wait: Duration) -> Result<Vec<Received>, Fault> {
        let how = (most, wait, None);
        receive(self.way.as_ref(), &self.work, how, |letter| letter.message).await
    }

    async fn delete_many(&self, receipts: &[&str]) -> Vec<Result<(), Fault>> {
        delete_many(self.way.as_ref(), &self.work, receipts).await
    }

    async fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault> {
        way::call(self.way.as_ref(), HIDE, || {
            self.work.hide(receipt, duration)
        })
        .await?
    }
}

#[async_trait]
impl Visibility for WorkQueue {
    async fn hide_many(&self, deliveries: &[Hidden]) -> Result<(), Fault> {
        let mut hidden = Ok(());
        for delivery in deliveries {
            let one = self.hide(&delivery.receipt, delivery.duration).await;
            hidden = hidden.and(one);
        }
        hidden
    }
}

/// The dead letters of the work queue. They are delivered as often as anybody asks.
#[derive(Clone)]
pub struct DeadLetterQueue {
    way: Arc<dyn Way>,
    dead: Channel,
}

impl DeadLetterQueue {
    /// How many there are now.
    pub fn depth(&self) -> Depth {
        self.dead.depth()
    }
}

#[async_trait]
impl DeadLetters for DeadLetterQueue {
    async fn set_aside(&self, body: &str, cause: &Cause) -> Result<(), Fault> {
        let put = || {
            self.dead
                .put(body, None, Duration::ZERO, Some(cause.clone()));
        };
        way::call(self.way.as_ref(), SEND, put).await
    }
}

#[async_trait]
impl Inbox for DeadLetterQueue {
    async fn receive(&self, most: u32, wait: Duration) -> Result<Vec<Received>, Fault> {
        let how = (most, wait, None);
        receive(self.way.as_ref(), &self.dead, how, |letter| letter.message).await
    }

    async fn delete_many(&self, receipts: &[&str]) -> Vec<Result<(), Fault>> {
        delete_many(self.way.as_ref(), &self.dead, receipts).await
    }

    async fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault> {
        way::call(self.way.as_ref(), HIDE, || {
            self.dead.hide(receipt, duration)
        })
        .await?
    }
}

#[async_trait]
impl Visibility for DeadLetterQueue {
    async fn hide_many(&self, deliveries: &[Hidden]) -> Result<(), Fault> {
        let mut hidden = Ok(());
        for delivery in deliveries {
            let one = self.hide(&delivery.receipt, delivery.duration).await;
            hidden = hidden.and(one);
        }
        hidden
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
        let how = (most, wait, Some(hold));
        receive(self.way.as_ref(), &self.dead, how, |letter| letter).await
    }

    async fn waiting(&self) -> Result<Waiting, Fault> {
        way::call(self.way.as_ref(), COUNT, || {
            let depth = self.dead.depth();
            Waiting {
                shown: depth.waiting as u64,
                hidden: depth.in_flight as u64,
            }
        })
        .await
    }
}

async fn delete_many(
    way: &dyn Way,
    channel: &Channel,
    receipts: &[&str],
) -> Vec<Result<(), Fault>> {
    let mut results = Vec::with_capacity(receipts.len());
    for together in receipts.chunks(MOST) {
        let delete = || together.iter().for_each(|receipt| channel.delete(receipt));
        let deleted = way::call(way, DELETE, delete).await;
        results.extend(together.iter().map(|_| deleted));
    }
    results
}

/// Waits for messages. A call whose answer is lost has hidden what it received.
async fn receive<T>(
    way: &dyn Way,
    channel: &Channel,
    (most, wait, hold): (u32, Duration, Option<Duration>),
    shape: impl Fn(DeadLetter) -> T,
) -> Result<Vec<T>, Fault> {
    let passed = way.pass(RECEIVE).await;
    if let way::Passed::Stopped(kind) = passed {
        return Err(Fault::new(RECEIVE, kind));
    }
    let letters = channel.receive(most, wait, hold).await;
    match passed {
        way::Passed::AnswerLost(kind) => Err(Fault::new(RECEIVE, kind)),
        way::Passed::Through | way::Passed::Stopped(_) => {
            Ok(letters.into_iter().map(shape).collect())
        }
    }
}
