//! Another system that the lookup asks, on a port of this machine: answers as it is told, and keeps
//! what it was asked.

use super::stand_in::Identity;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::serve::Listener;
use futures::StreamExt;
use std::convert::Infallible;
use std::mem;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpSocket};

/// How it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// With 200 and this text.
    Text(String),
    /// With this status and a page that says so.
    Status(u16),
    /// With 200 and a text that never ends.
    Endless,
    /// Sends whoever asks to this address.
    Elsewhere(String),
    /// Never.
    Nothing,
}

impl Says {
    /// An answer that gives this role.
    pub fn role(role: &str) -> Self {
        Self::Text(format!("{{\"role\":\"{role}\"}}"))
    }

    /// An answer that gives no role.
    pub fn no_role() -> Self {
        Self::Text("{\"role\":null}".to_owned())
    }
}

/// One question, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Method and path.
    pub line: String,
    /// The header `authorization`.
    pub authorization: Option<String>,
    /// The body.
    pub body: String,
}

struct Inner {
    says: Says,
    asked: Vec<Asked>,
}

/// The other system.
pub struct Crm {
    origin: String,
    inner: Arc<Mutex<Inner>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Crm {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Crm {
    /// Serves on a free port of this machine.
    pub async fn start(says: Says) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        Self::serve(listener, origin, says)
    }

    /// Serves over TLS at this port.
    pub fn over_tls(port: TcpSocket, identity: &Identity, says: Says) -> Self {
        let origin = format!("https://{}", port.local_addr().unwrap());
        Self::serve(identity.listen(port), origin, says)
    }

    fn serve<L>(listener: L, origin: String, says: Says) -> Self
    where
        L: Listener<Addr: std::fmt::Debug>,
    {
        let asked = Vec::new();
        let inner = Arc::new(Mutex::new(Inner { says, asked }));
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        let server = tokio::spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            origin,
            inner,
            server,
        }
    }

    /// Where it is asked.
    pub fn url(&self) -> String {
        format!("{}/usher/role", self.origin)
    }

    /// Answers like this from now on.
    pub fn says(&self, says: Says) {
        self.inner.lock().unwrap().says = says;
    }

    /// What it was asked since the last time anybody wanted to know.
    pub fn take_asked(&self) -> Vec<Asked> {
        mem::take(&mut self.inner.lock().unwrap().asked)
    }
}

async fn answer(
    State(inner): State<Arc<Mutex<Inner>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let authorization = headers.get("authorization");
    let asked = Asked {
        line: format!("{method} {uri}"),
        authorization: authorization.map(|value| value.to_str().unwrap().to_owned()),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let says = {
        let mut inner = inner.lock().unwrap();
        inner.asked.push(asked);
        inner.says.clone()
    };
    let response = Response::builder().header("content-type", "application/json");
    let response = match says {
        Says::Text(text) => response.body(Body::from(text)),
        Says::Status(status) => response.status(status).body(Body::from("{\"role\":null}")),
        Says::Elsewhere(url) => response
            .status(307)
            .header("location", url)
            .body(Body::empty()),
        Says::Endless => {
            let parts = futures::stream::repeat(Bytes::from_static(&[b' '; 4096]));
            response.body(Body::from_stream(parts.map(Ok::<_, Infallible>)))
        }
        Says::Nothing => std::future::pending().await,
    };
    response.unwrap()
}
