//! `usher log tail`: each new event is a line, once, and none that is old.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{Local, mails, run, sample, usher};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use usher_shared::dynamodb::Table;
use usher_shared::embedded::Database;
use usher_shared::testkit::feed_contract;

/// The user of the samples.
const ADA: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";
const POOL: &str = "eu-west-1_Sample01";
/// How long something may take to be seen.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than a look takes, and the wait after it.
const MORE: Duration = Duration::from_secs(2);

/// `usher log tail`, ended at the latest with its test.
struct Tail {
    child: Child,
    lines: Receiver<String>,
    said: Receiver<String>,
}

fn read(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (to, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            // Nobody to tell is as good as the end.
            if to.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    lines
}

impl Tail {
    /// Starts it, and waits until it follows.
    fn start(directory: &Path, options: &[&str]) -> Self {
        Self::spawn(usher(directory).args(["log", "tail"]).args(options))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let tail = Self {
            lines: read(child.stdout.take().unwrap()),
            said: read(child.stderr.take().unwrap()),
            child,
        };
        tail.says("Following");
        tail
    }

    fn says(&self, what: &str) {
        loop {
            let said = self.said.recv_timeout(PATIENCE).unwrap();
            if said.contains(what) {
                return;
            }
        }
    }

    /// Events until one of this type came, and whatever comes soon after.
    fn until(&self, kind: &str) -> Vec<Value> {
        let mut events = Vec::<Value>::new();
        loop {
            let is_there = events.iter().any(|event| event["type"] == kind);
            let patience = if is_there { MORE } else { PATIENCE };
            match self.lines.recv_timeout(patience) {
                Ok(line) => events.push(serde_json::from_str(&line).unwrap()),
                Err(_) if is_there => return events,
                Err(_) => panic!("{kind} did not come, only {events:?}"),
            }
        }
    }

    fn is_silent(&self) -> bool {
        self.lines.recv_timeout(MORE) == Err(RecvTimeoutError::Timeout)
    }

    /// Asks it to end, as Ctrl-C does, and gives its exit status.
    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().unwrap();
        self.child.wait().unwrap().code()
    }

    fn ends(mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        drop(self.lines);
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        self.child.kill().unwrap();
        None
    }
}

fn act(directory: &Path, arguments: &[&str]) {
    let done = run(directory, &[&["user"], arguments].concat());
    assert_eq!(done.status.code(), Some(0), "{done:?}");
}

fn types(events: &[Value]) -> Vec<&str> {
    let types = events.iter().map(|event| event["type"].as_str().unwrap());
    types.collect()
}

#[test]
fn each_new_event_is_told_once_and_none_that_is_old() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = Local::start(here, &[]);
    act(
        here,
        &[
            "suspend",
            ADA,
            "--quiet",
            "--confirm",
            "--unseen",
            "--pool",
            POOL,
        ],
    );
    let tail = Tail::start(here, &[]);
    let only_roles = Tail::start(here, &["--type", "role_set", "--user", ADA]);
    let earlier = Tail::start(here, &["--since", "10m", "--type", "user_suspended"]);
    let nobodys = Tail::start(here, &["--pool", "eu-west-1_Nobody"]);
    act(here, &["reinstate", ADA]);
    local.invoke("trigger", &[], &sample("03-confirmation.json"));
    mails(&here.join(".usher/mail"), 1);
    act(here, &["role", ADA, "manager"]);
    let told = tail.until("usher.role_set");
    let mut ids: Vec<_> = told.iter().map(|event| event["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), told.len(), "each once: {told:?}");
    let types = types(&told);
    assert!(!types.contains(&"usher.user_suspended"), "{types:?}");
    for kind in [
        "usher.user_reinstated",
        "usher.sign_up_confirmed",
        "usher.role_assigned",
    ] {
        assert!(types.contains(&kind), "{types:?}");
    }
    let text = format!("{told:?}").to_lowercase();
    assert!(!text.contains("acme.example"), "{text}");
    // As it is exported.
    let exported = run(here, &["export", "--type", "sign_up_confirmed"]);
    let exported: Value = serde_json::from_slice(&exported.stdout).unwrap();
    assert!(told.contains(&exported), "{exported}");

    assert_eq!(only_roles.until("usher.role_set").len(), 1);
    assert_eq!(earlier.until("usher.user_suspended").len(), 1);
    assert!(nobodys.is_silent());
    for tail in [tail, only_roles, earlier, nobodys] {
        assert_eq!(tail.interrupt(), Some(0));
    }
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn whoever_reads_on_no_more_ends_it_and_who_a_user_is_is_told_on_request() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = Local::start(here, &[]);
    let tail = Tail::start(here, &["--include-person"]);
    let closed = Tail::spawn(
        Command::new("sh")
            .arg("-c")
            .arg("{ \"$USHER\" log tail; echo $? > status; } | head -n 1")
            .current_dir(here)
            .env("USHER", env!("CARGO_BIN_EXE_usher")),
    );
    local.invoke("trigger", &[], &sample("03-confirmation.json"));
    let told = tail.until("usher.sign_up_confirmed");
    let text = format!("{told:?}").to_lowercase();
    assert!(text.contains("ada@acme.example"), "{text}");
    act(here, &["role", ADA, "manager"]);
    act(here, &["role", ADA, "--clear"]);
    assert_eq!(closed.ends(), Some(0));
    let status = std::fs::read_to_string(here.join("status")).unwrap();
    assert_eq!(status.trim(), "0");
    assert_eq!(tail.interrupt(), Some(0));
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn what_came_while_nobody_served_the_log_is_told_when_somebody_does() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let missing = run(here, &["log", "tail"]);
    assert_eq!(missing.status.code(), Some(1));
    let said = String::from_utf8(missing.stderr).unwrap();
    assert!(
        said.contains("usher local") && said.contains("--aws"),
        "{said}"
    );
    let local = Local::start(here, &[]);
    let tail = Tail::start(here, &[]);
    assert_eq!(local.interrupt(), Some(0));
    tail.says("Nobody serves");
    act(
        here,
        &[
            "suspend",
            ADA,
            "--quiet",
            "--confirm",
            "--unseen",
            "--pool",
            POOL,
        ],
    );
    let local = Local::start(here, &[]);
    assert_eq!(
        types(&tail.until("usher.user_suspended")),
        ["usher.user_suspended"]
    );
    assert_eq!(tail.interrupt(), Some(0));
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn a_table_is_followed_by_its_stream_and_one_without_says_how_to_have_one() {
    let directory = TempDir::new().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (database, table) = runtime.block_on(async {
        let database = Database::memory().await.unwrap();
        let table = Table::new(&database.clients(), "usher");
        table.create().await.unwrap();
        (database, table)
    });
    let command = |arguments: &[&str]| {
        let mut command = usher(directory.path());
        command
            .args(arguments)
            .arg("--aws")
            .env_remove("AWS_PROFILE");
        command.envs([
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL", database.endpoint()),
            ("REGION", "us-east-1"),
            ("USHER_TABLE", "usher"),
            (
                "USHER_SECRET",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            ),
        ]);
        command
    };
    let off = command(&["log", "tail"]).output().unwrap();
    assert_eq!(off.status.code(), Some(1));
    let said = String::from_utf8(off.stderr).unwrap();
    let remedy = "aws dynamodb update-table --table-name usher --stream-specification \
                  StreamEnabled=true,StreamViewType=NEW_IMAGE";
    assert!(said.contains(remedy), "{said}");
    let long_ago = command(&["log", "tail", "--since", "2d"]).output().unwrap();
    assert_eq!(long_ago.status.code(), Some(1));
    let said = String::from_utf8(long_ago.stderr).unwrap();
    assert!(said.contains("usher export"), "{said}");

    runtime.block_on(feed_contract::switch(&database.clients(), &table, true));
    let act = |arguments: &[&str]| {
        let done = command(&[&["user"], arguments].concat()).output().unwrap();
        assert_eq!(done.status.code(), Some(0), "{done:?}");
    };
    act(&["role", ADA, "guest", "--unseen", "--pool", POOL]);
    let tail = Tail::spawn(&mut command(&["log", "tail"]));
    let earlier = Tail::spawn(&mut command(&["log", "tail", "--since", "10m"]));
    act(&["suspend", ADA, "--quiet", "--confirm"]);
    act(&["reinstate", ADA]);
    let expected = ["usher.user_suspended", "usher.user_reinstated"];
    assert_eq!(types(&tail.until("usher.user_reinstated")), expected);
    let expected = [&["usher.role_set"], &expected[..]].concat();
    assert_eq!(types(&earlier.until("usher.user_reinstated")), expected);
    assert_eq!(earlier.interrupt(), Some(0));
    runtime.block_on(feed_contract::switch(&database.clients(), &table, false));
    tail.says("switched off");
    assert_eq!(tail.ends(), Some(1));
}

#[test]
fn the_verb_teaches_with_an_example() {
    let directory = TempDir::new().unwrap();
    let help = run(directory.path(), &["log", "tail", "--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.contains("Examples:") && help.contains("Exit status"),
        "{help}"
    );
}
