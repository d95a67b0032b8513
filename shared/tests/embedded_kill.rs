//! A process that is killed loses nothing that was acknowledged.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that meets the unexpected has failed its test"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use usher_events::{EventId, Time};
use usher_shared::clock::WallClock;
use usher_shared::embedded::{QueueLimits, Stack};
use usher_shared::port::{Outgoing, Queue, Store};
use uuid::Uuid;

/// Tells this test's own binary to be the process that is killed, and in which directory.
const VICTIM: &str = "USHER_TEST_KILLED_IN";
/// Enough that the kill comes while writes are under way.
const ACKNOWLEDGED: u128 = 40;

async fn open(directory: &Path) -> Stack {
    Stack::open(directory, Arc::new(WallClock), QueueLimits::default())
        .await
        .unwrap()
}

fn id(number: u128) -> EventId {
    EventId::from_uuid(Uuid::from_u128(number))
}

/// Writes to table, queue and bus, and says so after each, until it is killed.
async fn write_until_killed(directory: &Path) {
    let stack = open(directory).await;
    let due = Time::from_unix_seconds(0).unwrap();
    for number in 0.. {
        stack.store.spill(id(number), "{}", due).await.unwrap();
        let message = Outgoing {
            body: number.to_string(),
            group: None,
        };
        stack.queue.send(&message).await.unwrap();
        println!("acknowledged {number}");
    }
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "a child process is told what it is"
)]
async fn what_was_acknowledged_survives_a_kill() {
    if let Ok(directory) = std::env::var(VICTIM) {
        return write_until_killed(Path::new(&directory)).await;
    }
    let directory = TempDir::new().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "what_was_acknowledged_survives_a_kill",
            "--nocapture",
        ])
        .env(VICTIM, directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    for line in lines.map_while(Result::ok) {
        let number = line
            .rsplit_once("acknowledged ")
            .map(|(_, number)| number.parse::<u128>());
        if let Some(Ok(number)) = number {
            acknowledged = number + 1;
            if acknowledged == ACKNOWLEDGED {
                victim.kill().unwrap();
            }
        }
    }
    victim.wait().unwrap();
    assert!(
        acknowledged >= ACKNOWLEDGED,
        "the victim ended by itself after {acknowledged}"
    );

    let stack = open(directory.path()).await;
    assert!(stack.database.is_ours(), "the kill has freed the lock");
    let messages = stack.queue.list().await.unwrap();
    for number in 0..acknowledged {
        let spilled = stack.store.spilled(id(number)).await.unwrap();
        assert_eq!(spilled.as_deref(), Some("{}"), "{number} was acknowledged");
        let body = number.to_string();
        assert!(
            messages.iter().any(|message| message.body == body),
            "{number} was acknowledged"
        );
    }
}
