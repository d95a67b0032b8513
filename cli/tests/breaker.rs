//! `usher breaker`: shows the breakers, stops the mail of a worker that runs.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Local, json, run, sample};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const POLICY: &str = "[mail]\nfrom = 'a@app.example'\napp_url = 'https://app.example'\n\
    [breaker]\ncache_s = 1\n";

/// How long a deferred effect may take to show in the log.
const PATIENCE: Duration = Duration::from_secs(60);

fn breaker(directory: &Path, arguments: &[&str]) -> Output {
    run(directory, &[&["breaker"], arguments].concat())
}

fn text(output: &Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).unwrap()
}

fn listed(directory: &Path) -> Vec<Value> {
    let output = breaker(directory, &["list", "--json"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

fn state(directory: &Path, name: &str) -> Value {
    let all = listed(directory);
    let found = all.iter().find(|one| one["breaker"] == name);
    found.unwrap()["state"].clone()
}

#[test]
fn every_breaker_is_listed_also_before_any_was_open() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let names: Vec<Value> = listed(here)
        .iter()
        .map(|one| one["breaker"].clone())
        .collect();
    assert_eq!(names, ["mail", "bus", "lookup"]);
    assert!(listed(here).iter().all(|one| one["state"] == "closed"));
    let text = text(&breaker(here, &["list"]));
    assert!(
        text.contains("UNTIL") && text.contains("lookup   closed"),
        "{text}"
    );
}

#[test]
fn mail_is_held_back_only_if_that_is_confirmed_until_it_is_reset() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    fs::write(here.join("usher.toml"), POLICY).unwrap();
    let planned = breaker(here, &["trip", "mail", "--for", "2h"]);
    assert!(text(&planned).contains("--confirm does it"), "{planned:?}");
    assert_eq!(state(here, "mail"), "closed");

    let local = Local::start(here, &[]);
    let held = json(&breaker(here, &["trip", "mail", "--confirm", "--json"]));
    assert_eq!(
        (
            &held["state"],
            &held["why"],
            &held["by"],
            &held["held"],
            &held["dry_run"]
        ),
        (
            &json!("open"),
            &json!("operator"),
            &json!("operator"),
            &json!(true),
            &json!(false)
        )
    );
    assert_eq!(state(here, "mail"), "open");
    assert_eq!(state(here, "bus"), "closed");
    local.invoke("trigger", &[], &sample("03-confirmation.json"));
    // The event is recorded and told, and its mail is not sent.
    let told = here.join(".usher/bus.ndjson");
    let end = Instant::now() + PATIENCE;
    while !fs::read_to_string(&told).is_ok_and(|text| text.contains("sign_up_confirmed")) {
        assert!(Instant::now() < end);
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let sent = |here: &Path| fs::read_dir(here.join(".usher/mail")).map_or(0, Iterator::count);
    assert_eq!(sent(here), 0);

    let reset = breaker(here, &["reset", "mail"]);
    assert!(text(&reset).contains("within 1 s"), "{reset:?}");
    assert_eq!(state(here, "mail"), "closed");
    let again = json(&breaker(here, &["reset", "mail", "--json"]));
    assert_eq!(
        (&again["changed"], &again["trips"]),
        (&json!(false), &json!(0))
    );
}

#[test]
fn what_is_no_breaker_and_no_length_is_said() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    for (arguments, says) in [
        (vec!["trip", "ses"], "is none of mail, bus and lookup"),
        (vec!["reset"], "<BREAKER>"),
        (vec!["trip", "mail", "--for", "9d"], "at most 7d"),
    ] {
        let output = breaker(here, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            text(&output).contains(says),
            "{arguments:?}: {}",
            text(&output)
        );
    }
}
