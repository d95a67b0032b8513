//! The bus on EventBridge.

use crate::aws::Clients;
use crate::port::{Bus, BusEntry, Fault};
use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use std::sync::Arc;

/// A bus of EventBridge.
#[derive(Clone, Debug)]
pub struct EventBus {
    client: Client,
    name: Arc<str>,
}

impl EventBus {
    /// The bus of this name or ARN; nothing is called yet.
    pub fn new(clients: &Clients, name: impl Into<Arc<str>>) -> Self {
        Self {
            client: Client::new(clients.sdk()),
            name: name.into(),
        }
    }
}

#[async_trait]
impl Bus for EventBus {
    async fn publish(&self, _entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        todo!()
    }
}
