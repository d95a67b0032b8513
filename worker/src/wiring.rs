//! Builds the worker from its configuration: the only place here that knows a real service.

use crate::{Worker, welcome::Templates};
use anyhow::Context;
use std::sync::Arc;
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::chance;
use usher_shared::clock::WallClock;
use usher_shared::config::Config;
use usher_shared::port::Inbox;
use usher_shared::secret::Kept;
use usher_shared::{dynamodb, eventbridge, ses, sqs};

/// A worker, and the queue that it polls where Lambda does not.
pub struct Wired {
    /// The worker.
    pub worker: Worker,
    /// Its queue, from the reader's side.
    pub inbox: Arc<dyn Inbox>,
}

/// Makes the clients and puts them together.
pub async fn worker(config: Config) -> anyhow::Result<Wired> {
    let clients = Clients::load(&config, Timeouts::WORKER).await;
    let dead_letter_url = config.dead_letter_url()?.to_owned();
    let templates =
        Templates::new(&config.policy).context("the policy's mail templates cannot be used")?;
    let queue = Arc::new(sqs::WorkQueue::new(&clients, config.queue_url));
    let worker = Worker {
        templates,
        store: Arc::new(dynamodb::Table::new(&clients, config.table)),
        queue: Arc::clone(&queue) as Arc<_>,
        dead_letters: Arc::new(sqs::DeadLetterQueue::new(&clients, dead_letter_url)),
        bus: Arc::new(eventbridge::EventBus::new(&clients, config.bus)),
        mailer: Arc::new(ses::Ses::new(&clients)),
        clock: Arc::new(WallClock),
        secret: Kept::given(config.secret),
        owner: chance::owner(),
        policy: Arc::new(config.policy),
    };
    Ok(Wired {
        worker,
        inbox: queue,
    })
}
