use super::*;
use crate::aws::Timeouts;
use axum::Router;
use axum::body::Body as HttpBody;
use axum::http::{Response, StatusCode};
use std::sync::{Arc, Mutex};
use usher_events::Personal;

fn mail() -> Mail {
    Mail {
        to: Personal::new("ada@example.com"),
        from: "Usher <hello@example.com>".to_owned(),
        reply_to: None,
        subject: "Hello".to_owned(),
        text: "Hello".to_owned(),
        html: "<p>Hello</p>".to_owned(),
        unsubscribe_url: None,
        tags: Vec::new(),
        configuration_set: None,
    }
}

/// What SES, or whoever stands in its place, answers to one mail.
#[derive(Clone, Copy)]
struct Answer {
    status: u16,
    /// The type of an error, and that SES itself has answered.
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

/// Sends one mail to a server that says this, and gives what was sent as well.
async fn sent(mail: &Mail, answer: Answer) -> (Result<String, MailError>, serde_json::Value) {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    let app = Router::new().fallback(move |body: String| {
        seen.lock().unwrap().push(body);
        async move {
            let mut response =
                Response::builder().status(StatusCode::from_u16(answer.status).unwrap());
            for (name, value) in answer.headers {
                response = response.header(*name, *value);
            }
            response.body(HttpBody::from(answer.body)).unwrap()
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let result = Ses::new(&Clients::local(&endpoint, Timeouts::WORKER))
        .send(mail)
        .await;
    server.abort();
    let body = bodies.lock().unwrap().pop().unwrap();
    (result, serde_json::from_str(&body).unwrap())
}

const OF_SES: &[(&str, &str)] = &[
    ("content-type", "application/json"),
    ("x-amzn-requestid", "7a1f4c1e-0000-4000-8000-000000000001"),
];
const OF_A_PROXY: &[(&str, &str)] = &[("content-type", "text/html")];

#[tokio::test]
async fn only_an_answer_of_the_service_itself_is_an_acceptance() {
    let unknown = Err(FaultKind::TimedOut);
    for (headers, body, expected) in [
        (OF_SES, r#"{"MessageId":"0107"}"#, Ok("0107")),
        (OF_A_PROXY, r#"{"MessageId":"0107"}"#, Ok("0107")),
        (OF_SES, "{}", Ok("")),
        (OF_A_PROXY, "{}", unknown),
        (OF_A_PROXY, "", unknown),
        (
            OF_A_PROXY,
            "<!doctype html><p>Welcome to our network</p>",
            unknown,
        ),
        (OF_SES, r#"{"MessageId":"01"#, unknown),
    ] {
        let answer = Answer {
            status: 200,
            headers,
            body,
        };
        let (result, _) = sent(&mail(), answer).await;
        let result = result.as_deref().map_err(MailError::kind);
        assert_eq!(result, expected, "{body}");
    }
}

#[tokio::test]
async fn every_failure_is_told_as_what_can_be_done_about_it() {
    let deferred = |kind: FaultKind| kind.as_str();
    let (refused, throttled) = (deferred(FaultKind::Refused), deferred(FaultKind::Throttled));
    for (status, name, text, expected) in [
        (
            400,
            "MessageRejected",
            "Email address is not verified. The following identities failed the check in region EU-WEST-1: ada@example.com",
            refused,
        ),
        (400, "MailFromDomainNotVerifiedException", "", refused),
        (
            404,
            "NotFoundException",
            "Configuration set <lifecycle> does not exist.",
            refused,
        ),
        (400, "SendingPausedException", "", refused),
        (400, "AccountSuspendedException", "", refused),
        (403, "AccessDeniedException", "", refused),
        (400, "MessageRejected", "Address blacklisted.", "suppressed"),
        (
            400,
            "BadRequestException",
            "The recipient is on the suppression list",
            "suppressed",
        ),
        (
            400,
            "BadRequestException",
            "Missing final '@domain'",
            "bad_address",
        ),
        (
            400,
            "BadRequestException",
            "Domain contains control or whitespace",
            "bad_address",
        ),
        (
            400,
            "BadRequestException",
            "Invalid email address <ada>.",
            "bad_address",
        ),
        (
            400,
            "BadRequestException",
            "Missing local name",
            "bad_address",
        ),
        (
            400,
            "MessageRejected",
            "Message contains a virus",
            "rejected",
        ),
        (400, "BadRequestException", "", "rejected"),
        (400, "LimitExceededException", "", throttled),
        (429, "TooManyRequestsException", "", throttled),
        (500, "InternalFailure", "", "unavailable"),
        (504, "", "", "timed_out"),
    ] {
        let body = serde_json::json!({ "message": text }).to_string();
        let headers = [("x-amzn-errortype", name)];
        let answer = Answer {
            status,
            headers: Box::leak(Box::new(headers)),
            body: body.leak(),
        };
        let (result, _) = sent(&mail(), answer).await;
        let error = result.unwrap_err();
        assert_eq!(error.as_str(), expected, "{name}: {text}");
        let for_good = matches!(expected, "suppressed" | "bad_address" | "rejected");
        let is_given_up = error.disposition() == crate::disposition::Disposition::DeadLetter;
        assert_eq!(is_given_up, for_good, "{name}: {text}");
        assert!(!format!("{error} {error:?}").contains("ada"), "{error:?}");
    }
}

#[tokio::test]
async fn the_headers_of_one_click_go_with_a_mail_that_has_a_place_for_it() {
    let answer = Answer {
        status: 200,
        headers: OF_SES,
        body: r#"{"MessageId":"1"}"#,
    };
    let url = "https://app.example/unsubscribe?token=AQ";
    let with = Mail {
        unsubscribe_url: Some(url.to_owned()),
        ..mail()
    };
    let (_, body) = sent(&with, answer).await;
    assert_eq!(
        body["Content"]["Simple"]["Headers"],
        serde_json::json!([
            { "Name": "List-Unsubscribe", "Value": format!("<{url}>") },
            { "Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click" },
        ])
    );
    let (_, body) = sent(&mail(), answer).await;
    assert!(body["Content"]["Simple"].get("Headers").is_none(), "{body}");
}
