//! Lambda's Invoke API, as its clients know it: statuses, headers and error bodies.
//!
//! *AWS Lambda API reference, Invoke*: an error of the function's own is status 200 with the header
//! `X-Amz-Function-Error`; only an error of the call has another status.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_shared::chance;
use usher_trigger::{Refusal, Trigger};
use usher_worker::Worker;
use usher_worker::lambda::Unanswerable;

/// The largest payload of a synchronous call: 6 MB.
const LARGEST: usize = 6 * 1024 * 1024;
/// How long the worker may take for one batch here.
const WORKER_TIMEOUT: Duration = Duration::from_secs(60);
/// How Lambda marks an error that the function reported itself.
const UNHANDLED: &str = "Unhandled";

#[derive(Clone)]
struct Functions {
    trigger: Arc<Trigger>,
    worker: Arc<Worker>,
}

#[derive(Clone, Copy)]
enum Function {
    Trigger,
    Worker,
}

/// The routes of the Invoke API for both functions.
pub fn router(trigger: Arc<Trigger>, worker: Arc<Worker>) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .layer(DefaultBodyLimit::disable())
        .with_state(Functions { trigger, worker })
}

#[derive(Deserialize)]
struct Options {
    #[serde(rename = "Qualifier")]
    qualifier: Option<String>,
}

async fn invoke(
    State(functions): State<Functions>,
    Path(name): Path<String>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request_id = chance::event_id().to_string();
    let mut response = answer(
        functions,
        &name,
        options.qualifier.as_deref(),
        &headers,
        body,
        &request_id,
    )
    .await;
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}

async fn answer(
    functions: Functions,
    name: &str,
    qualifier: Option<&str>,
    headers: &HeaderMap,
    body: Bytes,
    request_id: &str,
) -> Response {
    let known = function(name).filter(|_| qualifier.is_none_or(|qualifier| qualifier == "$LATEST"));
    let Some(function) = known else {
        let shown: String = name
            .chars()
            .filter(|c| c.is_ascii_graphic())
            .take(140)
            .collect();
        let message = format!("Function not found: {shown}");
        return refuse(
            StatusCode::NOT_FOUND,
            "ResourceNotFoundException",
            "User",
            &message,
        );
    };
    if body.len() > LARGEST {
        let message = format!(
            "Request must be smaller than {LARGEST} bytes for the InvokeFunction operation"
        );
        return refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            "User",
            &message,
        );
    }
    let payload = if body.is_empty() {
        Bytes::from_static(b"{}")
    } else {
        body
    };
    let Ok(payload) = serde_json::from_slice::<Box<RawValue>>(&payload) else {
        let message = "Could not parse request body into json";
        return refuse(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            "User",
            message,
        );
    };
    let kind = headers
        .get("x-amz-invocation-type")
        .map(HeaderValue::as_bytes);
    match kind {
        None | Some(b"RequestResponse") => {
            executed(run(&functions, function, &payload, request_id).await)
        }
        Some(b"Event") => {
            // Carried out before it is acknowledged: there is no queue of calls here to keep it in.
            // What the function returns is nobody's, as in Lambda.
            let _ = run(&functions, function, &payload, request_id).await;
            StatusCode::ACCEPTED.into_response()
        }
        Some(b"DryRun") => StatusCode::NO_CONTENT.into_response(),
        Some(_) => {
            let message = "X-Amz-Invocation-Type must be RequestResponse, Event or DryRun";
            refuse(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                "User",
                message,
            )
        }
    }
}

/// A function's name, also as the end of an ARN and with `$LATEST` behind it.
fn function(name: &str) -> Option<Function> {
    let name = name.strip_suffix(":$LATEST").unwrap_or(name);
    match name.rsplit(':').next() {
        Some("trigger") => Some(Function::Trigger),
        Some("worker") => Some(Function::Worker),
        Some(_) | None => None,
    }
}

/// What a function returns: a payload, or an error's type and message.
type Returned = Result<String, (String, String)>;

async fn run(
    functions: &Functions,
    function: Function,
    payload: &RawValue,
    request_id: &str,
) -> Returned {
    let returned = async {
        match function {
            Function::Trigger => {
                let answer = functions.trigger.handle(payload, request_id).await.answer;
                let error =
                    |refusal: Refusal| (Refusal::ERROR_TYPE.to_owned(), refusal.text().to_owned());
                answer.map(|answer| answer.get().to_owned()).map_err(error)
            }
            Function::Worker => {
                let answer = functions
                    .worker
                    .answer(payload, Instant::now() + WORKER_TIMEOUT)
                    .await;
                let error = |error: Unanswerable| {
                    (Unanswerable::ERROR_TYPE.to_owned(), error.text().to_owned())
                };
                answer
                    .map(|answer| json!(answer).to_string())
                    .map_err(error)
            }
        }
    };
    match AssertUnwindSafe(returned).catch_unwind().await {
        Ok(returned) => returned,
        Err(_) => Err((
            "Runtime.ExitError".to_owned(),
            "the function panicked".to_owned(),
        )),
    }
}

fn executed(returned: Returned) -> Response {
    let mut response = match returned {
        Ok(payload) => payload.into_response(),
        Err((kind, message)) => {
            let mut response = json!({ "errorType": kind, "errorMessage": message })
                .to_string()
                .into_response();
            let headers = response.headers_mut();
            headers.insert("x-amz-function-error", HeaderValue::from_static(UNHANDLED));
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert(
        "x-amz-executed-version",
        HeaderValue::from_static("$LATEST"),
    );
    response
}

fn refuse(status: StatusCode, kind: &'static str, blame: &str, message: &str) -> Response {
    let body = json!({ "Type": blame, "Message": message, "message": message }).to_string();
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-errortype", HeaderValue::from_static(kind));
    response
}
