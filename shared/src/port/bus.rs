use super::Fault;
use async_trait::async_trait;
use usher_events::Time;

/// One entry for the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusEntry {
    /// Who says it: `usher`, or the fallback's own source.
    pub source: String,
    /// What kind of thing it says: the event's type.
    pub detail_type: String,
    /// The JSON object that it says.
    pub detail: String,
    /// When the event happened.
    pub time: Time,
}

/// Carries events to whoever asked for them.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Publishes entries and gives one result for each, in order.
    ///
    /// Takes any number and cuts it into calls that the service allows. May be repeated: receivers
    /// know an event by the id in its detail.
    async fn publish(&self, entries: &[BusEntry]) -> Vec<Result<(), Fault>>;
}
