//! The contracts of store and queue on what is kept in memory.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that meets the unexpected has failed its test"
)]

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use usher_shared::disposition::FaultKind;
use usher_shared::memory::{DeadLetterQueue, Open, Passed, Table, Way, WorkQueue};
use usher_shared::port::QueueLimits;
use usher_shared::testkit::StepClock;
use usher_shared::testkit::queue_contract::{RECEIVE_LIMIT, Subject};

async fn fresh() -> Table {
    Table::default()
}

/// A table whose callers lose every second call: half of those before it is carried out, and half
/// after.
async fn over_a_bad_way() -> Table {
    Table::over(Arc::new(Bad(AtomicUsize::new(0))))
}

struct Bad(AtomicUsize);

#[async_trait]
impl Way for Bad {
    async fn pass(&self, _operation: &'static str) -> Passed {
        tokio::task::yield_now().await;
        match self.0.fetch_add(1, Ordering::SeqCst) % 4 {
            0 => Passed::Stopped(FaultKind::Unavailable),
            2 => Passed::AnswerLost(FaultKind::TimedOut),
            _ => Passed::Through,
        }
    }
}

mod store {
    use super::{fresh, over_a_bad_way};

    usher_shared::store_contract!(fresh);
    usher_shared::store_contract!(disturbed: over_a_bad_way);
}

#[derive(Clone)]
struct Queues {
    work: WorkQueue,
    dead: DeadLetterQueue,
    clock: Arc<StepClock>,
}

#[async_trait]
impl Subject for Queues {
    type Work = WorkQueue;
    type Dead = DeadLetterQueue;

    fn work(&self) -> &WorkQueue {
        &self.work
    }

    fn dead(&self) -> &DeadLetterQueue {
        &self.dead
    }

    async fn pass_visibility_timeout(&self) {
        self.clock
            .advance(QueueLimits::default().visibility_timeout);
    }
}

async fn queues() -> Queues {
    let clock = Arc::new(StepClock::at("2026-01-02T03:04:05Z".parse().unwrap()));
    let limits = QueueLimits {
        receive_limit: RECEIVE_LIMIT,
        ..QueueLimits::default()
    };
    let work = WorkQueue::over(Arc::new(Open), clock.clone(), limits);
    Queues {
        dead: work.dead_letters(),
        work,
        clock,
    }
}

mod queue {
    use super::queues;

    usher_shared::queue_contract!(queues);
}
