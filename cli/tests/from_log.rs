//! `usher replay --from-log`: what was given up is shown, owed again once, and performed once.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use async_trait::async_trait;
use common::{Local, json, mails, run};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::Instant;
use usher_events::{
    ConfirmationRoute, Envelope, EventId, LifecycleEvent, Person, Personal, PoolId,
    SignUpConfirmed, SignUpContext, Sub, Subject, Time, identity, wire,
};
use usher_shared::chance;
use usher_shared::clock::{Clock, FixedClock, WallClock};
use usher_shared::commit::{EffectKind, Entry, Ledger};
use usher_shared::embedded::{QueueLimits, Stack};
use usher_shared::lookup::Https;
use usher_shared::organization;
use usher_shared::policy::file;
use usher_shared::port::{Mail, MailError, Mailer, Store};
use usher_shared::secret::Kept;
use usher_worker::Worker;
use usher_worker::batch::Message;
use usher_worker::guard::Guards;
use usher_worker::mails::Templates;

/// The policy that the command has where there is no file.
const POLICY: &str = include_str!("../../usher.toml");

/// How many users' mails were refused.
const USERS: usize = 5;

/// A mail service that wants none of it.
struct Rejecting;

#[async_trait]
impl Mailer for Rejecting {
    async fn send(&self, _mail: &Mail) -> Result<String, MailError> {
        Err(MailError::Rejected)
    }
}

fn ago(length: Duration) -> Time {
    let length = i64::try_from(length.as_millis()).unwrap();
    Time::from_unix_millis(WallClock.now().unix_millis() - length).unwrap()
}

const HOUR: Duration = Duration::from_secs(3600);

fn pool() -> PoolId {
    PoolId::new("eu-west-1_Sample01").unwrap()
}

fn name(number: usize) -> String {
    format!("user-{number}")
}

fn confirmed(sub: &str, time: Time) -> Envelope<LifecycleEvent> {
    let sub = Sub::new(sub).unwrap();
    let event = LifecycleEvent::from(SignUpConfirmed {
        route: ConfirmationRoute::SignUp,
        client: None,
        context: SignUpContext::default(),
        sign_up: None,
        person: Person {
            email: Some(Personal::new(format!("{sub}@home.example"))),
            email_verified: true,
            ..Person::default()
        },
    });
    Envelope {
        id: identity::once(&pool(), &sub, &event),
        source: pool(),
        subject: Subject::User(sub),
        time,
        correlation_id: None,
        causation_id: None,
        event,
    }
}

async fn open(directory: &Path) -> Stack {
    let limits = QueueLimits::default();
    let state = directory.join(".usher");
    let stack = Stack::open(&state, Arc::new(WallClock), limits);
    stack.await.unwrap()
}

/// A worker that lives at one instant, and whose mail service wants nothing.
fn worker(stack: &Stack, now: Time) -> Worker {
    let policy = file::parse(POLICY, Path::new(""), &|_| Err(ErrorKind::NotFound.into()));
    let policy = Arc::new(policy.unwrap());
    let (store, clock) = (Arc::new(stack.store.clone()), Arc::new(FixedClock(now)));
    let owner = chance::owner();
    let guards = Guards::new(store.clone(), clock.clone(), &owner, &policy.breakers);
    Worker {
        templates: Templates::new(&policy).unwrap(),
        policy,
        store,
        queue: Arc::new(stack.queue.clone()),
        visibility: Arc::new(stack.queue.clone()),
        dead_letters: Arc::new(stack.dead_letters.clone()),
        bus: guards.bus(Arc::new(stack.bus.clone())),
        mailer: guards.mailer(Arc::new(Rejecting)),
        clock,
        secret: Kept::given(stack.secret.clone()),
        organizations: organization::Cache::default(),
        lookup: guards.lookup(Arc::new(Https::without_secrets())),
        guards,
        owner,
    }
}

/// Records that a user has signed up, which owes a mail that is given up at once.
async fn sign_up(stack: &Stack, sub: &str, now: Time) -> EventId {
    let event = confirmed(sub, now);
    let message = Message {
        id: "m".to_owned(),
        body: wire::encode(&event),
        receive_count: 1,
        first_received: Some(now),
        receipt: None,
    };
    let end = Instant::now() + Duration::from_secs(120);
    let outcomes = worker(stack, now).work(&[message], end).await;
    assert!(outcomes[0].is_done(), "{outcomes:?}");
    event.id
}

/// Says that one more effect of a commit was given up, as after days of trying.
async fn give_up(stack: &Stack, sub: &str, id: EventId, kind: EffectKind, fault: &str, at: Time) {
    let entry = Entry::Failed {
        at,
        fault: fault.to_owned(),
        last_error: (fault == "too_old").then(|| "throttled".to_owned()),
    };
    let subject = Subject::User(Sub::new(sub).unwrap());
    let write = stack
        .store
        .write_entry(&subject, id, kind, &entry, None, None);
    write.await.unwrap();
}

/// Five mails that were rejected an hour ago, and two days ago an entry for the bus that was too old.
async fn fill(directory: &Path) {
    let stack = open(directory).await;
    let mut ids = Vec::new();
    for number in 0..USERS {
        ids.push(sign_up(&stack, &name(number), ago(HOUR)).await);
    }
    let two_days = ago(48 * HOUR);
    let kind = EffectKind::Publication;
    give_up(&stack, "user-0", ids[0], kind, "too_old", two_days).await;
    stack.close().await;
}

fn ledgers(directory: &Path) -> Vec<Ledger> {
    Runtime::new().unwrap().block_on(async {
        let stack = open(directory).await;
        let mut all = Vec::new();
        for number in 0..USERS {
            let subject = Subject::User(Sub::new(name(number)).unwrap());
            let stream = stack.store.stream(&subject).await.unwrap();
            all.extend(stream.into_iter().map(|commit| commit.ledger));
        }
        stack.close().await;
        all
    })
}

fn from_log(directory: &Path, arguments: &[&str]) -> Output {
    run(
        directory,
        &[&["replay", "--from-log", "--json"], arguments].concat(),
    )
}

/// What a run that left nothing says.
fn whole(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    json(output)
}

fn said(output: &Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).unwrap()
}

/// How much was sent in each lane.
fn swept(directory: &Path) -> Vec<Value> {
    let output = run(directory, &["worker", "sweep", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| line["sent"].clone()).collect()
}

#[test]
fn what_was_given_up_is_owed_again_once_and_performed_once() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    Runtime::new().unwrap().block_on(fill(here));
    let before = ledgers(here);

    let shown = whole(&from_log(here, &[]));
    assert_eq!(
        (&shown["effects"], &shown["owed"], &shown["confirmed"]),
        (&json!(6), &json!(0), &json!(false))
    );
    let groups: Vec<Value> = shown["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            json!([
                group["effect"],
                group["cause"],
                group["last_error"],
                group["effects"]
            ])
        })
        .collect();
    let expected = [
        json!(["welcome_mail", "rejected", null, 5]),
        json!(["publication", "too_old", "throttled", 1]),
    ];
    assert_eq!(groups, expected);
    for (filter, effects) in [
        (["--effect", "publication"], 1),
        (["--cause", "rejected"], 5),
        (["--cause", "throttled"], 1),
        (["--since", "2h"], 5),
        (["--since", "30m"], 0),
        (["--until", "24h"], 1),
        (["--user", "user-0"], 2),
        (["--pool", "eu-west-1_Sample02"], 0),
        (["--type", "sign_up_confirmed"], 6),
        (["--type", "signed_in"], 0),
    ] {
        let shown = whole(&from_log(here, &filter));
        assert_eq!(shown["effects"], json!(effects), "{filter:?}");
    }
    assert_eq!(
        ledgers(here),
        before,
        "nothing is written without --confirm"
    );
    assert_eq!(swept(here), [json!(0), json!(0), json!(0)]);

    let one = whole(&from_log(here, &["--user", "user-1", "--confirm"]));
    assert_eq!((&one["effects"], &one["owed"]), (&json!(1), &json!(1)));
    let all = whole(&from_log(here, &["--rate", "1000", "--confirm"]));
    assert_eq!((&all["effects"], &all["owed"]), (&json!(5), &json!(5)));
    let again = whole(&from_log(here, &["--confirm"]));
    assert_eq!((&again["effects"], &again["owed"]), (&json!(0), &json!(0)));
    let story = run(here, &["user", "show", "user-2", "--timeline"]);
    let story = said(&story);
    let effect = story.lines().find(|line| line.contains("welcome_mail"));
    assert!(effect.unwrap().ends_with(": re_owed"), "{story}");

    // The commit with two of them is in the lane of the first, and both are done by one resume.
    assert_eq!(swept(here), [json!(5), json!(0), json!(0)]);
    let local = Local::start(here, &[]);
    mails(&here.join(".usher/mail"), USERS);
    assert_eq!(local.interrupt(), Some(0));
    let sent = mails(&here.join(".usher/mail"), USERS);
    let to: BTreeSet<String> = sent
        .iter()
        .map(|mail| {
            let text = std::fs::read_to_string(mail).unwrap();
            let to = text.lines().find(|line| line.starts_with("To:"));
            to.unwrap().to_owned()
        })
        .collect();
    assert_eq!((sent.len(), to.len()), (USERS, USERS), "each has one");
    for ledger in ledgers(here) {
        for (kind, entry) in ledger.entries() {
            assert!(matches!(entry, Entry::Done { .. }), "{kind:?} {entry:?}");
        }
    }
    assert_eq!(whole(&from_log(here, &["--confirm"]))["effects"], json!(0));
    assert_eq!(swept(here), [json!(0), json!(0), json!(0)]);
}

#[test]
fn what_a_worker_may_still_be_writing_is_left_and_said() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    Runtime::new().unwrap().block_on(async {
        let stack = open(here).await;
        sign_up(&stack, "user-0", WallClock.now()).await;
        sign_up(&stack, "user-1", ago(HOUR)).await;
        stack.close().await;
    });
    let output = from_log(here, &["--confirm"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let report = json(&output);
    assert_eq!(
        (&report["effects"], &report["owed"], &report["held"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let text = run(here, &["replay", "--from-log", "--confirm"]);
    assert_eq!(text.status.code(), Some(3));
    assert!(said(&text).contains("try again in a few minutes"));
}

#[test]
fn what_may_have_been_performed_is_left_unless_it_is_asked_for() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    Runtime::new().unwrap().block_on(async {
        let stack = open(here).await;
        let id = sign_up(&stack, "user-0", ago(HOUR)).await;
        let kind = EffectKind::WelcomeMail;
        give_up(&stack, "user-0", id, kind, "user_item_lost", ago(HOUR)).await;
        stack.close().await;
    });
    let report = whole(&from_log(here, &["--confirm"]));
    assert_eq!((&report["owed"], &report["unsure"]), (&json!(0), &json!(1)));
    let asked = whole(&from_log(here, &["--cause", "user_item_lost", "--confirm"]));
    assert_eq!((&asked["owed"], &asked["unsure"]), (&json!(1), &json!(0)));
}

/// Makes a commit unreadable, as nobody who keeps to the rules does.
fn break_commit(stack: &Stack, sub: &str, id: EventId) {
    let body = json!({
        "TableName": "usher",
        "Key": { "PK": { "S": format!("U#{sub}") }, "SK": { "S": format!("E#{id}") } },
        "UpdateExpression": "REMOVE recorded_at",
    });
    let body = body.to_string();
    let address = stack.database.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-amz-json-1.0\r\nx-amz-target: DynamoDB_20120810.UpdateItem\r\n\
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

#[test]
fn a_commit_that_cannot_be_read_is_named_and_the_others_are_owed_again() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let id = Runtime::new().unwrap().block_on(async {
        let stack = open(here).await;
        let id = sign_up(&stack, "user-0", ago(HOUR)).await;
        sign_up(&stack, "user-1", ago(HOUR)).await;
        break_commit(&stack, "user-0", id);
        stack.close().await;
        id
    });
    for user in [&[][..], &["--user", "user-0"]] {
        let output = from_log(here, &[user, &["--confirm"]].concat());
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let report = json(&output);
        let owed = u64::from(user.is_empty());
        assert_eq!(
            (&report["unreadable"], &report["owed"]),
            (&json!(1), &json!(owed))
        );
        assert!(said(&output).contains(&id.to_string()), "{output:?}");
    }
}

#[test]
fn what_cannot_be_done_is_said_with_a_remedy() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    for (arguments, status, remedy) in [
        (&["--from-log"][..], 1, "--dir names another"),
        (&["--from-log", "--effect", "mail"], 2, "welcome_mail, "),
        (&["--effect", "welcome_mail"], 2, "--from-log"),
        (&["--from-log", "--plan", "p"], 2, "--plan"),
        (&["--from-log", "--letter", "x"], 2, "--letter"),
        (&["--from-log", "--since", "yesterday"], 2, "12h"),
        (&["--from-log", "--rate", "0"], 2, "--rate"),
    ] {
        let output = run(here, &[&["replay"], arguments].concat());
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        let said = said(&output);
        assert!(said.contains(remedy), "{said}");
    }
    let mut command = common::usher(here);
    for key in ["USHER_TABLE", "AWS_REGION"] {
        command.env_remove(key);
    }
    let output = command
        .args(["replay", "--from-log", "--aws"])
        .env("REGION", "eu-west-1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("USHER_TABLE"), "{output:?}");
}

/// As many mails that were rejected an hour ago, in a table that this process serves.
async fn rejected(directory: &Path, users: usize) -> Stack {
    let stack = open(directory).await;
    for number in 0..users {
        sign_up(&stack, &name(number), ago(HOUR)).await;
    }
    stack
}

/// How many of them are owed again.
async fn re_owed(stack: &Stack, users: usize) -> usize {
    let mut owed = 0;
    for number in 0..users {
        let subject = Subject::User(Sub::new(name(number)).unwrap());
        let stream = stack.store.stream(&subject).await.unwrap();
        let entry = stream[0].ledger.get(EffectKind::WelcomeMail).unwrap();
        owed += usize::from(entry.is_open());
    }
    owed
}

#[test]
fn after_a_run_that_was_killed_the_same_command_does_the_rest() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let runtime = Runtime::new().unwrap();
    let stack = runtime.block_on(rejected(here, 20));
    let mut command = common::usher(here);
    command.args(["replay", "--from-log", "--confirm", "--rate", "4"]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    while runtime.block_on(re_owed(&stack, 20)) == 0 {
        assert_eq!(child.try_wait().unwrap(), None, "it is under way");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let owed = runtime.block_on(re_owed(&stack, 20));
    assert!((1..20).contains(&owed), "{owed}");
    let rest = whole(&from_log(here, &["--confirm"]));
    assert_eq!(rest["owed"], json!(20 - owed));
    assert_eq!(runtime.block_on(re_owed(&stack, 20)), 20);
    runtime.block_on(stack.close());
}

#[test]
fn two_who_run_it_at_once_make_each_effect_owed_once() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let runtime = Runtime::new().unwrap();
    let stack = runtime.block_on(rejected(here, 20));
    let running = [(); 2].map(|()| {
        let mut command = common::usher(here);
        command.args(["replay", "--from-log", "--confirm", "--json"]);
        command.stdout(Stdio::piped()).spawn().unwrap()
    });
    let mut owed = 0;
    for child in running {
        let output = child.wait_with_output().unwrap();
        let report = json(&output);
        let count = |key: &str| report[key].as_u64().unwrap();
        assert_eq!(count("effects"), count("owed") + count("changed"));
        let left = i32::from(count("changed") > 0) * 3;
        assert_eq!(output.status.code(), Some(left), "{output:?}");
        owed += count("owed");
    }
    // Both may say so of one that both would have written alike, in one millisecond.
    assert!(owed >= 20, "{owed}");
    assert_eq!(runtime.block_on(re_owed(&stack, 20)), 20);
    assert_eq!(swept(here), [json!(20), json!(0), json!(0)]);
    assert_eq!(swept(here), [json!(0), json!(0), json!(0)]);
    runtime.block_on(stack.close());
}
