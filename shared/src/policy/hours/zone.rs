use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use usher_events::Time;

/// A zone of the IANA database that is built in, so that a policy means the same wherever it is
/// read: the Lambda runtime `provided.al2023` has no database of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of this name, whatever its case; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        (!zone.is_unknown()).then_some(Self(zone))
    }

    /// Every name there is.
    pub fn names() -> Vec<String> {
        let database = TimeZoneDatabase::bundled();
        database.available().map(|name| name.to_string()).collect()
    }

    /// What the clocks of this zone show.
    pub fn clock(&self, now: Time) -> DateTime {
        self.0.to_datetime(now.timestamp())
    }
}
