//! How this program reaches AWS: one HTTPS client for every service, bounded waits, no hidden
//! retries.
//!
//! The SDK's own defaults – three attempts, no time limit on any of them – do not fit into the five
//! seconds that Cognito waits. Here every call has a limit and one attempt; [`crate::retry`] is the
//! only place that tries again.

mod fault;
pub(crate) mod json;
mod roots;
mod unseen;

pub(crate) use fault::fault;
pub(crate) use unseen::unseen;
pub use unseen::{Named, Unseen};

use crate::config::Config;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use std::time::Duration;

/// How long one call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection, the TLS handshake included.
    pub connect: Duration,
    /// From the request sent to the first byte of the answer.
    pub read: Duration,
    /// One attempt as a whole.
    pub attempt: Duration,
    /// A call as a whole: the attempt, and credentials and signing before it.
    pub operation: Duration,
}

impl Timeouts {
    /// The trigger's: two tries with the wait between them fit into the queue's half of its budget of
    /// 2.5 s, and one try into what then is the share of the bus and of the table.
    pub const TRIGGER: Self = Self {
        connect: Duration::from_millis(400),
        read: Duration::from_millis(500),
        attempt: Duration::from_millis(550),
        operation: Duration::from_millis(580),
    };

    /// The worker's and the command's: nobody waits for them, and a mail may take seconds to be
    /// accepted. Shorter than the worker's lease.
    pub const WORKER: Self = Self {
        connect: Duration::from_secs(1),
        read: Duration::from_secs(5),
        attempt: Duration::from_secs(6),
        operation: Duration::from_secs(7),
    };

    fn to_config(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .read_timeout(self.read)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.operation)
            .build()
    }
}

/// What every service's client is made of. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct Clients {
    sdk: SdkConfig,
}

impl Clients {
    /// Reads what the SDK reads from its surroundings: credentials and `AWS_ENDPOINT_URL*`.
    ///
    /// In Lambda, in AWS's commercial partition, these clients trust Amazon's own roots and no
    /// others, unless `SSL_CERT_FILE` or `SSL_CERT_DIR` names some: reading the system's takes the
    /// larger half of a start. So they can call AWS alone there; whatever else is to be called needs
    /// a client of its own.
    ///
    /// In Lambda the credentials come from the environment and from nowhere else: the runtime puts
    /// them there, and walking the default chain costs time at each cold start. Elsewhere the
    /// default chain is walked at the first call.
    pub async fn load(config: &Config, timeouts: Timeouts) -> Self {
        let loader = loader(timeouts, https(roots::trusted(config)))
            .region(Region::new(config.region.clone()));
        let loader = if config.in_lambda {
            loader.credentials_provider(EnvironmentVariableCredentialsProvider::new())
        } else {
            loader
        };
        Self {
            sdk: loader.load().await,
        }
    }

    /// The same for a command, whose surroundings are a person's: the default chain is walked.
    pub async fn for_command(region: String, timeouts: Timeouts) -> Self {
        let loader = loader(timeouts, https(TrustStore::default())).region(Region::new(region));
        Self {
            sdk: loader.load().await,
        }
    }

    /// Clients of one server on this machine, over plain HTTP, with credentials that mean nothing.
    pub fn local(endpoint: &str, timeouts: Timeouts) -> Self {
        Self::over(
            aws_smithy_http_client::Builder::new().build_http(),
            endpoint,
            timeouts,
        )
    }

    /// Clients over any HTTP client, for tests that choose how the network fails. Waits are tokio's,
    /// so that on a runtime whose time is paused virtual time passes.
    pub fn over(http: SharedHttpClient, endpoint: &str, timeouts: Timeouts) -> Self {
        let credentials = Credentials::new("local", "local", None, None, "local");
        let sdk = SdkConfig::builder()
            .behavior_version(behavior())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http)
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                aws_smithy_async::rt::sleep::TokioSleep::new(),
            ))
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .timeout_config(timeouts.to_config())
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .endpoint_url(endpoint)
            .build();
        Self { sdk }
    }

    /// What an adapter makes its client of.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }
}

fn loader(timeouts: Timeouts, http: SharedHttpClient) -> aws_config::ConfigLoader {
    aws_config::defaults(behavior())
        .http_client(http)
        .timeout_config(timeouts.to_config())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// The SDK's defaults as they were on this day; a newer SDK does not change them under us.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// The one kind of HTTPS client, believing who is vouched for by these roots. On ring: aws-lc spends 40–60 ms
/// of a full core on entropy at start.
pub(crate) fn https(trust: TrustStore) -> SharedHttpClient {
    let roots = TlsContext::builder().with_trust_store(trust).build();
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(roots.expect("there is nothing in it that could be wrong"))
        .build_https()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_lies_within_the_next() {
        for limits in [Timeouts::TRIGGER, Timeouts::WORKER] {
            assert!(limits.connect < limits.read && limits.read < limits.attempt);
            assert!(limits.attempt < limits.operation);
        }
    }

    #[test]
    fn two_tries_and_a_fallback_fit_into_the_triggers_budget() {
        let queue = Duration::from_millis(2450) / 2;
        assert!(2 * Timeouts::TRIGGER.operation + Duration::from_millis(50) < queue);
        assert!(Timeouts::TRIGGER.operation < queue / 2);
    }

    #[test]
    fn nothing_is_tried_again_behind_our_back() {
        let clients = Clients::local("http://127.0.0.1:1", Timeouts::TRIGGER);
        let retries = clients.sdk().retry_config().expect("it is set");
        assert_eq!(retries.max_attempts(), 1);
    }
}
