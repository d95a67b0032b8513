//! A worker that a test starts to kill or stop it: over the database that the test serves, with the
//! test's own outbox and bus. `USHER_FAULT` says where it dies; a SIGTERM ends it well, and so does an
//! empty queue where the last argument is `drain`.
//!
//! The test's directory also holds its policy, and may hold its clock and the files `mail-is-out` and
//! `bus-is-out`, for as long as these are out.

use anyhow::Context;
use async_trait::async_trait;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use usher_shared::chance;
use usher_shared::config;
use usher_shared::digest::Secret;
use usher_shared::disposition::FaultKind;
use usher_shared::dynamodb::Table;
use usher_shared::embedded::{Database, FileBus, Outbox, QueueLimits, WorkQueue};
use usher_shared::lookup::Https;
use usher_shared::organization;
use usher_shared::policy::file;
use usher_shared::port::{Bus, BusEntry, Fault, Inbox, Mail, MailError, Mailer, Received, Store};
use usher_shared::secret::Kept;
use usher_shared::telemetry;
use usher_shared::testkit::SharedClock;
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
    let drains = next("").is_ok_and(|last| last == "drain");

    let mut policy = file::parse(&policy, &directory, &|path| std::fs::read_to_string(path))
        .map_err(|problems| anyhow::anyhow!("{problems}"))?;
    policy.worker.lease = lease;
    let policy = Arc::new(policy);
    let clock = Arc::new(SharedClock::new(directory.join("clock")));
    let limits = QueueLimits {
        visibility_timeout,
        receive_limit: policy.worker.receive_limit,
    };
    let queue = WorkQueue::new(&database, clock.clone(), limits);
    let store: Arc<dyn Store> = Arc::new(Table::new(&database.clients(), table));
    let owner = chance::owner();
    let guards = Guards::new(Arc::clone(&store), clock.clone(), &owner, &policy.breakers);
    let bus = Unless {
        out: directory.join("bus-is-out"),
        service: FileBus::new(directory.join("bus.ndjson"), queue.clone()),
    };
    let outbox = Unless {
        out: directory.join("mail-is-out"),
        service: Outbox::new(directory.join("mail"), clock.clone()),
    };
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
    let empty = Arc::new(Notify::new());
    let inbox: Arc<dyn Inbox> = match drains {
        true => Arc::new(UntilEmpty(queue, Arc::clone(&empty))),
        false => Arc::new(queue),
    };
    let stop = async move {
        tokio::select! { _ = terminate.recv() => {}, () = empty.notified() => {} }
    };
    poll::run(Arc::new(worker), inbox, stop).await;
    Ok(())
}

/// A service that is out while there is a file that says so.
struct Unless<S> {
    out: PathBuf,
    service: S,
}

#[async_trait]
impl<S: Mailer> Mailer for Unless<S> {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        if self.out.exists() {
            return Err(Fault::new("mail.send", FaultKind::Unavailable).into());
        }
        self.service.send(mail).await
    }
}

#[async_trait]
impl<S: Bus> Bus for Unless<S> {
    async fn publish(&self, entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        if self.out.exists() {
            let unavailable = Fault::new("bus.publish", FaultKind::Unavailable);
            return vec![Err(unavailable); entries.len()];
        }
        self.service.publish(entries).await
    }
}

/// A queue whose reader does not wait, and is told when nothing shows.
struct UntilEmpty(WorkQueue, Arc<Notify>);

#[async_trait]
impl Inbox for UntilEmpty {
    async fn receive(&self, most: u32, _wait: Duration) -> Result<Vec<Received>, Fault> {
        let received = self.0.receive(most, Duration::ZERO).await?;
        if received.is_empty() {
            self.1.notify_one();
        }
        Ok(received)
    }

    async fn delete_many(&self, receipts: &[&str]) -> Vec<Result<(), Fault>> {
        self.0.delete_many(receipts).await
    }

    async fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault> {
        self.0.hide(receipt, duration).await
    }
}
