//! Builds the trigger from its configuration: the only place here that knows a real service.

use crate::handle::Trigger;
use crate::publish::Publisher;
use futures::future::join;
use std::sync::Arc;
use std::time::Duration;
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::clock::WallClock;
use usher_shared::config::Config;
use usher_shared::secret::Kept;
use usher_shared::{dynamodb, eventbridge, sqs};

/// How long the first connections may take at start. Cognito is waiting already: this, the budget
/// and the cold start itself have to fit into its five seconds.
const FIRST_CONNECTIONS: Duration = Duration::from_millis(500);

/// Makes the clients, opens the connections that the first call will need, and puts them together.
///
/// The handshakes so fall into Lambda's start, which has a whole core, and not into the first call's
/// budget. Where they fail or are slow the first call tries again. The bus is reached only when the
/// queue fails, and so its connection waits until then.
pub async fn trigger(config: Config) -> Trigger {
    let clients = Clients::load(&config, Timeouts::TRIGGER).await;
    let store = dynamodb::Table::new(&clients, config.table);
    let queue = sqs::WorkQueue::new(&clients, config.queue_url);
    if tokio::time::timeout(FIRST_CONNECTIONS, join(store.warm(), queue.warm()))
        .await
        .is_err()
    {
        tracing::warn!(
            "Table or queue could not be reached at start; the first call will try again"
        );
    }
    let publisher = Publisher {
        queue: Arc::new(queue),
        bus: Arc::new(eventbridge::EventBus::new(&clients, config.bus)),
        store: Arc::new(store),
    };
    Trigger {
        policy: Arc::new(config.policy),
        secret: Kept::given(config.secret),
        publisher,
        clock: Arc::new(WallClock),
    }
}
