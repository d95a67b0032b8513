//! `usher user show --timeline`: why a user is as they are.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Local, json, mails, run, sample};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

/// The user of the samples.
const ADA: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";

/// A machine on which Ada was confirmed, suspended and let in again; she has had her mails.
fn with_a_life(directory: &Path) -> Local {
    let local = Local::start(directory, &[]);
    local.invoke("trigger", &[], &sample("03-confirmation.json"));
    mails(&directory.join(".usher/mail"), 1);
    for act in [
        &["suspend", ADA, "--quiet", "--confirm"][..],
        &["reinstate", ADA],
    ] {
        let done = run(directory, &[&["user"], act].concat());
        assert_eq!(done.status.code(), Some(0), "{done:?}");
    }
    local
}

fn show(directory: &Path, options: &[&str]) -> std::process::Output {
    let show = run(directory, &[&["user", "show", ADA], options].concat());
    assert_eq!(show.status.code(), Some(0), "{show:?}");
    show
}

fn story(directory: &Path, options: &[&str]) -> Value {
    json(&show(
        directory,
        &[&["--timeline", "--json"], options].concat(),
    ))
}

fn events(story: &Value) -> Vec<&str> {
    let steps = story["timeline"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["event"].as_str().unwrap())
        .collect()
}

fn changed<'v>(step: &'v Value, field: &str) -> Option<[&'v Value; 2]> {
    let all = step["changed"].as_array()?;
    let change = all.iter().find(|change| change["field"] == field)?;
    Some([&change["before"], &change["after"]])
}

#[test]
fn the_story_says_what_came_what_was_decided_what_it_changed_and_what_became_of_its_mail() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = with_a_life(here);
    let whole = story(here, &[]);
    assert_eq!(
        events(&whole),
        ["sign_up_confirmed", "user_suspended", "user_reinstated"]
    );
    let [confirmed, suspended, reinstated] = [0, 1, 2].map(|step| &whole["timeline"][step]);
    assert!(
        confirmed["decided"]
            .as_array()
            .unwrap()
            .iter()
            .any(|decided| {
                decided["event"] == "role_assigned" && decided["data"]["source"] == "default"
            }),
        "{confirmed}"
    );
    assert_eq!(
        confirmed["effects"]["welcome_mail"]["state"], "done",
        "{confirmed}"
    );
    assert_eq!(
        changed(confirmed, "status"),
        Some([&Value::Null, &json!("active")])
    );
    assert_eq!(
        changed(suspended, "status"),
        Some([&json!("active"), &json!("suspended")])
    );
    assert_eq!(
        changed(reinstated, "status"),
        Some([&json!("suspended"), &json!("active")])
    );
    assert_eq!(
        whole["user"],
        json(&show(here, &["--json"])),
        "the story ends where the user is"
    );

    let text = String::from_utf8(show(here, &["--timeline"]).stdout).unwrap();
    for said in [
        "user_suspended  reason=operator",
        "status: active → suspended",
        "role_assigned",
        "welcome_mail done",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn as_of_an_instant_only_what_had_arrived_by_then_counts() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = with_a_life(here);
    let whole = story(here, &[]);
    for (step, expected) in [(0, "active"), (1, "suspended"), (2, "active")] {
        let at = whole["timeline"][step]["recorded_at"].as_str().unwrap();
        let then = story(here, &["--as-of", at]);
        assert_eq!(events(&then), events(&whole)[..=step]);
        assert_eq!(then["user"]["status"], expected, "{at}");
        let alone = json(&show(here, &["--json", "--as-of", at]));
        assert_eq!(alone, then["user"]);
    }
    let before = ["user", "show", ADA, "--as-of", "2020-01-01T00:00:00Z"];
    let before = run(here, &before);
    assert_eq!(before.status.code(), Some(1));
    let said = String::from_utf8(before.stderr).unwrap();
    assert!(
        said.contains("Nothing is known") && said.contains("2020-01-01"),
        "{said}"
    );
    let nonsense = run(here, &["user", "show", ADA, "--as-of", "yesterday"]);
    assert_eq!(nonsense.status.code(), Some(2));
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn personal_values_are_shown_on_request_and_each_request_is_recorded() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = with_a_life(here);
    let hidden = show(here, &["--timeline"]).stdout;
    let hidden = String::from_utf8(hidden).unwrap().to_lowercase();
    assert!(hidden.contains("email: – → [personal]"), "{hidden}");
    assert!(
        !hidden.contains("acme.example") && !hidden.contains("lovelace"),
        "{hidden}"
    );
    let revealed = story(here, &["--reveal"]);
    let email = changed(&revealed["timeline"][0], "email").unwrap()[1];
    assert!(email.as_str().unwrap().contains("@acme.example"), "{email}");
    show(here, &["--reveal"]);
    let after = story(here, &[]);
    let last: Vec<&Value> = after["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .skip(3)
        .collect();
    let histories: Vec<&Value> = last.iter().map(|step| &step["data"]["history"]).collect();
    assert_eq!(events(&after)[3..], ["person_revealed"; 2]);
    assert_eq!(histories, [&json!(true), &json!(false)]);
    assert!(
        last.iter().all(|step| step["changed"].is_null()),
        "it changes no user"
    );
    assert_eq!(local.interrupt(), Some(0));
}
