//! `usher worker sweep`: what is due is shown, sent once, and stays due where it may not go.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::run;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use usher_shared::breaker::Record;
use usher_shared::chance;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::commit::{EffectKind, Entry, Ledger};
use usher_shared::dependency::Dependency;
use usher_shared::embedded::{QueueLimits, Stack};
use usher_shared::operator::Act;
use usher_shared::policy::Policy;
use usher_shared::port::{Breakers, Store};
use usher_shared::seal;
use usher_shared::user::User;

/// How long ago all that is due was due.
const AGE: Duration = Duration::from_secs(3600);

fn sweep(directory: &Path, arguments: &[&str]) -> Output {
    run(directory, &[&["worker", "sweep"], arguments].concat())
}

fn lines(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

/// Of each lane, what one key says.
fn of_lanes(output: &Output, key: &str) -> Vec<Value> {
    let lines = lines(output);
    let names: Vec<&Value> = lines.iter().map(|line| &line["lane"]).collect();
    assert_eq!(names, ["mail", "bus", "queue"]);
    lines.iter().map(|line| line[key].clone()).collect()
}

/// Two mails, an entry for the bus and an event that are due, and a breaker of mail that is open.
async fn fill(directory: &Path) {
    let limits = QueueLimits::default();
    let state = directory.join(".usher");
    let stack = Stack::open(&state, Arc::new(WallClock), limits);
    let stack = stack.await.unwrap();
    let now = WallClock.now().unix_millis() - i64::try_from(AGE.as_millis()).unwrap();
    let due = usher_events::Time::from_unix_millis(now).unwrap();
    for kind in [
        EffectKind::WelcomeMail,
        EffectKind::WelcomeMail,
        EffectKind::Publication,
    ] {
        let act = Act {
            id: chance::event_id(),
            pool: usher_events::PoolId::new("eu-west-1_Sample01").unwrap(),
            sub: usher_events::Sub::new("8f14e45f").unwrap(),
            event: usher_events::UserSuspended {
                reason: usher_events::SuspensionReason::Operator,
            }
            .into(),
        };
        let commit = act.commit(&Policy::default(), &User::default(), due);
        let mut commit = commit.unwrap();
        commit.ledger = Ledger::default();
        commit.ledger.set(kind, Entry::later(due));
        let sealed = seal::seal(&commit, None, chance::bytes()).unwrap();
        stack.store.append(&sealed).await.unwrap();
    }
    stack
        .store
        .spill(chance::event_id(), "{}", due)
        .await
        .unwrap();
    let now = Duration::from_millis(WallClock.now().unix_millis().try_into().unwrap());
    let held = Record::hold(None, now, now + 2 * AGE, "test");
    stack
        .store
        .write_breaker(Dependency::Mail, &held)
        .await
        .unwrap();
    stack.close().await;
}

#[test]
fn what_is_due_is_shown_by_lane_sent_once_and_held_by_an_open_breaker() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    tokio::runtime::Runtime::new().unwrap().block_on(fill(here));
    let shown = sweep(here, &["--dry-run", "--json"]);
    assert_eq!(of_lanes(&shown, "due"), [json!(2), json!(1), json!(1)]);
    for age in of_lanes(&shown, "age_s") {
        let age = age.as_u64().unwrap();
        assert!((3600..3900).contains(&age), "{age}");
    }
    let held = json!({ "state": "held" });
    let flowing = json!({ "state": "flowing", "most": 600 });
    let paces = [held, flowing.clone(), flowing];
    assert_eq!(of_lanes(&shown, "pace"), paces);
    let text = sweep(here, &["--dry-run"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("breaker open") && text.contains("600 a minute"),
        "{text}"
    );

    let swept = sweep(here, &["--json"]);
    assert_eq!(of_lanes(&swept, "sent"), [json!(0), json!(1), json!(1)]);
    assert_eq!(of_lanes(&swept, "pace"), paces);
    let again = sweep(here, &["--json"]);
    assert_eq!(of_lanes(&again, "sent"), [json!(0), json!(0), json!(0)]);
    let left = sweep(here, &["--dry-run", "--json"]);
    assert_eq!(of_lanes(&left, "due"), [json!(2), json!(0), json!(0)]);
}

#[test]
fn a_sweep_of_a_deployment_that_is_not_named_says_what_is_missing() {
    let directory = TempDir::new().unwrap();
    let mut command = common::usher(directory.path());
    for key in ["USHER_TABLE", "USHER_QUEUE_URL", "AWS_REGION"] {
        command.env_remove(key);
    }
    let output = command
        .args(["worker", "sweep", "--aws"])
        .env("REGION", "eu-west-1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("USHER_TABLE"), "{said}");
}
