//! Which service what is due waits for, so that an outage of one holds up nothing else.

use serde::{Deserialize, Serialize};
use usher_events::Time;

/// A service that something set aside waits for. What is due is listed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The mail service.
    Mail,
    /// The bus.
    Bus,
    /// The work queue, which spilled events wait for.
    Queue,
}

impl Lane {
    /// Every lane there is.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Bus, Self::Queue];

    /// The name in keys, on the screen and in log fields.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Bus => "bus",
            Self::Queue => "queue",
        }
    }
}

/// Where a commit stands among what is due: by the earliest of its entries that are set aside, and
/// in that one's lane. What another entry waits for is found once that one is done, or fails again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueAt {
    /// Not before this instant.
    pub at: Time,
    /// What it waits for.
    pub lane: Lane,
}
