//! What was given up and is owed again.

use crate::common::fakes::Post;
use crate::common::watched::{Call, Watched, Watcher};
use crate::common::{World, at, first_seen, greeting, message, person, policy, record, soon, sub};
use crate::{HOME, HOUR, MINUTES, entry, welcome};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use usher_events::{EventId, Subject, wire};
use usher_shared::clock::Clock;
use usher_shared::commit::{EffectKind, Entry};
use usher_shared::port::{Fault, MailError, Store, Written};
use usher_shared::re_owe::Meant;
use usher_worker::Worker;
use usher_worker::message::Resume;
use usher_worker::story::Outcome;

const MAIL: EffectKind = EffectKind::WelcomeMail;

fn ada() -> Subject {
    Subject::User(sub("ada"))
}

/// Lets all that Ada's commits have given up be owed again, and says what became of each write.
async fn re_owe(world: &World) -> Vec<Written> {
    let (store, ada) = (&world.here.stack.store, ada());
    let now = world.here.clock.now();
    let mut written = Vec::new();
    for commit in store.stream(&ada).await.unwrap() {
        if let Some(plan) = Meant::default().plan(&commit, now) {
            let (id, was) = (commit.envelope.id, &commit.ledger);
            let write = store.replace_ledger(&ada, id, was, &plan.ledger, now);
            written.push(write.await.unwrap());
        }
    }
    written
}

async fn entry_of(world: &World, id: EventId) -> Entry {
    let commits = world.commits("ada").await;
    let commit = commits.iter().find(|commit| commit.envelope.id == id);
    commit.unwrap().ledger.get(MAIL).unwrap().clone()
}

#[tokio::test]
async fn a_mail_that_was_given_up_and_is_owed_again_goes_once() {
    let world = World::new().await;
    let post = Arc::new(Post::failing([MailError::Rejected]));
    let worker = || Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    let event = welcome("ada");
    record(&worker(), &event).await;
    assert_eq!(
        re_owe(&world).await,
        [Written::Overtaken],
        "the worker that gave it up may still be writing so"
    );
    world.here.clock.advance(HOUR);
    assert_eq!(re_owe(&world).await, [Written::Now]);
    assert_eq!(re_owe(&world).await, []);
    assert_eq!(world.later(&worker(), MINUTES).await.len(), 1);
    let done = entry(&world, "ada", MAIL).await.unwrap();
    assert!(matches!(done, Entry::Done { .. }), "{done:?}");
    // The first message comes again, and so does the resume.
    let resume = Resume {
        subject: ada(),
        id: event.id,
    };
    for body in [wire::encode(&event), resume.encode()] {
        let outcomes = worker().work(&[message(&body)], soon()).await;
        assert!(outcomes[0].is_done(), "{outcomes:?}");
    }
    assert_eq!(re_owe(&world).await, []);
    assert_eq!(world.later(&worker(), HOUR).await, []);
    assert_eq!(post.accepted(), 1);
}

#[tokio::test]
async fn a_mail_whose_claim_another_commit_has_is_not_sent_by_being_owed_again() {
    let world = World::under(policy(&greeting())).await;
    let post = Arc::new(Post::default());
    let worker = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    let (confirmed, seen) = (welcome("ada"), first_seen("ada", person(HOME), at(2)));
    record(&worker, &seen).await;
    record(&worker, &confirmed).await;
    assert_eq!(post.accepted(), 1);
    let given_up = Entry::given_up(at(3), "rejected");
    let (store, subject) = (&world.here.stack.store, ada());
    let write = store.write_entry(&subject, seen.id, MAIL, &given_up, None, None);
    write.await.unwrap();
    world.here.clock.advance(HOUR);
    assert_eq!(re_owe(&world).await, [Written::Now]);
    world.later(&worker, MINUTES).await;
    let anothers = Entry::Anothers {
        commit: confirmed.id,
    };
    assert_eq!(entry_of(&world, seen.id).await, anothers);
    assert_eq!(post.accepted(), 1);
}

/// An operator who is there right after a worker has read that there is nothing to do.
struct Operator {
    world: Arc<World>,
    done: AtomicBool,
}

#[async_trait]
impl Watcher for Operator {
    async fn before(&self, _call: &Call) -> Result<(), Fault> {
        Ok(())
    }

    async fn after(&self, call: &Call) {
        if call.name == "commit" && !self.done.swap(true, Ordering::SeqCst) {
            assert_eq!(re_owe(&self.world).await, [Written::Now]);
        }
    }
}

#[tokio::test]
async fn what_is_owed_again_stays_so_where_a_worker_has_read_that_it_was_given_up() {
    let world = Arc::new(World::new().await);
    let post = Arc::new(Post::failing([MailError::Rejected]));
    let worker = || Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    let event = welcome("ada");
    record(&worker(), &event).await;
    world.here.clock.advance(HOUR);
    let watched = Watched {
        store: worker().store,
        watcher: Arc::new(Operator {
            world: world.clone(),
            done: AtomicBool::new(false),
        }),
    };
    let late = Worker {
        store: Arc::new(watched),
        ..worker()
    };
    let resume = Resume {
        subject: ada(),
        id: event.id,
    };
    let outcomes = late.work(&[message(&resume.encode())], soon()).await;
    assert_eq!(outcomes, [Outcome::NothingToResume]);
    let owed = Entry::re_owed(world.here.clock.now());
    assert_eq!(entry(&world, "ada", MAIL).await, Some(owed));
    assert_eq!(world.later(&worker(), MINUTES).await.len(), 1);
    assert_eq!(post.accepted(), 1);
}
