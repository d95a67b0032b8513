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
    let clients = Clients::load(&config, Timeouts::TRIGGER).await;
    let store = Arc::new(dynamodb::Table::new(&clients, config.table));
    let publisher = Publisher {
        queue: Arc::new(sqs::WorkQueue::new(&clients, config.queue_url)),
        bus: Arc::new(eventbridge::EventBus::new(&clients, config.bus)),
        store,
    };
    Trigger {
        policy: Arc::new(config.policy),
        secret: config.secret,
        publisher,
        clock: Arc::new(WallClock),
    }
}
