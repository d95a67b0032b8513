//! Leases between workers, tables that fail, and commits that are resumed.

use crate::common::watched::{Call, Watched, Watcher};
use crate::common::{POLICY, World, at, message, policy, record, soon, sub, work};
use crate::{MINUTES, entry, welcome};
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{Envelope, LifecycleEvent, SuspensionReason, wire};
use usher_shared::chance;
use usher_shared::commit::{EffectKind, Entry};
use usher_shared::disposition::FaultKind;
use usher_shared::operator;
use usher_shared::port::{Appended, Due, Fault, Outgoing, Queue, Store};
use usher_shared::seal;
use usher_worker::Worker;
use usher_worker::message::Resume;
use usher_worker::story::{Again, Outcome};

#[tokio::test]
async fn a_resume_of_what_is_done_or_was_never_there_does_nothing() {
    let world = World::new().await;
    let worker = world.worker();
    let event = welcome("ada");
    record(&worker, &event).await;
    let told = world.told().len();
    for (user, id) in [
        ("ada", event.id),
        ("bob", event.id),
        ("ada", welcome("bob").id),
    ] {
        let resume = Resume {
            subject: usher_events::Subject::User(sub(user)),
            id,
        };
        let outcomes = work(&worker, &[resume.encode()]).await;
        assert_eq!(outcomes, [Outcome::NothingToResume]);
    }
    assert_eq!((world.mails().len(), world.told().len()), (1, told));
}

/// Lets another worker do the whole work, and its lease expire, after a commit was read first.
struct Interrupted {
    world: Arc<World>,
    body: String,
    done: AtomicBool,
}

#[async_trait]
impl Watcher for Interrupted {
    async fn before(&self, _call: &Call) -> Result<(), Fault> {
        Ok(())
    }

    async fn after(&self, call: &Call) {
        if call.name == "commit" && !self.done.swap(true, Ordering::SeqCst) {
            let other = self.world.worker();
            let outcomes = work(&other, std::slice::from_ref(&self.body)).await;
            assert!(outcomes[0].is_done());
            self.world.here.clock.advance(Duration::from_secs(3600));
        }
    }
}

#[tokio::test]
async fn a_worker_that_was_stopped_between_log_and_lease_sees_that_the_mail_has_gone() {
    let world = Arc::new(World::new().await);
    // Appended by somebody who died before anything else, long ago.
    let event = welcome("ada");
    let dead = world.worker();
    let body = wire::encode(&event);
    let messages = [message(&body)];
    let outcomes = dead
        .work(&messages, Instant::now() + Duration::from_secs(12))
        .await;
    assert_eq!(
        outcomes,
        [Outcome::Again(Again::OutOfTime)],
        "appended, and no mail"
    );
    world.here.clock.advance(Duration::from_secs(3600));

    let stopped = world.worker();
    let interrupted = Interrupted {
        world: world.clone(),
        body: body.clone(),
        done: AtomicBool::new(false),
    };
    let store = Watched {
        store: Arc::clone(&stopped.store),
        watcher: Arc::new(interrupted),
    };
    let stopped = Worker {
        store: Arc::new(store),
        ..stopped
    };
    assert!(work(&stopped, &[body]).await[0].is_done());
    assert_eq!(world.mails().len(), 1);
}

#[tokio::test]
async fn a_message_whose_mail_another_worker_is_sending_comes_again() {
    let world = World::new().await;
    let event = welcome("ada");
    let messages = [message(&wire::encode(&event))];
    let (one, other) = (world.worker(), world.worker());
    let outcomes = one
        .work(&messages, Instant::now() + Duration::from_secs(12))
        .await;
    assert_eq!(outcomes, [Outcome::Again(Again::OutOfTime)]);
    assert_eq!(
        other.work(&messages, soon()).await,
        [Outcome::Again(Again::LeaseNotOurs)]
    );
    let resume = Resume {
        subject: event.subject.clone(),
        id: event.id,
    };
    assert_eq!(
        work(&other, &[resume.encode()]).await,
        [Outcome::NothingToResume]
    );
    assert_eq!(world.mails().len(), 0);
    world.here.clock.advance(Duration::from_secs(90));
    assert!(other.work(&messages, soon()).await[0].is_done());
    assert!(one.work(&messages, soon()).await[0].is_done());
    assert_eq!(world.mails().len(), 1);
}

/// Fails one kind of call so often.
struct Failing {
    call: &'static str,
    times: Mutex<usize>,
}

#[async_trait]
impl Watcher for Failing {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        let mut times = self.times.lock().unwrap();
        if call.name == self.call && *times > 0 {
            *times -= 1;
            return Err(Fault::new("dynamodb", FaultKind::Unavailable));
        }
        Ok(())
    }
}

#[tokio::test]
async fn whichever_call_fails_whether_for_a_moment_or_longer_everything_is_done_once() {
    for call in [
        "load_many",
        "ensure_key",
        "append",
        "write_user",
        "ensure_preferences",
    ] {
        for times in [1, 3, 4, 5] {
            let world = World::new().await;
            let worker = world.worker();
            let failing = Failing {
                call,
                times: Mutex::new(times),
            };
            let store = Watched {
                store: Arc::clone(&worker.store),
                watcher: Arc::new(failing),
            };
            let worker = Worker {
                store: Arc::new(store),
                ..worker
            };
            let messages = [message(&wire::encode(&welcome("ada")))];
            let mut deliveries = 0;
            loop {
                deliveries += 1;
                let outcomes = worker.work(&messages, soon()).await;
                if outcomes[0].is_done() {
                    break;
                }
                assert!(
                    matches!(outcomes[0], Outcome::Again(Again::Fault(_))),
                    "{call} × {times}"
                );
            }
            assert_eq!(deliveries, 1 + times / 4, "{call} × {times}");
            assert_eq!(world.mails().len(), 1, "{call} × {times}");
            assert_eq!(world.commits("ada").await.len(), 1, "{call} × {times}");
        }
    }
}

#[tokio::test]
async fn a_mail_that_has_gone_is_written_down_however_long_the_table_is_away() {
    for times in [1, 8] {
        let world = World::new().await;
        let worker = world.worker();
        let failing = Failing {
            call: "write_entry",
            times: Mutex::new(times),
        };
        let store = Watched {
            store: Arc::clone(&worker.store),
            watcher: Arc::new(failing),
        };
        let worker = Worker {
            store: Arc::new(store),
            ..worker
        };
        record(&worker, &welcome("ada")).await;
        let entry = entry(&world, "ada", EffectKind::WelcomeMail).await.unwrap();
        assert!(matches!(entry, Entry::Done { .. }), "{entry:?}");
        assert_eq!(world.mails().len(), 1);
    }
}

/// What an operator did whose command died right after the append.
async fn append_as_operator(world: &World, user: &str) {
    let store = &world.here.stack.store;
    let suspended = usher_events::UserSuspended {
        reason: SuspensionReason::Operator,
    };
    let act = operator::Act {
        id: chance::event_id(),
        pool: crate::common::pool(),
        sub: sub(user),
        event: suspended.into(),
    };
    let known = store.load(&sub(user)).await.unwrap().user;
    let known = known.map(|item| item.user).unwrap_or_default();
    let commit = act.commit(&world.policy, &known, at(10)).unwrap();
    let sealed = seal::seal(&commit, None, chance::bytes()).unwrap();
    assert_eq!(store.append(&sealed).await.unwrap(), Appended::Now);
}

#[tokio::test]
async fn an_operators_commit_is_folded_and_published_by_the_sweep_if_the_command_dies() {
    let world = World::new().await;
    let worker = world.worker();
    record(&worker, &welcome("ada")).await;
    let store = &world.here.stack.store;
    // The other one has never been seen.
    for user in ["ada", "bob"] {
        append_as_operator(&world, user).await;
    }
    assert_eq!(world.later(&worker, MINUTES).await.len(), 2);
    for user in ["ada", "bob"] {
        let item = store.glance(&sub(user)).await.unwrap().unwrap();
        assert!(item.user.is_suspended(), "{user}");
    }
    let told = world.told();
    let suspensions = told
        .iter()
        .filter(|line| line["detail-type"] == "usher.user_suspended");
    assert_eq!(suspensions.count(), 2);
    assert_eq!(
        crate::common::due(store, at(1_000_000)).await,
        Vec::<Due>::new()
    );
}

#[tokio::test]
async fn without_a_bus_an_operators_commit_is_folded_and_due_no_longer() {
    let mut rules = policy(POLICY);
    rules.bus.publish = false;
    let world = World::under(rules).await;
    let worker = world.worker();
    append_as_operator(&world, "ada").await;
    world.later(&worker, MINUTES).await;
    let store = &world.here.stack.store;
    let item = store.glance(&sub("ada")).await.unwrap().unwrap();
    assert!(item.user.is_suspended());
    assert_eq!(
        crate::common::due(store, at(1_000_000)).await,
        Vec::<Due>::new()
    );
    let entry = entry(&world, "ada", EffectKind::Publication).await;
    assert!(matches!(entry, Some(Entry::Failed { .. })), "{entry:?}");
}

#[tokio::test]
async fn a_sign_up_without_a_user_is_recorded_and_told_and_folds_into_nothing() {
    let world = World::new().await;
    let worker = world.worker();
    let subject = usher_events::Subject::try_from("S#abc".to_owned()).unwrap();
    let route = usher_events::SignUpRoute::SelfService;
    let event = LifecycleEvent::from(usher_events::SignUpRequested {
        route,
        invite: None,
    });
    let (id, time) =
        usher_events::identity::sign_up_request(&crate::common::pool(), &subject, route, at(9));
    let event = Envelope {
        id,
        subject: subject.clone(),
        time,
        ..welcome("ada").map(|_| event)
    };
    for appended in [true, false] {
        assert_eq!(record(&worker, &event).await.appended, appended);
    }
    let items = world.items().await;
    assert_eq!(items.len(), 1, "the commit and nothing else");
    let stream = world.here.stack.store.stream(&subject).await.unwrap();
    assert_eq!(stream.len(), 1);
}

#[tokio::test]
async fn a_message_sent_to_the_queue_is_worked_on_and_deleted() {
    let world = World::new().await;
    let queue = &world.here.stack.queue;
    let body = wire::encode(&welcome("ada"));
    queue.send(&Outgoing { body, group: None }).await.unwrap();
    assert_eq!(world.drain(&world.worker()).await.len(), 1);
    assert_eq!(queue.list().await.unwrap(), []);
}
