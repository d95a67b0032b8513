//! A worker over a metered table, and services that take everything unless they are down.

use crate::common::{at, message, policy, soon};
use crate::cost::Cost;
use crate::who::Who;
use aws_sdk_dynamodb::Client;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use usher_events::{Envelope, LifecycleEvent, wire};
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::chance;
use usher_shared::dependency::Dependency;
use usher_shared::digest::Secret;
use usher_shared::dynamodb::Table;
use usher_shared::eventbridge::EventBus;
use usher_shared::lookup::Https;
use usher_shared::organization;
use usher_shared::policy::Policy;
use usher_shared::secret::Kept;
use usher_shared::ses::Ses;
use usher_shared::sqs::{DeadLetterQueue, WorkQueue};
use usher_shared::testkit::StepClock;
use usher_shared::testkit::http::{Behavior, Outcome, scripted};
use usher_shared::testkit::item_size::{Item, item_size, write_units};
use usher_shared::testkit::meter::Meter;
use usher_shared::testkit::stand_in::StandIn;
use usher_worker::Worker;
use usher_worker::guard::Guards;
use usher_worker::mails::Templates;
use usher_worker::story::Outcome as Became;

/// A table of its own, and a worker.
pub struct Place {
    pub who: Who,
    pub policy: Arc<Policy>,
    pub clock: Arc<StepClock>,
    pub secret: Secret,
    pub worker: Worker,
    /// The table, metered as the worker's.
    pub table: Table,
    /// The services that are down.
    pub down: Arc<Down>,
    meter: Meter,
    aside: Client,
    _aws: StandIn,
}

/// What is down.
#[derive(Default)]
pub struct Down {
    pub mail: AtomicBool,
    pub bus: AtomicBool,
}

impl Place {
    pub async fn new(endpoint: &str, who: Who, rules: &str) -> Self {
        let direct = Clients::local(endpoint, Timeouts::WORKER);
        let name = format!("usher-{}", chance::owner());
        Table::new(&direct, name.as_str()).create().await.unwrap();
        let meter = Meter::default();
        let dynamodb = meter.before(&direct, endpoint, Timeouts::WORKER);
        let table = Table::new(&dynamodb, name);

        let stand_in = StandIn::start().await;
        let down = Arc::new(Down::default());
        let weather = Arc::clone(&down);
        let aws = scripted(&stand_in.endpoint(), Timeouts::WORKER, move |call| {
            let is_down = match call.operation.as_str() {
                "SendEmail" => &weather.mail,
                "PutEvents" => &weather.bus,
                _ => return Outcome::Passes,
            };
            match is_down.load(Ordering::SeqCst) {
                true => Outcome::Ends(Behavior::Breaks),
                false => Outcome::Passes,
            }
        });
        let aws = meter.before(&aws, &stand_in.endpoint(), Timeouts::WORKER);

        let policy = Arc::new(policy(rules));
        let clock = Arc::new(StepClock::at(at(300)));
        let secret = Secret::new(&[7; 32]);
        let queue = Arc::new(WorkQueue::new(&aws, "http://127.0.0.1:1/queue"));
        let owner = chance::owner();
        let store = Arc::new(table.clone());
        let guards = Guards::new(store.clone(), clock.clone(), &owner, &policy.breakers);
        let worker = Worker {
            templates: Templates::new(&policy).unwrap(),
            policy: Arc::clone(&policy),
            store,
            queue: Arc::clone(&queue) as Arc<_>,
            visibility: queue,
            dead_letters: Arc::new(DeadLetterQueue::new(&aws, "http://127.0.0.1:1/dead")),
            bus: guards.bus(Arc::new(EventBus::new(&aws, "usher"))),
            mailer: guards.mailer(Arc::new(Ses::new(&aws))),
            clock: clock.clone(),
            secret: Kept::given(secret.clone()),
            organizations: organization::Cache::default(),
            lookup: guards.lookup(Arc::new(Https::without_secrets())),
            guards,
            owner,
        };
        Self {
            who,
            policy,
            clock,
            secret,
            worker,
            table,
            down,
            meter,
            aside: Client::new(direct.sdk()),
            _aws: stand_in,
        }
    }

    /// Forgets what was called until now, which is part of no cost, and neither is looking at the
    /// breakers: a worker does that every few seconds, for all that it does until the next time.
    pub async fn begin(&self) {
        for dependency in [Dependency::Mail, Dependency::Bus] {
            self.worker.guards.peek(dependency).await;
        }
        self.meter.take();
    }

    /// What was called since.
    pub fn cost(&self, what: &'static str, events: usize) -> Cost {
        let calls = self.meter.take();
        Cost {
            what,
            events,
            calls,
        }
    }

    /// Works on events as a first delivery of each, in one batch.
    pub async fn work(&self, events: &[Envelope<LifecycleEvent>]) -> Vec<Became> {
        let bodies: Vec<String> = events.iter().map(wire::encode).collect();
        crate::common::work(&self.worker, &bodies).await
    }

    /// What it costs to record events that come in one batch.
    pub async fn recording(
        &self,
        what: &'static str,
        events: impl IntoIterator<Item = Envelope<LifecycleEvent>>,
    ) -> Cost {
        let events: Vec<_> = events
            .into_iter()
            .map(|event| self.who.sends(event))
            .collect();
        self.begin().await;
        let became = self.work(&events).await;
        assert!(became.iter().all(Became::is_done), "{what}: {became:?}");
        self.cost(what, events.len())
    }

    /// Records what is part of no cost.
    pub async fn recorded(&self, events: impl IntoIterator<Item = Envelope<LifecycleEvent>>) {
        self.recording("before", events).await;
    }

    /// What it costs to work on one message of any kind.
    pub async fn working(&self, what: &'static str, body: &str) -> Cost {
        self.begin().await;
        let became = self.worker.work(&[message(body)], soon()).await;
        assert!(became.iter().all(Became::is_done), "{what}: {became:?}");
        self.cost(what, 1)
    }

    /// Moves the clock on, and gives what a sweep costs then.
    pub async fn sweep(&self, what: &'static str, after: Duration) -> Cost {
        self.clock.advance(after);
        self.begin().await;
        self.worker.sweep().await.unwrap();
        self.cost(what, 1)
    }

    /// How large each item is, by what it is, and what writing it costs.
    pub async fn items(&self) -> Vec<String> {
        let request = self.aside.scan().table_name(self.table.name());
        let page = request.consistent_read(true).send().await.unwrap();
        assert!(page.last_evaluated_key.is_none(), "a page holds them all");
        let mut items: Vec<String> = page.items.unwrap().iter().map(described).collect();
        items.sort();
        items.dedup();
        items
    }
}

fn described(item: &Item) -> String {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let pk = text("PK").unwrap();
    let kind = match text("type") {
        Some(kind) => kind.clone(),
        None => format!("{} {}", &pk[..2], text("SK").unwrap()),
    };
    let size = item_size(item);
    format!("{kind}: {size} bytes, {} WRU", write_units(size))
}
