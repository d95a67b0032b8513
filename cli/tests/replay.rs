//! `usher replay`: what stayed behind is listed, planned, mended and brought back, and nothing of it is
//! lost or moved that nobody asked for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "helpers of tests; nothing else waits on their threads"
)]

mod common;
#[path = "common/letters.rs"]
mod letters;

use common::{json, run, usher};
use letters::{ADA, BOB, PERSONAL, cause, fill, open, queues, signed_in, stage, work};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;
use tempfile::TempDir;
use usher_shared::port::{DeadLetters, Inbox, Outgoing, Queue};

fn replay(directory: &Path, options: &[&str]) -> Output {
    let output = run(directory, &[&["replay"], options].concat());
    if !options.contains(&"--reveal") {
        let told = format!("{output:?}");
        assert!(!told.contains(PERSONAL), "{told}");
    }
    output
}

/// A report, its outcomes that are not zero.
fn outcomes(output: &Output, status: i32) -> Value {
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    let report = json(output);
    let mut outcomes = report["outcomes"].clone();
    let letters: u64 = outcomes
        .as_object()
        .unwrap()
        .values()
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(report["letters"], json!(letters), "the counts add up");
    outcomes
        .as_object_mut()
        .unwrap()
        .retain(|_, count| *count != 0);
    outcomes
}

fn lines(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn letters_are_listed_and_counted_by_cause_and_nothing_is_moved() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    stage(here);
    let before = queues(here);
    for _ in 0..2 {
        let all = lines(&replay(here, &["list", "--json"]));
        let (summary, letters) = all.split_last().unwrap();
        assert_eq!(
            (letters.len(), &summary["summary"]["letters"]),
            (6, &json!(6))
        );
        let groups = summary["summary"]["groups"].as_array().unwrap();
        let counts: Vec<_> = groups
            .iter()
            .map(|group| (group["cause"].as_str().unwrap(), group["letters"].as_u64()))
            .collect();
        let expected = [
            "bad_data",
            "not_an_envelope",
            "timed_out",
            "unavailable",
            "unknown_version",
        ];
        let expected = expected.map(|kind| (kind, Some(1 + u64::from(kind == "timed_out"))));
        assert_eq!(counts, expected);
        assert_eq!(groups[2]["operation"], "dynamodb.put_item");
    }
    let text = String::from_utf8(replay(here, &["list", "--cause", "bad_data"]).stdout).unwrap();
    assert!(
        text.contains(BOB) && text.contains("signed_in v1"),
        "{text}"
    );
    assert_eq!(queues(here), before);
}

#[test]
fn a_dry_run_says_what_would_become_of_each_and_moves_nothing() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    stage(here);
    let before = queues(here);
    let would = outcomes(&replay(here, &["--json"]), 3);
    let expected = json!({ "sent": 2, "done": 1, "unreadable": 2, "not_yet": 1 });
    assert_eq!(would, expected);
    let chosen = outcomes(&replay(here, &["--user", ADA, "--json"]), 0);
    assert_eq!(chosen, json!({ "done": 1, "not_chosen": 5 }));
    assert_eq!(queues(here), before);
}

#[test]
fn what_can_be_done_is_sent_what_is_done_is_removed_and_all_else_stays() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    stage(here);
    let did = outcomes(&replay(here, &["--confirm", "--json"]), 3);
    let expected = json!({ "sent": 2, "done": 1, "unreadable": 2, "not_yet": 1 });
    assert_eq!(did, expected);
    let (dead, work_queue) = queues(here);
    assert_eq!((dead.len(), work_queue), (3, 2));
    work(here);
    let events = lines(&run(here, &["export", "--json"]));
    let of = |kind: &str| {
        let all = events
            .iter()
            .filter(|event| event["type"] == format!("usher.{kind}"));
        all.collect::<Vec<_>>()
    };
    assert_eq!(
        (of("sign_up_confirmed").len(), of("signed_in").len()),
        (1, 1)
    );
    // It came in version 1.
    let refused = of("sign_in_refused");
    assert_eq!(
        refused[0]["dataschema"],
        "urn:usher:event:sign_in_refused:2"
    );
    assert_eq!(refused.len(), 1);
    let again = outcomes(&replay(here, &["--confirm", "--json"]), 3);
    assert_eq!(again, json!({ "unreadable": 2, "not_yet": 1 }));
}

#[test]
fn a_plan_is_written_reviewed_and_done_as_it_was_left() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    stage(here);
    let before = queues(here);
    replay(
        here,
        &[
            "--cause",
            "timed_out",
            "--cause",
            "unavailable",
            "--plan",
            "a.plan",
        ],
    );
    assert_eq!(queues(here), before);
    let plan = fs::read_to_string(here.join("a.plan")).unwrap();
    assert!(!plan.contains(PERSONAL), "{plan}");
    let reviewed: Vec<String> = plan
        .lines()
        .map(|line| match line.contains(r#""type":"sign_in_refused""#) {
            true => line.replace(r#""act":"send""#, r#""act":"leave""#),
            false => line.to_owned(),
        })
        .collect();
    fs::write(here.join("a.plan"), reviewed.join("\n")).unwrap();
    let both = replay(
        here,
        &["--plan", "a.plan", "--confirm", "--cause", "timed_out"],
    );
    assert_eq!(both.status.code(), Some(2), "the plan says which: {both:?}");
    // It came after the plan.
    fill(here, &[(signed_in(9, &[]), cause("timed_out", None))]);
    let did = outcomes(
        &replay(here, &["--plan", "a.plan", "--confirm", "--json"]),
        0,
    );
    let expected = json!({ "sent": 1, "done": 1, "not_planned": 2, "not_chosen": 3 });
    assert_eq!(did, expected);
    assert_eq!(queues(here).1, 1);
}

#[test]
fn an_edit_mends_what_it_is_given_and_the_log_says_what_it_was_before_and_after() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    stage(here);
    let patch = json!([
        { "op": "test", "path": "/data/new_device", "value": "perhaps" },
        { "op": "replace", "path": "/data/new_device", "value": false },
    ]);
    fs::write(here.join("patch.json"), patch.to_string()).unwrap();
    let all = replay(here, &["--edit", "patch.json", "--confirm"]);
    assert_eq!(
        all.status.code(),
        Some(2),
        "nobody edits everything: {all:?}"
    );
    let typo = String::from_utf8(replay(here, &["--cause", "bad_date", "--confirm"]).stdout);
    assert!(typo.unwrap().contains("None of them was chosen"));
    let edit = ["--cause", "bad_data", "--edit", "patch.json", "--json"];
    let would = outcomes(&replay(here, &edit), 0);
    assert_eq!(would, json!({ "sent": 1, "not_chosen": 5 }));
    assert!(lines(&run(here, &["export", "--type", "letter_edited"])).is_empty());
    let did = outcomes(&replay(here, &[&edit[..], &["--confirm"]].concat()), 0);
    assert_eq!(did, would);
    work(here);
    let sent = lines(&run(
        here,
        &["export", "--user", BOB, "--type", "signed_in"],
    ));
    assert_eq!(
        (sent.len(), &sent[0]["data"]["new_device"]),
        (1, &json!(false))
    );
    let record = lines(&run(here, &["export", "--type", "letter_edited"]));
    assert_eq!(record.len(), 1);
    assert_eq!(record[0]["subject"], BOB);
    assert_eq!(record[0]["causationid"], sent[0]["id"]);
    assert_eq!(record[0]["data"]["changed"], json!(["/data/new_device"]));
    assert_eq!(record[0]["data"].get("person"), None);
    let whole = ["export", "--type", "letter_edited", "--include-person"];
    let whole = &lines(&run(here, &whole))[0]["data"]["person"];
    let before: Value = serde_json::from_str(whole["before"].as_str().unwrap()).unwrap();
    let after: Value = serde_json::from_str(whole["after"].as_str().unwrap()).unwrap();
    assert_eq!(before["data"]["new_device"], "perhaps");
    assert_eq!(after["data"]["new_device"], false);
    assert_eq!(before["data"]["person"]["email"], PERSONAL);
}

#[test]
fn one_letter_that_is_no_json_is_replaced_as_a_whole() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    stage(here);
    let listed = lines(&replay(
        here,
        &["list", "--cause", "not_an_envelope", "--json"],
    ));
    let id = listed[0]["letter"].as_str().unwrap();
    fs::write(here.join("none.json"), "hello").unwrap();
    let none = replay(
        here,
        &["--letter", id, "--body", "none.json", "--confirm", "--json"],
    );
    assert_eq!(
        outcomes(&none, 3),
        json!({ "not_edited": 1, "not_chosen": 5 })
    );
    fs::write(here.join("body.json"), signed_in(3, &[])).unwrap();
    let did = replay(
        here,
        &["--letter", id, "--body", "body.json", "--confirm", "--json"],
    );
    assert_eq!(outcomes(&did, 0), json!({ "sent": 1, "not_chosen": 5 }));
    let record = lines(&run(here, &["export", "--type", "letter_edited"]));
    assert_eq!(record[0]["data"]["letter"], id);
}

#[test]
fn only_what_was_exported_is_purged() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    stage(here);
    let export = [
        "export",
        "--cause",
        "not_an_envelope",
        "--out",
        "poison.ndjson",
    ];
    assert_eq!(replay(here, &export).status.code(), Some(0));
    assert_eq!(
        replay(here, &export).status.code(),
        Some(1),
        "never overwritten"
    );
    let exported = fs::read_to_string(here.join("poison.ndjson")).unwrap();
    assert!(
        exported.contains(&format!("not JSON, {PERSONAL}")),
        "as it came"
    );
    let purge = ["purge", "--exported", "poison.ndjson", "--json"];
    let before = queues(here);
    assert_eq!(json(&replay(here, &purge))["purged"], 1);
    assert_eq!(queues(here), before, "without --confirm nothing is deleted");
    let purged = json(&replay(here, &[&purge[..], &["--confirm"]].concat()));
    assert_eq!((&purged["purged"], &purged["left"]), (&json!(1), &json!(5)));
    let (dead, _) = queues(here);
    assert!(dead.len() == 5 && !dead.iter().any(|body| body.contains("not JSON")));
    let forged = exported.replace("not JSON", "not_JSON");
    fs::write(here.join("forged.ndjson"), forged).unwrap();
    let forged = replay(here, &["purge", "--exported", "forged.ndjson", "--confirm"]);
    assert_eq!(forged.status.code(), Some(1), "{forged:?}");
}

#[test]
fn a_letter_is_shown_without_the_person_unless_that_is_asked_for_and_recorded() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    stage(here);
    let done = &lines(&replay(here, &["list", "--user", ADA, "--json"]))[0];
    let id = done["letter"].as_str().unwrap();
    let shown = json(&replay(here, &["show", id, "--json"]));
    assert_eq!(shown["body"]["subject"], ADA);
    assert!(shown["body"]["data"].is_object());
    assert_eq!(shown["body"]["data"].get("person"), None);
    let revealed = ["export", "--type", "person_revealed"];
    assert!(lines(&run(here, &revealed)).is_empty());
    let shown = json(&replay(here, &["show", id, "--reveal", "--json"]));
    assert!(shown["body"].as_str().unwrap().contains("\"email\""));
    assert_eq!(lines(&run(here, &revealed)).len(), 1);
    let none = replay(here, &["show", "nobody"]);
    assert_eq!(none.status.code(), Some(1));
}

#[test]
fn of_two_letters_of_one_event_one_is_sent() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let twice = [1, 1, 2].map(|number| (signed_in(number, &[]), cause("timed_out", None)));
    fill(here, &twice);
    let did = outcomes(&replay(here, &["--confirm", "--json"]), 3);
    assert_eq!(did, json!({ "sent": 2, "again": 1 }));
    work(here);
    let did = outcomes(&replay(here, &["--confirm", "--json"]), 0);
    assert_eq!(did, json!({ "done": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_while_it_runs_stops_it() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    // Open all the while, as each of them would be without the database when the other ends.
    let stack = open(here).await;
    let again = cause("timed_out", None);
    for number in 0..20 {
        let body = signed_in(number, &[]);
        stack.dead_letters.set_aside(&body, &again).await.unwrap();
    }
    // Slow enough that what it sends is a dead letter again before it is through.
    let mut slow = usher(here);
    slow.args(["replay", "--confirm", "--json", "--rate", "10"]);
    slow.args(["--stop-after", "2"]);
    let replay = tokio::task::spawn_blocking(move || slow.output().unwrap());
    // As a worker that cannot do it.
    while !replay.is_finished() {
        let received = stack.queue.receive(1, Duration::from_millis(50)).await;
        for message in received.unwrap() {
            let set_aside = stack.dead_letters.set_aside(&message.body, &again);
            set_aside.await.unwrap();
            stack.queue.delete(&message.receipt).await.unwrap();
        }
    }
    let output = replay.await.unwrap();
    stack.close().await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let report = json(&output);
    assert_eq!(report["queue"]["end"], "failures", "{report}");
    assert!(report["outcomes"]["again"].as_u64() >= Some(2), "{report}");
}

#[test]
fn whoever_asks_for_what_is_not_there_is_told_what_and_how() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let told = |options: &[&str], expected: &str| {
        let output = replay(here, options);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{options:?}: {text}");
        assert!(text.contains(expected), "{options:?}: {text}");
    };
    told(&[], "there is no state in .usher; `usher local` makes it");
    told(&["list"], "there is no state in .usher");
    let mut nobody = usher(here);
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("AWS_") {
            nobody.env_remove(key);
        }
    }
    let nobody = nobody
        .args(["replay", "list", "--aws"])
        .env("REGION", "us-east-1")
        .env("USHER_DEAD_LETTER_URL", "http://127.0.0.1:9/0/dead")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", here)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert_eq!(nobody.status.code(), Some(1), "{text}");
    assert!(
        text.contains("there are no AWS credentials; set AWS_PROFILE"),
        "{text}"
    );
    told(&["--aws"], "REGION is not set");
    fill(here, &[]);
    told(
        &["--plan", "none.plan", "--confirm"],
        "none.plan cannot be read",
    );
    told(
        &["--cause", "x", "--edit", "none.json"],
        "none.json cannot be read",
    );
    fs::write(here.join("bad.json"), r#"{"op":"replace"}"#).unwrap();
    told(&["--cause", "x", "--edit", "bad.json"], "is no JSON Patch");
    let empty = replay(here, &["--json"]);
    assert_eq!(outcomes(&empty, 0), json!({}));
}

/// Nobody needs the queue to be idle: what the worker has in hand is none of this.
#[tokio::main(flavor = "current_thread")]
async fn send(directory: &Path, body: &str) {
    let stack = open(directory).await;
    let message = Outgoing {
        body: body.to_owned(),
        group: None,
    };
    stack.queue.send(&message).await.unwrap();
    stack.close().await;
}

#[test]
fn a_poison_message_that_a_worker_set_aside_is_grouped_by_its_cause() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    send(here, "not JSON");
    work(here);
    let all = lines(&replay(here, &["list", "--json"]));
    let groups = &all.last().unwrap()["summary"]["groups"];
    assert_eq!(groups[0]["cause"], "not_an_envelope");
}
