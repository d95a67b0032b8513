//! Services that carry out a part of a batch and say so, as SQS, EventBridge and DynamoDB may.

mod cut;

use crate::aws::{Clients, Timeouts};
use crate::testkit::draw::Draw;
use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use cut::Cut;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Leaves entries out of batches, as it draws, and knows how many it has left out.
#[derive(Clone, Debug)]
pub struct LeftOut {
    percent: u64,
    inner: Arc<Mutex<(Draw, BTreeMap<String, usize>)>>,
}

impl LeftOut {
    /// Leaves so many of a hundred entries out.
    pub fn new(draw: Draw, percent: u64) -> Self {
        let inner = Arc::new(Mutex::new((draw, BTreeMap::new())));
        Self { percent, inner }
    }

    /// How many entries were left out, by operation.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.inner.lock().unwrap().1.clone()
    }

    /// What is to become of a request, if it is a batch from which something is left out.
    fn cut(&self, operation: &str, body: &[u8]) -> Option<Cut> {
        let asked: Value = serde_json::from_slice(body).ok()?;
        let mut inner = self.inner.lock().unwrap();
        let (draw, counts) = &mut *inner;
        let cut = cut::cut(operation, asked, &mut || draw.percent(self.percent))?;
        *counts.entry(operation.to_owned()).or_default() += cut.left_out();
        Some(cut)
    }
}

/// Clients of a real server that carries out only a part of many a batch.
///
/// What is left out never arrives there, and the answer says so in the service's own words.
pub fn partly(endpoint: &str, timeouts: Timeouts, left_out: LeftOut) -> Clients {
    let real = Builder::new().build_http();
    let network = Partly { real, left_out };
    Clients::over(SharedHttpClient::new(network), endpoint, timeouts)
}

#[derive(Clone, Debug)]
struct Partly {
    real: SharedHttpClient,
    left_out: LeftOut,
}

impl HttpClient for Partly {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            real: self.real.http_connector(settings, components),
            left_out: self.left_out.clone(),
        })
    }
}

#[derive(Debug)]
struct Connector {
    real: SharedHttpConnector,
    left_out: LeftOut,
}

impl HttpConnector for Connector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let Some(cut) = self.left_out.cut(&super::operation(&request), body) else {
            return self.real.call(request);
        };
        let real = self.real.clone();
        HttpConnectorFuture::new(async move {
            let Some(rest) = cut.rest() else {
                // An empty batch is no call that a service takes.
                let none = cut.answer(Value::Object(serde_json::Map::new()));
                return Ok(said(&none, None));
            };
            let rest = rest.to_string();
            let length = rest.len().to_string();
            request.headers_mut().insert("content-length", length);
            *request.body_mut() = SdkBody::from(rest);
            let response = real.call(request).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = ByteStream::new(response.into_body()).collect().await;
            let body = body
                .map_err(|lost| ConnectorError::io(lost.into()))?
                .to_vec();
            match serde_json::from_slice(&body) {
                Ok(answer) if status.is_success() => Ok(said(&cut.answer(answer), Some(headers))),
                // It was refused as a whole, or its answer is no answer.
                _ => {
                    let mut response = HttpResponse::new(status, SdkBody::from(body));
                    *response.headers_mut() = headers;
                    Ok(response)
                }
            }
        })
    }
}

fn said(answer: &Value, headers: Option<aws_smithy_runtime_api::http::Headers>) -> HttpResponse {
    let answer = answer.to_string();
    let length = answer.len().to_string();
    let ok = StatusCode::try_from(200).expect("200 is a status");
    let mut response = HttpResponse::new(ok, SdkBody::from(answer));
    if let Some(headers) = headers {
        *response.headers_mut() = headers;
    }
    response.headers_mut().insert("content-length", length);
    response.headers_mut().remove("x-amz-crc32");
    response
}
