//! What Lambda does with the worker: an event source mapping that gathers batches, and a schedule.

use super::clock::VirtualClock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use usher_shared::clock::sleep;
use usher_shared::memory::WorkQueue;
use usher_shared::port::{Inbox, Received};
use usher_worker::{Worker, poll};

/// The function's timeout that the README asks for.
pub const TIMEOUT: Duration = Duration::from_secs(60);
/// How often the schedule calls for a sweep.
const SWEEP: Duration = Duration::from_secs(60);
/// How many messages make a batch; SQS's own default, and its limit for one receive.
const BATCH: usize = 10;
/// How long a batch is gathered that is not full.
const WINDOW: Duration = Duration::from_secs(1);
/// How long one poll waits; the longest that SQS allows.
const LONG_POLL: Duration = Duration::from_secs(20);
/// How long the poller waits after a call that the queue did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Gives batches to workers, each to one that is idle, the last that was used first. Does not end.
pub async fn event_source(queue: WorkQueue, workers: Vec<Worker>) {
    let free = Arc::new(Semaphore::new(workers.len()));
    let idle = Arc::new(Mutex::new(workers));
    while let Ok(place) = Arc::clone(&free).acquire_owned().await {
        let batch = gather(&queue).await;
        let (queue, idle) = (queue.clone(), Arc::clone(&idle));
        tokio::spawn(async move {
            let worker = lock(&idle).pop();
            if let Some(worker) = worker {
                // Whatever is unfinished when Lambda ends the function comes again.
                let _ = timeout(TIMEOUT, poll::take(&worker, &queue, &batch)).await;
                lock(&idle).push(worker);
            }
            drop(place);
        });
    }
}

fn lock(idle: &Mutex<Vec<Worker>>) -> std::sync::MutexGuard<'_, Vec<Worker>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn gather(queue: &WorkQueue) -> Vec<Received> {
    let mut batch = receive(queue, BATCH, LONG_POLL).await;
    while batch.is_empty() {
        batch = receive(queue, BATCH, LONG_POLL).await;
    }
    let full = Instant::now() + WINDOW;
    while batch.len() < BATCH && Instant::now() < full {
        let left = full.saturating_duration_since(Instant::now());
        batch.extend(receive(queue, BATCH - batch.len(), left).await);
    }
    batch
}

async fn receive(queue: &WorkQueue, most: usize, wait: Duration) -> Vec<Received> {
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    match queue.receive(most, wait).await {
        Ok(received) => received,
        Err(_) => {
            sleep(PAUSE).await;
            Vec::new()
        }
    }
}

/// Calls for a sweep each minute. Does not end.
pub async fn schedule(clock: VirtualClock, sweeper: Worker) {
    let mut next = SWEEP;
    loop {
        sleep(next.saturating_sub(clock.elapsed())).await;
        next += SWEEP;
        let sweeper = sweeper.clone();
        tokio::spawn(async move {
            // One that fails says so in the log; the next comes in a minute.
            let _ = timeout(TIMEOUT, sweeper.sweep()).await;
        });
    }
}
