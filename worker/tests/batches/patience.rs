//! What meets a service that is down waits longer from delivery to delivery; nothing else does.

use crate::common::fakes::Blinds;
use crate::common::watched::{Call, Watched, Watcher};
use crate::common::{World, delivered, soon};
use crate::welcome;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use usher_events::wire;
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Fault, Inbox, Outgoing, Queue};
use usher_worker::batch::Message;
use usher_worker::patience::wait;
use usher_worker::story::{Again, Outcome};
use usher_worker::{Worker, poll};

/// Fails every call of one name in one way, or panics.
struct Failing(&'static str, Option<FaultKind>);

#[async_trait]
impl Watcher for Failing {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        let Self(name, kind) = self;
        if call.name != *name {
            return Ok(());
        }
        assert!(kind.is_some(), "planted");
        kind.map_or(Ok(()), |kind| Err(Fault::new("planted", kind)))
    }
}

fn failing(
    world: &World,
    call: &'static str,
    kind: Option<FaultKind>,
    blinds: &Arc<Blinds>,
) -> Worker {
    let worker = world.worker();
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: Arc::new(Failing(call, kind)),
    };
    Worker {
        store: Arc::new(store),
        visibility: blinds.clone(),
        ..worker
    }
}

fn received(body: &str, receive_count: u32) -> Message {
    Message {
        receipt: Some(format!("receipt-{receive_count}")),
        ..delivered(body, receive_count)
    }
}

#[tokio::test]
async fn while_the_table_is_down_messages_are_hidden_for_longer_and_longer() {
    for call in ["load_many", "append", "write_user"] {
        let world = World::new().await;
        let blinds = Arc::new(Blinds::default());
        let worker = failing(&world, call, Some(FaultKind::Throttled), &blinds);
        let body = wire::encode(&welcome("ada"));
        let mut messages = [1, 2, 3, 30].map(|count| received(&body, count)).to_vec();
        messages.push(received("no JSON", 7));
        let unnamed = delivered(&wire::encode(&welcome("bob")), 1);
        messages.push(unnamed);
        let outcomes = worker.work(&messages, soon()).await;
        let fault = Outcome::Again(Again::Fault(Fault::new("planted", FaultKind::Throttled)));
        assert_eq!(outcomes[..4], vec![fault; 4], "{call}");
        let calls = blinds.calls.lock().unwrap().clone();
        assert_eq!(calls.len(), 1, "{call}");
        for (count, hidden) in [1, 2, 3, 30].into_iter().zip(&calls[0]) {
            assert_eq!(hidden.receipt, format!("receipt-{count}"));
            let limit = world.policy.worker.receive_limit;
            let (least, most) = (wait(count, limit, 0.0), wait(count, limit, 1.0));
            assert!((least..=most).contains(&hidden.duration), "{hidden:?}");
        }
        assert_eq!(calls[0].len(), 4, "{call}");
    }
}

#[tokio::test]
async fn who_has_another_trouble_or_none_comes_again_in_the_queue_s_own_time() {
    for kind in [None, Some(FaultKind::Refused), Some(FaultKind::Corrupt)] {
        let world = World::new().await;
        let blinds = Arc::new(Blinds::default());
        let worker = failing(&world, "append", kind, &blinds);
        let outcomes = worker
            .work(&[received(&wire::encode(&welcome("ada")), 1)], soon())
            .await;
        assert!(!outcomes[0].is_done(), "{kind:?}");
        let worker = failing(&world, "nothing", None, &blinds);
        let outcomes = worker
            .work(&[received(&wire::encode(&welcome("ada")), 1)], soon())
            .await;
        assert!(outcomes[0].is_done());
        assert_eq!(
            *blinds.calls.lock().unwrap(),
            Vec::<Vec<_>>::new(),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_queue_that_hides_nothing_changes_nothing() {
    for breaking in [false, true] {
        let world = World::new().await;
        let blinds = Arc::new(Blinds {
            failing: true,
            breaking,
            ..Blinds::default()
        });
        let worker = failing(&world, "load_many", Some(FaultKind::TimedOut), &blinds);
        let messages = [
            received(&wire::encode(&welcome("ada")), 1),
            received("no JSON", 1),
        ];
        let outcomes = worker.work(&messages, soon()).await;
        let fault = Fault::new("planted", FaultKind::TimedOut);
        assert_eq!(outcomes[0], Outcome::Again(Again::Fault(fault)));
        assert!(outcomes[1].is_done());
    }
}

#[tokio::test]
async fn a_worker_that_polls_finds_such_a_message_again_when_it_has_waited() {
    let world = World::new().await;
    let worker = world.worker();
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: Arc::new(Failing("load_many", Some(FaultKind::Unavailable))),
    };
    let unlucky = Worker {
        store: Arc::new(store),
        ..world.worker()
    };
    let queue = &world.here.stack.queue;
    let (body, group) = (wire::encode(&welcome("ada")), None);
    queue.send(&Outgoing { body, group }).await.unwrap();
    let limit = world.policy.worker.receive_limit;
    for count in 1..=3 {
        let delivered = queue.receive(10, Duration::ZERO).await.unwrap();
        assert_eq!((delivered.len(), delivered[0].receive_count), (1, count));
        assert!(!poll::take(&unlucky, queue, &delivered).await[0].is_done());
        world
            .here
            .clock
            .advance(wait(count, limit, 0.0) - Duration::from_secs(1));
        assert_eq!(queue.receive(10, Duration::ZERO).await.unwrap().len(), 0);
        world
            .here
            .clock
            .advance(wait(count, limit, 1.0) - wait(count, limit, 0.0) + Duration::from_secs(2));
    }
    let outcomes = world.drain(&worker).await;
    assert!(outcomes[0].is_done());
    assert_eq!(queue.list().await.unwrap().len(), 0);
}

#[tokio::test]
async fn what_a_dead_table_brings_to_the_dead_letters_names_what_failed() {
    let world = World::new().await;
    let kind = Some(FaultKind::Unavailable);
    let unlucky = failing(&world, "load_many", kind, &Arc::default());
    let last = world.policy.worker.receive_limit;
    let message = delivered(&wire::encode(&welcome("ada")), last);
    unlucky.work(&[message], soon()).await;
    let dead = world.here.stack.dead_letters.list().await.unwrap();
    let cause = dead[0].cause.as_ref().unwrap();
    assert_eq!(cause.kind, "unavailable");
    assert_eq!(cause.operation.as_deref(), Some("planted"));
}
