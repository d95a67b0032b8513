//! Builds the trigger from its configuration: the only place here that knows a real service.

use crate::handle::Trigger;
use crate::publish::Publisher;
use std::sync::Arc;
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::clock::WallClock;
use usher_shared::config::Config;
use usher_shared::{dynamodb, eventbridge, sqs};

/// Makes the clients, opens their connections, and puts them together.
pub async fn trigger(config: Config) -> Trigger {
    let clients = Clients::new(&config.region, Timeouts::TRIGGER, config.in_lambda).await;
    let store = Arc::new(dynamodb::Table::new(clients.dynamodb(), config.table));
    let publisher = Publisher {
        queue: Arc::new(sqs::WorkQueue::new(clients.sqs(), config.queue_url)),
        bus: Arc::new(eventbridge::EventBus::new(clients.eventbridge(), config.bus)),
        store,
    };
    Trigger { policy: Arc::new(config.policy), secret: config.secret, publisher, clock: Arc::new(WallClock) }
}
