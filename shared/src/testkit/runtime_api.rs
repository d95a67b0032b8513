//! Lambda, as a bootstrap sees it: the Runtime API on a port of this machine.

use crate::clock::{Clock, WallClock};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How long a test waits for a function before it has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a function is told of its own time limit, unless a test says otherwise: the trigger's.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(5);
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:usher";

/// What a function made of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It answered.
    Response(String),
    /// It reported an error.
    Error(String),
}

struct Waiting {
    id: String,
    event: String,
}

struct Shared {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<Waiting>>,
    answers: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    asked: watch::Sender<usize>,
    broken: Mutex<Option<String>>,
    time_limit: Duration,
}

/// A Runtime API that feeds events to whoever asks, one at a time.
pub struct RuntimeApi {
    address: SocketAddr,
    events: mpsc::UnboundedSender<Waiting>,
    shared: Arc<Shared>,
    asked: watch::Receiver<usize>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl RuntimeApi {
    /// Serves on a free port of this machine.
    pub async fn start() -> Self {
        Self::start_with(FUNCTION_TIMEOUT).await
    }

    /// The same for a function with this time limit.
    pub async fn start_with(time_limit: Duration) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let (events, receiver) = mpsc::unbounded_channel();
        let (sender, asked) = watch::channel(0);
        let shared = Arc::new(Shared {
            events: tokio::sync::Mutex::new(receiver),
            answers: Mutex::default(),
            asked: sender,
            broken: Mutex::default(),
            time_limit,
        });
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(respond),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(fail))
            .route("/2018-06-01/runtime/init/error", post(break_down))
            .with_state(shared.clone());
        let server = tokio::spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            address,
            events,
            shared,
            asked,
            server,
        }
    }

    /// What `AWS_LAMBDA_RUNTIME_API` is for a function of this API.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until a function has asked for its first event: it is initialized.
    pub async fn ready(&self) {
        let mut asked = self.asked.clone();
        let ready = tokio::time::timeout(PATIENCE, asked.wait_for(|times| *times > 0)).await;
        assert!(
            ready.is_ok(),
            "no function asked for an event; init error: {:?}",
            self.broken()
        );
    }

    /// What a function reported instead of asking for its first event.
    pub fn broken(&self) -> Option<String> {
        self.shared.broken.lock().unwrap().clone()
    }

    /// Hands an event to the function and gives what it makes of it. `None` if it makes nothing of
    /// it in half a minute, as when it has died.
    pub async fn invoke(&self, event: &str) -> Option<Answer> {
        self.invoke_within(event, PATIENCE).await
    }

    /// The same with another patience.
    pub async fn invoke_within(&self, event: &str, patience: Duration) -> Option<Answer> {
        let id = crate::chance::event_id().to_string();
        let (sender, answer) = oneshot::channel();
        self.shared
            .answers
            .lock()
            .unwrap()
            .insert(id.clone(), sender);
        self.events
            .send(Waiting {
                id,
                event: event.to_owned(),
            })
            .unwrap();
        tokio::time::timeout(patience, answer).await.ok()?.ok()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response<Body> {
    shared.asked.send_modify(|times| *times += 1);
    let Some(waiting) = shared.events.lock().await.recv().await else {
        return accepted(StatusCode::GONE);
    };
    let limit = i64::try_from(shared.time_limit.as_millis()).unwrap();
    Response::builder()
        .header("Lambda-Runtime-Aws-Request-Id", waiting.id)
        .header(
            "Lambda-Runtime-Deadline-Ms",
            WallClock.now().unix_millis() + limit,
        )
        .header("Lambda-Runtime-Invoked-Function-Arn", ARN)
        .header(
            "Lambda-Runtime-Trace-Id",
            "Root=1-00000000-000000000000000000000000;Sampled=0",
        )
        .header("Content-Type", "application/json")
        .body(Body::from(waiting.event))
        .unwrap()
}

async fn respond(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: String,
) -> Response<Body> {
    answer(&shared, &id, Answer::Response(body))
}

async fn fail(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: String,
) -> Response<Body> {
    answer(&shared, &id, Answer::Error(body))
}

async fn break_down(State(shared): State<Arc<Shared>>, body: String) -> Response<Body> {
    *shared.broken.lock().unwrap() = Some(body);
    accepted(StatusCode::ACCEPTED)
}

fn answer(shared: &Shared, id: &str, answer: Answer) -> Response<Body> {
    match shared.answers.lock().unwrap().remove(id) {
        // Nobody waits any longer; Lambda, too, would drop it.
        Some(waiting) => drop(waiting.send(answer)),
        None => return accepted(StatusCode::BAD_REQUEST),
    }
    accepted(StatusCode::ACCEPTED)
}

fn accepted(status: StatusCode) -> Response<Body> {
    Response::builder()
        .status(status)
        .body(Body::from("{}"))
        .unwrap()
}

/// A bootstrap that runs as Lambda would run it, until it is dropped.
pub struct Function(Child);

impl Function {
    /// Starts a binary with nothing in its environment but Lambda's variables and these. It logs
    /// where the test does.
    pub fn start(
        api: &RuntimeApi,
        bootstrap: &std::path::Path,
        environment: &[(&str, &str)],
    ) -> Self {
        Self::start_logging_to(api, bootstrap, environment, Stdio::inherit())
    }

    /// The same with its log elsewhere.
    pub fn start_logging_to(
        api: &RuntimeApi,
        bootstrap: &std::path::Path,
        environment: &[(&str, &str)],
        log: Stdio,
    ) -> Self {
        let child = Command::new(bootstrap)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", "usher")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/usher")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .envs(environment.iter().copied())
            .stdout(log)
            .spawn()
            .unwrap();
        Self(child)
    }

    /// The process, to measure it or to take its output.
    pub fn process(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests;
