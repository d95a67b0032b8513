//! A meter between the SDK and the network: every call to AWS, and what DynamoDB charges for it.
//!
//! What the server reports is asked of it with each call; what the rules of the developer
//! guide come to is computed from the items themselves ([`Units`]), also where the server reports
//! nothing because a condition did not hold. The signature covers the request as it was before the
//! meter asked, so this is for servers that look at none: the embedded one, and DynamoDB Local.

mod units;
mod wire;

pub use units::Units;

use crate::aws::{Clients, Timeouts};
use crate::testkit::item_size::Item;
use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex};
use wire::{Asked, Key};

/// Whom a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// The table.
    DynamoDb,
    /// Queues.
    Sqs,
    /// The bus.
    EventBridge,
    /// Mail.
    Ses,
}

/// One call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whom it was for.
    pub service: Service,
    /// The operation, as AWS names it.
    pub operation: String,
    /// How many things it brought: entries of a batch, items of a transaction, else one.
    pub entries: usize,
    /// What it costs by the rules, in a table.
    pub computed: Units,
    /// What the server says that it costs. `None` where it says nothing: of a failed condition, and
    /// of anything that is no table.
    pub reported: Option<Units>,
    /// Whether it was refused because a condition did not hold.
    pub condition_failed: bool,
}

/// Counts every call of the clients it is put before. Cheap to clone; clones count together.
#[derive(Clone, Default)]
pub struct Meter {
    calls: Arc<Mutex<Vec<Call>>>,
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}

impl Meter {
    /// Clients like these, of the server at this address, with every call counted.
    ///
    /// What is there before and after a write is read on a way of its own, so two writes of one item
    /// at once are not told apart.
    pub fn before(&self, clients: &Clients, endpoint: &str, timeouts: Timeouts) -> Clients {
        let real = clients.sdk().http_client();
        let network = Metered {
            real: real.expect("clients have an HTTP client"),
            meter: self.clone(),
            aside: Client::new(Clients::local(endpoint, timeouts).sdk()),
        };
        Clients::over(SharedHttpClient::new(network), endpoint, timeouts)
    }

    /// What was called since the last time anybody asked, in the order in which it ended.
    pub fn take(&self) -> Vec<Call> {
        mem::take(&mut self.calls.lock().unwrap())
    }

    fn count(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }
}

#[derive(Clone, Debug)]
struct Metered {
    real: SharedHttpClient,
    meter: Meter,
    aside: Client,
}

impl HttpClient for Metered {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            real: self.real.http_connector(settings, components),
            metered: self.clone(),
        })
    }
}

#[derive(Clone, Debug)]
struct Connector {
    real: SharedHttpConnector,
    metered: Metered,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move { this.counted(request).await })
    }
}

impl Connector {
    async fn counted(&self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let asked = Asked::read(&request);
        if asked.service == Service::DynamoDb {
            let body = asked.for_units();
            let length = body.len().to_string();
            request.headers_mut().insert("content-length", length);
            *request.body_mut() = SdkBody::from(body);
        }
        let before = self.there(&asked.written).await;
        let answer = whole(self.real.call(request).await).await;
        let (computed, reported, condition_failed) = match &answer {
            Ok((_, body)) => {
                let after = self.there(&asked.written).await;
                let computed = asked.computed(body, &before, &after);
                (computed, asked.reported(body), asked.condition_failed(body))
            }
            Err(_) => (Units::default(), None, false),
        };
        self.metered.meter.count(Call {
            service: asked.service,
            operation: asked.operation,
            entries: asked.entries,
            computed,
            reported,
            condition_failed,
        });
        answer.map(|(response, _)| response)
    }

    /// What is stored under these keys.
    async fn there(&self, keys: &[Key]) -> Vec<Option<Item>> {
        let mut items = Vec::with_capacity(keys.len());
        for key in keys {
            let request = self.metered.aside.get_item().table_name(&key.table);
            let request = request.set_key(Some(key.attributes.clone()));
            let found = request.consistent_read(true).send().await.unwrap();
            items.push(found.item);
        }
        items
    }
}

/// Reads an answer to its end, and gives it on as it was.
async fn whole(
    answer: Result<HttpResponse, ConnectorError>,
) -> Result<(HttpResponse, Vec<u8>), ConnectorError> {
    let answer = answer?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = ByteStream::new(answer.into_body()).collect().await;
    let body = body
        .map_err(|lost| ConnectorError::io(lost.into()))?
        .to_vec();
    let mut answer = HttpResponse::new(status, SdkBody::from(body.clone()));
    *answer.headers_mut() = headers;
    Ok((answer, body))
}

#[cfg(test)]
mod tests;
