//! A worker on real servers, over a network that a test disturbs: polls the queue, or does nothing but
//! sweep. Its services carry out some batches in part; its clock may be ahead. A SIGTERM ends it well.

use anyhow::Context;
use async_trait::async_trait;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use usher_events::Time;
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::chance;
use usher_shared::clock::{self, Clock, WallClock};
use usher_shared::config;
use usher_shared::digest::Secret;
use usher_shared::dynamodb::Table;
use usher_shared::eventbridge::EventBus;
use usher_shared::lookup::Https;
use usher_shared::organization;
use usher_shared::policy::file;
use usher_shared::port::{Fault, Hidden, Store, Visibility};
use usher_shared::secret::Kept;
use usher_shared::ses::Ses;
use usher_shared::sqs::{DeadLetterQueue, WorkQueue};
use usher_shared::telemetry;
use usher_shared::testkit::draw::Draw;
use usher_shared::testkit::http::{LeftOut, partly};
use usher_worker::guard::Guards;
use usher_worker::mails::Templates;
use usher_worker::{Worker, poll};

/// Where everything is, and how it goes wrong.
#[derive(Deserialize)]
struct Setup {
    /// Sweeps so often, in milliseconds, and does nothing else.
    #[serde(default)]
    sweep_ms: Option<u64>,
    /// The address of DynamoDB.
    dynamodb: String,
    /// The address of SQS, EventBridge and SES.
    aws: String,
    table: String,
    queue: String,
    dead_letters: String,
    bus: String,
    policy: PathBuf,
    /// How far its clock is ahead, in seconds.
    ahead_s: u64,
    /// What its chance begins at.
    seed: u64,
    /// How many of a hundred entries of a batch are left out.
    left_out_percent: u64,
}

/// A queue that hides messages for a small part of the time that it is told to, so that what waits for
/// half an hour while a service is down comes again within a test.
struct Hurried(WorkQueue);

/// The part.
const HURRY: u32 = 600;

#[async_trait]
impl Visibility for Hurried {
    async fn hide_many(&self, deliveries: &[Hidden]) -> Result<(), Fault> {
        let hurried = |delivery: &Hidden| Hidden {
            duration: delivery.duration / HURRY,
            ..delivery.clone()
        };
        let deliveries: Vec<Hidden> = deliveries.iter().map(hurried).collect();
        self.0.hide_many(&deliveries).await
    }
}

/// A clock that is ahead of the machine's, so that what waits for minutes is due within a test.
struct Ahead(Duration);

impl Clock for Ahead {
    fn now(&self) -> Time {
        WallClock.now().plus(self.0)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    telemetry::init(&config::log_filter(), telemetry::Format::Json)?;
    let setup = std::env::args().nth(1).context("the setup, as JSON")?;
    let setup: Setup = serde_json::from_str(&setup)?;
    let left_out = LeftOut::new(Draw::new(setup.seed), setup.left_out_percent);
    let clients = |address: &str| partly(address, Timeouts::WORKER, left_out.clone());
    let queue = WorkQueue::new(&clients(&setup.aws), setup.queue.as_str());
    let worker = worker(
        &setup,
        &clients(&setup.dynamodb),
        &clients(&setup.aws),
        &queue,
    )?;

    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        terminate.recv().await;
    };
    match setup.sweep_ms.map(Duration::from_millis) {
        None => poll::run(Arc::new(worker), Arc::new(queue), stop).await,
        Some(pause) => tokio::select! { () = stop => {}, () = sweep(&worker, pause) => {} },
    }
    for (operation, entries) in left_out.counts() {
        // A target of ours, which this binary's own is not.
        tracing::info!(
            target: "usher_worker",
            operation,
            left_out = entries,
            "Entries of batches were left out"
        );
    }
    Ok(())
}

fn worker(
    setup: &Setup,
    dynamodb: &Clients,
    aws: &Clients,
    queue: &WorkQueue,
) -> anyhow::Result<Worker> {
    let text = std::fs::read_to_string(&setup.policy)?;
    let base = setup
        .policy
        .parent()
        .context("the policy is in a directory")?;
    let policy = file::parse(&text, base, &|path| std::fs::read_to_string(path))
        .map_err(|problems| anyhow::anyhow!("{problems}"))?;
    let store: Arc<dyn Store> = Arc::new(Table::new(dynamodb, setup.table.as_str()));
    let clock = Arc::new(Ahead(Duration::from_secs(setup.ahead_s)));
    let owner = chance::owner();
    let guards = Guards::new(Arc::clone(&store), clock.clone(), &owner, &policy.breakers);
    let bus = EventBus::new(aws, setup.bus.as_str());
    Ok(Worker {
        templates: Templates::new(&policy)?,
        policy: Arc::new(policy),
        store,
        queue: Arc::new(queue.clone()),
        visibility: Arc::new(Hurried(queue.clone())),
        dead_letters: Arc::new(DeadLetterQueue::new(aws, setup.dead_letters.as_str())),
        bus: guards.bus(Arc::new(bus)),
        mailer: guards.mailer(Arc::new(Ses::new(aws))),
        clock,
        secret: Kept::given(Secret::new(&[7; 32])),
        organizations: organization::Cache::default(),
        lookup: guards.lookup(Arc::new(Https::without_secrets())),
        guards,
        owner,
    })
}

async fn sweep(worker: &Worker, pause: Duration) {
    loop {
        if let Err(fault) = worker.sweep().await {
            tracing::warn!(fault = %fault, "What is due cannot be read now");
        }
        clock::sleep(pause).await;
    }
}
