//! A user's messages in one batch: one read, one write, and each with an outcome of its own.

use crate::common::fakes::Post;
use crate::common::watched::{Call, Watched, Watcher};
use crate::common::{
    World, at, confirmed, first_seen, greeting, message, person, policy, refused_sign_up,
    signed_in, soon, story, sub, work,
};
use crate::{HOME, entry, welcome};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{Envelope, EventId, LifecycleEvent, RefusalReason, Sub, wire};
use usher_shared::commit::{EffectKind, Entry};
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Fault, Loaded, Store};
use usher_shared::testkit::StepClock;
use usher_worker::Worker;
use usher_worker::message::Resume;
use usher_worker::story::{Again, Outcome};

const DOWN: Fault = Fault {
    operation: "planted",
    kind: FaultKind::Unavailable,
};

/// What happens instead of one kind of call, or before it.
enum Trouble {
    None,
    /// Panics at each append of this event.
    Panics(EventId),
    /// Panics at the first append of this event.
    PanicsOnce(EventId),
    /// Never comes back from an append of this event.
    Hangs(EventId),
    /// Fails every call of this name.
    Fails(&'static str, Fault),
    /// Lets so much time pass before each call of this name.
    Passes(&'static str, Duration, Arc<StepClock>),
}

struct Table {
    trouble: Trouble,
    calls: Mutex<Vec<&'static str>>,
    struck: AtomicUsize,
}

impl Table {
    /// How often each call was made.
    fn take(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for name in self.calls.lock().unwrap().drain(..) {
            *counts.entry(name).or_default() += 1;
        }
        counts
    }
}

#[async_trait]
impl Watcher for Table {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        self.calls.lock().unwrap().push(call.name);
        let appends = |id: &EventId| {
            let sk = call.writes.as_ref().map(|(_, sk)| sk.as_str());
            call.name == "append" && sk == Some(&format!("E#{id}"))
        };
        match &self.trouble {
            Trouble::None => {}
            Trouble::Panics(id) => assert!(!appends(id), "planted"),
            Trouble::PanicsOnce(id) => {
                let strikes = appends(id) && self.struck.fetch_add(1, Ordering::SeqCst) == 0;
                assert!(!strikes, "planted");
            }
            Trouble::Hangs(id) if appends(id) => std::future::pending().await,
            Trouble::Fails(name, fault) if call.name == *name => return Err(*fault),
            Trouble::Passes(name, time, clock) if call.name == *name => clock.advance(*time),
            Trouble::Hangs(_) | Trouble::Fails(..) | Trouble::Passes(..) => {}
        }
        Ok(())
    }
}

fn troubled(world: &World, trouble: Trouble) -> (Worker, Arc<Table>) {
    let worker = world.worker();
    let table = Arc::new(Table {
        trouble,
        calls: Mutex::default(),
        struck: AtomicUsize::new(0),
    });
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: table.clone(),
    };
    let worker = Worker {
        store: Arc::new(store),
        ..worker
    };
    (worker, table)
}

fn sign_ins(number: u64) -> Vec<Envelope<LifecycleEvent>> {
    let one = |minute| signed_in("ada", person(HOME), at(600 + minute * 60));
    (0..number).map(one).collect()
}

fn bodies(events: &[Envelope<LifecycleEvent>]) -> Vec<String> {
    events.iter().map(wire::encode).collect()
}

/// When a user was seen last, as the user item says.
async fn last_login(world: &World) -> Option<usher_events::Time> {
    let item = world.here.stack.store.glance(&sub("ada")).await.unwrap();
    item?.user.last_login_at
}

#[tokio::test]
async fn ten_messages_of_one_user_cost_one_read_and_one_write_of_the_user_item() {
    let world = World::new().await;
    let (worker, table) = troubled(&world, Trouble::None);
    assert!(work(&worker, &bodies(&[welcome("ada")])).await[0].is_done());
    table.take();
    let events = sign_ins(10);
    let outcomes = work(&worker, &bodies(&events)).await;
    assert!(outcomes.into_iter().all(|outcome| story(outcome).appended));
    let expected = BTreeMap::from([("load_many", 1), ("append", 10), ("write_user", 1)]);
    assert_eq!(table.take(), expected);
    assert_eq!(last_login(&world).await, Some(events[9].time));
    assert_eq!(world.commits("ada").await.len(), 11);
}

#[tokio::test]
async fn of_two_announcements_in_one_batch_one_sends_the_welcome() {
    for first in [0, 1] {
        let world = World::under(policy(&greeting())).await;
        let mut both = [welcome("ada"), first_seen("ada", person(HOME), at(2))];
        both.rotate_left(first);
        let outcomes = work(&world.worker(), &bodies(&both)).await;
        assert!(outcomes.iter().all(Outcome::is_done));
        assert_eq!(world.mails().len(), 1, "{first}");
        let hour = Duration::from_secs(61 * 60);
        world.later(&world.worker(), hour).await;
        assert_eq!(world.mails().len(), 1, "{first}");
        let commits = world.commits("ada").await;
        let open = |commit: &&usher_shared::commit::Commit| commit.ledger.open_once().count() > 0;
        assert_eq!(commits.iter().find(open), None, "{first}");
    }
}

#[tokio::test]
async fn a_claim_that_is_not_written_yet_closes_no_other_commit_s_ledger() {
    let world = World::under(policy(&greeting())).await;
    let (worker, _) = troubled(&world, Trouble::Fails("write_user", DOWN));
    let both = [welcome("ada"), first_seen("ada", person(HOME), at(2))];
    let outcomes = work(&worker, &bodies(&both)).await;
    assert_eq!(outcomes, vec![Outcome::Again(Again::Fault(DOWN)); 2]);
    for commit in world.commits("ada").await {
        let entry = commit.ledger.get(EffectKind::WelcomeMail).cloned();
        assert!(entry.unwrap().is_open());
    }
    let outcomes = work(&world.worker(), &bodies(&both[1..])).await;
    assert!(outcomes[0].is_done());
    world
        .later(&world.worker(), Duration::from_secs(61 * 60))
        .await;
    assert!(work(&world.worker(), &bodies(&both[..1])).await[0].is_done());
    assert_eq!(world.mails().len(), 1);
}

#[tokio::test]
async fn a_panic_in_the_middle_of_a_turn_fails_that_message_only() {
    let world = World::new().await;
    let events = sign_ins(3);
    let (worker, table) = troubled(&world, Trouble::Panics(events[1].id));
    let outcomes = work(&worker, &bodies(&events)).await;
    assert!(outcomes[0].is_done() && outcomes[2].is_done());
    assert_eq!(outcomes[1], Outcome::Again(Again::Panicked));
    assert_eq!(table.take()["write_user"], 1);
    assert_eq!(last_login(&world).await, Some(events[2].time));
    assert!(work(&world.worker(), &bodies(&events)).await[1].is_done());
    assert_eq!(world.commits("ada").await.len(), 3);
}

/// As if what the item holds then made our own code panic.
#[tokio::test]
async fn a_panic_while_the_item_is_written_for_all_is_tried_for_each() {
    struct Once(AtomicUsize);

    #[async_trait]
    impl Watcher for Once {
        async fn before(&self, call: &Call) -> Result<(), Fault> {
            let strikes = call.name == "write_user" && self.0.fetch_add(1, Ordering::SeqCst) == 0;
            assert!(!strikes, "planted");
            Ok(())
        }
    }

    let world = World::new().await;
    let worker = world.worker();
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: Arc::new(Once(AtomicUsize::new(0))),
    };
    let worker = Worker {
        store: Arc::new(store),
        ..worker
    };
    let events = sign_ins(3);
    let outcomes = work(&worker, &bodies(&events)).await;
    assert!(outcomes.iter().all(Outcome::is_done), "{outcomes:?}");
    assert_eq!(last_login(&world).await, Some(events[2].time));
}

#[tokio::test]
async fn what_was_recorded_before_a_message_that_hangs_is_finished_before_the_fence() {
    let world = World::new().await;
    let events = sign_ins(3);
    let (worker, _) = troubled(&world, Trouble::Hangs(events[1].id));
    let messages: Vec<_> = bodies(&events).iter().map(|body| message(body)).collect();
    let deadline = Instant::now() + Duration::from_secs(9);
    let outcomes = worker.work(&messages, deadline).await;
    assert!(Instant::now() < deadline);
    assert!(outcomes[0].is_done(), "{outcomes:?}");
    assert_eq!(
        outcomes[1..],
        [
            Outcome::Again(Again::OutOfTime),
            Outcome::Again(Again::OutOfTime)
        ]
    );
    assert_eq!(last_login(&world).await, Some(events[0].time));
    let told = world.told();
    let is_told = |event: &Envelope<LifecycleEvent>| {
        let id = event.id.to_string();
        told.iter().any(|told| told["detail"]["id"] == id)
    };
    assert_eq!(
        events.iter().map(is_told).collect::<Vec<_>>(),
        [true, false, false]
    );
}

#[tokio::test]
async fn where_the_item_cannot_be_written_what_it_shows_already_is_done() {
    let world = World::new().await;
    let events = sign_ins(2);
    assert!(work(&world.worker(), &bodies(&events[..1])).await[0].is_done());
    let (worker, _) = troubled(&world, Trouble::Fails("write_user", DOWN));
    let outcomes = work(&worker, &bodies(&events)).await;
    assert!(outcomes[0].is_done());
    assert_eq!(outcomes[1], Outcome::Again(Again::Fault(DOWN)));
    assert!(work(&world.worker(), &bodies(&events)).await[1].is_done());
    assert_eq!(last_login(&world).await, Some(events[1].time));
}

#[tokio::test]
async fn a_table_that_is_down_is_not_asked_again_for_each_message_of_a_user() {
    let world = World::new().await;
    let (worker, table) = troubled(&world, Trouble::Fails("append", DOWN));
    let outcomes = work(&worker, &bodies(&sign_ins(10))).await;
    assert!(
        outcomes
            .iter()
            .all(|one| *one == Outcome::Again(Again::Fault(DOWN)))
    );
    assert_eq!(table.take()["append"], 4, "the tries of one call");
}

#[tokio::test]
async fn one_read_is_for_all_users_of_a_batch_and_for_those_alone_whom_a_message_names() {
    let world = World::new().await;
    let (worker, table) = troubled(&world, Trouble::None);
    let mut batch = bodies(&["ada", "bob", "eve"].map(welcome));
    batch.extend(bodies(&sign_ins(2)));
    batch.push("no JSON".to_owned());
    let outcomes = work(&worker, &batch).await;
    assert!(outcomes.iter().all(Outcome::is_done));
    let calls = table.take();
    assert_eq!((calls["load_many"], calls.get("load")), (1, None));
    assert_eq!((calls["append"], calls["write_user"]), (5, 3));
    work(&worker, &["no JSON".to_owned()]).await;
    assert_eq!(
        table.take().get("load_many"),
        None,
        "there is nobody to read"
    );
}

#[tokio::test]
async fn a_table_that_is_down_is_asked_once_for_all_users_of_a_batch() {
    let world = World::new().await;
    let (worker, table) = troubled(&world, Trouble::Fails("load_many", DOWN));
    let mut batch = bodies(&["ada", "bob", "eve"].map(welcome));
    batch.extend(bodies(&sign_ins(6)));
    let one = (RefusalReason::InviteUnknown, 1);
    batch.push(wire::encode(&refused_sign_up("eve", one, None, at(5))));
    let outcomes = work(&worker, &batch).await;
    assert_eq!(outcomes, vec![Outcome::Again(Again::Fault(DOWN)); 10]);
    assert_eq!(
        table.take(),
        BTreeMap::from([("load_many", 4)]),
        "the tries of one call"
    );
}

/// A store that leaves somebody unread at first, and somebody else's items unreadable.
struct Scarce {
    calls: Mutex<Vec<Vec<Sub>>>,
}

#[async_trait]
impl Watcher for Scarce {
    async fn before(&self, _: &Call) -> Result<(), Fault> {
        Ok(())
    }

    fn loaded(&self, subs: &[Sub], loaded: &mut [Result<Loaded, Fault>]) {
        let mut calls = self.calls.lock().unwrap();
        calls.push(subs.to_vec());
        for (sub, loaded) in subs.iter().zip(loaded) {
            match sub.as_str() {
                "bob" if calls.len() == 1 => {
                    *loaded = Err(Fault::new("planted", FaultKind::Throttled));
                }
                "eve" => *loaded = Err(Fault::new("planted", FaultKind::Corrupt)),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn who_was_left_unread_is_asked_for_alone_and_who_cannot_be_read_fails_alone() {
    let world = World::new().await;
    let worker = world.worker();
    let scarce = Arc::new(Scarce {
        calls: Mutex::default(),
    });
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: scarce.clone(),
    };
    let worker = Worker {
        store: Arc::new(store),
        ..worker
    };
    let outcomes = work(&worker, &bodies(&["ada", "bob", "eve"].map(welcome))).await;
    assert!(outcomes[0].is_done() && outcomes[1].is_done());
    let corrupt = Fault::new("planted", FaultKind::Corrupt);
    assert_eq!(outcomes[2], Outcome::Again(Again::Fault(corrupt)));
    let calls = scarce.calls.lock().unwrap().clone();
    assert_eq!(
        calls,
        [["ada", "bob", "eve"].map(sub).to_vec(), vec![sub("bob")]]
    );
}

#[tokio::test]
async fn messages_with_one_id_share_one_try_and_its_outcome() {
    let event = welcome("ada");
    let resume = Resume {
        subject: event.subject.clone(),
        id: event.id,
    };
    let (event, resume) = (wire::encode(&event), resume.encode());
    let world = World::new().await;
    let (worker, table) = troubled(&world, Trouble::None);
    let outcomes = work(&worker, &[event.clone(), resume.clone(), event.clone()]).await;
    let appended = outcomes.into_iter().map(|outcome| story(outcome).appended);
    assert_eq!(appended.collect::<Vec<_>>(), [true, false, false]);
    let calls = table.take();
    assert_eq!((calls["append"], calls["write_user"]), (1, 1));
    assert_eq!(
        (world.mails().len(), world.commits("ada").await.len()),
        (1, 1)
    );

    // A resume that comes first takes the commit up, and the event tells of it.
    let world = World::new().await;
    let post = Arc::new(Post::out(FaultKind::Unavailable, 4));
    let worker = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    assert!(work(&worker, std::slice::from_ref(&event)).await[0].is_done());
    assert!(matches!(
        entry(&world, "ada", EffectKind::WelcomeMail).await,
        Some(Entry::Deferred { .. })
    ));
    world.here.clock.advance(crate::MINUTES);
    let outcomes = work(&worker, &[resume.clone(), event, resume]).await;
    assert!(outcomes.iter().all(Outcome::is_done), "{outcomes:?}");
    assert_eq!(post.accepted(), 1);
}

#[tokio::test]
async fn a_second_message_with_an_id_is_tried_where_the_first_came_to_nothing() {
    let world = World::new().await;
    let event = welcome("ada");
    let (worker, _) = troubled(&world, Trouble::PanicsOnce(event.id));
    let outcomes = work(&worker, &bodies(&[event.clone(), event])).await;
    assert_eq!(outcomes[0], Outcome::Again(Again::Panicked));
    assert!(story(outcomes[1].clone()).appended);
    assert_eq!(world.mails().len(), 1);
}

#[tokio::test]
async fn a_lease_that_ran_short_during_its_turn_is_taken_anew_before_the_mail() {
    let world = World::new().await;
    for (user, time) in [("ada", world.policy.worker.lease), ("bob", Duration::ZERO)] {
        let passes = Trouble::Passes("write_user", time, world.here.clock.clone());
        let (worker, table) = troubled(&world, passes);
        let post = Arc::new(Post::default());
        let worker = Worker {
            mailer: post.clone(),
            ..worker
        };
        let events = [
            confirmed(user, person(HOME)),
            signed_in(user, person(HOME), at(60)),
        ];
        let outcomes = worker
            .work(&events.map(|event| message(&wire::encode(&event))), soon())
            .await;
        assert!(outcomes.iter().all(Outcome::is_done), "{outcomes:?}");
        assert_eq!(post.accepted(), 1, "{user}");
        let taken = table.take().get("take_lease").copied();
        assert_eq!(taken, (!time.is_zero()).then_some(1), "{user}");
    }
}
