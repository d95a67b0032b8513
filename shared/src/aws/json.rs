//! Calls of a service of which we need one or two operations out of hundreds.
//!
//! The SDK's crate for such a service costs minutes of building and a megabyte of every binary. So
//! only what an operation says is ours; signing, connections and limits are the SDK's own, by the
//! configuration that every other client has, and errors are read as theirs are.

use super::{Clients, fault};
use crate::port::Fault;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{
    HttpRequest, HttpResponse, OrchestratorError, SensitiveOutput,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};
use aws_types::service_config::ServiceConfigKey;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A service that speaks AWS's JSON protocol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// Its name in signatures.
    pub(crate) name: &'static str,
    /// Its name in addresses.
    pub(crate) host: &'static str,
    /// The version of the protocol.
    pub(crate) version: Version,
    /// The name under which `AWS_ENDPOINT_URL_…` and profiles know it.
    pub(crate) id: &'static str,
    /// What comes before an operation's name in `x-amz-target`.
    pub(crate) target: &'static str,
}

/// A version of the protocol: what a request's content type is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version(&'static str);

impl Version {
    pub(crate) const V1_0: Self = Self("application/x-amz-json-1.0");
    pub(crate) const V1_1: Self = Self("application/x-amz-json-1.1");
}

/// What a service said to a call.
#[derive(Debug)]
pub(crate) enum Said<'k, T> {
    /// It did what was asked.
    Done(T),
    /// It did not, by this error of those that the caller knows.
    Refused(&'k str),
}

/// A client of one such service.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    service: Service,
    operation: Operation<Call, Answer, Refused>,
}

/// One call: the operation, and its input as JSON.
#[derive(Debug)]
struct Call {
    version: Version,
    target: String,
    body: String,
}

/// What came back: it may be a secret.
#[derive(Debug)]
struct Answer(SecretString);

/// What the service said instead of doing what it was asked: its error's name and nothing else.
#[derive(Debug)]
struct Refused(ErrorMetadata);

impl Client {
    /// A client under the configuration of all the others; nothing is called yet.
    pub(crate) fn new(clients: &Clients, service: Service) -> Self {
        let sdk = clients.sdk();
        let region = sdk.region().map_or("us-east-1", |region| region.as_ref());
        let mut config = Layer::new("usher");
        config.store_put(AuthSchemeOptionResolverParams::new(()));
        config.store_put(SensitiveOutput);
        config.store_put(SigV4OperationSigningConfig {
            name: Some(SigningName::from_static(service.name)),
            region: Some(SigningRegion::from(Region::new(region.to_owned()))),
            ..SigV4OperationSigningConfig::default()
        });
        let schemes = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
        let mut components = RuntimeComponentsBuilder::new("usher")
            .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
            .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(schemes)))
            .with_identity_cache(Some(IdentityCache::lazy().build()));
        if let Some(credentials) = sdk.credentials_provider() {
            components = components
                .with_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
        }
        let plugin = StaticRuntimePlugin::new()
            .with_config(config.freeze())
            .with_runtime_components(components);
        let mut operation = Operation::builder()
            .service_name(service.id)
            .operation_name("Call")
            .endpoint_url(&endpoint(clients, service, region))
            .no_retry()
            .serializer(request)
            .deserializer(answer)
            .runtime_plugin(plugin);
        if let Some(http) = sdk.http_client() {
            operation = operation.http_client(http);
        }
        if let Some(timeouts) = sdk.timeout_config() {
            operation = operation.timeout_config(timeouts.clone());
        }
        if let Some(sleep) = sdk.sleep_impl() {
            operation = operation.sleep_impl(sleep);
        }
        if let Some(time) = sdk.time_source() {
            operation = operation.time_source(time);
        }
        if let Some(behavior) = sdk.behavior_version() {
            operation = operation.behavior_version(behavior);
        }
        Self {
            service,
            operation: operation.build(),
        }
    }

    /// Calls an operation. `None` where the service answers with the error `absent`: there is no such
    /// thing.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        name: &'static str,
        operation: &str,
        input: &impl Serialize,
        absent: &str,
    ) -> Result<Option<T>, Fault> {
        let said = self.ask(name, operation, input, &[absent]).await?;
        Ok(match said {
            Said::Done(answer) => Some(answer),
            Said::Refused(_) => None,
        })
    }

    /// Calls an operation some of whose errors, by name, the caller makes something of.
    pub(crate) async fn ask<'k, T: DeserializeOwned>(
        &self,
        name: &'static str,
        operation: &str,
        input: &impl Serialize,
        known: &[&'k str],
    ) -> Result<Said<'k, T>, Fault> {
        let call = Call {
            version: self.service.version,
            target: format!("{}.{operation}", self.service.target),
            body: serde_json::to_string(input).expect("inputs are structs of texts and numbers"),
        };
        match self.operation.invoke(call).await {
            Ok(Answer(text)) => match serde_json::from_str(or_nothing(text.expose_secret())) {
                Ok(answer) => Ok(Said::Done(answer)),
                Err(_) => Err(Fault::new(name, crate::disposition::FaultKind::Corrupt)),
            },
            Err(error) => {
                let code = error.as_service_error().and_then(Refused::code);
                match known.iter().find(|known| code == Some(**known)) {
                    Some(known) => Ok(Said::Refused(known)),
                    None => Err(fault(name, &error)),
                }
            }
        }
    }
}

/// An answer; some operations say nothing at all where others say `{}`.
fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "{}" } else { text }
}

/// Where the service is: as the surroundings say for it alone, else for every service, else where
/// AWS has it in this region.
fn endpoint(clients: &Clients, service: Service, region: &str) -> String {
    let sdk = clients.sdk();
    let key = ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let of_its_own = || sdk.service_config()?.load_config(key.ok()?);
    let of_all = || sdk.endpoint_url().map(ToOwned::to_owned);
    of_its_own().or_else(of_all).unwrap_or_else(|| {
        let suffix = suffix(region);
        format!("https://{}.{region}.{suffix}", service.host)
    })
}

/// The domain of the partition that a region is in.
fn suffix(region: &str) -> &'static str {
    const PARTITIONS: [(&str, &str); 4] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-iso-", "c2s.ic.gov"),
    ];
    let partition = PARTITIONS
        .iter()
        .find(|(begin, _)| region.starts_with(begin));
    partition.map_or("amazonaws.com", |(_, suffix)| suffix)
}

fn request(call: Call) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(call.body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    let headers = request.headers_mut();
    headers.insert("content-type", call.version.0);
    headers.insert("x-amz-target", call.target);
    Ok(request)
}

fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<Refused>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        let text = str::from_utf8(body).map_err(OrchestratorError::other)?;
        return Ok(Answer(text.into()));
    }
    let named = response.headers().get("x-amzn-errortype");
    let code = named.map(ToOwned::to_owned).or_else(|| code_in(body));
    let mut error = ErrorMetadata::builder();
    if let Some(code) = code.as_deref().map(bare) {
        error = error.code(code);
    }
    Err(OrchestratorError::operation(Refused(error.build())))
}

/// The error's name as the body has it.
fn code_in(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Error {
        #[serde(rename = "__type")]
        code: String,
        #[serde(flatten)]
        _rest: IgnoredAny,
    }
    let error: Error = serde_json::from_slice(body).ok()?;
    Some(error.code)
}

/// The name alone: `ns#Name:http://…` is how some services write it.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code)
}

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the service refused")
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests;
