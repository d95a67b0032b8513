//! The lookup over HTTPS: one question about one person, and an answer that is bounded in size and
//! time.
//!
//! ```text
//! POST /role HTTP/1.1                     HTTP/1.1 200 OK
//! content-type: application/json
//! authorization: as the secret says
//!
//! {"email":"ada@example.com"}             {"role":"manager"}    or    {"role":null}
//! ```
//!
//! Only that is an answer; its other members are not looked at. No redirect is followed, because it
//! would take an address to where the policy does not say, and no proxy is asked. Nothing of question
//! or answer is in an error. Unlike the clients of AWS, this one trusts the system's roots, also in
//! Lambda; they are read at the first question.

use crate::aws::{fault, https};
use crate::disposition::FaultKind;
use crate::policy::lookup::Endpoint;
use crate::port::{Answer, Fault, Lookup, Question};
use crate::secret::{Keepers, Kept};
use async_trait::async_trait;
use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::ser_de::DeserializeResponse;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::timeout::TimeoutConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use usher_events::Role;

const ASK: &str = "lookup.ask";

/// The largest answer that is read, in bytes: a thousand times what one needs, and nothing to the
/// worker's memory.
const LARGEST: usize = 64 * 1024;

/// The secret that the question has to carry is not to be had, so that it is not asked.
const NO_AUTHORIZATION: Fault = Fault {
    operation: "lookup.authorization",
    kind: FaultKind::Unavailable,
};

/// Asks over HTTPS, and on this machine over HTTP.
#[derive(Debug)]
pub struct Https {
    http: SharedHttpClient,
    secrets: Option<(Keepers, Duration)>,
    /// For the endpoint that was asked last. Another one comes with another policy.
    prepared: Mutex<Option<Arc<Prepared>>>,
}

/// What asking one endpoint takes.
#[derive(Debug)]
struct Prepared {
    endpoint: Endpoint,
    operation: Operation<Call, Reply, Unfit>,
    authorization: Authorization,
}

#[derive(Debug)]
enum Authorization {
    None,
    Kept(Kept<SecretString>),
    /// There is nobody here who keeps secrets.
    Unknown,
}

impl Https {
    /// Reads the secrets that endpoints name from these keepers, each anew after a lifetime. Nothing
    /// is called yet.
    pub fn new(keepers: Keepers, lifetime: Duration) -> Self {
        Self::over(https(TrustStore::default()), Some((keepers, lifetime)))
    }

    /// The same on one machine, which keeps no secrets: an endpoint that names one is not asked.
    pub fn without_secrets() -> Self {
        Self::over(https(TrustStore::default()), None)
    }

    fn over(http: SharedHttpClient, secrets: Option<(Keepers, Duration)>) -> Self {
        Self {
            http,
            secrets,
            prepared: Mutex::new(None),
        }
    }

    fn prepared(&self, endpoint: &Endpoint) -> Arc<Prepared> {
        // Nothing can panic while the lock is held that would leave half of something.
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        match prepared.as_ref() {
            Some(prepared) if prepared.endpoint == *endpoint => Arc::clone(prepared),
            Some(_) | None => {
                let new = Arc::new(self.prepare(endpoint.clone()));
                *prepared = Some(Arc::clone(&new));
                new
            }
        }
    }

    fn prepare(&self, endpoint: Endpoint) -> Prepared {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(endpoint.timeout)
            .build();
        let operation = Operation::builder()
            .service_name("lookup")
            .operation_name("Ask")
            .endpoint_url(endpoint.url.origin())
            .http_client(self.http.clone())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .no_auth()
            .no_retry()
            .serializer(request)
            .deserializer_impl(Reading);
        let authorization = match (&endpoint.authorization, &self.secrets) {
            (None, _) => Authorization::None,
            (Some(_), None) => Authorization::Unknown,
            (Some(reference), Some((keepers, lifetime))) => Authorization::Kept(Kept::named(
                reference.clone(),
                keepers.clone(),
                *lifetime,
                header_value,
            )),
        };
        Prepared {
            endpoint,
            operation: operation.build(),
            authorization,
        }
    }
}

#[async_trait]
impl Lookup for Https {
    async fn ask(&self, endpoint: &Endpoint, question: &Question) -> Result<Answer, Fault> {
        let prepared = self.prepared(endpoint);
        match timeout(endpoint.timeout, prepared.ask(question)).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::new(ASK, FaultKind::TimedOut)),
        }
    }
}

impl Prepared {
    async fn ask(&self, question: &Question) -> Result<Answer, Fault> {
        #[derive(Serialize)]
        struct Asked<'a> {
            email: &'a str,
        }
        let email = question.email.expose();
        let call = Call {
            path: self.endpoint.url.path().to_owned(),
            authorization: self.authorization().await?,
            body: serde_json::to_string(&Asked { email }).expect("it is a struct of one text"),
        };
        let reply = self.operation.invoke(call).await;
        let reply = reply.map_err(|error| Fault::new(ASK, kind(&error)))?;
        let text = reply.read().await.map_err(|kind| Fault::new(ASK, kind))?;
        serde_json::from_slice::<Said>(&text)
            .map(|said| Answer { role: said.role })
            .map_err(|_error| Fault::new(ASK, FaultKind::Corrupt))
    }

    async fn authorization(&self) -> Result<Option<Arc<SecretString>>, Fault> {
        match &self.authorization {
            Authorization::None => Ok(None),
            Authorization::Unknown => Err(NO_AUTHORIZATION),
            Authorization::Kept(kept) => {
                let value = kept.get().await.ok_or(NO_AUTHORIZATION)?;
                kept.refresh_soon();
                Ok(Some(value))
            }
        }
    }
}

/// A secret that can be the value of a header. What editors leave at the end of a line is no part of
/// it.
fn header_value(text: &str) -> Option<SecretString> {
    let text = text.trim();
    let fits = !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    fits.then(|| text.into())
}

/// One question.
struct Call {
    path: String,
    authorization: Option<Arc<SecretString>>,
    body: String,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

fn request(call: Call) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(call.body));
    request.set_method("POST")?;
    request.set_uri(call.path)?;
    let headers = request.headers_mut();
    headers.insert("content-type", "application/json");
    headers.insert("accept", "application/json");
    headers.insert("user-agent", "usher");
    if let Some(value) = call.authorization {
        headers.try_insert("authorization", value.expose_secret().to_owned())?;
    }
    Ok(request)
}

/// The answer's body, of which nothing has been read.
#[derive(Debug)]
struct Reply(ByteStream);

impl Reply {
    async fn read(self) -> Result<Vec<u8>, FaultKind> {
        let Self(mut body) = self;
        let mut text = Vec::new();
        loop {
            // What breaks off on the way may come whole the next time.
            match body
                .try_next()
                .await
                .map_err(|_error| FaultKind::TimedOut)?
            {
                None => return Ok(text),
                Some(part) if text.len() + part.len() > LARGEST => return Err(FaultKind::Corrupt),
                Some(part) => text.extend_from_slice(&part),
            }
        }
    }
}

/// An answer's text.
#[derive(Deserialize)]
struct Said {
    /// Named here, so that it has to be there: an answer that does not speak of the role gives none
    /// to nobody.
    #[serde(deserialize_with = "Option::deserialize")]
    role: Option<Role>,
}

/// Something else than an answer came back.
#[derive(Debug)]
struct Unfit(ErrorMetadata);

/// Leaves the body of an answer where it is, so that it is read by us, who know where to stop.
#[derive(Debug)]
struct Reading;

impl DeserializeResponse for Reading {
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _config: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        Some(if response.status().as_u16() == 200 {
            Ok(Output::erase(Reply(ByteStream::new(response.take_body()))))
        } else {
            let unfit = Unfit(ErrorMetadata::builder().build());
            Err(OrchestratorError::operation(Error::erase(unfit)))
        })
    }
}

/// Why there was no answer, and so whether another try may bring one.
fn kind(error: &SdkError<Unfit, HttpResponse>) -> FaultKind {
    let status = match error {
        SdkError::ServiceError(error) => error.raw().status().as_u16(),
        // Nothing came back.
        _ => return fault(ASK, error).kind,
    };
    match status {
        408 | 504 => FaultKind::TimedOut,
        429 => FaultKind::Throttled,
        500..=599 => FaultKind::Unavailable,
        // Whoever it was liked the question, and said nothing.
        200..=299 => FaultKind::Corrupt,
        _ => FaultKind::Refused,
    }
}

impl ProvideErrorMetadata for Unfit {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it was no answer")
    }
}

impl std::error::Error for Unfit {}

#[cfg(test)]
mod tests;
