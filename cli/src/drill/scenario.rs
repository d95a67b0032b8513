//! Which service is out, when, and how.

use clap::ValueEnum;
use std::time::Duration;
use usher_shared::disposition::FaultKind;

/// Whose outage is drilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// The mail service, for two hours
    Mail,
    /// The bus, for two hours
    Bus,
    /// The table, for twenty minutes
    Store,
}

impl Scenario {
    /// Every one, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Bus, Self::Store];

    /// The name in tables and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Bus => "bus",
            Self::Store => "store",
        }
    }

    /// How long the service is out where nobody says otherwise.
    pub fn usual(self) -> Duration {
        Duration::from_secs(match self {
            Self::Mail | Self::Bus => 2 * 3600,
            Self::Store => 20 * 60,
        })
    }
}

/// How a service that is out answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Nobody is there
    Refuse,
    /// Nobody answers, and half of what is asked is done all the same (of mail none)
    Hang,
    /// It asks for fewer calls
    Throttle,
    /// Of ten calls six are refused, two throttled, and two hang
    Mixed,
}

impl Kind {
    /// What becomes of a call with this draw, from 0 up to 1.
    pub fn of_call(self, draw: f64) -> FaultKind {
        match self {
            Self::Refuse => FaultKind::Unavailable,
            Self::Hang => FaultKind::TimedOut,
            Self::Throttle => FaultKind::Throttled,
            Self::Mixed if draw < 0.6 => FaultKind::Unavailable,
            Self::Mixed if draw < 0.8 => FaultKind::Throttled,
            Self::Mixed => FaultKind::TimedOut,
        }
    }
}

/// One outage, as distances from the beginning of the drill.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    pub begins: Duration,
    pub ends: Duration,
    pub kind: Kind,
}
