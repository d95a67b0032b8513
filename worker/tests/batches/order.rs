//! Messages of one subject in turn, and one event in two places at once.

use crate::common::fakes::Post;
use crate::common::watched::{Call, Watched, Watcher};
use crate::common::{World, at, person, signed_in, story, work};
use crate::{HOME, welcome};
use async_trait::async_trait;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use usher_events::wire;
use usher_shared::port::{Fault, Mail, MailError, Mailer};
use usher_worker::Worker;
use usher_worker::message::Resume;
use usher_worker::story::{Again, Outcome};

#[derive(Default)]
struct Appends(Mutex<Vec<String>>);

#[async_trait]
impl Watcher for Appends {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        if call.name == "append" {
            let (_, sk) = call.writes.clone().unwrap();
            self.0.lock().unwrap().push(sk);
        }
        Ok(())
    }
}

#[tokio::test]
async fn messages_of_one_subject_are_worked_on_in_the_order_in_which_they_came() {
    let world = World::new().await;
    let worker = world.worker();
    let appends = Arc::new(Appends::default());
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: appends.clone(),
    };
    let worker = Worker {
        store: Arc::new(store),
        ..worker
    };
    let mut events = Vec::new();
    for turn in [7, 3, 9, 1, 5] {
        for user in ["ada", "bob", "eve"] {
            events.push(signed_in(user, person(HOME), at(turn * 60)));
        }
    }
    let bodies: Vec<String> = events.iter().map(wire::encode).collect();
    assert!(work(&worker, &bodies).await.iter().all(Outcome::is_done));
    let appended = appends.0.lock().unwrap().clone();
    for user in ["ada", "bob", "eve"] {
        let of_user = events.iter().filter(|event| event.subject.as_str() == user);
        let expected: Vec<String> = of_user.map(|event| format!("E#{}", event.id)).collect();
        let came: Vec<String> = appended
            .iter()
            .filter(|sk| expected.contains(sk))
            .cloned()
            .collect();
        assert_eq!(came, expected, "{user}");
    }
}

#[tokio::test]
async fn one_event_twice_in_a_batch_is_recorded_once() {
    let world = World::new().await;
    let bodies = [wire::encode(&welcome("ada")), wire::encode(&welcome("ada"))];
    let outcomes = work(&world.worker(), &bodies).await;
    let appended = outcomes.into_iter().map(|outcome| story(outcome).appended);
    assert_eq!(appended.collect::<Vec<_>>(), [true, false]);
    assert_eq!(
        (world.commits("ada").await.len(), world.mails().len()),
        (1, 1)
    );
}

/// A mail service that says when it was called, and answers when it is told to.
#[derive(Default)]
struct Slow {
    called: Notify,
    go_on: Notify,
    post: Post,
}

#[async_trait]
impl Mailer for Slow {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        self.called.notify_one();
        self.go_on.notified().await;
        self.post.send(mail).await
    }
}

#[tokio::test]
async fn one_event_in_two_batches_at_once_brings_one_mail_even_in_one_worker() {
    let world = World::new().await;
    let slow = Arc::new(Slow::default());
    let one = Worker {
        mailer: slow.clone(),
        ..world.worker()
    };
    let body = [wire::encode(&welcome("ada"))];
    let resume = Resume {
        subject: welcome("ada").subject,
        id: welcome("ada").id,
    };
    let meanwhile = async {
        slow.called.notified().await;
        for worker in [&one, &world.worker()] {
            let outcomes = work(worker, &body).await;
            assert_eq!(outcomes, [Outcome::Again(Again::LeaseNotOurs)]);
            let outcomes = work(worker, &[resume.encode()]).await;
            assert_eq!(outcomes, [Outcome::NothingToResume]);
        }
        slow.go_on.notify_one();
    };
    let (first, ()) = tokio::join!(work(&one, &body), meanwhile);
    assert!(first[0].is_done());
    assert!(work(&one, &body).await[0].is_done());
    assert_eq!((slow.post.accepted(), world.mails().len()), (1, 0));
}
