//! Users whom no confirmation announces, or whom a token shows before it: one welcome at most, and the
//! confirmation's where there is one.

use crate::common::fakes::{Line, Post};
use crate::common::watched::{Call, Watched, Watcher};
use crate::common::{
    POLICY, World, at, confirmed, first_seen, greeting, mail_of, message, person, policy, record,
    soon, sub,
};
use crate::{HOME, HOUR, MINUTES, welcome};
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use usher_events::{Envelope, EventId, LifecycleEvent, Person, wire};
use usher_shared::clock::Clock;
use usher_shared::commit::{Commit, EffectKind, Entry};
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Due, Fault, Store};
use usher_worker::Worker;
use usher_worker::story::{Fate, Outcome};

/// Within this a first-seen user's welcome is not due yet, and after twice as long it is.
const MOST_OF_AN_HOUR: Duration = Duration::from_secs(50 * 60);
/// After so long the lease of a worker that died is another's to take.
const A_LEASE: Duration = Duration::from_secs(90);

async fn greeting_world() -> World {
    World::under(policy(&greeting())).await
}

fn seen(user: &str) -> Envelope<LifecycleEvent> {
    first_seen(user, person(&format!("{user}@home.example")), at(2))
}

/// The ledger's word on the welcome of one event.
async fn entry_of(world: &World, event: &Envelope<LifecycleEvent>) -> Option<Entry> {
    let commit = commit_of(world, event).await;
    commit.ledger.get(EffectKind::WelcomeMail).cloned()
}

async fn commit_of(world: &World, event: &Envelope<LifecycleEvent>) -> Commit {
    let commits = world.commits(event.subject.as_str()).await;
    let mut commits = commits.into_iter();
    commits
        .find(|commit| commit.envelope.id == event.id)
        .unwrap()
}

fn anothers(commit: EventId) -> Option<Entry> {
    Some(Entry::Anothers { commit })
}

async fn due(world: &World) -> Vec<Due> {
    let forever = at(100_000_000);
    world.due(forever).await
}

#[tokio::test]
async fn who_is_first_seen_has_a_role_and_settings_and_is_sent_nothing() {
    let world = World::new().await;
    let worker = world.worker();
    for event in [
        first_seen("ada", person(HOME), at(2)),
        first_seen("bob", person("bob@acme.example"), at(2)),
    ] {
        let story = record(&worker, &event).await;
        assert!(story.appended);
        assert_eq!(mail_of(&story), None);
        assert_eq!(entry_of(&world, &event).await, None);
    }
    assert_eq!(world.later(&worker, 2 * MOST_OF_AN_HOUR).await, []);
    assert_eq!(world.mails().len(), 0);
    let store = &world.here.stack.store;
    for (user, role) in [("ada", "user"), ("bob", "manager")] {
        let item = store.glance(&sub(user)).await.unwrap().unwrap();
        assert_eq!(item.user.role().unwrap().0.as_str(), role);
        assert_eq!(item.user.noticed_at, Some(at(2)));
        assert!(item.claims.is_empty(), "{user}");
        let made = store.preferences(&sub(user)).await.unwrap();
        assert!(made.is_some(), "{user}");
    }
}

#[tokio::test]
async fn the_confirmation_that_comes_after_sends_the_one_welcome() {
    let world = greeting_world().await;
    let worker = world.worker();
    let (seen, confirmed) = (seen("ada"), welcome("ada"));
    record(&worker, &seen).await;
    let waiting = commit_of(&world, &seen).await;
    assert_eq!(waiting.lease, None, "nothing is owed now");
    let opened = waiting.ledger.get(EffectKind::WelcomeMail).cloned();
    assert_eq!(opened.as_ref().map(Entry::attempts), Some(0));
    let hour = Duration::from_secs(3600);
    assert_eq!(
        opened.and_then(|entry| entry.due()),
        Some(world.here.clock.now().plus(hour))
    );

    world.later(&worker, MINUTES).await;
    let story = record(&worker, &confirmed).await;
    assert!(matches!(mail_of(&story), Some(Fate::Performed(_))));
    assert_eq!(world.mails().len(), 1);
    for event in [&seen, &confirmed] {
        assert!(!record(&worker, event).await.appended);
    }
    assert_eq!(world.later(&worker, 2 * MOST_OF_AN_HOUR).await.len(), 1);
    assert_eq!(entry_of(&world, &seen).await, anothers(confirmed.id));
    assert_eq!(world.mails().len(), 1);
    assert_eq!(due(&world).await, []);
}

#[tokio::test]
async fn whoever_is_only_first_seen_is_welcomed_once_and_not_before_the_delay() {
    let world = greeting_world().await;
    let worker = world.worker();
    let (seen, confirmed) = (seen("ada"), welcome("ada"));
    for _ in 0..2 {
        assert_eq!(mail_of(&record(&worker, &seen).await), None);
        assert_eq!(world.later(&worker, MOST_OF_AN_HOUR / 2).await, []);
    }
    assert_eq!(world.mails().len(), 0);
    assert_eq!(world.later(&worker, MOST_OF_AN_HOUR).await.len(), 1);
    assert_eq!(world.mails().len(), 1);
    let entry = entry_of(&world, &seen).await;
    assert!(matches!(entry, Some(Entry::Done { .. })), "{entry:?}");

    // A confirmation that comes so late finds that it is done, and needs no lease to know.
    let story = record(&worker, &confirmed).await;
    assert_eq!(mail_of(&story), None);
    assert_eq!(entry_of(&world, &confirmed).await, anothers(seen.id));
    assert_eq!(commit_of(&world, &confirmed).await.lease, None);
    assert_eq!(world.later(&worker, 2 * MOST_OF_AN_HOUR).await, []);
    assert_eq!((world.mails().len(), due(&world).await), (1, vec![]));
}

#[tokio::test]
async fn a_token_after_the_confirmation_owes_nothing_and_is_never_due() {
    let world = greeting_world().await;
    let worker = world.worker();
    let (seen, confirmed) = (seen("ada"), welcome("ada"));
    record(&worker, &confirmed).await;
    record(&worker, &seen).await;
    assert_eq!(entry_of(&world, &seen).await, anothers(confirmed.id));
    assert_eq!((world.mails().len(), due(&world).await), (1, vec![]));
}

#[tokio::test]
async fn a_confirmation_that_owes_none_leaves_the_welcome_to_the_token_that_shows_the_address_verified()
 {
    let world = greeting_world().await;
    let worker = world.worker();
    let unverified = Person {
        email_verified: false,
        ..person(HOME)
    };
    record(&worker, &seen("ada")).await;
    record(&worker, &confirmed("ada", unverified)).await;
    assert_eq!(world.mails().len(), 0);
    world.later(&worker, 2 * MOST_OF_AN_HOUR).await;
    assert_eq!(world.mails().len(), 1);
}

#[tokio::test]
async fn a_welcome_that_fails_when_it_is_due_is_tried_again_and_stays_the_first_seens() {
    let world = greeting_world().await;
    let post = Arc::new(Post::out(FaultKind::Refused, 1));
    let worker = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    let (seen, confirmed) = (seen("ada"), welcome("ada"));
    record(&worker, &seen).await;
    world.later(&worker, 2 * MOST_OF_AN_HOUR).await;
    let attempts = entry_of(&world, &seen).await.map(|entry| entry.attempts());
    assert_eq!((post.accepted(), attempts), (0, Some(1)));
    record(&worker, &confirmed).await;
    assert_eq!(entry_of(&world, &confirmed).await, anothers(seen.id));
    world.later(&worker, MINUTES).await;
    assert_eq!((post.accepted(), due(&world).await), (1, vec![]));
}

#[tokio::test]
async fn a_bus_that_is_down_neither_hurries_nor_loses_a_welcome_that_waits() {
    let world = greeting_world().await;
    let line = Arc::new(Line::refusing("ada", FaultKind::Refused));
    let worker = Worker {
        bus: line.clone(),
        ..world.worker()
    };
    record(&worker, &seen("ada")).await;
    *line.refusing.lock().unwrap() = None;
    assert_eq!(world.later(&worker, MINUTES).await.len(), 1);
    assert!(!line.ids("ada").is_empty());
    assert_eq!(world.mails().len(), 0);
    world.later(&worker, 2 * MOST_OF_AN_HOUR).await;
    assert_eq!((world.mails().len(), due(&world).await), (1, vec![]));
}

#[tokio::test]
async fn without_profiles_whoever_is_first_seen_has_the_role_and_the_one_welcome() {
    let mut rules = policy(&greeting());
    rules.profile.create = false;
    let world = World::under(rules).await;
    let worker = world.worker();
    for _ in 0..2 {
        record(&worker, &seen("ada")).await;
    }
    world.later(&worker, 2 * MOST_OF_AN_HOUR).await;
    record(&worker, &welcome("ada")).await;
    let store = &world.here.stack.store;
    let item = store.glance(&sub("ada")).await.unwrap().unwrap();
    assert_eq!(item.user.role().unwrap().0.as_str(), "user");
    assert_eq!(item.user, item.user.clone().rights());
    assert!(item.user.is_announced());
    assert_eq!(store.preferences(&sub("ada")).await.unwrap(), None);
    assert_eq!(world.mails().len(), 1);
}

#[tokio::test]
async fn what_was_owed_later_stays_owed_after_it_is_switched_off_and_nothing_is_owed_after_the_fact()
 {
    for (before, after, mails) in [
        (greeting(), POLICY, 1),
        (POLICY.to_owned(), &*greeting(), 0),
    ] {
        let mut world = World::under(policy(&before)).await;
        record(&world.worker(), &seen("ada")).await;
        world.policy = Arc::new(policy(after));
        record(&world.worker(), &seen("ada")).await;
        world.later(&world.worker(), 2 * MOST_OF_AN_HOUR).await;
        assert_eq!(world.mails().len(), mails);
    }
}

/// Lets a confirmation be recorded, or not, and the delay pass, right after the first write of the
/// user item: too late for that write to claim anything.
struct Overtaking {
    world: Arc<World>,
    confirmation: Option<String>,
    done: AtomicBool,
}

#[async_trait]
impl Watcher for Overtaking {
    async fn before(&self, _call: &Call) -> Result<(), Fault> {
        Ok(())
    }

    async fn after(&self, call: &Call) {
        if call.name != "write_user" || self.done.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Some(body) = &self.confirmation {
            let messages = [message(body)];
            let outcomes = self.world.worker().work(&messages, soon()).await;
            assert!(outcomes[0].is_done());
        }
        self.world.here.clock.advance(2 * MOST_OF_AN_HOUR);
    }
}

#[tokio::test]
async fn a_welcome_that_becomes_due_meanwhile_is_not_sent_without_a_claim() {
    for confirmation in [None, Some(wire::encode(&welcome("ada")))] {
        let world = Arc::new(greeting_world().await);
        let slow = world.worker();
        let overtaking = Overtaking {
            world: world.clone(),
            confirmation: confirmation.clone(),
            done: AtomicBool::new(false),
        };
        let store = Watched {
            store: Arc::clone(&slow.store),
            watcher: Arc::new(overtaking),
        };
        let slow = Worker {
            store: Arc::new(store),
            ..slow
        };
        assert_eq!(mail_of(&record(&slow, &seen("ada")).await), None);
        let sent = usize::from(confirmation.is_some());
        assert_eq!(world.mails().len(), sent, "{confirmation:?}");
        world.later(&world.worker(), HOUR).await;
        assert_eq!(world.mails().len(), 1, "{confirmation:?}");
        assert_eq!(due(&world).await, []);
    }
}

/// Panics before one call, which is as good as dying there, or right after the one before it.
struct Dying {
    at: usize,
    calls: AtomicUsize,
    died_at: Mutex<Option<&'static str>>,
}

#[async_trait]
impl Watcher for Dying {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        if self.calls.fetch_add(1, Ordering::SeqCst) == self.at {
            *self.died_at.lock().unwrap() = Some(call.name);
            // Without the hook that would print each of many.
            std::panic::resume_unwind(Box::new("planted"));
        }
        Ok(())
    }
}

/// Lives through this, and the sweep after the delay, with a worker that dies at one call while it
/// works on one of these, and others that do not. Gives the call at which it died, and how many mails there are.
async fn lived(
    world: &World,
    events: &[Envelope<LifecycleEvent>],
    dying_at: usize,
    dying: &Arc<Dying>,
) -> (Option<&'static str>, usize) {
    let post = Arc::new(Post::default());
    let other = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    let store = Watched {
        store: Arc::clone(&other.store),
        watcher: dying.clone(),
    };
    let mortal = Worker {
        store: Arc::new(store),
        mailer: post.clone(),
        ..world.worker()
    };
    let whose = |place| if place == dying_at { &mortal } else { &other };
    for (place, event) in events.iter().enumerate() {
        let messages = [message(&wire::encode(event))];
        let mut outcomes = whose(place).work(&messages, soon()).await;
        while !outcomes[0].is_done() {
            world.here.clock.advance(A_LEASE);
            outcomes = other.work(&messages, soon()).await;
        }
    }
    world.here.clock.advance(2 * MOST_OF_AN_HOUR);
    other.sweep().await.unwrap();
    world.drain(whose(events.len())).await;
    while !due(world).await.is_empty() {
        let outcomes = world.later(&other, HOUR).await;
        assert!(outcomes.iter().all(Outcome::is_done));
    }
    let user = events[0].subject.as_str();
    let commits = world.commits(user).await;
    assert_eq!(commits.len(), events.len());
    for commit in &commits {
        assert_eq!(commit.ledger.open_once().count(), 0, "{commit:?}");
    }
    let store = &world.here.stack.store;
    assert!(store.preferences(&sub(user)).await.unwrap().is_some());
    let died_at = *dying.died_at.lock().unwrap();
    (died_at, post.accepted())
}

type Made = fn(&str) -> Envelope<LifecycleEvent>;

#[tokio::test]
async fn a_worker_that_dies_at_any_call_sends_no_second_welcome_and_keeps_none_back() {
    let world = greeting_world().await;
    let mut deaths = 0;
    let ways: [&[Made]; 3] = [&[seen, welcome], &[welcome, seen], &[seen]];
    for (way, made) in ways.iter().enumerate() {
        for dying_at in 0..=made.len() {
            for at in 0.. {
                let user = format!("ada-{way}-{dying_at}-{at}");
                let events: Vec<_> = made.iter().map(|made| made(&user)).collect();
                let dying = Arc::new(Dying {
                    at,
                    calls: AtomicUsize::new(0),
                    died_at: Mutex::default(),
                });
                let (died_at, mails) = lived(&world, &events, dying_at, &dying).await;
                let Some(call) = died_at else {
                    assert_eq!(mails, 1, "{user}");
                    break;
                };
                deaths += 1;
                // The one window there is: the mail has gone, and the log does not know.
                let most = if call == "write_entry" { 2 } else { 1 };
                assert!((1..=most).contains(&mails), "{user} {call}: {mails} mails");
            }
        }
    }
    assert!(deaths > 30, "{deaths}");
}
