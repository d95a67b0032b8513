//! Services that are down are left alone, by all workers together, and what they owe there waits.

use crate::common::fakes::Post;
use crate::common::watched::{Call, Watched, Watcher};
use crate::common::{POLICY, World, mail_of, policy, publication_of, record};
use crate::{MINUTES, entry, outage, welcome};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use usher_shared::breaker::{Record, State};
use usher_shared::chance;
use usher_shared::commit::{EffectKind, Entry};
use usher_shared::dependency::Dependency;
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Breakers, Bus, BusEntry, Fault, Mail, MailError, Mailer, Store};
use usher_worker::Worker;
use usher_worker::guard::Guards;
use usher_worker::story::Fate;

const HELD: Fate = Fate::Deferred("breaker_open");
/// More failures than any test meets.
const MANY: usize = 1_000;
const COOL_DOWN: Duration = Duration::from_secs(30);

/// One more worker, with this mail service behind its breaker.
fn posting(world: &World, post: &Arc<Post>) -> Worker {
    let worker = world.worker();
    Worker {
        mailer: worker.guards.mailer(post.clone()),
        ..worker
    }
}

fn calls(post: &Post) -> usize {
    MANY - post.failures.lock().unwrap().len()
}

async fn kept(world: &World, of: Dependency) -> Option<Record> {
    let mut all = world.here.stack.store.breakers().await.unwrap();
    all.remove(&of)
}

async fn fate(worker: &Worker, user: &str) -> Fate {
    mail_of(&record(worker, &welcome(user)).await)
        .unwrap()
        .clone()
}

#[tokio::test]
async fn an_outage_of_mail_opens_once_for_two_workers_and_closes_once_and_every_mail_goes_once() {
    let world = World::new().await;
    let post = outage(MANY);
    let (here, there) = (posting(&world, &post), posting(&world, &post));
    let unavailable = Fate::Deferred("unavailable");
    assert_eq!(fate(&here, "ada").await, unavailable);
    assert_eq!(
        fate(&here, "bob").await,
        HELD,
        "its first try was the fifth failure"
    );
    for (worker, user) in [(&here, "eve"), (&there, "joe"), (&there, "kim")] {
        assert_eq!(fate(worker, user).await, HELD);
    }
    assert_eq!(calls(&post), 5, "no more than opened it");
    let opened = kept(&world, Dependency::Mail).await.unwrap();
    assert_eq!(
        (opened.version, opened.state, opened.trips),
        (1, State::Open, 1)
    );
    assert_eq!(
        (opened.by.as_str(), opened.why.as_deref()),
        (here.owner.as_str(), Some("unavailable"))
    );
    assert_eq!(there.guards.peek(Dependency::Mail).await, State::Open);
    assert_eq!(there.guards.peek(Dependency::Bus).await, State::Closed);

    // One call by one of them shows that it is still down.
    world.here.clock.advance(COOL_DOWN);
    assert_eq!(there.guards.peek(Dependency::Mail).await, State::HalfOpen);
    assert_eq!(
        fate(&there, "leo").await,
        HELD,
        "after the probe it was not tried again"
    );
    assert_eq!(fate(&here, "mia").await, HELD);
    assert_eq!(calls(&post), 6);
    let again = kept(&world, Dependency::Mail).await.unwrap();
    assert_eq!(
        (again.version, again.state, again.trips),
        (3, State::Open, 2)
    );

    // It is back.
    world.here.clock.advance(2 * COOL_DOWN);
    post.failures.lock().unwrap().clear();
    assert!(matches!(fate(&here, "ned").await, Fate::Performed(_)));
    assert!(matches!(fate(&there, "ota").await, Fate::Performed(_)));
    let closed = kept(&world, Dependency::Mail).await.unwrap();
    assert_eq!(
        (closed.version, closed.state, closed.trips),
        (5, State::Closed, 0)
    );

    // What was held back was never tried, and goes now.
    for (user, tried) in [("ada", 1), ("bob", 0), ("joe", 0)] {
        let entry = entry(&world, user, EffectKind::WelcomeMail).await.unwrap();
        assert_eq!(entry.attempts(), tried, "{user}: {entry:?}");
    }
    // A sweep spreads what it sends over its minute, and begins with little.
    for _ in 0..5 {
        world.later(&there, MINUTES).await;
    }
    assert_eq!(post.accepted(), 9);
    let entry = entry(&world, "bob", EffectKind::WelcomeMail).await;
    assert!(matches!(entry, Some(Entry::Done { .. })), "{entry:?}");
    assert_eq!(kept(&world, Dependency::Mail).await.unwrap().version, 5);
}

/// Mails that are refused say nothing of the service.
#[tokio::test]
async fn a_service_that_refuses_every_mail_is_not_down() {
    let world = World::new().await;
    let post = Arc::new(Post::failing(std::iter::repeat_n(MailError::Rejected, 9)));
    let worker = posting(&world, &post);
    for user in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
        assert_eq!(fate(&worker, user).await, Fate::Failed("rejected"));
    }
    assert!(matches!(fate(&worker, "j").await, Fate::Performed(_)));
    assert_eq!(kept(&world, Dependency::Mail).await, None);
}

/// A bus that is up or down.
#[derive(Default)]
struct Station {
    is_down: AtomicBool,
    calls: AtomicUsize,
}

#[async_trait]
impl Bus for Station {
    async fn publish(&self, entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let answer = match self.is_down.load(Ordering::SeqCst) {
            true => Err(Fault::new("bus.publish", FaultKind::Throttled)),
            false => Ok(()),
        };
        vec![answer; entries.len()]
    }
}

#[tokio::test]
async fn an_outage_of_the_bus_costs_the_calls_that_open_it_and_a_probe() {
    let world = World::new().await;
    let station = Arc::new(Station::default());
    let worker = world.worker();
    let worker = Worker {
        bus: worker.guards.bus(station.clone()),
        ..worker
    };
    let fate = async |user| publication_of(&record(&worker, &welcome(user)).await).cloned();
    station.is_down.store(true, Ordering::SeqCst);
    // Three rounds, and two.
    assert_eq!(fate("ada").await, Some(Fate::Deferred("throttled")));
    for user in ["bob", "eve", "joe"] {
        assert_eq!(fate(user).await, Some(HELD));
    }
    assert_eq!(station.calls.load(Ordering::SeqCst), 5);
    world.here.clock.advance(COOL_DOWN);
    station.is_down.store(false, Ordering::SeqCst);
    assert_eq!(fate("kim").await, Some(Fate::Performed(None)));
    let closed = kept(&world, Dependency::Bus).await.unwrap();
    assert_eq!((closed.version, closed.state), (3, State::Closed));
    // Shortly after an outage a sweep spreads what it sends, in any order, over its minute.
    for _ in 0..5 {
        world.later(&worker, MINUTES).await;
    }
    let entry = entry(&world, "eve", EffectKind::Publication).await;
    assert!(matches!(entry, Some(Entry::Done { .. })), "{entry:?}");
}

/// Neither reads nor writes breakers.
struct NoBreakers;

#[async_trait]
impl Watcher for NoBreakers {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        match call.name.ends_with("breaker") {
            true => Err(Fault::new("planted", FaultKind::Unavailable)),
            false => Ok(()),
        }
    }
}

#[tokio::test]
async fn without_a_table_for_it_mail_goes_and_each_worker_has_a_breaker_of_its_own() {
    let world = World::new().await;
    let post = outage(MANY);
    let alone = || {
        let worker = world.worker();
        let store: Arc<dyn Store> = Arc::new(Watched {
            store: Arc::clone(&worker.store),
            watcher: Arc::new(NoBreakers),
        });
        let rules = &world.policy.breakers;
        let guards = Guards::new(store, worker.clock.clone(), &worker.owner, rules);
        Worker {
            mailer: guards.mailer(post.clone()),
            guards,
            ..worker
        }
    };
    let (here, there) = (alone(), alone());
    for user in ["ada", "bob", "eve"] {
        fate(&here, user).await;
    }
    assert_eq!(calls(&post), 5);
    assert_eq!(here.guards.peek(Dependency::Mail).await, State::Open);
    post.failures.lock().unwrap().clear();
    assert!(matches!(fate(&there, "joe").await, Fate::Performed(_)));
    world.here.clock.advance(COOL_DOWN);
    assert!(matches!(fate(&here, "kim").await, Fate::Performed(_)));
    assert_eq!(here.guards.peek(Dependency::Mail).await, State::Closed);
    assert_eq!(kept(&world, Dependency::Mail).await, None);
}

/// Never answers.
struct Silent;

#[async_trait]
impl Mailer for Silent {
    async fn send(&self, _: &Mail) -> Result<String, MailError> {
        std::future::pending().await
    }
}

fn mail() -> Mail {
    Mail {
        to: usher_events::Personal::new("ada@home.example"),
        from: "a@app.example".to_owned(),
        reply_to: None,
        subject: "Hello".to_owned(),
        text: String::new(),
        html: String::new(),
        tags: Vec::new(),
        configuration_set: None,
        unsubscribe_url: None,
    }
}

#[tokio::test]
async fn calls_that_nobody_waited_for_have_failed_and_what_that_opens_is_written_at_the_next() {
    let world = World::new().await;
    let worker = world.worker();
    let mailer = worker.guards.mailer(Arc::new(Silent));
    for _ in 0..5 {
        let sent = timeout(Duration::from_millis(200), mailer.send(&mail())).await;
        assert!(sent.is_err(), "it was called");
    }
    let held = MailError::Fault(Fault::new("mail.send", FaultKind::Held));
    assert_eq!(mailer.send(&mail()).await, Err(held));
    let opened = kept(&world, Dependency::Mail).await.unwrap();
    assert_eq!(
        (opened.state, opened.why.as_deref()),
        (State::Open, Some("cut_off"))
    );
}

#[tokio::test]
async fn an_operator_stops_mail_and_lets_it_go_on_for_workers_that_run() {
    let world = World::new().await;
    let post = Arc::new(Post::default());
    let worker = posting(&world, &post);
    assert!(matches!(fate(&worker, "ada").await, Fate::Performed(_)));
    let store = &world.here.stack.store;
    let now = || {
        let millis = usher_shared::clock::Clock::now(&*world.here.clock).unix_millis();
        Duration::from_millis(millis.unsigned_abs())
    };
    let held = Record::hold(None, now(), now() + MINUTES * 10, "operator");
    store.write_breaker(Dependency::Mail, &held).await.unwrap();
    // Within what is kept of the last read, it may go on.
    world.here.clock.advance(world.policy.breakers.cache);
    assert_eq!(fate(&worker, "bob").await, HELD);
    world.here.clock.advance(MINUTES * 4);
    assert_eq!(
        fate(&worker, "eve").await,
        HELD,
        "no probe is made before its time"
    );
    let reset = Record::reset(Some(&held), now(), "operator");
    store.write_breaker(Dependency::Mail, &reset).await.unwrap();
    world.here.clock.advance(world.policy.breakers.cache);
    assert!(matches!(fate(&worker, "joe").await, Fate::Performed(_)));
    assert_eq!(post.accepted(), 2);
}

#[tokio::test]
async fn another_policys_limits_count_from_then_on() {
    let world = World::new().await;
    let post = outage(MANY);
    let worker = posting(&world, &post);
    let eager = policy(&format!(
        "{POLICY}\n[breaker.mail]\nfailures_in_a_row = 1\n"
    ));
    worker.guards.heed(&eager.breakers);
    fate(&worker, "ada").await;
    assert_eq!(calls(&post), 1);
}

/// What the healthy way costs: a read of each breaker that is used, once for a while.
struct Counting(AtomicUsize);

#[async_trait]
impl Watcher for Counting {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        assert_ne!(call.name, "write_breaker");
        let is_read = call.name == "breaker";
        self.0.fetch_add(usize::from(is_read), Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn while_all_goes_well_each_breaker_is_read_once_for_a_while_and_never_written() {
    let world = World::new().await;
    let worker = world.worker();
    let watcher = Arc::new(Counting(AtomicUsize::new(0)));
    let store: Arc<dyn Store> = Arc::new(Watched {
        store: Arc::clone(&worker.store),
        watcher: watcher.clone(),
    });
    let rules = &world.policy.breakers;
    let guards = Guards::new(store, worker.clock.clone(), &chance::owner(), rules);
    let worker = Worker {
        mailer: guards.mailer(Arc::new(Post::default())),
        bus: guards.bus(Arc::new(Station::default())),
        guards,
        ..worker
    };
    for (user, reads) in [("ada", 2), ("bob", 2), ("eve", 2)] {
        record(&worker, &welcome(user)).await;
        assert_eq!(watcher.0.load(Ordering::SeqCst), reads);
    }
    world.here.clock.advance(rules.cache);
    record(&worker, &welcome("joe")).await;
    assert_eq!(watcher.0.load(Ordering::SeqCst), 4);
}
