//! `usher rebuild`: what is not what the log says is found, named and mended, while workers write, and
//! however often it is interrupted.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Local, run, sample, told, usher};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use usher_events::{
    ConfirmationRoute, Envelope, LifecycleEvent, Person, Personal, PoolId, SignUpConfirmed,
    SignUpContext, SignedIn, Sub, Subject, Time,
};
use usher_shared::chance;
use usher_shared::clock::WallClock;
use usher_shared::commit::{Commit, Ledger, Recorded};
use usher_shared::embedded::{QueueLimits, Stack};
use usher_shared::port::{Store, Written};
use usher_shared::seal::{self, UserKey};
use usher_shared::user::{User, UserItem};

/// The user of the samples.
const ADA: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";

/// The table's name on one machine.
const TABLE: &str = "usher";

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(120);

fn rebuild(directory: &Path, arguments: &[&str]) -> Output {
    run(directory, &[&["rebuild"], arguments].concat())
}

fn text(output: &Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).unwrap()
}

/// The users that a run named, and what all of it came to.
fn told_by(output: &Output, status: i32) -> (Vec<Value>, Value) {
    assert_eq!(output.status.code(), Some(status), "{}", text(output));
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let mut lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let summary = lines.pop().unwrap()["summary"].take();
    (lines, summary)
}

async fn stack(directory: &Path) -> Stack {
    let limits = QueueLimits::default();
    let state = directory.join(".usher");
    let stack = Stack::open(&state, Arc::new(WallClock), limits);
    stack.await.unwrap()
}

fn name(number: usize) -> Sub {
    Sub::new(format!("user-{number:05}")).unwrap()
}

/// Records these users with so many events each, long ago, as a worker does.
async fn fill(stack: &Stack, users: Range<usize>, events: usize) {
    for number in users {
        let (sub, key) = (name(number), UserKey::new(chance::bytes()));
        stack.store.ensure_key(&sub, &key).await.unwrap();
        let mut user = User::default();
        for event in 0..events {
            let commit = commit(&sub, event);
            let sealed = seal::seal(&commit, Some(&key), chance::bytes()).unwrap();
            stack.store.append(&sealed).await.unwrap();
            user = user.apply(&commit);
        }
        let item = UserItem {
            user,
            version: 1,
            ..UserItem::new(sub)
        };
        let written = stack.store.write_user(&item).await;
        assert_eq!(written, Ok(Written::Now));
    }
}

fn commit(sub: &Sub, number: usize) -> Commit {
    let person = Person {
        email: Some(Personal::new(format!("{sub}@acme.example"))),
        ..Person::default()
    };
    let event = match number {
        0 => LifecycleEvent::from(SignUpConfirmed {
            route: ConfirmationRoute::SignUp,
            client: None,
            context: SignUpContext::default(),
            sign_up: None,
            person,
        }),
        _ => LifecycleEvent::from(SignedIn {
            client: None,
            new_device: None,
            person,
        }),
    };
    let seconds = 1_770_000_000 + i64::try_from(number).unwrap();
    let time = Time::from_unix_seconds(seconds).unwrap();
    Commit {
        envelope: Envelope {
            id: chance::event_id(),
            source: PoolId::new("eu-west-1_Sample01").unwrap(),
            subject: Subject::User(sub.clone()),
            time,
            correlation_id: None,
            causation_id: None,
            event: Recorded::Lifecycle(event),
        },
        decided: Vec::new(),
        ledger: Ledger::default(),
        lease: None,
        recorded_at: time,
    }
}

/// Calls the database as nobody who keeps to the rules does.
fn by_hand(stack: &Stack, operation: &str, sub: &str, rest: &Value) {
    let mut body = rest.clone();
    body["TableName"] = TABLE.into();
    body["Key"] = json!({ "PK": { "S": format!("U#{sub}") }, "SK": { "S": "USER" } });
    let body = body.to_string();
    let address = stack.database.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-amz-json-1.0\r\nx-amz-target: DynamoDB_20120810.{operation}\r\n\
         x-amz-date: 20260101T000000Z\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, \
         Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn set_role(stack: &Stack, sub: &str) {
    let change = json!({
        "UpdateExpression": "SET profile.#role = :role",
        "ExpressionAttributeNames": { "#role": "role" },
        "ExpressionAttributeValues": { ":role": { "S": "emperor" } },
    });
    by_hand(stack, "UpdateItem", sub, &change);
}

#[test]
fn what_was_changed_by_hand_is_found_named_and_mended() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let runtime = Runtime::new().unwrap();
    let stack = runtime.block_on(stack(here));
    runtime.block_on(fill(&stack, 0..40, 3));
    // More than is held of one user.
    runtime.block_on(fill(&stack, 40..41, 230));
    let (named, summary) = told_by(&rebuild(here, &["--verify", "--json"]), 0);
    assert!(named.is_empty(), "{named:?}");
    assert_eq!(
        (&summary["users"], &summary["commits"], &summary["equal"]),
        (&json!(41), &json!(350), &json!(41))
    );

    set_role(&stack, "user-00007");
    by_hand(&stack, "DeleteItem", "user-00012", &json!({}));
    let broken = json!({ "UpdateExpression": "REMOVE marks" });
    by_hand(&stack, "UpdateItem", "user-00020", &broken);
    // What a run without --confirm names it only names.
    for arguments in [&["--verify", "--json"], &["--json", "--fresh"]] {
        let output = rebuild(here, arguments);
        let (mut named, summary) = told_by(&output, 3);
        named.sort_by_key(|line| line["user"].to_string());
        let users: Vec<&Value> = named.iter().map(|line| &line["user"]).collect();
        assert_eq!(users, ["user-00007", "user-00012", "user-00020"]);
        let role = json!({ "path": "profile.role", "stored": "emperor", "folded": null });
        assert_eq!(named[0]["fields"], json!([role]));
        let marks = json!({ "path": "marks", "personal": true });
        assert_eq!(named[2]["fields"], json!([marks]));
        assert_eq!(named[1]["kind"], "missing");
        assert_eq!(
            (&summary["left"], &summary["mended"]),
            (&json!(3), &json!(0))
        );
        let said = text(&output);
        assert!(!said.contains("@acme"), "{said}");
    }
    let shown = text(&rebuild(here, &["--user", "user-00007"]));
    assert!(
        shown.contains("profile.role") && shown.contains("emperor"),
        "{shown}"
    );
    let (_, one) = told_by(&rebuild(here, &["--user", "user-00008", "--json"]), 0);
    assert_eq!((&one["users"], &one["equal"]), (&json!(1), &json!(1)));
    let (_, recent) = told_by(&rebuild(here, &["--since", "1h", "--json"]), 0);
    assert_eq!(recent["users"], 0, "everything was recorded long ago");

    let (named, summary) = told_by(&rebuild(here, &["--confirm", "--json"]), 0);
    assert!(named.iter().all(|line| line["mended"] == true), "{named:?}");
    assert_eq!(
        (&summary["left"], &summary["mended"]),
        (&json!(0), &json!(3))
    );
    let (named, summary) = told_by(&rebuild(here, &["--verify", "--json"]), 0);
    assert!(named.is_empty() && summary["equal"] == 41, "{named:?}");
    let report = text(&rebuild(here, &["--verify"]));
    assert!(
        report.contains("Every item is what the log says."),
        "{report}"
    );
    runtime.block_on(stack.close());
}

#[test]
fn what_a_worker_writes_meanwhile_is_not_lost() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = Local::start(here, &[]);
    let runtime = Runtime::new().unwrap();
    let stack = runtime.block_on(stack(here));
    runtime.block_on(fill(&stack, 0..60, 2));
    let subs: Vec<String> = (0..12).map(|number| name(number).to_string()).collect();
    let stop = AtomicBool::new(false);
    let (signed_in, mended) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut count = 0;
            // The whole of it again and again: what comes within ten seconds is one sign-in.
            while !stop.load(Ordering::SeqCst) || count < 24 {
                let sub = &subs[count % subs.len()];
                let name = if count % 2 == 0 {
                    "05-sign-in.json"
                } else {
                    "07-password-reset.json"
                };
                let event = sample(name).replace(ADA, sub);
                local.invoke("trigger", &[], &event);
                count += 1;
            }
            count
        });
        let mut mended = 0;
        for sub in &subs[..4] {
            set_role(&stack, sub);
            let (_, summary) = told_by(&rebuild(here, &["--confirm", "--json"]), 0);
            assert_eq!(summary["left"], 0, "{summary}");
            mended += summary["mended"].as_u64().unwrap();
        }
        stop.store(true, Ordering::SeqCst);
        (writer.join().unwrap(), mended)
    });
    assert!(signed_in >= 24 && mended <= 4, "{signed_in}, {mended}");
    // The last that the writer said is through when the bus was told.
    told(
        &here.join(".usher/bus.ndjson"),
        &subs[(signed_in - 1) % subs.len()],
    );
    let end = Instant::now() + PATIENCE;
    loop {
        let output = rebuild(here, &["--verify", "--json"]);
        let (named, summary) = told_by(&output, 0);
        if summary["in_flight"] == 0 {
            assert!(named.is_empty(), "{named:?}");
            assert!(summary["commits"].as_u64() > Some(120), "{summary}");
            break;
        }
        assert!(Instant::now() < end, "{summary}");
    }
    runtime.block_on(stack.close());
}

#[test]
fn a_run_that_was_killed_goes_on_where_it_was() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let runtime = Runtime::new().unwrap();
    let stack = runtime.block_on(stack(here));
    runtime.block_on(fill(&stack, 0..240, 2));
    set_role(&stack, "user-00001");
    let state = here.join("state.json");
    let arguments = ["--json", "--state", state.to_str().unwrap()];
    let mut command = usher(here);
    command.args(["rebuild", "--rate", "60"]).args(arguments);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + PATIENCE;
    while !state.exists() {
        assert!(Instant::now() < end, "nothing was remembered");
        std::thread::park_timeout(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let reached: Value = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
    let before = reached["segments"][0]["counts"]["users"].as_u64().unwrap();
    assert!((1..240).contains(&before), "{reached}");
    assert!(!reached.to_string().contains("@acme"), "{reached}");

    let other = rebuild(
        here,
        &[&arguments[..], &["--confirm", "--since", "1h"]].concat(),
    );
    assert!(text(&other).contains("another scope"), "{}", text(&other));
    std::fs::write(&state, reached.to_string()).unwrap();
    let output = rebuild(here, &arguments);
    assert!(text(&output).contains("Going on"), "{}", text(&output));
    let (_, summary) = told_by(&output, 3);
    assert_eq!(
        (&summary["users"], &summary["left"]),
        (&json!(240), &json!(1))
    );
    assert!(!state.exists(), "what is done is not remembered");
    runtime.block_on(stack.close());
}

/// A command on AWS that has nothing, but for these settings.
fn on_aws(directory: &Path, settings: &[(&str, &str)]) -> Output {
    let mut command = usher(directory);
    let profile = ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    for key in [
        "USHER_TABLE",
        "AWS_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_SESSION_TOKEN",
    ]
    .iter()
    .chain(&profile)
    {
        command.env_remove(key);
    }
    command
        .env("HOME", directory)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("REGION", "eu-west-1")
        .envs(settings.iter().copied());
    command.args(["rebuild", "--verify", "--aws"]);
    command.output().unwrap()
}

#[test]
fn what_is_missing_is_named_with_its_remedy() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let runtime = Runtime::new().unwrap();
    let stack = runtime.block_on(stack(here));
    let nowhere = rebuild(here, &["--verify", "--dir", "nowhere"]);
    assert_eq!(nowhere.status.code(), Some(1));
    let said = text(&nowhere);
    assert!(said.contains("nowhere") && said.contains("--dir"), "{said}");
    let server = ("AWS_ENDPOINT_URL", stack.database.endpoint());
    let table = ("USHER_TABLE", "nobodys");
    let keys = [("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s")];
    for (settings, expected) in [
        (vec![], "USHER_TABLE"),
        (vec![table, server], "there are no AWS credentials"),
        (
            vec![table, server, keys[0], keys[1]],
            "the table nobodys is not in eu-west-1",
        ),
        (
            vec![
                table,
                ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
                keys[0],
                keys[1],
            ],
            "the table nobodys cannot be had now",
        ),
    ] {
        let output = on_aws(here, &settings);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output);
        assert!(said.contains(expected), "{expected}: {said}");
    }
    runtime.block_on(stack.close());
}
