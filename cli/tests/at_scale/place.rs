//! Where the table is, and what the command comes to there.

use crate::common::peak::{self, MOST_KIB, Ran};
use crate::common::usher;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use tempfile::TempDir;
use usher_events::EventId;

/// A deployment, from the command's side.
pub struct Place {
    /// What is printed of it.
    pub title: &'static str,
    /// Where the command runs.
    pub directory: TempDir,
    /// What it works on, where that is not the embedded database in `directory`.
    pub aws: Option<Deployed>,
}

/// A table behind a server.
pub struct Deployed {
    pub endpoint: String,
    pub table: String,
    /// How many parts of it a rebuild reads beside each other.
    pub segments: &'static str,
}

/// What a rebuild came to.
pub struct Rebuilt {
    pub status: Option<i32>,
    /// The users that it named.
    pub named: Vec<Value>,
    pub summary: Value,
    pub peak_kib: u64,
}

/// What an export came to.
pub struct Exported {
    pub ids: BTreeSet<EventId>,
    pub lines: usize,
    pub peak_kib: u64,
}

impl Place {
    fn command(&self, verb: &str) -> Command {
        let mut command = usher(self.directory.path());
        command.arg(verb);
        if let Some(deployed) = &self.aws {
            command
                .arg("--aws")
                .env("AWS_ENDPOINT_URL", &deployed.endpoint)
                .env("AWS_ACCESS_KEY_ID", "local")
                .env("AWS_SECRET_ACCESS_KEY", "local")
                .env("REGION", "us-east-1")
                .env("USHER_TABLE", &deployed.table);
        }
        command
    }

    /// Runs it, prints what it took, and holds it to the bound.
    fn watch(&self, what: &str, command: &mut Command) -> Ran {
        let ran = peak::watch(command);
        println!(
            "{:<26} {what:<34} {:>6.1} s {:>6.1} MiB at the most",
            self.title,
            ran.took.as_secs_f64(),
            ran.peak_kib as f64 / 1024.0
        );
        assert!(ran.peak_kib < MOST_KIB, "{} KiB", ran.peak_kib);
        ran
    }

    pub fn rebuild(&self, what: &str, arguments: &[&str]) -> Rebuilt {
        let mut command = self.command("rebuild");
        if let Some(deployed) = &self.aws {
            command.args(["--segments", deployed.segments]);
        }
        let ran = self.watch(what, command.arg("--json").args(arguments));
        let text = String::from_utf8(ran.output.stdout.clone()).unwrap();
        let lines = text.lines().map(serde_json::from_str::<Value>);
        let mut named: Vec<Value> = lines.collect::<Result<_, _>>().unwrap();
        let summary = named.pop().map(|mut last| last["summary"].take());
        Rebuilt {
            status: ran.output.status.code(),
            named,
            summary: summary.unwrap_or_else(|| panic!("{:?}", ran.output)),
            peak_kib: ran.peak_kib,
        }
    }

    /// Looks at what was given up, and gives how many effects that is and the most memory.
    pub fn given_up(&self, what: &str) -> (Value, u64) {
        let mut command = self.command("replay");
        let ran = self.watch(what, command.args(["--from-log", "--json"]));
        assert_eq!(ran.output.status.code(), Some(0), "{:?}", ran.output);
        let mut told: Value = serde_json::from_slice(&ran.output.stdout).unwrap();
        (told["effects"].take(), ran.peak_kib)
    }

    /// Tells a user's story, and gives how many steps it has.
    pub fn timeline(&self, what: &str, user: &str) -> usize {
        let mut command = self.command("user");
        command.args(["show", user, "--timeline", "--json"]);
        let ran = self.watch(what, &mut command);
        assert_eq!(ran.output.status.code(), Some(0), "{:?}", ran.output.stderr);
        let told: Value = serde_json::from_slice(&ran.output.stdout).unwrap();
        told["timeline"].as_array().unwrap().len()
    }

    pub fn export(&self, what: &str) -> Exported {
        let mut command = self.command("export");
        let ran = self.watch(
            what,
            command.args(["--out", "events.ndjson", "--fresh", "--json"]),
        );
        assert_eq!(ran.output.status.code(), Some(0), "{:?}", ran.output);
        let file = self.directory.path().join("events.ndjson");
        let text = fs::read_to_string(&file).unwrap();
        let id = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["id"].as_str().unwrap().parse().unwrap()
        };
        let told: Value = serde_json::from_slice(&ran.output.stderr).unwrap();
        let lines = text.lines().count();
        assert_eq!(told["events"], lines, "it counts what it writes");
        Exported {
            ids: text.lines().map(id).collect(),
            lines,
            peak_kib: ran.peak_kib,
        }
    }
}
