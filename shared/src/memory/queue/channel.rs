use super::{Depth, HIDE};
use crate::clock::{Clock, sleep};
use crate::disposition::FaultKind;
use crate::port::{Cause, DeadLetter, Fault, QueueLimits, Received};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use usher_events::Time;

/// The shortest that a reader waits before it looks again: a clock may show milliseconds only.
const TICK: Duration = Duration::from_millis(1);

/// One queue.
#[derive(Clone)]
pub(super) struct Channel {
    clock: Arc<dyn Clock>,
    limits: QueueLimits,
    kept: Arc<Mutex<Messages>>,
    arrived: Arc<Notify>,
    /// Where what was delivered too often goes.
    dead: Option<Box<Channel>>,
}

#[derive(Default)]
struct Messages {
    sent: u64,
    all: BTreeMap<u64, Message>,
    /// By when they show; those of one instant in the order in which they were sent.
    by_time: BTreeSet<(Time, u64)>,
    /// How many messages each group has.
    groups: HashMap<Arc<str>, usize>,
}

struct Message {
    body: String,
    group: Option<Arc<str>>,
    sent_at: Time,
    visible_at: Time,
    receive_count: u32,
    first_received: Option<Time>,
    cause: Option<Cause>,
}

impl Channel {
    pub(super) fn new(clock: Arc<dyn Clock>, limits: QueueLimits, dead: Option<Self>) -> Self {
        Self {
            clock,
            limits,
            kept: Arc::default(),
            arrived: Arc::default(),
            dead: dead.map(Box::new),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Messages> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(
        &self,
        body: &str,
        group: Option<&str>,
        delay: Duration,
        cause: Option<Cause>,
    ) {
        let now = self.clock.now();
        self.add(Message {
            body: body.to_owned(),
            group: group.map(Arc::from),
            sent_at: now,
            visible_at: now.plus(delay),
            receive_count: 0,
            first_received: None,
            cause,
        });
    }

    fn add(&self, message: Message) {
        let mut kept = self.kept();
        kept.sent += 1;
        let number = kept.sent;
        kept.by_time.insert((message.visible_at, number));
        kept.join(message.group.as_ref());
        kept.all.insert(number, message);
        drop(kept);
        self.arrived.notify_one();
    }

    /// Receives, and hides for `hold` if that is said, else for the queue's own time.
    pub(super) async fn receive(
        &self,
        most: u32,
        wait: Duration,
        hold: Option<Duration>,
    ) -> Vec<DeadLetter> {
        let hold = hold.unwrap_or(self.limits.visibility_timeout);
        let end = Instant::now() + wait;
        loop {
            let (letters, next) = self.take(most, hold);
            let left = end.saturating_duration_since(Instant::now());
            if !letters.is_empty() || left.is_zero() {
                return letters;
            }
            let next = next.map_or(left, |next| next.max(TICK).min(left));
            tokio::select! {
                biased;
                () = self.arrived.notified() => {}
                () = sleep(next) => {}
            }
        }
    }

    /// Takes what shows now, oldest first, and says how long the next one is still hidden.
    fn take(&self, most: u32, hold: Duration) -> (Vec<DeadLetter>, Option<Duration>) {
        let now = self.clock.now();
        let mut kept = self.kept();
        let mut taken = Vec::new();
        while taken.len() < most.max(1) as usize {
            let Some((visible_at, number)) = kept.by_time.first().copied() else {
                return (taken, None);
            };
            if visible_at > now {
                return (taken, Some(visible_at.since(now)));
            }
            kept.by_time.pop_first();
            let is_dead = |message: &Message| message.receive_count >= self.limits.receive_limit;
            if let Some(dead) = &self.dead
                && kept.all.get(&number).is_some_and(is_dead)
            {
                if let Some(message) = kept.remove(number) {
                    let visible_at = now;
                    dead.add(Message {
                        visible_at,
                        ..message
                    });
                }
                continue;
            }
            let until = now.plus(hold);
            taken.extend(kept.deliver(number, now, until));
        }
        let next = kept.by_time.first().map(|(at, _)| at.since(now));
        (taken, next)
    }

    /// As in SQS, a stale receipt deletes nothing and is no error.
    pub(super) fn delete(&self, receipt: &str) {
        let mut kept = self.kept();
        if let Some(number) = kept.number(receipt)
            && let Some(message) = kept.remove(number)
        {
            kept.by_time.remove(&(message.visible_at, number));
        }
    }

    /// As in SQS, a receipt that is stale or of a message that shows already is refused.
    pub(super) fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault> {
        let now = self.clock.now();
        let refused = Fault::new(HIDE, FaultKind::Refused);
        let mut kept = self.kept();
        let number = kept.number(receipt).ok_or(refused)?;
        let message = kept.all.get_mut(&number).ok_or(refused)?;
        let was = message.visible_at;
        if was <= now {
            return Err(refused);
        }
        message.visible_at = now.plus(duration);
        let until = message.visible_at;
        kept.by_time.remove(&(was, number));
        kept.by_time.insert((until, number));
        drop(kept);
        self.arrived.notify_one();
        Ok(())
    }

    pub(super) fn holds(&self, group: &str) -> bool {
        self.kept().groups.contains_key(group)
    }

    pub(super) fn depth(&self) -> Depth {
        let now = self.clock.now();
        let kept = self.kept();
        let hidden = kept.by_time.range((now, u64::MAX)..).count();
        Depth {
            waiting: kept.all.len() - hidden,
            in_flight: hidden,
            oldest: kept.all.first_key_value().map(|(_, it)| it.sent_at),
        }
    }
}

impl Messages {
    fn deliver(&mut self, number: u64, now: Time, until: Time) -> Option<DeadLetter> {
        let message = self.all.get_mut(&number)?;
        message.visible_at = until;
        message.receive_count += 1;
        message.first_received.get_or_insert(now);
        self.by_time.insert((until, number));
        let id = format!("message-{number}");
        let received = Received {
            receipt: format!("{id}.{}", message.receive_count),
            id,
            body: message.body.clone(),
            receive_count: message.receive_count,
            first_received: message.first_received,
        };
        Some(DeadLetter {
            message: received,
            sent: Some(message.sent_at),
            cause: message.cause.clone(),
        })
    }

    fn join(&mut self, group: Option<&Arc<str>>) {
        if let Some(group) = group {
            *self.groups.entry(Arc::clone(group)).or_default() += 1;
        }
    }

    fn remove(&mut self, number: u64) -> Option<Message> {
        let message = self.all.remove(&number)?;
        if let Some(group) = &message.group
            && let Some(left) = self.groups.get_mut(group)
        {
            *left -= 1;
            if *left == 0 {
                self.groups.remove(group);
            }
        }
        Some(message)
    }

    /// Which message a receipt is of, if it is that of its last delivery.
    fn number(&self, receipt: &str) -> Option<u64> {
        let (number, count) = receipt.strip_prefix("message-")?.split_once('.')?;
        let (number, count) = (number.parse().ok()?, count.parse::<u32>().ok()?);
        let message = self.all.get(&number)?;
        (message.receive_count == count).then_some(number)
    }
}
