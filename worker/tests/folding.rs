//! Any order, any repeats, any batches, any number of workers: one user, one welcome, one notice of
//! each reset, one record.

#![allow(
    clippy::unwrap_used,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use common::history::{USERS, facts, happened};
use common::{POLICY, World, canonical, delivered, greeting, policy, recipient, soon};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use usher_events::{Envelope, EventId, LifecycleEvent, wire};
use usher_shared::clock::Clock;
use usher_shared::port::Store;
use usher_shared::user::User;
use usher_worker::Worker;
use usher_worker::batch::Message;
use usher_worker::story::Outcome;

/// After so long a first-seen user's welcome is due.
const DELAY: Duration = Duration::from_secs(61 * 60);

/// One way in which a history reaches the workers: which fact comes when, and where batches end.
#[derive(Clone, Debug)]
struct Way {
    /// Places in the list of facts, any number of times each.
    deliveries: Vec<prop::sample::Index>,
    /// Breaks ties between facts that must come at least once.
    order: Vec<u16>,
    /// Sizes of batches, over and over.
    cuts: Vec<usize>,
    /// Whether two workers work on neighboring batches at once.
    at_once: bool,
    /// After which batches so much time passes that whatever waits is due, over and over.
    pauses: Vec<bool>,
}

fn way() -> impl Strategy<Value = Way> {
    let deliveries = prop::collection::vec(any::<prop::sample::Index>(), 0..8);
    let order = prop::collection::vec(any::<u16>(), 12);
    let cuts = prop::collection::vec(1..13usize, 1..4);
    let pauses = prop::collection::vec(any::<bool>(), 1..4);
    (deliveries, order, cuts, any::<bool>(), pauses).prop_map(
        |(deliveries, order, cuts, at_once, pauses)| Way {
            deliveries,
            order,
            cuts,
            at_once,
            pauses,
        },
    )
}

impl Way {
    /// Every fact at least once, in batches.
    fn batches(&self, facts: &[String]) -> Vec<Vec<String>> {
        let mut all: Vec<(u16, &String)> = facts
            .iter()
            .zip(&self.order)
            .map(|(f, o)| (*o, f))
            .collect();
        for (place, index) in self.deliveries.iter().enumerate() {
            let order = self.order[place % self.order.len()].rotate_left(7);
            all.push((order, index.get(facts)));
        }
        all.sort();
        let mut left = all.into_iter().map(|(_, fact)| fact.clone());
        let mut batches = Vec::new();
        for size in self.cuts.iter().cycle() {
            let batch: Vec<String> = left.by_ref().take(*size).collect();
            if batch.is_empty() {
                break;
            }
            batches.push(batch);
        }
        batches
    }
}

/// What is left of a history when everything is done.
#[derive(Debug, PartialEq)]
struct Left {
    /// The folded part of each user item, as it is stored.
    items: BTreeMap<String, String>,
    /// The ids in each log.
    log: BTreeMap<String, Vec<EventId>>,
    /// To which users which mails went. The address of a welcome may differ: of two announcements
    /// either may send it.
    mails: Vec<String>,
    /// What the bus was told, without repeats.
    told: BTreeSet<String>,
}

async fn live(facts: &[String], way: &Way, rules: &str) -> Left {
    let world = World::under(policy(rules)).await;
    let workers = [world.worker(), world.worker()];
    let mut batches = way.batches(facts);
    let mut pauses = way.pauses.iter().cycle();
    while !batches.is_empty() {
        let mut unfinished = Vec::new();
        for pair in batches.chunks(2) {
            let second = pair.get(1).map_or(&[][..], Vec::as_slice);
            let (first, second) = (work(&workers[0], &pair[0]), work(&workers[1], second));
            let both = if way.at_once {
                let both = tokio::join!(first, second);
                [both.0, both.1]
            } else {
                [first.await, second.await]
            };
            unfinished.extend(both.concat());
            if pauses.next() == Some(&true) {
                wait(&world, &workers[0]).await;
            }
        }
        batches = unfinished.into_iter().map(|body| vec![body]).collect();
    }
    wait(&world, &workers[1]).await;
    let forever = world.here.clock.now().plus(100 * DELAY);
    let due = world.due(forever).await;
    assert_eq!(due, [], "something is never done");
    left(&world).await
}

/// Waits until everything is due, and does it.
async fn wait(world: &World, worker: &Worker) {
    let outcomes = world.later(worker, DELAY).await;
    assert!(outcomes.iter().all(Outcome::is_done), "{outcomes:?}");
}

/// Works on a batch and gives what has to come again.
async fn work(worker: &Worker, batch: &[String]) -> Vec<String> {
    let messages: Vec<Message> = batch.iter().map(|body| delivered(body, 1)).collect();
    let outcomes = worker.work(&messages, soon()).await;
    let outcomes = outcomes.iter().zip(batch);
    let unfinished = outcomes.filter(|(outcome, _)| !outcome.is_done());
    unfinished.map(|(_, body)| body.clone()).collect()
}

async fn left(world: &World) -> Left {
    let mut left = Left {
        items: BTreeMap::new(),
        log: BTreeMap::new(),
        mails: Vec::new(),
        told: BTreeSet::new(),
    };
    for user in USERS {
        let commits = world.commits(user).await;
        let ids = commits.iter().map(|commit| commit.envelope.id).collect();
        left.log.insert(user.to_owned(), ids);
        let Some(item) = world.item(&format!("U#{user}"), "USER").await else {
            assert!(commits.is_empty(), "{user} has a log and no item");
            continue;
        };
        let folded = ["profile", "marks"].map(|key| canonical(&item[key]));
        left.items.insert(user.to_owned(), folded.join("\n"));

        let again = User::fold(&commits);
        let sub = common::sub(user);
        let stored = world.here.stack.store.glance(&sub).await.unwrap().unwrap();
        assert_eq!(again, stored.user, "the log of {user} says something else");
        assert_eq!(again.to_parts(), stored.user.to_parts());
    }
    for mail in world.mails() {
        let header = |name: &str| mail.lines().find(|line| line.starts_with(name)).unwrap();
        let to = recipient(&mail);
        let which = if header("Subject:").contains("password") {
            "a notice"
        } else {
            "a welcome"
        };
        left.mails.push(format!("{to}: {which}"));
    }
    left.mails.sort();
    let told = world.told().into_iter();
    left.told = told.map(|line| line["detail"].to_string()).collect();
    left
}

#[test]
fn any_order_any_repeats_and_any_batches_leave_the_same_users_and_the_same_mails() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let config = Config {
        cases: 24,
        failure_persistence: None,
        max_shrink_iters: 64,
        ..Config::default()
    };
    let greets = any::<bool>();
    let cases = (
        prop::collection::vec(happened(), 1..12),
        way(),
        way(),
        greets,
    );
    let mut runner = TestRunner::new(config);
    let run = runner.run(&cases, |(history, one_way, another, greets)| {
        let rules = if greets {
            greeting()
        } else {
            POLICY.to_owned()
        };
        let facts = facts(&history);
        let bodies: Vec<String> = facts.iter().map(wire::encode).collect();
        let (one, other) = runtime.block_on(async {
            let one = live(&bodies, &one_way, &rules);
            tokio::join!(one, live(&bodies, &another, &rules))
        });
        prop_assert_eq!(&one, &other);

        let welcomed = facts.iter().filter(|fact| owes_a_welcome(fact, greets));
        let welcomed: BTreeSet<&str> = welcomed.map(|fact| fact.subject.as_str()).collect();
        let mut owed: Vec<String> = welcomed
            .into_iter()
            .map(|user| format!("{user}: a welcome"))
            .collect();
        let noticed = facts.iter().filter(|fact| owes_a_notice(fact));
        owed.extend(noticed.map(|fact| format!("{}: a notice", fact.subject.as_str())));
        owed.sort();
        prop_assert_eq!(&one.mails, &owed);
        let recorded: BTreeSet<EventId> = one.log.values().flatten().copied().collect();
        prop_assert_eq!(
            recorded.len(),
            one.log.values().map(Vec::len).sum::<usize>()
        );
        prop_assert_eq!(recorded, facts.iter().map(|fact| fact.id).collect());
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

/// An announcement of somebody whose address is known to be theirs; a confirmation, unless everybody
/// is greeted.
fn owes_a_welcome(fact: &Envelope<LifecycleEvent>, greets: bool) -> bool {
    match &fact.event {
        LifecycleEvent::SignUpConfirmed(event) => event.person.email_verified,
        LifecycleEvent::FirstSeen(event) => greets && event.person.email_verified,
        _ => false,
    }
}

/// A reset of somebody whose address is known to be theirs. Each owes its own.
fn owes_a_notice(fact: &Envelope<LifecycleEvent>) -> bool {
    match &fact.event {
        LifecycleEvent::PasswordReset(event) => event.person.email_verified,
        _ => false,
    }
}
