use super::*;
use crate::aws::Timeouts;
use crate::disposition::FaultKind;
use crate::testkit::http::{self, Behavior};
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

const SERVICE: Service = Service {
    name: "ssm",
    host: "ssm",
    version: Version::V1_1,
    id: "SSM",
    target: "AmazonSSM",
};

async fn call(behavior: Behavior) -> Result<Option<Value>, FaultKind> {
    let client = Client::new(&http::clients(behavior, Timeouts::TRIGGER), SERVICE);
    let called = client.call("ssm.do", "Do", &json!({}), "NotThere").await;
    called.map_err(|fault| fault.kind)
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_read_and_a_failure_says_whether_to_come_back() {
    for (behavior, expected) in [
        (Behavior::Answers(r#"{"A":1}"#), Ok(Some(json!({ "A": 1 })))),
        (Behavior::Answers("<html>"), Err(FaultKind::Corrupt)),
        (Behavior::Refuses("NotThere"), Ok(None)),
        (
            Behavior::Refuses("ValidationException"),
            Err(FaultKind::Refused),
        ),
        (
            Behavior::Refuses("ThrottlingException"),
            Err(FaultKind::Throttled),
        ),
        (Behavior::Denies, Err(FaultKind::Refused)),
        (Behavior::Breaks, Err(FaultKind::Unavailable)),
        (Behavior::RefusesConnection, Err(FaultKind::Unavailable)),
        (Behavior::Resets, Err(FaultKind::TimedOut)),
        (Behavior::Hangs, Err(FaultKind::TimedOut)),
    ] {
        assert_eq!(call(behavior).await, expected, "{behavior:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_ends_at_its_limit() {
    let start = Instant::now();
    assert_eq!(call(Behavior::Hangs).await, Err(FaultKind::TimedOut));
    assert!(start.elapsed() <= Timeouts::TRIGGER.operation);
    assert!(start.elapsed() >= Duration::from_millis(100));
}

type Seen = Arc<Mutex<Option<(HeaderMap, String)>>>;

#[tokio::test]
async fn a_request_is_signed_for_its_service_and_says_what_is_asked() {
    async fn keep(State(seen): State<Seen>, headers: HeaderMap, body: String) -> &'static str {
        *seen.lock().unwrap() = Some((headers, body));
        "{}"
    }
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(keep).with_state(Arc::clone(&seen));
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let client = Client::new(&Clients::local(&endpoint, Timeouts::WORKER), SERVICE);
    let input = json!({ "Name": "/usher/policy" });
    let answer: Option<Value> = client.call("ssm.do", "Do", &input, "").await.unwrap();
    assert_eq!(answer, Some(json!({})));
    server.abort();

    let (headers, body) = seen.lock().unwrap().take().unwrap();
    assert_eq!(body, r#"{"Name":"/usher/policy"}"#);
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-amz-target"), "AmazonSSM.Do");
    assert_eq!(header("content-type"), "application/x-amz-json-1.1");
    let signature = header("authorization");
    assert!(
        signature.starts_with("AWS4-HMAC-SHA256 Credential=local/"),
        "{signature}"
    );
    assert!(
        signature.contains("/us-east-1/ssm/aws4_request"),
        "{signature}"
    );
    for signed in ["host", "x-amz-date", "x-amz-target"] {
        assert!(signature.contains(signed), "{signed}: {signature}");
    }
}

#[test]
fn an_error_is_known_by_its_bare_name_wherever_it_stands() {
    for body in [
        r#"{"__type":"ParameterNotFound"}"#,
        r#"{"__type":"com.amazonaws.ssm#ParameterNotFound","message":"x"}"#,
        r#"{"message":"x","__type":"ParameterNotFound:http://internal.amazon.com/"}"#,
    ] {
        let code = code_in(body.as_bytes());
        assert_eq!(
            code.as_deref().map(bare),
            Some("ParameterNotFound"),
            "{body}"
        );
    }
    for body in ["", "<html>", "[]", r#"{"__type":1}"#] {
        assert_eq!(code_in(body.as_bytes()), None, "{body}");
    }
}

#[test]
fn each_partition_has_a_domain_of_its_own() {
    for (region, expected) in [
        ("eu-west-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu"),
        ("us-iso-east-1", "c2s.ic.gov"),
        ("us-isob-east-1", "sc2s.sgov.gov"),
    ] {
        assert_eq!(suffix(region), expected, "{region}");
    }
}
