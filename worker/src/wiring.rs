//! Builds the worker from its configuration: the only place here that knows a real service.

use crate::deployed::Ruling;
use crate::guard::Guards;
use crate::{Deployed, Worker};
use anyhow::Context;
use futures::future::join;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::chance;
use usher_shared::clock::WallClock;
use usher_shared::config::Config;
use usher_shared::loading::Policies;
use usher_shared::port::{Inbox, Store};
use usher_shared::secret::Keepers;
use usher_shared::{dynamodb, eventbridge, lookup, organization, secrets_manager, ses, sqs, ssm};

/// How long a start waits for policy and secret. Until they are there the package's own policy
/// decides, and whoever needs the secret tries again.
const PREPARING: Duration = Duration::from_millis(500);

/// A worker, and the queue that it polls where Lambda does not.
pub struct Wired {
    /// The worker.
    pub deployed: Deployed,
    /// Its queue, from the reader's side.
    pub inbox: Arc<dyn Inbox>,
}

/// Makes the clients and puts them together.
pub async fn worker(config: Config) -> anyhow::Result<Wired> {
    let clients = Clients::load(&config, Timeouts::WORKER).await;
    let dead_letter_url = config.dead_letter_url()?.to_owned();
    let keepers = Keepers {
        parameters: Arc::new(ssm::ParameterStore::new(&clients)),
        secrets: Arc::new(secrets_manager::SecretsManager::new(&clients)),
    };
    let parameters = Arc::clone(&keepers.parameters);
    let policies = Policies::new(config.policy, config.loading, parameters, Ruling::make)
        .context("the policy's mail templates cannot be used")?;
    let lookup = lookup::Https::new(keepers.clone(), config.secret_lifetime);
    let secret = config.secret.kept(keepers, config.secret_lifetime);
    let (loaded, read) = join(
        timeout(PREPARING, policies.load()),
        timeout(PREPARING, secret.get()),
    )
    .await;
    if loaded.is_err() {
        tracing::warn!("The policy was not read at start; the package's own decides until it is");
    }
    if read.is_err() {
        tracing::warn!("The secret was not read at start; who needs it will try again");
    }
    let Ruling { policy, templates } = policies.current().made.clone();
    let queue = Arc::new(sqs::WorkQueue::new(&clients, config.queue_url));
    let store: Arc<dyn Store> = Arc::new(dynamodb::Table::new(&clients, config.table));
    let clock = Arc::new(WallClock);
    let owner = chance::owner();
    let guards = Guards::new(Arc::clone(&store), clock.clone(), &owner, &policy.breakers);
    let worker = Worker {
        templates,
        store,
        queue: Arc::clone(&queue) as Arc<_>,
        visibility: Arc::clone(&queue) as Arc<_>,
        dead_letters: Arc::new(sqs::DeadLetterQueue::new(&clients, dead_letter_url)),
        bus: guards.bus(Arc::new(eventbridge::EventBus::new(&clients, config.bus))),
        mailer: guards.mailer(Arc::new(ses::Ses::new(&clients))),
        clock,
        secret,
        organizations: organization::Cache::default(),
        lookup: guards.lookup(Arc::new(lookup)),
        guards,
        owner,
        policy,
    };
    Ok(Wired {
        deployed: Deployed::new(worker, policies),
        inbox: queue,
    })
}
