//! Trigger and worker on one machine: exactly the Lambdas' code, over the embedded stack.

use anyhow::{Context, bail};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_shared::chance;
use usher_shared::clock::{Clock, sleep};
use usher_shared::embedded::{Database, EmbeddedError, QueueLimits, Stack};
use usher_shared::lookup::Https;
use usher_shared::organization;
use usher_shared::policy::Policy;
use usher_shared::secret::Kept;
use usher_trigger::Trigger;
use usher_trigger::publish::Publisher;
use usher_worker::Worker;
use usher_worker::guard::Guards;
use usher_worker::mails::Templates;

/// The file that holds a state.
pub const DATABASE: &str = "usher.sqlite";

/// What a state's directory holds; nothing else is ever removed.
const STATE: [&str; 8] = [
    DATABASE,
    "usher.sqlite-wal",
    "usher.sqlite-shm",
    "usher.lock",
    "bus.ndjson",
    "secret",
    "endpoint",
    "mail",
];

/// How long another usher is waited for, and how often it is asked whether it has ended.
const PATIENCE: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_millis(100);

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
    /// Opens the stack in a directory and puts both on it, by one clock.
    pub async fn open(
        directory: &Path,
        policy: Policy,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
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
            secret: Kept::given(stack.secret.clone()),
            publisher,
            organizations: organization::Cache::default(),
            clock: clock.clone(),
        };
        let store = Arc::new(stack.store.clone());
        let owner = chance::owner();
        let guards = Guards::new(store, clock.clone(), &owner, &policy.breakers);
        let worker = Worker {
            templates: Templates::new(&policy)?,
            policy,
            store: Arc::new(stack.store.clone()),
            queue: Arc::new(stack.queue.clone()),
            visibility: Arc::new(stack.queue.clone()),
            dead_letters: Arc::new(stack.dead_letters.clone()),
            bus: guards.bus(Arc::new(stack.bus.clone())),
            mailer: guards.mailer(Arc::new(stack.outbox.clone())),
            clock,
            secret: Kept::given(stack.secret.clone()),
            organizations: organization::Cache::default(),
            lookup: guards.lookup(Arc::new(Https::without_secrets())),
            guards,
            owner,
        };
        Ok(Self {
            trigger,
            worker: Arc::new(worker),
            stack,
        })
    }
}

/// Removes an earlier state from a directory, and nothing that is not part of one.
pub async fn start_over(directory: &Path) -> anyhow::Result<()> {
    if !directory.join(DATABASE).exists() {
        return Ok(());
    }
    refuse_if_served(directory).await?;
    for part in STATE.map(|name| directory.join(name)) {
        let removed = match std::fs::symlink_metadata(&part) {
            Ok(found) if found.is_dir() => std::fs::remove_dir_all(&part),
            Ok(_) => std::fs::remove_file(&part),
            Err(_) => Ok(()),
        };
        removed.with_context(|| format!("{} cannot be removed", part.display()))?;
    }
    Ok(())
}

/// Refuses to go on where another usher serves the state in this directory: what is removed under
/// it would be lost without a word, and whoever stands on it is without it when that one ends. A command
/// that is about to end is waited for.
pub async fn refuse_if_served(directory: &Path) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        match Database::open(&directory.join(DATABASE)).await {
            Ok(database) => {
                database.close().await;
                return Ok(());
            }
            Err(EmbeddedError::InUse { .. }) if Instant::now() < end => sleep(AGAIN).await,
            Err(EmbeddedError::InUse { .. }) => bail!(
                "another usher has {} open; end it first, or name another directory with --dir",
                directory.display()
            ),
            // What does not open may still be removed.
            Err(_) => return Ok(()),
        }
    }
}
