//! Builds the trigger from its configuration: the only place here that knows a real service.

use crate::deployed::Deployed;
use crate::handle::Trigger;
use crate::publish::Publisher;
use futures::future::{join, join3};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::clock::WallClock;
use usher_shared::config::{Config, SecretSetting};
use usher_shared::loading::{Policies, Unfit};
use usher_shared::secret::Keepers;
use usher_shared::{dynamodb, eventbridge, organization, secrets_manager, sqs, ssm};

/// How long a start may take over what the first call will need. Cognito is waiting already: this,
/// the budget and the cold start itself have to fit into its five seconds.
const PREPARING: Duration = Duration::from_millis(500);

/// Makes the clients and a trigger on them.
///
/// # Errors
///
/// As [`on`].
pub async fn trigger(config: Config) -> Result<Deployed, Unfit> {
    let clients = Clients::load(&config, Timeouts::TRIGGER).await;
    Box::pin(on(&clients, config)).await
}

/// Opens the connections and reads policy and secret, which the first call will need, and puts them
/// together.
///
/// The handshakes so fall into Lambda's start, which has a whole core, and not into the first call's
/// budget. Each has the same while and none waits for another. Where connections fail or are slow
/// the first call tries again; without the policy the package's own decides; without the secret
/// whoever needs it tries again. The bus is reached only when the queue fails, and so its connection
/// waits until then.
///
/// # Errors
///
/// The package's own policy is unfit.
pub async fn on(clients: &Clients, config: Config) -> Result<Deployed, Unfit> {
    let store = dynamodb::Table::new(clients, config.table);
    let queue = sqs::WorkQueue::new(clients, config.queue_url);
    if config.in_lambda && matches!(config.secret, SecretSetting::Given(_)) {
        tracing::warn!(
            "USHER_SECRET is readable for everybody who may see this function's configuration; name where it is kept instead"
        );
    }
    let keepers = Keepers {
        parameters: Arc::new(ssm::ParameterStore::new(clients)),
        secrets: Arc::new(secrets_manager::SecretsManager::new(clients)),
    };
    let parameters = Arc::clone(&keepers.parameters);
    let policies = Policies::new(config.policy, config.loading, parameters, |policy| {
        Ok(Arc::new(policy))
    })?;
    let secret = config.secret.kept(keepers, config.secret_lifetime);
    let (connected, loaded, read) = join3(
        timeout(PREPARING, join(store.warm(), queue.warm())),
        timeout(PREPARING, policies.load()),
        timeout(PREPARING, secret.get()),
    )
    .await;
    if connected.is_err() {
        tracing::warn!(
            "Table or queue could not be reached at start; the first call will try again"
        );
    }
    if loaded.is_err() {
        tracing::warn!("The policy was not read at start; the package's own decides until it is");
    }
    if read.is_err() {
        tracing::warn!("The secret was not read at start; who needs it will try again");
    }
    let publisher = Publisher {
        queue: Arc::new(queue),
        bus: Arc::new(eventbridge::EventBus::new(clients, config.bus)),
        store: Arc::new(store),
    };
    let trigger = Trigger {
        policy: Arc::clone(&policies.current().made),
        secret,
        publisher,
        organizations: organization::Cache::default(),
        clock: Arc::new(WallClock),
    };
    Ok(Deployed::new(trigger, policies))
}
