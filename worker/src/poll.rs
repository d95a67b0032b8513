//! The worker outside Lambda: polls the queue itself, deletes only what is done, and drains.

use crate::batch::Message;
use crate::story::Outcome;
use crate::{Deployed, Worker, fault};
use futures::FutureExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;
use usher_shared::clock;
use usher_shared::port::{Inbox, Received};

/// How long one poll waits for a message; the longest that SQS allows.
const LONG_POLL: Duration = Duration::from_secs(20);
/// The most messages that one receive gives; SQS's limit.
const MOST: u32 = 10;
/// How long one batch may take. The queue's visibility timeout must be longer.
const BATCH: Duration = Duration::from_secs(60);
/// How often what is due is swept.
const SWEEP: Duration = Duration::from_secs(60);
/// How long to wait before asking a queue again that did not answer.
const PAUSE: Duration = Duration::from_secs(2);

/// Works on the queue until `stop` completes; then finishes the batch at hand and returns. Each
/// sweep and batch is worked on under the policy that is in force when it begins.
pub async fn run(
    worker: impl Into<Deployed>,
    inbox: Arc<dyn Inbox>,
    stop: impl Future<Output = ()>,
) {
    let deployed = worker.into();
    tokio::pin!(stop);
    let mut next_sweep = Instant::now();
    while stop.as_mut().now_or_never().is_none() {
        if Instant::now() >= next_sweep {
            if let Err(fault) = deployed.worker().0.sweep().await {
                tracing::warn!(fault = %fault, "What is due cannot be read now");
            }
            next_sweep = Instant::now() + SWEEP;
        }
        // Only waiting is given up when the end comes; a message that was received is worked on.
        let received = tokio::select! {
            biased;
            () = &mut stop => break,
            received = inbox.receive(MOST, LONG_POLL) => received,
        };
        match received {
            Ok(received) if received.is_empty() => {}
            Ok(received) => {
                let (worker, edition) = deployed.worker();
                let span = tracing::info_span!("batch", policy.version = %edition.version);
                take(&worker, inbox.as_ref(), &received)
                    .instrument(span)
                    .await;
            }
            Err(fault) => {
                tracing::warn!(fault = %fault, "The queue does not answer; asking again soon");
                tokio::select! { () = &mut stop => break, () = clock::sleep(PAUSE) => {} }
            }
        }
        deployed.after_a_batch();
    }
    tracing::info!("Drained; nothing more is received");
}

/// Works on messages that were received, and deletes those that are done.
pub async fn take(worker: &Worker, inbox: &dyn Inbox, received: &[Received]) -> Vec<Outcome> {
    let messages: Vec<Message> = received
        .iter()
        .map(|received| Message {
            id: received.id.clone(),
            body: received.body.clone(),
            receive_count: received.receive_count,
            first_received: received.first_received,
            receipt: Some(received.receipt.clone()),
        })
        .collect();
    let outcomes = worker.work(&messages, Instant::now() + BATCH).await;
    fault::point("deleting", "");
    let done = received.iter().zip(&outcomes);
    let done: Vec<&Received> = done
        .filter_map(|(received, outcome)| outcome.is_done().then_some(received))
        .collect();
    let receipts: Vec<&str> = done.iter().map(|done| done.receipt.as_str()).collect();
    let deleted = inbox.delete_many(&receipts).await;
    for (done, deleted) in done.iter().zip(deleted) {
        if let Err(fault) = deleted {
            tracing::warn!(message.id = done.id, fault = %fault, "A finished message could not be deleted; it will come again");
        }
    }
    outcomes
}
