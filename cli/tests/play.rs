//! `usher play`, as a newcomer and as a script run it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{json, run, sample, usher};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

fn played(directory: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = run(directory, &[&["play", "--json"], arguments].concat());
    (output.status.code().unwrap(), json(&output))
}

#[test]
fn the_sample_life_passes_from_refusal_to_reset_and_leaves_profile_claims_and_mail() {
    let directory = TempDir::new().unwrap();
    let (status, report) = played(directory.path(), &[]);
    assert_eq!(status, 0, "{report:#}");
    let events = report["events"].as_array().unwrap();
    let told: Vec<(&str, &str, &str)> = events
        .iter()
        .map(|event| {
            let published = event["published"]["type"].as_str().unwrap_or("-");
            (
                event["trigger_source"].as_str().unwrap(),
                event["decision"].as_str().unwrap(),
                published,
            )
        })
        .collect();
    let expected = [
        ("PreSignUp_SignUp", "refused", "usher.sign_up_refused"),
        ("PreSignUp_SignUp", "passed", "usher.sign_up_requested"),
        (
            "PostConfirmation_ConfirmSignUp",
            "passed",
            "usher.sign_up_confirmed",
        ),
        ("PreAuthentication_Authentication", "passed", "-"),
        (
            "PostAuthentication_Authentication",
            "passed",
            "usher.signed_in",
        ),
        ("TokenGeneration_Authentication", "answered", "-"),
        (
            "PostConfirmation_ConfirmForgotPassword",
            "passed",
            "usher.password_reset",
        ),
    ];
    assert_eq!(told, expected);
    let profile = &report["profile"];
    for (key, value) in [
        ("email", json!("ada@acme.example")),
        ("firstName", json!("Ada")),
        ("phoneNumber", json!("+431234567")),
        ("role", json!("manager")),
        ("roleSource", json!("domain")),
        ("organizationId", json!("acme")),
        ("accountType", json!("business")),
        ("status", json!("active")),
    ] {
        assert_eq!(profile[key], value, "{key}");
    }
    assert_eq!(report["preferences"]["marketingEmails"], json!(false));
    assert_eq!(report["preferences"]["timezone"], json!("Europe/Vienna"));
    let claims = &report["claims"]["idTokenGeneration"]["claimsToAddOrOverride"];
    assert_eq!(
        (&claims["role"], &claims["organization_id"]),
        (&json!("manager"), &json!("acme"))
    );
    assert!(
        report["claims"].get("groupOverrideDetails").is_none(),
        "groups are not ours to touch"
    );
    let mails = report["mails"].as_array().unwrap();
    assert_eq!(mails.len(), 1);
    let mail = std::fs::read_to_string(directory.path().join(mails[0].as_str().unwrap())).unwrap();
    assert!(
        mail.contains("text/plain") && mail.contains("text/html"),
        "{mail}"
    );
}

#[test]
fn the_text_names_each_step_and_where_things_lie() {
    let directory = TempDir::new().unwrap();
    let output = run(directory.path(), &["play"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for part in [
        "domain_blocked",
        "usher.sign_up_confirmed",
        "welcome_mail",
        "The user",
        "The claims",
        ".eml",
        "bus.ndjson",
    ] {
        assert!(text.contains(part), "{part} is missing from:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "NO_COLOR is respected");
}

#[test]
fn a_second_play_starts_over() {
    let directory = TempDir::new().unwrap();
    let mails = || {
        played(directory.path(), &[]).1["mails"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((mails(), mails()), (1, 1));
}

#[test]
fn files_of_ones_own_are_played_in_order_and_repeats_change_nothing() {
    let directory = TempDir::new().unwrap();
    let events = directory.path().join("events");
    std::fs::create_dir(&events).unwrap();
    for (name, from) in [
        ("1.json", "03-confirmation.json"),
        ("2.json", "03-confirmation.json"),
        ("3.json", "05-sign-in.json"),
    ] {
        std::fs::write(events.join(name), sample(from)).unwrap();
    }
    std::fs::write(events.join("notes.txt"), "not an event").unwrap();
    let (status, report) = played(directory.path(), &["events"]);
    assert_eq!(status, 0, "{report:#}");
    let appended: Vec<&Value> = report["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["outcomes"][0]["appended"])
        .collect();
    assert_eq!(appended, [&json!(true), &json!(false), &json!(true)]);
    assert_eq!(
        report["mails"].as_array().unwrap().len(),
        1,
        "one welcome, whoever repeats"
    );
}

#[test]
fn a_trigger_that_usher_does_not_act_on_goes_back_as_it_came() {
    let directory = TempDir::new().unwrap();
    let event = r#"{"triggerSource":"CustomMessage_SignUp","response":{"smsMessage":null}}"#;
    std::fs::write(directory.path().join("event.json"), event).unwrap();
    let (status, report) = played(directory.path(), &["event.json"]);
    assert_eq!(
        (status, &report["events"][0]["decision"]),
        (0, &json!("unknown"))
    );
}

#[test]
fn what_cannot_be_played_is_said_with_its_name() {
    let directory = TempDir::new().unwrap();
    std::fs::create_dir(directory.path().join("empty")).unwrap();
    std::fs::write(directory.path().join("broken.json"), "{").unwrap();
    std::fs::write(directory.path().join("bad.toml"), "[sign_upp]\n").unwrap();
    for (arguments, names) in [
        (vec!["play", "missing.json"], "missing.json"),
        (vec!["play", "empty"], "empty"),
        (vec!["play", "broken.json"], "broken.json"),
        (vec!["play", "--policy", "bad.toml"], "line 1"),
        (vec!["play", "--policy", "missing.toml"], "missing.toml"),
    ] {
        let output = run(directory.path(), &arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(error.contains(names), "{arguments:?}: {error}");
    }
}

#[test]
fn what_is_not_ushers_is_not_removed_from_a_directory_that_is_played_in() {
    let directory = TempDir::new().unwrap();
    let precious = directory.path().join("precious.txt");
    std::fs::write(&precious, "mine").unwrap();
    for _ in 0..2 {
        let (status, report) = played(directory.path(), &["--dir", "."]);
        assert_eq!(status, 0);
        assert_eq!(report["mails"].as_array().unwrap().len(), 1);
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "mine");
    }
}

#[test]
fn the_switches_of_the_environment_go_before_the_policy() {
    let directory = TempDir::new().unwrap();
    let output = usher(directory.path())
        .args(["play", "--json"])
        .env("ENABLE_WELCOME_EMAIL", "false")
        .env("ENABLE_PROFILE_CREATION", "false")
        .output()
        .unwrap();
    let report = json(&output);
    assert_eq!(report["mails"], json!([]));
    assert_eq!(report["preferences"], Value::Null);
}
