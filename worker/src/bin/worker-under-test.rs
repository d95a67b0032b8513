//! A worker that a test starts to kill or stop it: over the database that the test serves, with the
//! test's own outbox and bus. `USHER_FAULT` says where it dies; a SIGTERM ends it well.

use anyhow::Context;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use usher_shared::chance;
use usher_shared::clock::WallClock;
use usher_shared::config;
use usher_shared::digest::Secret;
use usher_shared::dynamodb::Table;
use usher_shared::embedded::{Database, FileBus, Outbox, QueueLimits, WorkQueue};
use usher_shared::lookup::Https;
use usher_shared::organization;
use usher_shared::policy::file;
use usher_shared::port::Store;
use usher_shared::secret::Kept;
use usher_shared::telemetry;
use usher_worker::guard::Guards;
use usher_worker::mails::Templates;
use usher_worker::{Worker, poll};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    telemetry::init(&config::log_filter(), telemetry::Format::Pretty)?;
    let mut arguments = std::env::args().skip(1);
    let mut next = |what| arguments.next().context(what);
    let database = Database::at(next("the database's address")?);
    let table = next("the table's name")?;
    let directory = PathBuf::from(next("the directory of outbox and bus")?);
    let policy = std::fs::read_to_string(directory.join("usher.toml"))?;
    let millis = |text: String| text.parse().map(Duration::from_millis);
    let lease = millis(next("the lease, in ms")?)?;
    let visibility_timeout = millis(next("the visibility timeout, in ms")?)?;

    let mut policy = file::parse(&policy, &directory, &|path| std::fs::read_to_string(path))
        .map_err(|problems| anyhow::anyhow!("{problems}"))?;
    policy.worker.lease = lease;
    let policy = Arc::new(policy);
    let clock = Arc::new(WallClock);
    let limits = QueueLimits {
        visibility_timeout,
        receive_limit: policy.worker.receive_limit,
    };
    let queue = WorkQueue::new(&database, clock.clone(), limits);
    let store: Arc<dyn Store> = Arc::new(Table::new(&database.clients(), table));
    let owner = chance::owner();
    let guards = Guards::new(Arc::clone(&store), clock.clone(), &owner, &policy.breakers);
    let bus = FileBus::new(directory.join("bus.ndjson"), queue.clone());
    let outbox = Outbox::new(directory.join("mail"), clock.clone());
    let worker = Worker {
        templates: Templates::new(&policy)?,
        policy,
        store,
        queue: Arc::new(queue.clone()),
        visibility: Arc::new(queue.clone()),
        dead_letters: Arc::new(queue.dead_letters()),
        bus: guards.bus(Arc::new(bus)),
        mailer: guards.mailer(Arc::new(outbox)),
        clock,
        secret: Kept::given(Secret::new(&[7; 32])),
        organizations: organization::Cache::default(),
        lookup: guards.lookup(Arc::new(Https::without_secrets())),
        guards,
        owner,
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        terminate.recv().await;
    };
    poll::run(Arc::new(worker), Arc::new(queue), stop).await;
    Ok(())
}
