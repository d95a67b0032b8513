//! One scenario from beginning to end.

use super::check::{Checker, Violation};
use super::clock::VirtualClock;
use super::dice::Dice;
use super::lambda;
use super::people::{Arrivals, Town};
use super::post::Post;
use super::report::{Drilled, Sample};
use super::scenario::{Kind, Outage, Scenario};
use super::service::{Role, Service};
use async_trait::async_trait;
use indicatif::ProgressBar;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use usher_events::{Time, wire};
use usher_shared::chance;
use usher_shared::clock::sleep;
use usher_shared::dependency::Dependency;
use usher_shared::digest::Secret;
use usher_shared::memory::{Bus, DeadLetterQueue, Open, Outbox, Table, Way, WorkQueue};
use usher_shared::organization;
use usher_shared::policy::Policy;
use usher_shared::policy::lookup::Endpoint;
use usher_shared::port::{Answer, Fault, Lookup, Outgoing, Question, Queue, QueueLimits};
use usher_shared::secret::Kept;
use usher_worker::Worker;
use usher_worker::guard::Guards;
use usher_worker::mails::Templates;

const MINUTE: Duration = Duration::from_secs(60);
/// How often it is looked who is done.
const LOOK: u64 = 5;
/// How long after the outage it is given up to wait for the end.
const PATIENCE: Duration = Duration::from_secs(48 * 3600);
/// A backlog whose oldest message is younger than this is none.
const FRESH: Duration = MINUTE;
/// When every drill begins, by its own clock.
const MONDAY: &str = "2026-01-05T08:00:00Z";

/// What a drill is asked for.
#[derive(Clone)]
pub struct Settings {
    pub policy: Arc<Policy>,
    pub rate: u32,
    pub seed: u64,
    pub workers: u32,
    pub before: Duration,
    pub outage: Option<Duration>,
    /// For how long people go on signing up after the outage.
    pub after: Duration,
    pub kind: Kind,
    /// Whether one worker calls past its breakers, as only a drill of the drill wants.
    pub past_the_guard: bool,
}

impl Settings {
    /// When the service is out.
    pub fn outage(&self, scenario: Scenario) -> Outage {
        let lasts = self.outage.unwrap_or(scenario.usual());
        Outage {
            begins: self.before,
            ends: self.before + lasts,
            kind: self.kind,
        }
    }

    /// The deployment's, as the README asks for them: six times the function's timeout, and an outage
    /// of six hours waited out.
    fn limits(&self) -> QueueLimits {
        let receive_limit = self.policy.worker.receive_limit;
        let six_hours = Duration::from_secs(6 * 3600) / receive_limit.max(1);
        QueueLimits {
            visibility_timeout: six_hours.max(6 * lambda::TIMEOUT),
            receive_limit,
        }
    }
}

/// Plays one scenario on a runtime of its own, whose time is virtual.
pub fn play(
    settings: &Settings,
    scenario: Scenario,
    progress: &ProgressBar,
) -> anyhow::Result<Drilled> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let _seeded = chance::seed(settings.seed);
    runtime.block_on(async {
        let stage = Stage::set(settings, scenario)?;
        Box::pin(stage.play(progress)).await
    })
}

struct Stage {
    scenario: Scenario,
    settings: Settings,
    outage: Outage,
    clock: VirtualClock,
    town: Arc<Town>,
    services: Services,
    queue: WorkQueue,
    dead: DeadLetterQueue,
    table: Table,
    checker: Arc<Mutex<Checker>>,
    samples: Vec<Sample>,
}

/// The ways that are watched.
struct Services {
    store: Arc<Service>,
    bus: Arc<Service>,
    mail: Arc<Service>,
}

impl Stage {
    fn set(settings: &Settings, scenario: Scenario) -> anyhow::Result<Self> {
        let start: Time = MONDAY.parse()?;
        let clock = VirtualClock::begin(start);
        let dice = Dice::new(settings.seed);
        let outage = settings.outage(scenario);
        let service = |role, whose| {
            let outage = (scenario == whose).then_some(outage);
            Arc::new(Service::new(role, clock, dice, outage))
        };
        let services = Services {
            store: service(Role::Store, Scenario::Store),
            bus: service(Role::Bus, Scenario::Bus),
            mail: service(Role::Mail, Scenario::Mail),
        };
        let queue_way = Arc::new(Service::new(Role::Queue, clock, dice, None));
        let queue = WorkQueue::over(queue_way, Arc::new(clock), settings.limits());
        let table = Table::over(way(&services.store));
        let secret = Secret::new(&[7; 32]);
        let bus = Bus::over(way(&services.bus));
        let outbox = Outbox::over(way(&services.mail));
        let table_out = (scenario == Scenario::Store).then_some(outage);
        let post = Post::new(outbox.clone(), clock, table_out);
        let town = Arc::new(Town::new(dice, clock, secret.clone()));
        let dead = queue.dead_letters();
        let templates = Templates::new(&settings.policy)?;
        let worker = |name: String, past_the_guard: bool| {
            let owner = format!("{}-{name}", scenario.as_str());
            let rules = &settings.policy.breakers;
            let guards = Guards::new(Arc::new(table.clone()), Arc::new(clock), &owner, rules);
            let (bus, mailer) = (Arc::new(bus.clone()), Arc::new(post.clone()));
            Worker {
                policy: Arc::clone(&settings.policy),
                store: Arc::new(table.clone()),
                organizations: organization::Cache::default(),
                secret: Kept::given(secret.clone()),
                lookup: guards.lookup(Arc::new(Nobody)),
                queue: Arc::new(queue.clone()),
                visibility: Arc::new(queue.clone()),
                dead_letters: Arc::new(dead.clone()),
                bus: if past_the_guard { bus } else { guards.bus(bus) },
                mailer: if past_the_guard {
                    mailer
                } else {
                    guards.mailer(mailer)
                },
                templates: templates.clone(),
                clock: Arc::new(clock),
                guards,
                owner,
            }
        };
        let workers = (0..settings.workers).map(|number| {
            // The one that is busiest, since it is asked first.
            let past_the_guard = settings.past_the_guard && number + 1 == settings.workers;
            worker(number.to_string(), past_the_guard)
        });
        tokio::spawn(lambda::event_source(queue.clone(), workers.collect()));
        tokio::spawn(lambda::schedule(clock, worker("sweeper".to_owned(), false)));
        let past: Arc<dyn Way> = Arc::new(Open);
        services
            .mail
            .watch(table.by(Arc::clone(&past)), Dependency::Mail);
        services
            .bus
            .watch(table.by(Arc::clone(&past)), Dependency::Bus);
        let checker = Checker::new(
            (Arc::clone(&settings.policy), Arc::clone(&town)),
            (table.by(Arc::clone(&past)), queue.by(past)),
            (bus, outbox, post),
        );
        Ok(Self {
            scenario,
            settings: settings.clone(),
            outage,
            clock,
            town,
            services,
            queue,
            dead,
            table,
            checker: Arc::new(Mutex::new(checker)),
            samples: Vec::new(),
        })
    }

    async fn play(mut self, progress: &ProgressBar) -> anyhow::Result<Drilled> {
        let dice = Dice::new(self.settings.seed);
        let until = self.outage.ends + self.settings.after;
        let arrivals = Arrivals::new(dice, self.settings.rate, until);
        let people = tokio::spawn(tell(
            arrivals,
            Arc::clone(&self.town),
            self.queue.by(Arc::new(Open)),
            Arc::clone(&self.checker),
            self.clock,
        ));
        let mut drained = None;
        loop {
            let minute = self.samples.len() as u64 + 1;
            sleep((MINUTE * u32::try_from(minute)?).saturating_sub(self.clock.elapsed())).await;
            let now = self.clock.elapsed();
            let sample = self.sample(now);
            self.samples.push(sample);
            if minute.is_multiple_of(LOOK) {
                self.checker.lock().await.look(now).await;
            }
            if drained.is_none() && now > self.outage.ends && sample.is_drained() {
                drained = Some(now.saturating_sub(self.outage.ends));
            }
            self.tell(progress, now, sample);
            let over = people.is_finished() && sample.is_empty();
            if over || now > self.outage.ends + PATIENCE {
                break;
            }
        }
        let told = people.await?;
        Ok(self.report(drained, told).await)
    }

    fn sample(&self, now: Duration) -> Sample {
        let depth = self.queue.depth();
        let at = self.clock.at(now);
        Sample {
            at: now,
            waiting: depth.waiting,
            in_flight: depth.in_flight,
            oldest: depth
                .oldest
                .map_or(Duration::ZERO, |oldest| at.since(oldest)),
            deferred: self.table.deferred(),
            dead_letters: self.dead.depth().waiting,
        }
    }

    fn tell(&self, progress: &ProgressBar, now: Duration, sample: Sample) {
        let act = match () {
            () if now < self.outage.begins => "before",
            () if now < self.outage.ends => "out",
            () if sample.is_drained() => "well again",
            () => "draining",
        };
        progress.set_position(now.as_secs() / 60);
        progress.set_message(format!(
            "{:<6} {act:<10} {:>7} queued {:>7} deferred",
            self.scenario.as_str(),
            sample.waiting + sample.in_flight,
            sample.deferred
        ));
    }
}

fn way(service: &Arc<Service>) -> Arc<dyn Way> {
    Arc::clone(service) as _
}

/// Tells everything that happens, as the trigger does, and says how many people and messages.
async fn tell(
    arrivals: Arrivals,
    town: Arc<Town>,
    queue: WorkQueue,
    checker: Arc<Mutex<Checker>>,
    clock: VirtualClock,
) -> Told {
    let mut told = Told::default();
    for (at, number, step, _is_repeat) in arrivals {
        sleep(at.saturating_sub(clock.elapsed())).await;
        let envelope = town.told(number, step, at);
        let message = Outgoing {
            body: wire::encode(&envelope),
            group: Some(envelope.subject.to_string()),
        };
        checker.lock().await.told(number, step, envelope.id, at);
        // Its way is open.
        let _ = queue.send(&message).await;
        told.people = told.people.max(number + 1);
        told.messages += 1;
    }
    told
}

/// How much was told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    pub people: u64,
    pub messages: u64,
}

/// A lookup that knows nobody, whatever the policy would ask.
struct Nobody;

#[async_trait]
impl Lookup for Nobody {
    async fn ask(&self, _endpoint: &Endpoint, _question: &Question) -> Result<Answer, Fault> {
        Ok(Answer::default())
    }
}

impl Sample {
    /// Whether no backlog is left.
    fn is_drained(&self) -> bool {
        self.deferred == 0 && self.oldest < FRESH
    }

    /// Whether nothing is left.
    fn is_empty(&self) -> bool {
        self.deferred == 0 && self.waiting + self.in_flight == 0
    }
}

impl Stage {
    async fn report(self, drained: Option<Duration>, told: Told) -> Drilled {
        let mut checker = self.checker.lock().await;
        checker.look_last().await;
        let last = self.samples.last().copied().unwrap_or_default();
        checker.note(Violation::DeadLetter, last.dead_letters as u64);
        checker.note(Violation::NotDrained, u64::from(drained.is_none()));
        let book = match self.scenario {
            Scenario::Mail => &self.services.mail,
            Scenario::Bus => &self.services.bus,
            Scenario::Store => &self.services.store,
        };
        let calls = book.book();
        checker.note(Violation::CalledWhileOpen, calls.unheeding);
        Drilled {
            scenario: self.scenario,
            outage: self.outage,
            people: told.people,
            messages: told.messages,
            mails: checker.mails,
            unrecorded: checker.post.unrecorded(),
            sent_again: checker.sent_again,
            most_a_minute: self.settings.policy.sweep.most_a_minute,
            drained,
            units: self.table.units(),
            calls,
            violations: checker.violations.clone(),
            samples: self.samples.clone(),
        }
    }
}
