//! `usher export`: every event of the log is a line, once, however often the run is interrupted.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Local, mails, run, sample};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

/// The user of the samples.
const ADA: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";

/// A machine that was used, with nobody using it now.
fn used(directory: &Path) {
    let local = Local::start(directory, &[]);
    local.invoke("trigger", &[], &sample("03-confirmation.json"));
    mails(&directory.join(".usher/mail"), 1);
    let act = ["user", "suspend", ADA, "--quiet", "--confirm"];
    assert_eq!(run(directory, &act).status.code(), Some(0));
    assert_eq!(local.interrupt(), Some(0));
}

fn export(directory: &Path, options: &[&str]) -> Output {
    run(directory, &[&["export"], options].concat())
}

fn lines(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    parsed(&String::from_utf8(output.stdout.clone()).unwrap())
}

fn parsed(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn types(lines: &[Value]) -> BTreeSet<&str> {
    lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect()
}

#[test]
fn each_event_and_each_decision_is_a_line_with_the_id_that_the_bus_has() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    used(here);
    let all = lines(&export(here, &[]));
    let ids = |lines: &[Value]| -> BTreeSet<String> {
        lines.iter().map(|line| line["id"].to_string()).collect()
    };
    assert_eq!(ids(&all).len(), all.len(), "each once");
    assert!(
        types(&all).is_superset(
            &[
                "usher.sign_up_confirmed",
                "usher.role_assigned",
                "usher.user_suspended"
            ]
            .into()
        ),
        "{all:?}"
    );
    let bus = std::fs::read_to_string(here.join(".usher/bus.ndjson")).unwrap();
    let bus = parsed(&bus);
    assert!(!bus.is_empty(), "the bus was told");
    for line in bus {
        let told = line.get("detail").unwrap_or(&line);
        assert!(all.contains(told), "{told}");
    }
    let text = format!("{all:?}").to_lowercase();
    assert!(
        !text.contains("acme.example") && !text.contains("\"person\""),
        "{text}"
    );
    let whole = lines(&export(here, &["--include-person"]));
    assert_eq!(ids(&whole), ids(&all));
    assert!(
        format!("{whole:?}")
            .to_lowercase()
            .contains("ada@acme.example")
    );
}

#[test]
fn only_what_is_asked_for_is_written() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    used(here);
    let of = |options: &[&str]| lines(&export(here, options));
    let confirmed = of(&["--type", "usher.sign_up_confirmed"]);
    assert_eq!((confirmed.len(), types(&confirmed).len()), (1, 1));
    let both = of(&["--type", "sign_up_confirmed", "--type", "user_suspended"]);
    assert_eq!(both.len(), 2);
    let all = of(&[]);
    assert_eq!(of(&["--user", ADA]), all);
    assert_eq!(of(&["--since", "1h"]), all);
    for nothing in [
        &["--user", "somebody-else"][..],
        &["--until", "1h"],
        &["--since", "2999-01-01T00:00:00Z"],
        &["--pool", "eu-west-1_Nobody"],
    ] {
        assert_eq!(of(nothing), [] as [Value; 0], "{nothing:?}");
    }
    let unknown = export(here, &["--type", "signed_out"]);
    assert_eq!(unknown.status.code(), Some(2));
    let nowhere = export(&here.join(".usher"), &[]);
    assert_eq!(nowhere.status.code(), Some(1));
    let said = String::from_utf8(nowhere.stderr).unwrap();
    assert!(said.contains("--aws"), "{said}");
}

#[test]
fn a_file_is_never_overwritten_unasked_and_an_interrupted_one_is_gone_on_with() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    used(here);
    let out = here.join("events.ndjson");
    let to_file = |options: &[&str]| export(here, &[&["--out", "events.ndjson"], options].concat());
    assert_eq!(to_file(&[]).status.code(), Some(0));
    let whole = std::fs::read_to_string(&out).unwrap();
    assert_eq!(parsed(&whole), lines(&export(here, &[])));
    let again = to_file(&[]);
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(
        said.contains("events.ndjson") && said.contains("--fresh"),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(&out).unwrap(), whole);
    let fresh = to_file(&["--fresh", "--json"]);
    let told: Value = serde_json::from_slice(&fresh.stderr).unwrap();
    assert_eq!(told["events"], parsed(&whole).len());

    // A run that died before its first piece was whole, in the middle of a line.
    let state = here.join("events.ndjson.state");
    assert!(!state.exists(), "nothing is left to go on with");
    let scope = serde_json::json!({
        "table": "usher", "directory": ".usher", "types": [], "pool": null, "user": null,
        "since": null, "until": null, "include_person": false,
    });
    let notes = serde_json::json!({
        "scope": scope, "began": "2026-01-02T03:04:05.000Z", "after": null, "bytes": 0,
        "counts": {"events": 0, "commits": 0, "left_out": 0},
    });
    std::fs::write(&state, notes.to_string()).unwrap();
    std::fs::write(&out, &whole[..whole.len() / 2]).unwrap();
    let other = to_file(&["--type", "signed_in"]);
    assert_eq!(other.status.code(), Some(1), "it is of another scope");
    let behind = notes
        .to_string()
        .replace(r#""bytes":0"#, r#""bytes":999999"#);
    std::fs::write(&state, behind).unwrap();
    let shorter = to_file(&[]);
    assert_eq!(
        shorter.status.code(),
        Some(1),
        "nothing is made up for what is gone"
    );
    std::fs::write(&state, notes.to_string()).unwrap();
    let resumed = to_file(&[]);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), whole);
    assert!(!state.exists());
}
