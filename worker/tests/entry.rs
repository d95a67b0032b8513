//! The worker's two ways in: an invocation of its Lambda, and its own polling of the queue.

#![allow(
    clippy::unwrap_used,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use async_trait::async_trait;
use common::fakes::Blinds;
use common::watched::{Call, Watched, Watcher};
use common::{World, confirmed, person, record, soon};
use lambda_runtime::Diagnostic;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use usher_events::{Envelope, LifecycleEvent, wire};
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Fault, Inbox, Outgoing, Queue, Received, Store};
use usher_worker::lambda::Unanswerable;
use usher_worker::story::{Again, Outcome};
use usher_worker::{Worker, poll};

fn welcome(user: &str) -> Envelope<LifecycleEvent> {
    confirmed(user, person(&format!("{user}@home.example")))
}

/// A record of SQS's, as Lambda hands it on.
fn sqs(id: &str, body: &str) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": "AQEB",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1767322800000",
            "SenderId": "AIDA",
            "ApproximateFirstReceiveTimestamp": "1767322801000",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e6",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:usher",
        "awsRegion": "eu-west-1",
    })
}

async fn answer(worker: &Worker, payload: &Value) -> Result<Value, Unanswerable> {
    let payload = RawValue::from_string(payload.to_string()).unwrap();
    let response = worker.answer(&payload, soon()).await?;
    Ok(serde_json::to_value(response).unwrap())
}

/// Fails every call about one user.
struct Failing(&'static str);

#[async_trait]
impl Watcher for Failing {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        match &call.writes {
            Some((pk, _)) if *pk == format!("U#{}", self.0) => {
                Err(Fault::new("dynamodb.put_item", FaultKind::Refused))
            }
            _ => Ok(()),
        }
    }
}

fn failing(world: &World, user: &'static str) -> Worker {
    watched(world, Arc::new(Failing(user)))
}

fn watched<W: Watcher + 'static>(world: &World, watcher: Arc<W>) -> Worker {
    let worker = world.worker();
    let store = Arc::clone(&worker.store);
    Worker {
        store: Arc::new(Watched { store, watcher }),
        ..worker
    }
}

/// The table is down, all of it.
struct Down;

#[async_trait]
impl Watcher for Down {
    async fn before(&self, _: &Call) -> Result<(), Fault> {
        Err(Fault::new(
            "dynamodb.batch_get_item",
            FaultKind::Unavailable,
        ))
    }
}

#[tokio::test]
async fn a_record_s_receipt_hides_its_message_while_the_table_is_down() {
    let world = World::new().await;
    let blinds = Arc::new(Blinds::default());
    let worker = Worker {
        visibility: blinds.clone(),
        ..watched(&world, Arc::new(Down))
    };
    let body = wire::encode(&welcome("ada"));
    let mut bare = sqs("m-bare", &body);
    bare["receiptHandle"] = json!("");
    let payload = json!({ "Records": [sqs("m-ada", &body), bare] });
    let answer = answer(&worker, &payload).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 2);
    let calls = blinds.calls.lock().unwrap();
    let receipts = calls.iter().flatten().map(|hidden| hidden.receipt.as_str());
    assert_eq!(receipts.collect::<Vec<_>>(), ["AQEB"]);
}

#[tokio::test]
async fn only_messages_that_have_to_come_again_are_reported_as_failed() {
    let world = World::new().await;
    let worker = failing(&world, "bob");
    let [ada, bob] = ["ada", "bob"].map(|user| wire::encode(&welcome(user)));
    let newer = ada.replace("usher.sign_up_confirmed", "usher.renamed");
    let newer = newer.replace(
        "urn:usher:event:sign_up_confirmed",
        "urn:usher:event:renamed",
    );
    let payload = json!({ "Records": [
        sqs("m-ada", &ada),
        sqs("m-bob", &bob),
        sqs("m-poison", "no event"),
        sqs("m-newer", &newer),
    ] });
    let failed = json!({ "batchItemFailures": [
        { "itemIdentifier": "m-bob" },
        { "itemIdentifier": "m-newer" },
    ] });
    assert_eq!(answer(&worker, &payload).await.unwrap(), failed);
    assert_eq!(world.mails().len(), 1);

    let payload = json!({ "Records": [sqs("m-ada", &ada)] });
    let all_done = json!({ "batchItemFailures": [] });
    assert_eq!(answer(&worker, &payload).await.unwrap(), all_done);
    let nothing = json!({ "Records": [] });
    assert_eq!(answer(&worker, &nothing).await.unwrap(), all_done);
}

#[tokio::test]
async fn what_sqs_says_of_a_message_goes_with_it_to_the_dead_letters() {
    let world = World::new().await;
    let mut poison = sqs("m-1", "no event");
    poison["attributes"]["ApproximateReceiveCount"] = json!("7");
    let payload = json!({ "Records": [poison] });
    answer(&world.worker(), &payload).await.unwrap();
    let dead = world.here.stack.dead_letters.list().await.unwrap();
    let cause = dead[0].cause.clone().unwrap();
    assert_eq!((cause.message_id.as_str(), cause.receive_count), ("m-1", 7));
    let first = cause.first_received.unwrap();
    assert_eq!(first.to_string(), "2026-01-02T03:00:01.000Z");
}

#[tokio::test]
async fn the_schedule_sweeps() {
    let world = World::new().await;
    let worker = world.worker();
    let event = welcome("ada");
    let store = &world.here.stack.store;
    let body = wire::encode(&event);
    store.spill(event.id, &body, event.time).await.unwrap();
    let swept = answer(&worker, &json!({ "usher": "sweep" })).await.unwrap();
    assert_eq!(swept, json!({ "batchItemFailures": [] }));
    assert_eq!(world.here.stack.queue.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn whatever_else_invokes_the_worker_reads_one_fixed_sentence() {
    let sentence = "the worker takes a batch of SQS messages, or {\"usher\":\"sweep\"}";
    let world = World::new().await;
    let worker = world.worker();
    for payload in [
        json!(null),
        json!("ada@example.com"),
        json!({}),
        json!({ "usher": "erase" }),
        json!({ "usher": "sweep", "user": "ada@example.com" }),
        json!({ "Records": "ada@example.com" }),
        // A stream's records, which are not messages: to be done with them would be to lose them.
        json!({ "Records": [{ "eventID": "1", "dynamodb": { "Keys": "ada@example.com" } }] }),
        json!({ "Records": [{ "messageId": "m-1" }] }),
        json!({ "Records": [sqs("m-1", "no event"), { "body": "ada@example.com" }] }),
        json!({ "version": "1", "triggerSource": "PostConfirmation_ConfirmSignUp" }),
    ] {
        let error = answer(&worker, &payload).await.unwrap_err();
        assert_eq!(error.text(), sentence, "{payload}");
        let told = Diagnostic::from(error);
        assert_eq!(
            (told.error_type.as_str(), told.error_message.as_str()),
            ("Unanswerable", sentence)
        );
    }
    assert_eq!(world.here.stack.dead_letters.list().await.unwrap(), []);
}

/// The embedded queue, with a record of what is asked of it.
struct Counted<'w> {
    world: &'w World,
    received: Mutex<usize>,
}

#[async_trait]
impl Inbox for Counted<'_> {
    async fn receive(&self, most: u32, _wait: Duration) -> Result<Vec<Received>, Fault> {
        *self.received.lock().unwrap() += 1;
        // A queue that long has nothing for its reader: only the end ends the wait.
        let received = self
            .world
            .here
            .stack
            .queue
            .receive(most, Duration::ZERO)
            .await?;
        if received.is_empty() {
            std::future::pending::<()>().await;
        }
        Ok(received)
    }

    async fn delete_many(&self, receipts: &[&str]) -> Vec<Result<(), Fault>> {
        self.world.here.stack.queue.delete_many(receipts).await
    }

    async fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault> {
        self.world.here.stack.queue.hide(receipt, duration).await
    }
}

async fn send(world: &World, body: String) {
    let message = Outgoing { body, group: None };
    world.here.stack.queue.send(&message).await.unwrap();
}

#[tokio::test]
async fn only_what_is_finished_is_deleted_from_the_queue() {
    let world = World::new().await;
    let worker = failing(&world, "bob");
    for user in ["ada", "bob", "eve"] {
        send(&world, wire::encode(&welcome(user))).await;
    }
    send(&world, "poison".to_owned()).await;
    let queue = &world.here.stack.queue;
    let received = queue.receive(10, Duration::ZERO).await.unwrap();
    let outcomes = poll::take(&worker, queue, &received).await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_done()).count(),
        3
    );
    let again = outcomes.iter().find(|outcome| !outcome.is_done());
    assert!(
        matches!(again, Some(Outcome::Again(Again::Fault(_)))),
        "{again:?}"
    );
    let left = queue.list().await.unwrap();
    let left: Vec<&str> = left.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(left, [wire::encode(&welcome("bob"))]);

    world.here.clock.advance(Duration::from_secs(60));
    let worker = world.worker();
    world.drain(&worker).await;
    assert_eq!(queue.list().await.unwrap(), []);
    assert_eq!(world.mails().len(), 3);
}

/// Says when the first event is being recorded, and lets it go on when told to.
#[derive(Default)]
struct Gate {
    reached: Notify,
    open: Notify,
}

#[async_trait]
impl Watcher for Gate {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        if call.name == "append" {
            self.reached.notify_one();
            self.open.notified().await;
        }
        Ok(())
    }
}

#[tokio::test]
async fn an_end_in_the_middle_of_a_batch_finishes_and_deletes_it_and_receives_nothing_new() {
    let world: &'static World = Box::leak(Box::new(World::new().await));
    send(world, wire::encode(&welcome("ada"))).await;
    let gate = Arc::new(Gate::default());
    let worker = watched(world, gate.clone());
    let inbox = Arc::new(Counted {
        world,
        received: Mutex::default(),
    });
    let (end, ended) = oneshot::channel::<()>();
    let stop = async {
        // Dropped or told, it is the end.
        let _ = ended.await;
    };
    let running = tokio::spawn(poll::run(Arc::new(worker), inbox.clone(), stop));
    gate.reached.notified().await;
    send(world, wire::encode(&welcome("bob"))).await;
    end.send(()).unwrap();
    gate.open.notify_one();
    running.await.unwrap();

    assert_eq!(world.mails().len(), 1);
    let left = world.here.stack.queue.list().await.unwrap();
    assert_eq!((left.len(), left[0].receive_count), (1, 0));
    assert_eq!(*inbox.received.lock().unwrap(), 1);
}

#[tokio::test]
async fn an_end_while_waiting_ends_the_wait() {
    let world: &'static World = Box::leak(Box::new(World::new().await));
    let inbox = Arc::new(Counted {
        world,
        received: Mutex::default(),
    });
    let run = poll::run(Arc::new(world.worker()), inbox, async {
        tokio::task::yield_now().await;
    });
    tokio::time::timeout(Duration::from_secs(30), run)
        .await
        .unwrap();
}

#[tokio::test]
async fn who_polls_also_sweeps() {
    let world: &'static World = Box::leak(Box::new(World::new().await));
    let event = welcome("ada");
    let store = &world.here.stack.store;
    store
        .spill(event.id, &wire::encode(&event), event.time)
        .await
        .unwrap();
    let gate = Arc::new(Gate::default());
    let worker = watched(world, gate.clone());
    let inbox = Arc::new(Counted {
        world,
        received: Mutex::default(),
    });
    let (end, ended) = oneshot::channel::<()>();
    tokio::spawn(async move {
        gate.reached.notified().await;
        gate.open.notify_one();
        end.send(()).unwrap();
    });
    let stop = async {
        // Dropped or told, it is the end.
        let _ = ended.await;
    };
    poll::run(Arc::new(worker), inbox, stop).await;
    assert!(
        !record(&world.worker(), &event).await.appended,
        "it came by the queue"
    );
}
