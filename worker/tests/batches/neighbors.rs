//! One message's trouble is no other's, and the deadline holds for all.

use crate::common::fakes::{Line, Post};
use crate::common::watched::{Call, Watched, Watcher};
use crate::common::{World, at, message, person, record, signed_in, soon, work};
use crate::{HOME, welcome};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::wire;
use usher_shared::port::Fault;
use usher_worker::Worker;
use usher_worker::story::{Again, Outcome};

#[derive(Default)]
struct Saboteur {
    /// Panics at any call about this user.
    panics: Option<&'static str>,
    /// Never comes back from any call about this user.
    hangs: Option<&'static str>,
}

#[async_trait]
impl Watcher for Saboteur {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        let about = |user: Option<&str>| {
            let pk = call.writes.as_ref().map(|(pk, _)| pk.as_str());
            user.is_some_and(|user| pk == Some(&format!("U#{user}")))
        };
        assert!(!about(self.panics), "planted");
        if about(self.hangs) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

fn sabotaged(world: &World, saboteur: Saboteur) -> Worker {
    let worker = world.worker();
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: Arc::new(saboteur),
    };
    Worker {
        store: Arc::new(store),
        ..worker
    }
}

#[tokio::test]
async fn a_message_that_makes_us_panic_fails_alone() {
    let world = World::new().await;
    let saboteur = Saboteur {
        panics: Some("bob"),
        ..Saboteur::default()
    };
    let worker = sabotaged(&world, saboteur);
    let bodies = ["ada", "bob", "eve"].map(|user| wire::encode(&welcome(user)));
    let outcomes = work(&worker, &bodies).await;
    assert!(outcomes[0].is_done() && outcomes[2].is_done());
    assert_eq!(outcomes[1], Outcome::Again(Again::Panicked));
    assert_eq!(world.mails().len(), 2);
    let outcomes = work(&world.worker(), &bodies[1..2]).await;
    assert!(outcomes[0].is_done());
    assert_eq!(world.mails().len(), 3);
}

#[tokio::test]
async fn a_bus_that_makes_us_panic_loses_nothing() {
    let world = World::new().await;
    let bus = Line {
        breaking: true,
        ..Line::default()
    };
    let worker = Worker {
        bus: Arc::new(bus),
        ..world.worker()
    };
    let bodies = ["poison".to_owned(), wire::encode(&welcome("ada"))];
    let outcomes = work(&worker, &bodies).await;
    assert_eq!(outcomes[0], Outcome::SetAside("not_an_envelope"));
    assert_eq!(outcomes[1], Outcome::Again(Again::Panicked));
    assert!(record(&world.worker(), &welcome("ada")).await.effects.len() == 1);
    assert_eq!((world.mails().len(), world.told().len()), (1, 4));
}

#[tokio::test]
async fn what_is_unfinished_at_the_deadline_comes_again_and_the_rest_is_done() {
    let world = World::new().await;
    let saboteur = Saboteur {
        hangs: Some("bob"),
        ..Saboteur::default()
    };
    let worker = sabotaged(&world, saboteur);
    let [ada, bob, eve] = ["ada", "bob", "eve"].map(|user| signed_in(user, person(HOME), at(5)));
    let messages = [&ada, &bob, &eve, &bob].map(|event| message(&wire::encode(event)));
    let deadline = Instant::now() + Duration::from_secs(8);
    let outcomes = worker.work(&messages, deadline).await;
    assert!(
        Instant::now() < deadline + Duration::from_secs(2),
        "nobody waits past it"
    );
    assert!(outcomes[0].is_done() && outcomes[2].is_done());
    assert_eq!(outcomes[1], Outcome::Again(Again::OutOfTime));
    assert_eq!(outcomes[3], Outcome::Again(Again::OutOfTime));
    let ids = [ada.id, eve.id].map(|id| id.to_string());
    let told: Vec<Value> = world
        .told()
        .into_iter()
        .map(|line| line["detail"]["id"].clone())
        .collect();
    assert!(
        ids.iter().all(|id| told.contains(&json!(id))),
        "the bus was told in time"
    );
}

#[tokio::test]
async fn a_mail_begins_only_where_its_end_can_be_heard_and_written_down() {
    let world = World::new().await;
    let post = Arc::new(Post::default());
    let worker = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    let messages = [message(&wire::encode(&welcome("ada")))];
    let too_soon = Instant::now() + Duration::from_secs(17);
    let outcomes = worker.work(&messages, too_soon).await;
    assert_eq!(outcomes, [Outcome::Again(Again::OutOfTime)]);
    assert_eq!(post.accepted(), 0);
    assert!(worker.work(&messages, soon()).await[0].is_done());
    assert_eq!(post.accepted(), 1);
}
