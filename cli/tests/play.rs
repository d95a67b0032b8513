//! `usher play`, as a newcomer and as a script run it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{json, run, sample, usher};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use usher_events::identity;
use usher_shared::clock::{Clock, WallClock};

fn played(directory: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = run(directory, &[&["play", "--json"], arguments].concat());
    (output.status.code().unwrap(), json(&output))
}

/// A scene as it is told: who asked or acted, what was decided and why, and what was published.
fn told(event: &Value) -> (&str, &str, &str) {
    let Some(source) = event["trigger_source"].as_str() else {
        return (event["operator"].as_str().unwrap(), "-", "-");
    };
    let decision = event["reason"].as_str().or(event["decision"].as_str());
    let published = event["published"]["type"].as_str().unwrap_or("-");
    (source, decision.unwrap(), published)
}

#[test]
fn the_sample_life_shows_each_rule_from_refusals_to_reset() {
    let directory = TempDir::new().unwrap();
    let (status, report) = played(directory.path(), &[]);
    assert_eq!(status, 0, "{report:#}");
    let events = report["events"].as_array().unwrap();
    let told: Vec<(&str, &str, &str)> = events.iter().map(told).collect();
    let sign_up = "PreSignUp_SignUp";
    let attempt = "PreAuthentication_Authentication";
    let refresh = "TokenGeneration_RefreshTokens";
    let expected = [
        (sign_up, "domain_blocked", "usher.sign_up_refused"),
        (sign_up, "invite_missing", "usher.sign_up_refused"),
        ("usher invite create", "-", "-"),
        (sign_up, "passed", "usher.sign_up_requested"),
        ("CustomMessage_SignUp", "answered", "-"),
        (
            "PostConfirmation_ConfirmSignUp",
            "passed",
            "usher.sign_up_confirmed",
        ),
        (attempt, "passed", "-"),
        (
            "PostAuthentication_Authentication",
            "passed",
            "usher.signed_in",
        ),
        ("TokenGeneration_Authentication", "answered", "-"),
        (attempt, "outside_hours", "usher.sign_in_refused"),
        ("usher user suspend", "-", "-"),
        (refresh, "user_suspended", "usher.sign_in_refused"),
        // Told already in this hour.
        (attempt, "user_suspended", "-"),
        ("usher user reinstate", "-", "-"),
        (refresh, "answered", "-"),
        (
            "PostConfirmation_ConfirmForgotPassword",
            "passed",
            "usher.password_reset",
        ),
    ];
    assert_eq!(told, expected);
    assert_eq!(
        events[4]["message"]["smsMessage"],
        json!("Example App: {####} ist Ihr Code, Ada.")
    );
    assert_eq!(
        events[9]["refusal"],
        json!("Bitte kommen Sie zwischen 7:30 und 19:00 wieder")
    );
    for deed in [10, 13] {
        assert_eq!(events[deed]["outcomes"][0]["outcome"], json!("recorded"));
    }
}

#[test]
fn the_sample_life_leaves_profile_claims_and_one_mail_of_each_kind() {
    let directory = TempDir::new().unwrap();
    let (_, report) = played(directory.path(), &[]);
    let profile = &report["profile"];
    for (key, value) in [
        ("email", json!("ada@acme.example")),
        ("firstName", json!("Ada")),
        ("phoneNumber", json!("+431234567")),
        ("role", json!("manager")),
        ("roleSource", json!("invite")),
        ("accountType", json!("business")),
        ("status", json!("active")),
    ] {
        assert_eq!(profile[key], value, "{key}");
    }
    assert_eq!(report["preferences"]["marketingEmails"], json!(false));
    assert_eq!(report["preferences"]["timezone"], json!("Europe/Vienna"));
    let claims = &report["claims"]["idTokenGeneration"]["claimsToAddOrOverride"];
    assert_eq!(
        (&claims["role"], &claims["organization"], &claims["plan"]),
        (&json!("manager"), &json!("Acme"), &json!("team"))
    );
    assert!(profile["organizationId"].is_string());
    assert_eq!(claims["organization_id"], profile["organizationId"]);
    assert!(
        report["claims"].get("groupOverrideDetails").is_none(),
        "groups are not ours to touch"
    );
    let mails = report["mails"].as_array().unwrap();
    let subjects = [
        "Welcome to Example App, Ada",
        "Your account at Example App is suspended",
        "Your password for Example App was changed",
    ];
    assert_eq!(mails.len(), subjects.len());
    for (mail, subject) in mails.iter().zip(subjects) {
        let mail = directory.path().join(mail.as_str().unwrap());
        let mail = std::fs::read_to_string(mail).unwrap();
        for part in [subject, "text/plain", "text/html"] {
            assert!(mail.contains(part), "{part} is missing from {mail}");
        }
    }
}

#[test]
fn under_a_policy_of_ones_own_the_sample_is_decided_by_that_policy() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("open.toml"), "").unwrap();
    let (status, report) = played(directory.path(), &["--policy", "open.toml"]);
    assert_eq!(status, 0, "{report:#}");
    let events = report["events"].as_array().unwrap();
    assert_eq!(told(&events[0]).1, "passed", "no domain is blocked there");
    assert_eq!(report["policy"], json!("open.toml"));
}

#[test]
fn the_text_names_each_step_and_where_things_lie() {
    let directory = TempDir::new().unwrap();
    let output = run(directory.path(), &["play"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for part in [
        "domain_blocked",
        "usher invite create",
        "ist Ihr Code, Ada",
        "usher.sign_up_confirmed",
        "usher.invite_redeemed",
        "usher.organization_founded",
        "welcome_mail",
        "suspension_notice",
        "password_changed_notice",
        "Bitte kommen Sie",
        "usher user suspend",
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
    assert_eq!((mails(), mails()), (3, 3));
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
fn a_name_that_is_refused_on_and_on_is_told_ten_times_an_hour_and_suspicious_once() {
    let directory = TempDir::new().unwrap();
    let event = sample("01-refused-sign-up.json");
    std::fs::write(directory.path().join("again.json"), event).unwrap();
    let blocking = "[sign_up]\nblocked_domains = ['spam.example']\n";
    std::fs::write(directory.path().join("usher.toml"), blocking).unwrap();
    let hour = || identity::refusal_hour(WallClock.now());
    // Files are played at the time that it is; another hour counts anew.
    let report = loop {
        let before = hour();
        let (_, report) = played(directory.path(), &["again.json"; 40]);
        if hour() == before {
            break report;
        }
    };
    let events = report["events"].as_array().unwrap();
    for (number, event) in (1..).zip(events) {
        assert_eq!(told(event).1, "domain_blocked", "{event:#}");
        let outcomes = event["outcomes"].as_array().unwrap();
        let is_told = number <= 10;
        assert_eq!(event["published"].is_object(), is_told, "{number}");
        assert_eq!(outcomes.len(), usize::from(is_told), "{number}");
        if !is_told {
            continue;
        }
        assert_eq!(outcomes[0]["appended"], json!(true), "{number}");
        let data = json!({ "reason": "domain_blocked", "attempts": 5 });
        let suspicious = json!([{ "type": "usher.suspicious_sign_up", "data": data }]);
        let expected = if number == 5 { suspicious } else { json!([]) };
        assert_eq!(outcomes[0]["decided"], expected, "{number}");
    }
    assert_eq!(events.len(), 40);
}

#[test]
fn nothing_that_a_client_writes_grants_anything_on_the_whole_way() {
    let claimed = [
        ("role", "admin"),
        ("account_type", "enterprise"),
        ("accountType", "enterprise"),
        ("organization", "acme"),
        ("organization_id", "acme"),
        ("permissions", "settings:write"),
        ("plan", "enterprise"),
        ("status", "active"),
        ("email_verified", "true"),
        ("groups", "admin"),
    ];
    let said: serde_json::Map<String, Value> = claimed
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let directory = TempDir::new().unwrap();
    for (at, file) in ["02-sign-up", "03-confirmation", "05-sign-in", "06-token"]
        .iter()
        .enumerate()
    {
        let mut event: Value = serde_json::from_str(&sample(&format!("{file}.json"))).unwrap();
        let request = &mut event["request"];
        request["clientMetadata"] = json!(said);
        request["validationData"] = json!(said);
        let attributes = request["userAttributes"].as_object_mut().unwrap();
        attributes.insert("email".to_owned(), json!("ada@nowhere.example"));
        for (name, value) in &said {
            for own in ["custom", "dev:custom"] {
                attributes.insert(format!("{own}:{name}"), value.clone());
            }
        }
        let path = directory.path().join(format!("{at}.json"));
        std::fs::write(path, event.to_string()).unwrap();
    }
    let (status, report) = played(directory.path(), &["."]);
    assert_eq!(status, 0, "{report:#}");
    let profile = &report["profile"];
    assert_eq!(
        (&profile["role"], &profile["accountType"]),
        (&json!("user"), &json!("standard"))
    );
    assert_eq!(profile["organizationId"], Value::Null);
    let details = &report["claims"];
    for token in ["idTokenGeneration", "accessTokenGeneration"] {
        let claims = &details[token]["claimsToAddOrOverride"];
        assert_eq!(claims["role"], json!("user"), "{token}");
        for absent in ["organization_id", "plan", "features"] {
            assert_eq!(claims[absent], Value::Null, "{token}: {absent}");
        }
        let permissions = claims["permissions"].to_string();
        assert!(!permissions.contains("settings:write"), "{token}");
    }
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
        assert_eq!(report["mails"].as_array().unwrap().len(), 3);
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
    // The notice of the reset; where nothing is kept of the person, nobody knows whom to tell of more.
    let mails = report["mails"].as_array().unwrap();
    assert_eq!(mails.len(), 1);
    let mail = directory.path().join(mails[0].as_str().unwrap());
    let mail = std::fs::read_to_string(mail).unwrap();
    assert!(mail.contains("Your password for"), "{mail}");
    assert_eq!(report["preferences"], Value::Null);
}
