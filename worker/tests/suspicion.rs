//! Refused sign-ups: each counted once, and one of them one too many, whatever happens on the way.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use async_trait::async_trait;
use common::watched::{Call, Watched, Watcher};
use common::{World, at, delivered, policy, record, refused, refused_sign_up, soon, work};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use usher_events::{
    DecidedEvent, Envelope, EventId, InviteId, LifecycleEvent, RefusalReason, Subject,
    SuspiciousSignUp, Time, identity, wire,
};
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Fault, Store};
use usher_shared::seal;
use usher_shared::testkit::item_size::{item_size, write_units};
use usher_worker::Worker;
use usher_worker::story::Outcome;

const USED: RefusalReason = RefusalReason::InviteUsed;
const UNKNOWN: RefusalReason = RefusalReason::InviteUnknown;

/// The suspicions that are recorded with this subject's refusals, each with its refusal.
async fn raised(world: &World, subject: &Subject) -> Vec<(EventId, SuspiciousSignUp)> {
    let sealed = world.here.stack.store.stream(subject).await.unwrap();
    let commits = sealed.iter().map(|one| seal::open(one, None).unwrap());
    let mut raised = Vec::new();
    for commit in commits {
        for decided in commit.decided {
            let DecidedEvent::SuspiciousSignUp(event) = decided else {
                panic!("{decided:?}");
            };
            raised.push((commit.envelope.id, event));
        }
    }
    raised
}

#[tokio::test]
async fn the_fifth_refusal_of_a_name_within_an_hour_is_suspicious_and_no_other_is() {
    let world = World::new().await;
    let worker = world.worker();
    let reasons = [UNKNOWN, RefusalReason::ConsentMissing];
    let events: Vec<_> = (1..=8_u32)
        .map(|number| {
            let reason = reasons[number as usize % 2];
            refused_sign_up("eve", (reason, number.div_ceil(2)), None, at(60))
        })
        .collect();
    for _ in 0..2 {
        for event in &events {
            record(&worker, event).await;
        }
    }
    let expected = SuspiciousSignUp {
        reason: RefusalReason::ConsentMissing,
        attempts: 5,
        invite: None,
    };
    let subject = &events[4].subject;
    assert_eq!(raised(&world, subject).await, [(events[4].id, expected)]);
    let told = world.told();
    let of_type = |name: &str| {
        let told = told.iter().filter(|line| line["detail-type"] == name);
        let ids: BTreeSet<String> = told.map(|line| line["detail"]["id"].to_string()).collect();
        ids.len()
    };
    assert_eq!(of_type("usher.suspicious_sign_up"), 1);
    assert_eq!(of_type("usher.sign_up_refused"), 8);
    // The next hour begins anew.
    for number in 1..=4 {
        let event = refused_sign_up("eve", (USED, number), None, at(3600));
        assert!(record(&worker, &event).await.decided.is_empty());
    }
}

#[tokio::test]
async fn a_code_that_is_tried_under_five_names_is_suspicious_and_none_of_the_names_is() {
    let world = World::new().await;
    let worker = world.worker();
    let mut said = Vec::new();
    for number in 1..=9 {
        let name = format!("eve{number}");
        let event = refused_sign_up(&name, (USED, 1), Some("a-code"), at(60));
        said.push(record(&worker, &event).await.decided);
    }
    let suspicious = SuspiciousSignUp {
        reason: USED,
        attempts: 5,
        invite: InviteId::new("a-code").ok(),
    };
    let mut expected = vec![Vec::new(); 9];
    expected[4] = vec![suspicious.into()];
    assert_eq!(said, expected);
    let other = refused_sign_up("eve", (USED, 1), Some("another"), at(60));
    assert!(record(&worker, &other).await.decided.is_empty());
}

#[tokio::test]
async fn one_refusal_may_be_one_too_many_for_its_name_and_for_its_invite() {
    let world = World::new().await;
    let worker = world.worker();
    let mut last = None;
    for number in 1..=5 {
        let event = refused_sign_up("eve", (USED, number), Some("a-code"), at(60));
        last = Some(record(&worker, &event).await.decided);
    }
    let of = |invite: Option<&str>| {
        DecidedEvent::from(SuspiciousSignUp {
            reason: USED,
            attempts: 5,
            invite: invite.map(|id| InviteId::new(id).unwrap()),
        })
    };
    assert_eq!(last, Some(vec![of(None), of(Some("a-code"))]));
    let told = world.told().into_iter();
    let ids: BTreeSet<String> = told
        .filter(|line| line["detail-type"] == "usher.suspicious_sign_up")
        .map(|line| line["detail"]["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 2, "they are two events");
}

/// A worker that dies before the call of this number, and does nothing after that.
struct Dies {
    left: AtomicUsize,
}

#[async_trait]
impl Watcher for Dies {
    async fn before(&self, _: &Call) -> Result<(), Fault> {
        let next = |left: usize| left.checked_sub(1);
        match self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, next)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(Fault::new("planted", FaultKind::Refused)),
        }
    }
}

fn dying(world: &World, after: usize) -> Worker {
    let worker = world.worker();
    let watcher = Arc::new(Dies {
        left: AtomicUsize::new(after),
    });
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher,
    };
    Worker {
        store: Arc::new(store),
        ..worker
    }
}

#[tokio::test]
async fn a_crash_between_any_two_steps_raises_once_all_the_same() {
    for steps in 0..8 {
        let world = World::new().await;
        for number in 1..=4 {
            let event = refused_sign_up("eve", (USED, number), Some("a-code"), at(60));
            record(&world.worker(), &event).await;
        }
        let fifth = refused_sign_up("eve", (USED, 5), Some("a-code"), at(60));
        let sixth = refused_sign_up("eve", (USED, 6), Some("a-code"), at(60));
        let outcomes = work(&dying(&world, steps), &[wire::encode(&fifth)]).await;
        // A look for the commit, two reads and two writes of what was counted, and the append.
        assert_eq!(outcomes[0].is_done(), steps >= 6, "{steps}: {outcomes:?}");
        // Another comes between.
        record(&world.worker(), &sixth).await;
        record(&world.worker(), &fifth).await;
        let raised = raised(&world, &fifth.subject).await;
        let mut of: Vec<bool> = raised.iter().map(|(_, one)| one.invite.is_some()).collect();
        of.sort_unstable();
        assert_eq!(of, [false, true], "{steps}: {raised:?}");
        assert!(
            raised.iter().all(|(_, one)| one.attempts == 5),
            "{raised:?}"
        );
    }
}

/// Who was refused, why, with which invite and when.
#[derive(Clone, Debug)]
struct Happened {
    name: &'static str,
    reason: RefusalReason,
    attempt: u32,
    invite: Option<&'static str>,
    when: u64,
}

impl Happened {
    fn event(&self) -> Envelope<LifecycleEvent> {
        let one = (self.reason, self.attempt);
        refused_sign_up(self.name, one, self.invite, at(self.when))
    }
}

fn happened() -> impl Strategy<Value = Happened> {
    let reasons = [USED, UNKNOWN, RefusalReason::StoreUnavailable];
    (
        select(vec!["ada", "eve"]),
        select(reasons.to_vec()),
        1..5_u32,
        select(vec![None, Some("a"), Some("b")]),
        select(vec![60_u64, 3600]),
    )
        .prop_map(|(name, reason, attempt, invite, when)| Happened {
            name,
            reason,
            attempt,
            invite,
            when,
        })
}

/// One batch: which facts, and after how many calls its worker dies.
type Batch = (Vec<Index>, Option<usize>);

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let facts = prop::collection::vec(any::<Index>(), 1..6);
    let dies = prop::option::weighted(0.8, 1..14_usize);
    prop::collection::vec((facts, dies), 0..12)
}

/// Works on a batch and gives what has to come again.
async fn again(worker: &Worker, bodies: &[String]) -> Vec<String> {
    let messages: Vec<_> = bodies.iter().map(|body| delivered(body, 1)).collect();
    let outcomes = worker.work(&messages, soon()).await;
    let unfinished = outcomes.iter().zip(bodies);
    let unfinished = unfinished.filter(|(outcome, _)| !outcome.is_done());
    unfinished.map(|(_, body)| body.clone()).collect()
}

/// Who was refused how often, by subject and hour, and who was raised.
type Counts = BTreeMap<(String, Time), usize>;

fn counts(facts: &[Envelope<LifecycleEvent>]) -> Counts {
    let mut counts = Counts::new();
    for fact in facts {
        let LifecycleEvent::SignUpRefused(event) = &fact.event else {
            panic!("{fact:?}");
        };
        if event.reason == RefusalReason::StoreUnavailable {
            continue;
        }
        let invite = event.invite.as_ref().map(ToString::to_string);
        for subject in invite.into_iter().chain([fact.subject.to_string()]) {
            let hour = identity::refusal_hour(fact.time);
            *counts.entry((subject, hour)).or_default() += 1;
        }
    }
    counts
}

async fn live(facts: &[Envelope<LifecycleEvent>], batches: &[Batch]) -> Counts {
    let world = World::under(policy("[sign_up]\nsuspicious_after = 2\n")).await;
    let bodies: Vec<String> = facts.iter().map(wire::encode).collect();
    let mut left = bodies.clone();
    for pair in batches.chunks(2) {
        let works = pair.iter().map(|(batch, dies)| {
            let bodies: Vec<String> = batch.iter().map(|i| i.get(&bodies).clone()).collect();
            let worker = dying(&world, dies.unwrap_or(usize::MAX));
            async move { again(&worker, &bodies).await }
        });
        let unfinished = futures::future::join_all(works).await;
        left.extend(unfinished.concat());
    }
    left.reverse();
    let rest = again(&world.worker(), &left).await;
    assert_eq!(rest, Vec::<String>::new());
    let subjects: BTreeSet<Subject> = facts.iter().map(|fact| fact.subject.clone()).collect();
    let mut all = Counts::new();
    for subject in subjects {
        for (id, event) in raised(&world, &subject).await {
            assert_eq!(event.attempts, 2);
            let fact = facts.iter().find(|fact| fact.id == id).unwrap();
            let of = event.invite.map(|invite| invite.to_string());
            let of = of.unwrap_or_else(|| subject.to_string());
            *all.entry((of, fact.time)).or_default() += 1;
        }
    }
    all
}

#[test]
fn any_order_any_repeats_and_any_crashes_raise_each_suspicion_exactly_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let config = Config {
        cases: 64,
        failure_persistence: None,
        max_shrink_iters: 64,
        ..Config::default()
    };
    let cases = (prop::collection::vec(happened(), 1..16), batches());
    let mut runner = TestRunner::new(config);
    let run = runner.run(&cases, |(history, batches)| {
        let mut seen = BTreeSet::new();
        let facts = history.iter().map(Happened::event);
        let facts: Vec<_> = facts.filter(|fact| seen.insert(fact.id)).collect();
        let mut expected = counts(&facts);
        expected.retain(|_, count| *count >= 2);
        expected.values_mut().for_each(|count| *count = 1);
        prop_assert_eq!(runtime.block_on(live(&facts, &batches)), expected);
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Adds up what is written, in units.
struct Meter {
    world: Arc<World>,
    units: AtomicUsize,
    writes: AtomicUsize,
}

#[async_trait]
impl Watcher for Meter {
    async fn before(&self, _: &Call) -> Result<(), Fault> {
        Ok(())
    }

    async fn after(&self, call: &Call) {
        if let Some((pk, sk)) = &call.writes {
            let item = self.world.item(pk, sk).await.unwrap();
            let units = write_units(item_size(&item));
            self.units.fetch_add(units, Ordering::SeqCst);
            self.writes.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn metered() -> (Worker, Arc<Meter>) {
    let world = Arc::new(World::new().await);
    let worker = world.worker();
    let meter = Arc::new(Meter {
        world,
        units: AtomicUsize::new(0),
        writes: AtomicUsize::new(0),
    });
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: Arc::clone(&meter),
    };
    let worker = Worker {
        store: Arc::new(store),
        ..worker
    };
    (worker, meter)
}

impl Meter {
    /// Writes and units since the last time.
    fn take(&self) -> (usize, usize) {
        let writes = self.writes.swap(0, Ordering::SeqCst);
        (writes, self.units.swap(0, Ordering::SeqCst))
    }
}

#[tokio::test]
async fn a_refusal_costs_two_units_one_more_with_an_invite_and_a_repeat_none() {
    let (worker, meter) = metered().await;
    for number in 1..=10 {
        let event = refused_sign_up("eve", (UNKNOWN, number), None, at(60));
        record(&worker, &event).await;
        assert_eq!(meter.take(), (2, 2), "{number}");
        for _ in 0..20 {
            assert!(!record(&worker, &event).await.appended);
        }
        assert_eq!(meter.take(), (0, 0), "{number}");
    }
    // An invite is counted until it is suspicious.
    for number in 1..=20 {
        let name = format!("eve{number}");
        let event = refused_sign_up(&name, (USED, 1), Some("a-code"), at(60));
        record(&worker, &event).await;
        let expected = if number <= 5 { 3 } else { 2 };
        assert_eq!(meter.take(), (expected, expected), "{number}");
    }
}

#[tokio::test]
async fn a_name_that_is_refused_for_everything_there_is_costs_a_bounded_number_of_units() {
    let (worker, meter) = metered().await;
    let reasons = RefusalReason::ALL.len();
    for reason in RefusalReason::ALL {
        for attempt in 1..=10 {
            let event = refused_sign_up("eve", (reason, attempt), None, at(60));
            record(&worker, &event).await;
        }
    }
    let (writes, units) = meter.take();
    println!(
        "{} refusals cost {writes} writes, {units} units",
        reasons * 10
    );
    assert_eq!(writes, reasons * 10 * 2);
    assert!(units <= reasons * 10 * 5, "{units}");
}

#[tokio::test]
async fn a_refused_sign_in_that_comes_again_costs_nothing() {
    let (worker, meter) = metered().await;
    let reasons = [RefusalReason::UserSuspended, RefusalReason::OutsideHours];
    for (reason, writes) in reasons.into_iter().zip([3, 2]) {
        let event = refused("ada", reason, at(60));
        record(&worker, &event).await;
        assert_eq!(meter.take(), (writes, writes), "{reason:?}");
    }
    for reason in reasons {
        let event = refused("ada", reason, at(61));
        let outcomes = work(&worker, &[wire::encode(&event)]).await;
        assert!(outcomes.iter().all(Outcome::is_done));
        assert_eq!(meter.take(), (0, 0), "{reason:?}");
    }
}
