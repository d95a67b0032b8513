//! Dead letters of every kind, beside a log that has one of them already.
#![allow(dead_code, reason = "each test uses some")]

use super::common::{Local, mails, run, sample};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use usher_shared::clock::{Clock, WallClock};
use usher_shared::embedded::{QueueLimits, Stack};
use usher_shared::port::{Cause, DeadLetters};

/// The user of the samples, and another of whom nothing is known.
pub const ADA: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";
pub const BOB: &str = "2d8a6b90-7b44-4c1d-9f5e-3f0c2a1ec1f7";

/// What nothing may tell unless it is asked to.
pub const PERSONAL: &str = "ada.example@example.com";

pub async fn open(directory: &Path) -> Stack {
    let (state, limits) = (directory.join(".usher"), QueueLimits::default());
    let stack = Stack::open(&state, Arc::new(WallClock), limits);
    stack.await.unwrap()
}

pub fn cause(kind: &str, operation: Option<&str>) -> Cause {
    Cause {
        kind: kind.to_owned(),
        text: "it could not be done".to_owned(),
        operation: operation.map(ToOwned::to_owned),
        message_id: "0b2c".to_owned(),
        first_received: None,
        set_aside: WallClock.now(),
        receive_count: 40,
    }
}

/// A sign-in, with these changes.
pub fn signed_in(number: u32, changes: &[(&str, Value)]) -> String {
    let fixture = include_str!("../../../events/fixtures/signed_in.v1.json");
    let mut event: Value = serde_json::from_str(fixture).unwrap();
    event["id"] = json!(format!("a1cb74e9-736a-5c91-a410-{number:012x}"));
    event["subject"] = json!(BOB);
    for (place, value) in changes {
        *event.pointer_mut(place).unwrap() = value.clone();
    }
    event.to_string()
}

pub fn old_refusal() -> String {
    let fixture = include_str!("../../../events/fixtures/sign_in_refused.v1.json");
    let event: Value = serde_json::from_str(fixture).unwrap();
    event.to_string()
}

/// A log with one user, and six dead letters: one done, two that can be sent, one of them old, one for a
/// newer usher, one that an edit mends, and one that is nothing.
pub fn stage(directory: &Path) {
    let local = Local::start(directory, &[]);
    local.invoke("trigger", &[], &sample("03-confirmation.json"));
    mails(&directory.join(".usher/mail"), 1);
    assert_eq!(local.interrupt(), Some(0));
    let export = ["export", "--type", "sign_up_confirmed", "--include-person"];
    let recorded = String::from_utf8(run(directory, &export).stdout).unwrap();
    let table = Some("dynamodb.put_item");
    let newer = old_refusal().replace("refused:1", "refused:99");
    let broken = signed_in(2, &[("/data/new_device", json!("perhaps"))]);
    let letters = [
        (recorded.trim().to_owned(), cause("timed_out", table)),
        (signed_in(1, &[]), cause("timed_out", table)),
        (old_refusal(), cause("unavailable", table)),
        (newer, cause("unknown_version", None)),
        (broken, cause("bad_data", None)),
        (
            format!("not JSON, {PERSONAL}"),
            cause("not_an_envelope", None),
        ),
    ];
    fill(directory, &letters);
}

#[tokio::main(flavor = "current_thread")]
pub async fn fill(directory: &Path, letters: &[(String, Cause)]) {
    let stack = open(directory).await;
    for (body, cause) in letters {
        stack.dead_letters.set_aside(body, cause).await.unwrap();
    }
    stack.close().await;
}

/// What the dead-letter queue holds, and how much the work queue does.
#[tokio::main(flavor = "current_thread")]
pub async fn queues(directory: &Path) -> (BTreeSet<String>, usize) {
    let stack = open(directory).await;
    let dead = stack.dead_letters.list().await.unwrap();
    let work = stack.queue.list().await.unwrap();
    stack.close().await;
    let dead = dead.into_iter().map(|letter| letter.message.body);
    (dead.collect(), work.len())
}

/// Lets a worker do what is on the queue, until nothing is.
pub fn work(directory: &Path) {
    let local = Local::start(directory, &[]);
    let end = Instant::now() + Duration::from_secs(60);
    while queues(directory).1 > 0 {
        assert!(Instant::now() < end, "the worker does it within a minute");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(local.interrupt(), Some(0));
}
