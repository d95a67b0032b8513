//! The sweep: each minute, what is due goes back on the queue, lane by lane.
//!
//! A lane is what waits for one service ([`Lane`]), and none holds up another. How much of one a
//! sweep may send is said by that service's breaker (`pace`), which is read from the table: a
//! sweep keeps nothing from one minute to the next. What may go is taken, oldest first, by moving
//! its due time on condition that nobody else has, and sent ten at a time (`send`), each with a
//! delay that spreads the whole over the minute.

mod pace;
mod send;

pub use pace::{PROBES, Pace};
pub use send::UNTIL_NEXT;

use crate::Worker;
use futures::future::join_all;
use futures::{StreamExt, stream};
use send::Sending;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::Time;
use usher_shared::breaker::Record;
use usher_shared::clock::Clock;
use usher_shared::commit::Lane;
use usher_shared::dependency::Dependency;
use usher_shared::port::{Fault, Queue, Store};

/// The longest that one sweep takes, so that it ends before the next begins, and well before the
/// time of an invocation does.
const LONGEST: Duration = Duration::from_secs(40);

/// What is moved and sent together: as much as one call to the queue takes.
const TOGETHER: usize = 10;

/// How many of those a lane has under way at once: forty writes, which a table on demand takes from
/// the first second.
const AT_ONCE: usize = 4;

/// What one sweep did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// One of each lane.
    pub lanes: Vec<LaneSwept>,
}

/// What one sweep did in one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LaneSwept {
    /// Which.
    pub lane: Lane,
    /// How much it was allowed to send.
    pub pace: Pace,
    /// What was put on the queue.
    pub sent: u32,
    /// What was listed and not put on the queue: another sweep had it, it could not be sent, or
    /// there was no time.
    pub left: u32,
    /// Whether the table or the queue failed at something.
    pub failed: bool,
}

impl Swept {
    /// What was put on the queue, in all lanes.
    pub fn sent(&self) -> u32 {
        self.lanes.iter().map(|lane| lane.sent).sum()
    }

    /// What was listed and not put on the queue, in all lanes.
    pub fn left(&self) -> u32 {
        self.lanes.iter().map(|lane| lane.left).sum()
    }
}

/// What a sweep works with: less than a worker, so that a command can sweep as well.
pub struct Sweeper {
    /// What is due, and the breakers.
    pub store: Arc<dyn Store>,
    /// Takes what is due.
    pub queue: Arc<dyn Queue>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The most that a lane may send in one sweep.
    pub most_a_minute: u32,
}

impl Worker {
    /// Sweeps once, as [`Sweeper::sweep`] does.
    pub async fn sweep(&self) -> Result<Swept, Fault> {
        let sweeper = Sweeper {
            store: Arc::clone(&self.store),
            queue: Arc::clone(&self.queue),
            clock: Arc::clone(&self.clock),
            most_a_minute: self.policy.sweep.most_a_minute,
        };
        sweeper.sweep().await
    }
}

impl Sweeper {
    /// Puts what is due on the queue. Several sweeps at once send nothing twice: each thing is
    /// taken by a conditional write first.
    ///
    /// A lane ends at the first sign that the table or the queue is in trouble: what is due stays
    /// due. The error is that of a lane that cannot be read; the other lanes are swept all the same.
    pub async fn sweep(&self) -> Result<Swept, Fault> {
        let now = self.clock.now();
        let end = Instant::now() + LONGEST;
        let paces = self.paces(now).await;
        let lanes = paces.map(|(lane, pace)| self.sweep_lane(lane, pace, now, end));
        let lanes = join_all(lanes).await;
        let lanes: Vec<LaneSwept> = lanes.into_iter().collect::<Result<_, _>>()?;
        Ok(Swept { lanes })
    }

    /// How much each lane may send now. Where the breakers cannot be read, as much as if all were
    /// closed: who sends to the queue must not need the table more than the table itself does.
    pub async fn paces(&self, now: Time) -> [(Lane, Pace); 3] {
        let records = match self.store.breakers().await {
            Ok(records) => records,
            Err(fault) => {
                tracing::warn!(fault = %fault, "The breakers cannot be read; the sweep takes them for closed");
                BTreeMap::new()
            }
        };
        let most = self.most_a_minute;
        Lane::ALL.map(|lane| {
            let record: Option<&Record> = dependency(lane).and_then(|of| records.get(&of));
            (lane, Pace::of(record, now, most))
        })
    }

    async fn sweep_lane(
        &self,
        lane: Lane,
        pace: Pace,
        now: Time,
        end: Instant,
    ) -> Result<LaneSwept, Fault> {
        let mut swept = LaneSwept {
            lane,
            pace,
            sent: 0,
            left: 0,
            failed: false,
        };
        let most = pace.most();
        if most == 0 {
            tracing::info!(lane = lane.as_str(), "A breaker is open; its lane waits");
            return Ok(swept);
        }
        let due = self.store.due(lane, now, most).await?;
        let sending = Sending::new(now, end, pace.rate(self.most_a_minute));
        // Made before they are streamed: a closure within the stream would keep it from being `Send`.
        let sets: Vec<_> = due
            .chunks(TOGETHER)
            .enumerate()
            .map(|(number, set)| self.send_set(set, number * TOGETHER, &sending))
            .collect();
        let counts: Vec<u32> = stream::iter(sets).buffer_unordered(AT_ONCE).collect().await;
        swept.sent = counts.into_iter().sum();
        swept.left = u32::try_from(due.len())
            .unwrap_or(u32::MAX)
            .saturating_sub(swept.sent);
        swept.failed = sending.has_failed();
        tracing::info!(
            lane = lane.as_str(),
            pace = most,
            sent = swept.sent,
            left = swept.left,
            "Swept what is due"
        );
        Ok(swept)
    }
}

/// The service whose breaker says how much of a lane may go. The queue has none: a sweep that cannot
/// send ends by itself.
fn dependency(lane: Lane) -> Option<Dependency> {
    match lane {
        Lane::Mail => Some(Dependency::Mail),
        Lane::Bus => Some(Dependency::Bus),
        Lane::Queue => None,
    }
}
