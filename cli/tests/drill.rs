//! `usher drill`, small: an outage of minutes at two sign-ups a second.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{json, run};
use serde_json::Value;
use tempfile::TempDir;

/// Drills one scenario, and gives what it has shown and its chart.
fn drilled(scenario: &str, kind: &str) -> (Value, String) {
    let directory = TempDir::new().unwrap();
    let arguments = [
        "drill",
        "--json",
        "--svg",
        "drill.svg",
        "--rate",
        "1",
        "--before",
        "3",
        "--outage",
        "8",
        "--after",
        "5",
        "--scenario",
        scenario,
        "--kind",
        kind,
    ];
    let output = run(directory.path(), &arguments);
    let report = json(&output);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let chart = std::fs::read_to_string(directory.path().join("drill.svg")).unwrap();
    (report["scenarios"][0].clone(), chart)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

/// What holds whoever was out, and however it answered.
fn assert_nothing_lost_and_nothing_twice(shown: &Value) {
    let people = number(&shown["sign_ups"]);
    assert!((800..1_100).contains(&people), "{people}");
    assert!(number(&shown["events"]) >= 3 * people);
    // A mail that was taken as the table went out, and could not be written down, goes again.
    let again = number(&shown["mails_sent_again_for_that"]);
    assert_eq!(number(&shown["mails"]), people + again);
    assert!(again <= number(&shown["mails_taken_unrecorded"]));
    assert_eq!(number(&shown["dead_letters"]), 0);
    assert_eq!(shown["violations"], serde_json::json!({}));
    let drained = number(&shown["drained_after_s"]);
    assert!(drained < 2 * 3600, "{drained}");
}

#[test]
fn an_outage_of_mail_defers_mails_and_leaves_the_queue_alone() {
    let (shown, chart) = drilled("mail", "mixed");
    assert_nothing_lost_and_nothing_twice(&shown);
    assert!(number(&shown["highest_deferred"]) > 100, "{shown}");
    assert!(chart.starts_with("<svg") && chart.contains("calls of mail a minute"));
}

#[test]
fn an_outage_of_the_bus_defers_publications() {
    let (shown, _chart) = drilled("bus", "refuse");
    assert_nothing_lost_and_nothing_twice(&shown);
    assert!(number(&shown["highest_deferred"]) > 100, "{shown}");
}

#[test]
fn an_outage_of_the_table_waits_in_the_queue() {
    let (shown, _chart) = drilled("store", "mixed");
    assert_nothing_lost_and_nothing_twice(&shown);
    let queued = number(&shown["highest_queue_depth"]) + number(&shown["highest_in_flight"]);
    assert!(queued > 100, "{shown}");
}

/// What each line of a table begins with.
fn lines(table: &str) -> Vec<&str> {
    let named = table.lines().filter_map(|line| line.get(..26));
    named.map(str::trim).collect()
}

/// The figures are of a drill that takes minutes: `.ci/drill` plays that one, and compares them.
#[test]
fn the_readme_shows_a_table_as_the_command_prints_it() {
    let readme = include_str!("../../README.md");
    let (_, shown) = readme
        .split_once("$ usher drill --svg cli/drill.svg\n")
        .unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let directory = TempDir::new().unwrap();
    let short = [
        "drill", "--rate", "1", "--before", "1", "--outage", "1", "--after", "1",
    ];
    let output = run(directory.path(), &short);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(lines(shown), lines(&printed));
    assert_eq!(shown.lines().next(), printed.lines().next());
}
