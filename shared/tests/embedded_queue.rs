//! The queue's contract on the embedded queue.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that meets the unexpected has failed its test"
)]

use async_trait::async_trait;
use std::sync::Arc;
use usher_shared::embedded::{Database, DeadLetterQueue, QueueLimits, WorkQueue};
use usher_shared::testkit::StepClock;
use usher_shared::testkit::queue_contract::{RECEIVE_LIMIT, Subject};

#[derive(Clone)]
struct Embedded {
    work: WorkQueue,
    dead: DeadLetterQueue,
    clock: Arc<StepClock>,
    _database: Database,
}

#[async_trait]
impl Subject for Embedded {
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

async fn fresh() -> Embedded {
    let clock = Arc::new(StepClock::at("2026-01-02T03:04:05Z".parse().unwrap()));
    let database = Database::memory().await.unwrap();
    let limits = QueueLimits {
        receive_limit: RECEIVE_LIMIT,
        ..QueueLimits::default()
    };
    let work = WorkQueue::new(&database, clock.clone(), limits);
    work.create().await.unwrap();
    Embedded {
        dead: work.dead_letters(),
        work,
        clock,
        _database: database,
    }
}

usher_shared::queue_contract!(fresh);
