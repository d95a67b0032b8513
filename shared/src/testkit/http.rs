//! Networks that fail in a chosen way, below the SDK, so that what is tested is what is deployed.

mod partly;

pub use partly::{LeftOut, partly};

use crate::aws::{Clients, Timeouts};
use crate::clock;
use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    /// Nothing ever comes back.
    Hangs,
    /// There is nobody at the other end.
    RefusesConnection,
    /// The connection ends after the request was sent and before an answer came.
    Resets,
    /// The service asks for fewer calls.
    Throttles,
    /// A transaction of somebody else has the item just now.
    Conflicts,
    /// The condition of a write does not hold, and what is there is not shown.
    FailsCondition,
    /// The service says that it is broken.
    Breaks,
    /// The service will not let us.
    Denies,
    /// The service does what was asked, and says this.
    Answers(&'static str),
    /// The service does what was asked, and says this only after so long.
    AnswersLate(Duration, &'static str),
    /// The service will not do it, for the reason of this name.
    Refuses(&'static str),
}

/// What a script makes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes through.
    Passes,
    /// It does not arrive, and ends like this.
    Ends(Behavior),
    /// It is carried out, and its answer is lost on the way.
    LosesAnswer,
}

/// A call that a script decides on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The operation, as AWS names it: `PutItem`, `SendMessage`, `PutEvents`, `SendEmail`.
    pub operation: String,
    /// How many calls were made before it through the same clients.
    pub before: usize,
    /// What was asked, as it was sent.
    pub body: String,
}

/// Clients all of whose calls end in one way. Time may be paused.
pub fn clients(behavior: Behavior, timeouts: Timeouts) -> Clients {
    scripted("http://127.0.0.1:1", timeouts, move |_| {
        Outcome::Ends(behavior)
    })
}

/// Clients of a real server, with a script between them and it.
pub fn scripted(
    endpoint: &str,
    timeouts: Timeouts,
    script: impl Fn(&Call) -> Outcome + Send + Sync + 'static,
) -> Clients {
    let network = Scripted {
        real: Builder::new().build_http(),
        script: Arc::new(script),
        calls: Arc::new(AtomicUsize::new(0)),
    };
    Clients::over(SharedHttpClient::new(network), endpoint, timeouts)
}

/// Clients of a real table, whose writes meet transactions, lose their answers, are refused for
/// conditions that do hold, or are throttled – more of them than go through.
pub fn disturbed(endpoint: &str) -> Clients {
    scripted(endpoint, Timeouts::WORKER, |call| {
        let is_write = matches!(
            call.operation.as_str(),
            "PutItem" | "UpdateItem" | "TransactWriteItems"
        );
        // Out of step with whatever asks for several writes in turn, and the same in every run.
        let drawn = (call.before as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        match drawn % 7 {
            _ if !is_write => Outcome::Passes,
            0 | 4 => Outcome::Ends(Behavior::Conflicts),
            2 => Outcome::LosesAnswer,
            3 => Outcome::Ends(Behavior::FailsCondition),
            5 => Outcome::Ends(Behavior::Throttles),
            _ => Outcome::Passes,
        }
    })
}

type Script = dyn Fn(&Call) -> Outcome + Send + Sync;

#[derive(Clone)]
struct Scripted {
    real: SharedHttpClient,
    script: Arc<Script>,
    calls: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scripted")
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

impl HttpClient for Scripted {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            network: self.clone(),
            real: self.real.http_connector(settings, components),
        })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        None
    }
}

#[derive(Debug)]
struct Connector {
    network: Scripted,
    real: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let before = self.network.calls.fetch_add(1, Ordering::SeqCst);
        let operation = operation(&request);
        let body = request.body().bytes().unwrap_or_default();
        let outcome = (self.network.script)(&Call {
            operation: operation.clone(),
            before,
            body: String::from_utf8_lossy(body).into_owned(),
        });
        let real = self.real.clone();
        HttpConnectorFuture::new(async move {
            match outcome {
                Outcome::Passes => real.call(request).await,
                Outcome::Ends(behavior) => end(behavior, &operation).await,
                Outcome::LosesAnswer => {
                    drop(real.call(request).await?);
                    end(Behavior::Resets, &operation).await
                }
            }
        })
    }
}

/// Reads the operation: from the header of the JSON protocols, or from the one path of SES's.
fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target");
    let named = target.and_then(|target| target.rsplit('.').next());
    named.unwrap_or("SendEmail").to_owned()
}

async fn end(behavior: Behavior, operation: &str) -> Result<HttpResponse, ConnectorError> {
    let lost = |kind: io::ErrorKind| Err(ConnectorError::io(io::Error::from(kind).into()));
    if operation == "TransactWriteItems"
        && let Some(reason) = reason(behavior)
    {
        return Ok(canceled(reason));
    }
    match behavior {
        Behavior::Hangs => std::future::pending().await,
        Behavior::RefusesConnection => lost(io::ErrorKind::ConnectionRefused),
        Behavior::Resets => lost(io::ErrorKind::ConnectionReset),
        Behavior::Throttles => Ok(match operation {
            "SendEmail" => answer(429, "TooManyRequestsException"),
            "SendMessage" | "ReceiveMessage" | "DeleteMessage" => answer(403, "RequestThrottled"),
            "PutEvents" | "GetParameter" | "GetParametersByPath" | "GetSecretValue" => {
                answer(400, "ThrottlingException")
            }
            _ => answer(400, "ProvisionedThroughputExceededException"),
        }),
        Behavior::Conflicts => Ok(answer(400, "TransactionConflictException")),
        Behavior::FailsCondition => Ok(answer(400, "ConditionalCheckFailedException")),
        Behavior::Breaks => Ok(answer(500, "InternalServerError")),
        Behavior::Denies => Ok(answer(403, "AccessDeniedException")),
        Behavior::Refuses(code) => Ok(answer(400, code)),
        Behavior::Answers(body) => Ok(said(body)),
        Behavior::AnswersLate(time, body) => {
            clock::sleep(time).await;
            Ok(said(body))
        }
    }
}

/// What a canceled transaction says of its items, where that is how it fails.
fn reason(behavior: Behavior) -> Option<&'static str> {
    match behavior {
        Behavior::Conflicts => Some("TransactionConflict"),
        Behavior::FailsCondition => Some("ConditionalCheckFailed"),
        Behavior::Throttles => Some("ThrottlingError"),
        Behavior::Hangs
        | Behavior::RefusesConnection
        | Behavior::Resets
        | Behavior::Breaks
        | Behavior::Denies
        | Behavior::Answers(_)
        | Behavior::AnswersLate(..)
        | Behavior::Refuses(_) => None,
    }
}

/// A transaction of which one item, and not the first, is why it was canceled.
fn canceled(reason: &'static str) -> HttpResponse {
    let body = format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"as scripted","CancellationReasons":[{{"Code":"None"}},{{"Code":"{reason}"}}]}}"#
    );
    let mut answer = answer(400, "TransactionCanceledException");
    *answer.body_mut() = SdkBody::from(body);
    answer
}

fn said(body: &'static str) -> HttpResponse {
    let ok = StatusCode::try_from(200).expect("200 is a status");
    HttpResponse::new(ok, SdkBody::from(body))
}

/// An error as the JSON protocols name it in the body and SES's in a header.
fn answer(status: u16, code: &'static str) -> HttpResponse {
    let body = format!(r#"{{"__type":"com.amazonaws#{code}","message":"as scripted"}}"#);
    let status = StatusCode::try_from(status).expect("scripted statuses are statuses");
    let mut answer = HttpResponse::new(status, SdkBody::from(body));
    answer.headers_mut().insert("x-amzn-errortype", code);
    answer
        .headers_mut()
        .insert("content-type", "application/x-amz-json-1.0");
    answer
}

#[cfg(test)]
mod tests;
