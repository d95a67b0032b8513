//! AWS as a Lambda sees it, on a port of this machine: answers at once, and counts.

mod tls;

pub use tls::{Identity, port};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::serve::Listener;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpSocket;

/// How often each operation was called, by the name that AWS gives it.
pub type Calls = BTreeMap<String, usize>;

/// As long as SES's own, which stands in the ledger of each mail's commit.
const MAIL_ID: &str = "0102018f3c5a7b1e-3f0c2a1e-70c1-40ad-9000-0a1b2c3d4e5f-000000";

#[derive(Default)]
struct Seen {
    calls: Calls,
    items: HashMap<String, Value>,
}

/// A stand-in for DynamoDB's reads and puts of one item, SQS, EventBridge and SES.
///
/// It gives back the items that were put, whatever the conditions; it takes everything else and
/// keeps nothing. What it does not know it refuses, and counts all the same.
pub struct StandIn {
    endpoint: String,
    seen: Arc<Mutex<Seen>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl StandIn {
    /// Serves on a free port of this machine.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        Self::serve(listener, endpoint, Arc::default())
    }

    /// The same AWS, with the same items and the same count, once more: over TLS, at this port.
    pub fn over_tls(&self, port: TcpSocket, identity: &Identity) -> Self {
        let endpoint = format!("https://{}", port.local_addr().unwrap());
        let listener = identity.listen(port);
        Self::serve(listener, endpoint, Arc::clone(&self.seen))
    }

    fn serve<L>(listener: L, endpoint: String, seen: Arc<Mutex<Seen>>) -> Self
    where
        L: Listener<Addr: std::fmt::Debug>,
    {
        let app = Router::new().fallback(call).with_state(Arc::clone(&seen));
        let server = tokio::spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            endpoint,
            seen,
            server,
        }
    }

    /// What `AWS_ENDPOINT_URL` is for whoever is to call it.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// What was called since the last time anybody asked.
    pub fn take_calls(&self) -> Calls {
        mem::take(&mut self.seen.lock().unwrap().calls)
    }
}

async fn call(
    State(seen): State<Arc<Mutex<Seen>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let operation = operation(&uri, &headers);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut seen = seen.lock().unwrap();
    *seen.calls.entry(operation.clone()).or_default() += 1;
    let (status, answer) = match seen.answer(&operation, &body) {
        Some(answer) => (StatusCode::OK, answer),
        None => (
            StatusCode::BAD_REQUEST,
            json!({ "__type": "UnknownOperationException" }),
        ),
    };
    Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .body(Body::from(answer.to_string()))
        .unwrap()
}

/// The operation's name, from the header of the JSON protocols; SES says it by its path.
fn operation(uri: &Uri, headers: &HeaderMap) -> String {
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    let named = target.and_then(|target| target.rsplit('.').next());
    let name = named.unwrap_or(match uri.path() {
        "/v2/email/outbound-emails" => "SendEmail",
        path => path,
    });
    name.to_owned()
}

impl Seen {
    fn answer(&mut self, operation: &str, body: &Value) -> Option<Value> {
        let key = |item: &Value| format!("{}{}", item["PK"], item["SK"]);
        Some(match operation {
            "GetItem" => match self.items.get(&key(&body["Key"])) {
                Some(item) => json!({ "Item": item }),
                None => json!({}),
            },
            "PutItem" => {
                self.items.insert(key(&body["Item"]), body["Item"].clone());
                json!({})
            }
            "GetQueueAttributes" => json!({ "Attributes": {} }),
            "SendMessage" => json!({ "MessageId": "1" }),
            "SendMessageBatch" => {
                let entries = body["Entries"].as_array()?.iter();
                let sent = entries.map(|entry| json!({ "Id": entry["Id"], "MessageId": "1" }));
                json!({ "Successful": sent.collect::<Vec<_>>(), "Failed": [] })
            }
            "PutEvents" => {
                let count = body["Entries"].as_array().map_or(0, Vec::len);
                json!({ "FailedEntryCount": 0, "Entries": vec![json!({ "EventId": "1" }); count] })
            }
            "SendEmail" => json!({ "MessageId": MAIL_ID }),
            _ => return None,
        })
    }
}
