//! `usher local`: Lambda's Invoke API as its clients know it, and a state that survives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{Local, mails, sample};
use serde_json::{Value, json};
use tempfile::TempDir;

const CONFIRMATION: &str = "03-confirmation.json";

#[test]
fn an_answer_is_the_event_with_its_response() {
    let directory = TempDir::new().unwrap();
    let local = Local::start(directory.path(), &[]);
    let token = sample("06-token.json");
    let answer = local.invoke("trigger", &[], &token);
    assert_eq!(
        (answer.status, answer.header("x-amz-function-error")),
        (200, None)
    );
    assert_eq!(answer.header("x-amz-executed-version"), Some("$LATEST"));
    assert!(answer.header("x-amzn-requestid").is_some());
    let mut answered = answer.json();
    let sent: Value = serde_json::from_str(&token).unwrap();
    assert_ne!(answered["response"], sent["response"]);
    answered["response"] = sent["response"].clone();
    assert_eq!(answered, sent);
}

#[test]
fn a_refusal_is_status_200_with_the_error_in_header_and_body() {
    let directory = TempDir::new().unwrap();
    let local = Local::start(directory.path(), &[]);
    for function in [
        "trigger",
        "arn:aws:lambda:eu-west-1:123456789012:function:trigger",
        "trigger:$LATEST",
    ] {
        let answer = local.invoke(function, &[], &sample("01-refused-sign-up.json"));
        assert_eq!(
            (answer.status, answer.header("x-amz-function-error")),
            (200, Some("Unhandled")),
            "{function}"
        );
        let error = json!({ "errorType": "Refused", "errorMessage": "Sign-up is not possible with these details" });
        assert_eq!(answer.json(), error);
    }
}

#[test]
fn a_call_that_lambda_would_refuse_is_refused_as_lambda_does() {
    let directory = TempDir::new().unwrap();
    let local = Local::start(directory.path(), &[]);
    let large = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    for (function, headers, body, status, kind) in [
        ("nobody", vec![], "{}", 404, "ResourceNotFoundException"),
        ("trigger:7", vec![], "{}", 404, "ResourceNotFoundException"),
        (
            "trigger",
            vec![],
            "{",
            400,
            "InvalidRequestContentException",
        ),
        (
            "trigger",
            vec![],
            large.as_str(),
            413,
            "RequestTooLargeException",
        ),
        (
            "trigger",
            vec![("x-amz-invocation-type", "Maybe")],
            "{}",
            400,
            "InvalidParameterValueException",
        ),
    ] {
        let answer = local.invoke(function, &headers, body);
        assert_eq!(
            (answer.status, answer.header("x-amzn-errortype")),
            (status, Some(kind)),
            "{function}"
        );
    }
    assert_eq!(
        local
            .invoke("trigger", &[("x-amz-invocation-type", "DryRun")], "{}")
            .status,
        204
    );
}

#[test]
fn a_call_that_nobody_waits_for_is_carried_out() {
    let directory = TempDir::new().unwrap();
    let local = Local::start(directory.path(), &[]);
    let answer = local.invoke(
        "trigger",
        &[("x-amz-invocation-type", "Event")],
        &sample(CONFIRMATION),
    );
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));
    assert_eq!(mails(&directory.path().join(".usher/mail"), 1).len(), 1);
}

#[test]
fn the_worker_answers_a_batch_with_what_has_to_come_again() {
    let directory = TempDir::new().unwrap();
    let local = Local::start(directory.path(), &[]);
    let unknown = json!({
        "specversion": "1.0", "id": "f0f607a8-e0d0-545f-8a65-5d5843765c82", "type": "usher.of_tomorrow",
        "source": "eu-west-1_A", "subject": "3f0c", "time": "2026-01-01T00:00:00Z",
        "dataschema": "urn:usher:event:of_tomorrow:1", "data": {}
    });
    let record = |id: &str, body: &str| json!({ "messageId": id, "body": body, "attributes": { "ApproximateReceiveCount": "1" }, "eventSource": "aws:sqs" });
    let batch = json!({ "Records": [record("1", &unknown.to_string()), record("2", "poison")] });
    let answer = local.invoke("worker", &[], &batch.to_string());
    assert_eq!(
        answer.json(),
        json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] })
    );
    let garbage = local.invoke("worker", &[], "[]");
    assert_eq!(
        (garbage.status, garbage.header("x-amz-function-error")),
        (200, Some("Unhandled"))
    );
    assert_eq!(garbage.json()["errorType"], "Unanswerable");
    assert_eq!(
        local.invoke("worker", &[], r#"{"usher":"sweep"}"#).status,
        200
    );
}

#[test]
fn a_kill_right_after_an_answer_loses_nothing_and_sends_one_mail() {
    let directory = TempDir::new().unwrap();
    let outbox = directory.path().join(".usher/mail");
    for round in 1..=3 {
        let local = Local::start(directory.path(), &[]);
        let sub = format!("8f14e45f-ceea-467f-a9af-00000000000{round}");
        let event = sample(CONFIRMATION).replace("8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e", &sub);
        assert_eq!(local.invoke("trigger", &[], &event).status, 200);
        local.kill();
        let local = Local::start(directory.path(), &[]);
        assert_eq!(mails(&outbox, round).len(), round);
        assert_eq!(local.interrupt(), Some(0));
    }
}

#[test]
fn fresh_starts_over_and_removes_nothing_else() {
    let directory = TempDir::new().unwrap();
    let local = Local::start(directory.path(), &[]);
    local.invoke("trigger", &[], &sample(CONFIRMATION));
    mails(&directory.path().join(".usher/mail"), 1);
    assert_eq!(local.interrupt(), Some(0));
    let mine = directory.path().join(".usher/mine.txt");
    std::fs::write(&mine, "mine").unwrap();
    let local = Local::start(directory.path(), &["--fresh"]);
    assert!(!directory.path().join(".usher/mail").exists());
    assert!(mine.exists());
    local.invoke("trigger", &[], &sample(CONFIRMATION));
    assert_eq!(
        mails(&directory.path().join(".usher/mail"), 1).len(),
        1,
        "the first confirmation is forgotten"
    );
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn a_port_in_use_is_named_with_a_remedy() {
    let directory = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = common::run(directory.path(), &["local", "--port", &port]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains(&port) && error.contains("--port"), "{error}");
}

#[test]
fn a_state_that_another_usher_serves_is_not_removed() {
    let directory = TempDir::new().unwrap();
    let local = Local::start(directory.path(), &[]);
    for arguments in [
        vec!["local", "--fresh", "--port", "0"],
        vec!["play", "--dir", ".usher"],
    ] {
        let output = common::run(directory.path(), &arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(error.contains("another usher"), "{arguments:?}: {error}");
    }
    assert_eq!(
        local.invoke("trigger", &[], &sample(CONFIRMATION)).status,
        200
    );
    mails(&directory.path().join(".usher/mail"), 1);
    assert_eq!(local.interrupt(), Some(0));
}
