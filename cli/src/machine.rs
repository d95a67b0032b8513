//! Trigger and worker on one machine: exactly the Lambdas' code, over the embedded stack.

use anyhow::bail;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use usher_shared::chance;
use usher_shared::clock::WallClock;
use usher_shared::embedded::{Database, EmbeddedError, QueueLimits, Stack};
use usher_shared::policy::Policy;
use usher_trigger::Trigger;
use usher_trigger::publish::Publisher;
use usher_worker::Worker;
use usher_worker::welcome::Templates;

/// The file that says that a directory holds a state.
pub const DATABASE: &str = "usher.sqlite";

/// How much longer than a lease a received message stays hidden: one that comes again any earlier
/// meets the lease of the try before it.
const BEYOND_LEASE: Duration = Duration::from_secs(30);

/// One machine's trigger, worker, and what is under them.
pub struct Machine {
    /// Answers as the trigger's Lambda does.
    pub trigger: Trigger,
    /// Works as the worker's Lambda does.
    pub worker: Arc<Worker>,
    /// Table, queue, bus and mail.
    pub stack: Stack,
}

impl Machine {
    /// Opens the stack in a directory and puts both on it.
    pub async fn open(directory: &Path, policy: Policy) -> anyhow::Result<Self> {
        let clock = Arc::new(WallClock);
        let limits = QueueLimits {
            visibility_timeout: policy.worker.lease + BEYOND_LEASE,
            receive_limit: policy.worker.receive_limit,
        };
        let stack = Stack::open(directory, clock.clone(), limits).await?;
        let policy = Arc::new(policy);
        let publisher = Publisher {
            queue: Arc::new(stack.queue.clone()),
            bus: Arc::new(stack.bus.clone()),
            store: Arc::new(stack.store.clone()),
        };
        let trigger = Trigger {
            policy: policy.clone(),
            secret: stack.secret.clone(),
            publisher,
            clock: clock.clone(),
        };
        let worker = Worker {
            templates: Templates::new(&policy)?,
            policy,
            store: Arc::new(stack.store.clone()),
            queue: Arc::new(stack.queue.clone()),
            dead_letters: Arc::new(stack.dead_letters.clone()),
            bus: Arc::new(stack.bus.clone()),
            mailer: Arc::new(stack.outbox.clone()),
            clock,
            owner: chance::owner(),
        };
        Ok(Self {
            trigger,
            worker: Arc::new(worker),
            stack,
        })
    }
}

/// Refuses to go on where another usher serves the state in this directory: what is removed under
/// it would be lost without a word.
pub async fn refuse_if_served(directory: &Path) -> anyhow::Result<()> {
    let file = directory.join(DATABASE);
    if !file.exists() {
        return Ok(());
    }
    match Database::open(&file).await {
        Ok(database) => database.close().await,
        Err(EmbeddedError::InUse { .. }) => bail!(
            "another usher has {} open; end it first, or name another directory with --dir",
            directory.display()
        ),
        // What does not open may still be removed.
        Err(_) => {}
    }
    Ok(())
}
