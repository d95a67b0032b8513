//! Bringing an event to a durable place, whichever there is.
//!
//! The queue first, then the bus under the fallback's own source, then the table. Each has its share
//! of the budget and no more, so that the last is still tried when the first two hang.

use crate::budget::Budget;
use crate::{fault, fence};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{Envelope, EventId, Fact, LifecycleEvent, Time, wire};
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Bus, BusEntry, Fault, Outgoing, Queue, Store};
use usher_shared::retry::{Schedule, retry};

/// Waits between attempts at one place. Two attempts, because a third costs the next place its turn.
const ATTEMPTS: Schedule = Schedule {
    first_wait: Duration::from_millis(25),
    max_wait: Duration::from_millis(50),
    attempts: 2,
};

/// The fallback's own source on the bus: a rule that matches it and nothing else feeds the queue.
pub const FALLBACK_SOURCE: &str = "usher.fallback";
/// The detail type of an envelope that takes the fallback's way.
pub const FALLBACK_DETAIL_TYPE: &str = "usher.envelope";

/// Where an event is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// On the work queue.
    Queue,
    /// On the bus, whose rule brings it to the queue.
    Bus,
    /// In the table, from where the sweep sends it on.
    Spill,
    /// Nowhere: nobody took it. Counted.
    Unpublished,
}

impl Route {
    /// The name in log fields.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Bus => "bus",
            Self::Spill => "spill",
            Self::Unpublished => "unpublished",
        }
    }
}

/// Knows every place that takes events.
#[derive(Clone)]
pub struct Publisher {
    /// First choice.
    pub queue: Arc<dyn Queue>,
    /// Second.
    pub bus: Arc<dyn Bus>,
    /// Last.
    pub store: Arc<dyn Store>,
}

impl Publisher {
    /// Publishes one event. Never fails and never panics: what nobody takes is counted in a line of
    /// its own.
    pub async fn publish(
        &self,
        envelope: &Envelope<LifecycleEvent>,
        now: Time,
        budget: Budget,
    ) -> Route {
        let taken = fence::within(budget.deadline(), self.to_any(envelope, now, budget)).await;
        if let Ok(Some(route)) = taken {
            return route;
        }
        tracing::error!(
            event.id = %envelope.id,
            event.type = envelope.event.name(),
            unpublished = 1,
            "An event is lost: queue, bus and table all refused it"
        );
        Route::Unpublished
    }

    /// Tries one place after the other.
    async fn to_any(
        &self,
        envelope: &Envelope<LifecycleEvent>,
        now: Time,
        budget: Budget,
    ) -> Option<Route> {
        fault::point("publish");
        let body = wire::encode(envelope);
        let until = budget.share(1, 2);
        if within(until, "queue", self.to_queue(envelope, &body, until)).await {
            return Some(Route::Queue);
        }
        let until = budget.share(1, 2);
        if within(until, "bus", self.to_bus(envelope, &body, until)).await {
            return Some(Route::Bus);
        }
        let until = budget.share(1, 1);
        if within(
            until,
            "spill",
            self.to_spill(envelope.id, &body, now, until),
        )
        .await
        {
            return Some(Route::Spill);
        }
        None
    }

    async fn to_queue(
        &self,
        envelope: &Envelope<LifecycleEvent>,
        body: &str,
        until: Instant,
    ) -> Result<(), Fault> {
        let message = Outgoing {
            body: body.to_owned(),
            group: Some(envelope.subject.to_string()),
        };
        retry(&ATTEMPTS, until, Fault::disposition, || {
            self.queue.send(&message)
        })
        .await
    }

    async fn to_bus(
        &self,
        envelope: &Envelope<LifecycleEvent>,
        body: &str,
        until: Instant,
    ) -> Result<(), Fault> {
        let entry = [BusEntry {
            source: FALLBACK_SOURCE.to_owned(),
            detail_type: FALLBACK_DETAIL_TYPE.to_owned(),
            detail: body.to_owned(),
            time: envelope.time,
        }];
        let one = || async {
            self.bus
                .publish(&entry)
                .await
                .pop()
                .unwrap_or(Err(NO_RESULT))
        };
        retry(&ATTEMPTS, until, Fault::disposition, one).await
    }

    async fn to_spill(
        &self,
        id: EventId,
        body: &str,
        now: Time,
        until: Instant,
    ) -> Result<(), Fault> {
        retry(&ATTEMPTS, until, Fault::disposition, || {
            self.store.spill(id, body, now)
        })
        .await
    }
}

/// A bus that answers for fewer entries than it was given.
const NO_RESULT: Fault = Fault {
    operation: "bus.publish",
    kind: FaultKind::Corrupt,
};

/// Runs one way of publishing until its share of time is used up. Says whether it succeeded, and in
/// the log why not. A way that panics has failed as any other, and the next is tried.
async fn within(
    until: Instant,
    place: &'static str,
    way: impl Future<Output = Result<(), Fault>>,
) -> bool {
    match fence::within(until, way).await {
        Ok(Ok(())) => return true,
        Ok(Err(fault)) => {
            tracing::warn!(place, fault = %fault, "An event was not taken here; trying the next place");
        }
        Err(broken) => {
            tracing::warn!(place, "A place for events {broken}; trying the next one");
        }
    }
    false
}
