//! Personal values, sent through every path: they must not come out where they do not belong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{Local, mails, sample, told};
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;

const EMAIL: &str = "canary.email@acme.example";
const FIRST: &str = "Canaryfirst";
const LAST: &str = "Canarylast";
const PHONE: &str = "+15550103377";
const PASSWORD: &str = "canary-password-1";
const CODE: &str = "canary-code-1";
const TOKEN: &str = "canary-token-1";

/// What must not show, also not in part or in another case.
const CANARIES: [&str; 6] = [
    "canary.email",
    "canaryfirst",
    "canarylast",
    "5550103377",
    "canary-password",
    "canary-",
];

/// A sample with every personal value replaced, and secrets where Cognito may put them.
fn poisoned(mut event: Value) -> String {
    let attributes = event["request"]["userAttributes"].as_object_mut().unwrap();
    attributes.insert("email".to_owned(), json!(EMAIL));
    attributes.insert("given_name".to_owned(), json!(FIRST));
    attributes.insert("family_name".to_owned(), json!(LAST));
    attributes.insert("phone_number".to_owned(), json!(PHONE));
    event["userName"] = json!(EMAIL);
    event["request"]["password"] = json!(PASSWORD);
    event["request"]["code"] = json!(CODE);
    event["request"]["validationData"] = json!({ "password": PASSWORD });
    event["request"]["clientMetadata"] = json!({ "signup_source": "<canary-source>", "utm_campaign": "<canary-markup>", "t": TOKEN });
    event.to_string()
}

#[test]
fn a_persons_values_show_in_no_log_line_error_bus_entry_or_file_name() {
    let directory = TempDir::new().unwrap();
    let log = directory.path().join("log.txt");
    let local = Local::start_logging(directory.path(), "trace", &log);
    let mut shown = String::new();
    let samples = [
        "01-refused-sign-up.json",
        "02-sign-up.json",
        "03-confirmation.json",
        "04-pre-sign-in.json",
        "05-sign-in.json",
        "06-token.json",
        "07-password-reset.json",
    ];
    for name in samples {
        let event: Value = serde_json::from_str(&sample(name)).unwrap();
        let refused = poisoned(event.clone()).replace("acme.example", "spam.example");
        for event in [poisoned(event), refused] {
            let answer = local.invoke("trigger", &[], &event);
            assert_eq!(answer.status, 200);
            if answer.header("x-amz-function-error").is_some() {
                shown.push_str(&answer.body);
            }
        }
    }
    for source in [
        "UserMigration_Authentication",
        "CustomMessage_SignUp",
        "CustomEmailSender_SignUp",
        "PreSignUp_Tomorrow",
    ] {
        let mut event: Value = serde_json::from_str(&sample("02-sign-up.json")).unwrap();
        event["triggerSource"] = json!(source);
        assert_eq!(local.invoke("trigger", &[], &poisoned(event)).status, 200);
    }
    // A broken message, a forged one, and garbage for the worker itself.
    let record = |body: String| {
        json!({ "Records": [{ "messageId": "1", "body": body, "attributes": {} }] }).to_string()
    };
    for body in [
        format!("{{\"email\":\"{EMAIL}\""),
        json!({
            "specversion": "1.0", "id": "f0f607a8-e0d0-545f-8a65-5d5843765c82", "type": "usher.role_assigned",
            "source": "eu-west-1_A", "subject": EMAIL, "time": "2026-01-01T00:00:00Z",
            "dataschema": "urn:usher:event:role_assigned:1", "data": { "source": "domain", "role": PASSWORD }
        })
        .to_string(),
    ] {
        shown.push_str(&local.invoke("worker", &[], &record(body)).body);
    }
    shown.push_str(
        &local
            .invoke("worker", &[], &format!("{{\"email\":\"{EMAIL}\"}}"))
            .body,
    );

    let state = directory.path().join(".usher");
    let written = mails(&state.join("mail"), 1);
    let bus = told(&state.join("bus.ndjson"), "usher.password_reset");
    assert_eq!(local.interrupt(), Some(0));
    let mail = fs::read_to_string(&written[0]).unwrap();
    assert!(
        mail.contains(FIRST),
        "the canary is alive: the mail itself has it"
    );
    shown.push_str(&format!("{written:?}"));
    let log = fs::read_to_string(log).unwrap();
    assert!(
        log.contains("Answered a trigger") && log.contains("set aside"),
        "the log was on:\n{log}"
    );
    shown.push_str(&log);
    shown.push_str(&bus);
    let shown = shown.to_lowercase();
    for canary in CANARIES {
        let place = shown.find(canary).map(|at| {
            shown[at.saturating_sub(200)..]
                .chars()
                .take(400)
                .collect::<String>()
        });
        assert_eq!(place, None, "{canary} shows");
    }
}
