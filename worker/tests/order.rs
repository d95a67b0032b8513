//! Histories that reach two workers in any order, with any repeats, cut into any batches, their calls
//! of the table interleaved in any way: byte for byte the users that one worker leaves that is given
//! each fact alone, and each once-effect once.
//!
//! Everything is in memory and on paused time, so that a case is the same whenever it is run again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use async_trait::async_trait;
use common::history::{DOMAINS, USERS, facts, happened};
use common::{POLICY, at, greeting, message, policy, soon, sub};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use usher_events::{Envelope, EventId, Fact, LifecycleEvent, Personal, Subject, identity, wire};
use usher_shared::chance;
use usher_shared::clock::Clock;
use usher_shared::commit::{Commit, EffectKind, Entry};
use usher_shared::digest::Secret;
use usher_shared::disposition::FaultKind;
use usher_shared::lookup::Https;
use usher_shared::memory::{Bus, Open, Outbox, Passed, Table, Way, WorkQueue};
use usher_shared::organization;
use usher_shared::policy::Policy;
use usher_shared::port::{Inbox, QueueLimits, Store};
use usher_shared::seal;
use usher_shared::secret::Kept;
use usher_shared::testkit::StepClock;
use usher_shared::user::User;
use usher_worker::batch::Message;
use usher_worker::guard::Guards;
use usher_worker::mails::Templates;
use usher_worker::{Worker, poll};

/// After so long every lease is over and a first-seen user's welcome is due.
const LATER: Duration = Duration::from_secs(61 * 60);
/// A message that another worker's lease holds up comes again; none does so for ever.
const ROUNDS: usize = 12;
/// How often one that is not to go on lets the others go before it goes all the same: they may be
/// waiting for time to pass.
const PATIENCE: usize = 40;

/// One way in which a history reaches two workers.
#[derive(Clone, Debug)]
struct Course {
    /// Which facts come again, beside the one time that each comes.
    repeats: Vec<Index>,
    /// Sorts all of them.
    order: Vec<u16>,
    /// Sizes of batches, over and over, and which worker has each.
    cuts: Vec<(usize, bool)>,
    /// Which worker makes the next call of the table, over and over, and what becomes of it the first
    /// time.
    calls: Vec<(bool, Call)>,
    /// After which batches so much time passes that whatever waits is due, over and over.
    pauses: Vec<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Through,
    /// It is carried out, and its caller hears of a fault.
    AnswerLost,
    /// It is not carried out.
    Stopped,
}

fn course() -> impl Strategy<Value = Course> {
    let call = prop_oneof![
        24 => Just(Call::Through),
        1 => Just(Call::AnswerLost),
        1 => Just(Call::Stopped),
    ];
    let repeats = prop::collection::vec(any::<Index>(), 0..12);
    let order = prop::collection::vec(any::<u16>(), 24);
    let cuts = prop::collection::vec((1..11usize, any::<bool>()), 1..6);
    let calls = prop::collection::vec((any::<bool>(), call), 1..96);
    let pauses = prop::collection::vec(prop::bool::weighted(0.2), 1..4);
    (repeats, order, cuts, calls, pauses).prop_map(|(repeats, order, cuts, calls, pauses)| Course {
        repeats,
        order,
        cuts,
        calls,
        pauses,
    })
}

impl Course {
    /// One worker, each fact alone, in the order in which they happened, and no faults.
    fn plain() -> Self {
        Self {
            repeats: Vec::new(),
            order: vec![0],
            cuts: vec![(1, false)],
            calls: vec![(false, Call::Through)],
            pauses: vec![false],
        }
    }

    /// Every fact at least once, in batches, each with the worker that has it.
    fn batches(&self, facts: &[String]) -> Vec<(bool, Vec<String>)> {
        let repeats = self.repeats.iter().map(|one| one.get(facts));
        let all = facts.iter().chain(repeats);
        let mut all: Vec<(u16, usize, &String)> = all
            .zip(self.order.iter().cycle())
            .enumerate()
            .map(|(place, (fact, order))| (*order, place, fact))
            .collect();
        all.sort();
        let mut left = all.into_iter().map(|(_, _, fact)| fact.clone()).peekable();
        let mut cuts = self.cuts.iter().cycle();
        let mut batches = Vec::new();
        while left.peek().is_some()
            && let Some((size, second)) = cuts.next()
        {
            batches.push((*second, left.by_ref().take(*size).collect()));
        }
        batches
    }
}

/// Lets two workers call the table in turns, and treats the calls, as a course says.
struct Turns {
    calls: Vec<(bool, Call)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: usize,
    /// Which workers are at work; the others cannot be waited for.
    at_work: [bool; 2],
}

impl Turns {
    fn at_work(&self, worker: usize, is: bool) {
        self.state.lock().unwrap().at_work[worker] = is;
    }

    /// Takes the next call, if it is this worker's or nobody else is there to make it.
    fn take(&self, worker: usize, at_any_rate: bool) -> Option<Call> {
        let mut state = self.state.lock().unwrap();
        let (second, _) = self.calls[state.next % self.calls.len()];
        let is_ours = usize::from(second) == worker || !state.at_work[1 - worker];
        (is_ours || at_any_rate).then(|| {
            let call = self
                .calls
                .get(state.next)
                .map_or(Call::Through, |(_, call)| *call);
            state.next += 1;
            call
        })
    }
}

/// One worker's way to the table.
struct Turn {
    worker: usize,
    turns: Arc<Turns>,
}

#[async_trait]
impl Way for Turn {
    async fn pass(&self, _operation: &'static str) -> Passed {
        for patience in 0.. {
            if let Some(call) = self.turns.take(self.worker, patience >= PATIENCE) {
                return match call {
                    Call::Through => Passed::Through,
                    Call::AnswerLost => Passed::AnswerLost(FaultKind::TimedOut),
                    Call::Stopped => Passed::Stopped(FaultKind::Unavailable),
                };
            }
            tokio::task::yield_now().await;
        }
        unreachable!("patience has an end")
    }
}

/// Two workers over one table in memory.
struct World {
    policy: Arc<Policy>,
    clock: Arc<StepClock>,
    turns: Arc<Turns>,
    table: Table,
    queue: WorkQueue,
    bus: Bus,
    outbox: Outbox,
}

/// What is left of a history when everything is done.
#[derive(Debug, PartialEq)]
struct Left {
    /// The folded part of each user item, as it is stored.
    items: BTreeMap<String, String>,
    /// What is in each log.
    log: BTreeMap<String, Vec<EventId>>,
    /// How many mails each user had.
    mails: BTreeMap<String, u32>,
}

impl World {
    fn new(rules: &str, course: &Course) -> Self {
        let clock = Arc::new(StepClock::at(at(2 * 3600)));
        let turns = Arc::new(Turns {
            calls: course.calls.clone(),
            state: Mutex::default(),
        });
        Self {
            policy: Arc::new(policy(rules)),
            queue: WorkQueue::over(Arc::new(Open), clock.clone(), QueueLimits::default()),
            clock,
            turns,
            table: Table::default(),
            bus: Bus::over(Arc::new(Open)),
            outbox: Outbox::over(Arc::new(Open)),
        }
    }

    fn worker(&self, way: Arc<dyn Way>) -> Worker {
        let (store, owner) = (Arc::new(self.table.by(way)), chance::owner());
        let guards = Guards::new(
            store.clone(),
            self.clock.clone(),
            &owner,
            &self.policy.breakers,
        );
        Worker {
            templates: Templates::new(&self.policy).unwrap(),
            policy: Arc::clone(&self.policy),
            store,
            queue: Arc::new(self.queue.clone()),
            visibility: Arc::new(self.queue.clone()),
            dead_letters: Arc::new(self.queue.dead_letters()),
            bus: guards.bus(Arc::new(self.bus.clone())),
            mailer: guards.mailer(Arc::new(self.outbox.clone())),
            clock: self.clock.clone(),
            secret: Kept::given(Secret::new(&[7; 32])),
            organizations: organization::Cache::default(),
            lookup: guards.lookup(Arc::new(Https::without_secrets())),
            guards,
            owner,
        }
    }

    /// Lets a course run, and then a worker that nothing disturbs do what is left.
    async fn live(&self, facts: &[String], course: &Course) {
        let workers = [0, 1].map(|worker| {
            let turns = Arc::clone(&self.turns);
            self.worker(Arc::new(Turn { worker, turns }))
        });
        let undisturbed = self.worker(Arc::new(Open));
        let mut pauses = course.pauses.iter().cycle();
        let mut batches = course.batches(facts);
        for _ in 0..ROUNDS {
            let mut again = Vec::new();
            for pair in batches.chunks(2) {
                let work = |place: usize| {
                    let batch = pair.get(place);
                    self.work(
                        &workers,
                        batch.map_or((place == 1, &[][..]), |(second, batch)| {
                            (*second, batch.as_slice())
                        }),
                    )
                };
                let (first, second) = tokio::join!(work(0), work(1));
                again.extend([first, second].concat());
                if pauses.next() == Some(&true) {
                    self.later(&undisturbed).await;
                }
            }
            batches = again.into_iter().map(|body| (false, vec![body])).collect();
            self.later(&undisturbed).await;
            if batches.is_empty() && self.table.deferred() == 0 {
                return;
            }
        }
        panic!("something is never done: {batches:?}");
    }

    /// Works on a batch, and gives what has to come again.
    async fn work(&self, workers: &[Worker; 2], (second, batch): (bool, &[String])) -> Vec<String> {
        let place = usize::from(second);
        let messages: Vec<Message> = batch.iter().map(|body| message(body)).collect();
        self.turns.at_work(place, true);
        let outcomes = workers[place].work(&messages, soon()).await;
        self.turns.at_work(place, false);
        let outcomes = outcomes.iter().zip(batch);
        let unfinished = outcomes.filter(|(outcome, _)| !outcome.is_done());
        unfinished.map(|(_, body)| body.clone()).collect()
    }

    /// Lets so much time pass that everything is due, and a worker do that.
    async fn later(&self, worker: &Worker) {
        self.clock.advance(LATER);
        worker.sweep().await.unwrap();
        loop {
            let received = self.queue.receive(10, Duration::ZERO).await.unwrap();
            if received.is_empty() {
                return;
            }
            poll::take(worker, &self.queue, &received).await;
        }
    }

    async fn log(&self, subject: &Subject) -> Vec<Commit> {
        let key = self.table.load(subject.sub().unwrap()).await.unwrap().key;
        let sealed = self.table.stream(subject).await.unwrap();
        let open = |commit| seal::open(commit, key.as_ref()).unwrap();
        sealed.iter().map(open).collect()
    }

    /// What is left, once it is found to be what the log says.
    async fn left(&self) -> Result<Left, TestCaseError> {
        let (mut items, mut log, mut mails) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for user in USERS {
            let commits = self.log(&Subject::User(sub(user))).await;
            let sent = DOMAINS.map(|domain| {
                let address = Personal::new(format!("{user}@{domain}"));
                self.outbox.sent_to(&address)
            });
            let sent = sent.iter().sum::<u32>();
            mails.insert(user.to_owned(), sent);
            let stored = self.table.glance(&sub(user)).await.unwrap();
            let done = |commit: &Commit| {
                let done = |(kind, entry): (EffectKind, &Entry)| {
                    kind.is_once() && matches!(entry, Entry::Done { .. })
                };
                commit.ledger.entries().filter(|one| done(*one)).count()
            };
            let done: usize = commits.iter().map(done).sum();
            prop_assert_eq!(sent as usize, done, "mails of {}", user);
            for commit in &commits {
                let open = commit.ledger.entries().find(|(_, entry)| entry.is_open());
                prop_assert_eq!(open, None, "{} is still owed something", user);
                self.was_told(commit)?;
            }
            if let Some(item) = stored {
                let text = bytes(&item.user);
                prop_assert_eq!(&text, &bytes(&User::fold(&commits)), "the log of {}", user);
                items.insert(user.to_owned(), text);
                let claims = item.claims.get(&EffectKind::WelcomeMail).into_iter();
                let claims = claims.copied().collect::<Vec<EventId>>();
                prop_assert_eq!(welcomed(&commits), claims, "claims of {}", user);
            } else {
                prop_assert!(commits.is_empty(), "{user} has a log and no item");
            }
            let ids = commits.iter().map(|commit| commit.envelope.id).collect();
            log.insert(user.to_owned(), ids);
        }
        Ok(Left { items, log, mails })
    }

    fn was_told(&self, commit: &Commit) -> Result<(), TestCaseError> {
        let id = commit.envelope.id;
        prop_assert!(self.bus.told(id) > 0, "{id} was not published");
        for event in &commit.decided {
            let decided = identity::decided(id, event.name(), &event.to_data().to_string());
            prop_assert!(self.bus.told(decided) > 0, "{decided} was not published");
        }
        Ok(())
    }
}

/// The commits that have sent the welcome.
fn welcomed(commits: &[Commit]) -> Vec<EventId> {
    let has = |commit: &&Commit| {
        let entry = commit.ledger.get(EffectKind::WelcomeMail);
        matches!(entry, Some(Entry::Done { .. }))
    };
    let commits = commits.iter().filter(has);
    commits.map(|commit| commit.envelope.id).collect()
}

/// The folded part of a user item, as it is stored.
fn bytes(user: &User) -> String {
    serde_json::to_string(&user.to_parts()).unwrap()
}

/// Runs a history on a course.
async fn run(
    facts: &[Envelope<LifecycleEvent>],
    course: &Course,
    rules: &str,
) -> Result<Left, TestCaseError> {
    let bodies: Vec<String> = facts.iter().map(wire::encode).collect();
    let world = World::new(rules, course);
    world.live(&bodies, course).await;
    let left = world.left().await?;
    let queued = world.queue.dead_letters().receive(1, Duration::ZERO).await;
    prop_assert_eq!(queued, Ok(Vec::new()));
    let forever = world.clock.now().plus(1_000 * LATER);
    prop_assert_eq!(common::due(&world.table, forever).await, []);
    Ok(left)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_order_repeats_batches_and_interleaving_leave_the_same_bytes_and_each_effect_once(
        history in prop::collection::vec(happened(), 1..14),
        course in course(),
        greets in any::<bool>(),
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        let rules = if greets { greeting() } else { POLICY.to_owned() };
        let facts = facts(&history);
        let (plain, left) = runtime.block_on(async {
            let plain = run(&facts, &Course::plain(), &rules).await;
            (plain, run(&facts, &course, &rules).await)
        });
        let (plain, left) = (plain?, left?);
        prop_assert_eq!(&plain, &left);
        let recorded: usize = left.log.values().map(Vec::len).sum();
        prop_assert_eq!(recorded, facts.len());
    }
}
