use super::Fault;
use async_trait::async_trait;
use std::fmt;
use usher_events::Time;

/// One entry for the bus.
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Debug for BusEntry {
    /// Shows how long the object is, and nothing of it: it may be about a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusEntry")
            .field("source", &self.source)
            .field("detail_type", &self.detail_type)
            .field("detail_bytes", &self.detail.len())
            .field("time", &self.time)
            .finish()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_shows_how_long_it_is_and_nothing_of_what_it_says() {
        let entry = BusEntry {
            source: "usher".to_owned(),
            detail_type: "usher.signed_in".to_owned(),
            detail: r#"{"email":"ada@example.com"}"#.to_owned(),
            time: Time::from_unix_seconds(0).unwrap(),
        };
        let shown = format!("{entry:?} {entry:#?}");
        assert!(shown.contains("detail_bytes: 27"), "{shown}");
        assert!(!shown.contains("ada"), "{shown}");
    }
}
