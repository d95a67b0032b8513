//! What became of one message, for logs and for whoever watches.

use serde::Serialize;
use usher_events::{DecidedEvent, EventId};
use usher_shared::commit::EffectKind;
use usher_shared::disposition::{Disposition, FaultKind};

/// What became of one effect in this try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Performed; with the service's id of it, where it gave one.
    Performed(Option<String>),
    /// Set aside until later.
    Deferred(&'static str),
    /// Given up.
    Failed(&'static str),
    /// Another commit's.
    Anothers,
}

/// An event that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Which.
    pub id: EventId,
    /// Its type's name, without prefix.
    pub event: &'static str,
    /// Whether this try appended it; else it was there.
    pub appended: bool,
    /// What was decided from it, when it was appended.
    pub decided: Vec<DecidedEvent>,
    /// Its effects.
    pub effects: Vec<(EffectKind, Fate)>,
}

/// Why a message has to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// A service failed.
    Fault(usher_shared::port::Fault),
    /// Another worker is performing this commit's effects, or ours was too slow to.
    LeaseNotOurs,
    /// The user item changed faster than we could write it.
    Overtaken,
    /// A commit that the table holds cannot be read.
    Unreadable,
    /// A newer program may read it.
    NotYet(&'static str),
    /// The time of this invocation is used up.
    OutOfTime,
    /// Our own bug.
    Panicked,
}

impl Again {
    /// The name in log fields and in a dead letter's cause.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fault(fault) => match fault.kind {
                FaultKind::TimedOut => "timed_out",
                FaultKind::Unavailable => "unavailable",
                FaultKind::Throttled => "throttled",
                FaultKind::Refused => "refused",
                FaultKind::Corrupt => "corrupt",
                FaultKind::Held => "breaker_open",
            },
            Self::LeaseNotOurs => "lease_not_ours",
            Self::Overtaken => "overtaken",
            Self::Unreadable => "unreadable_commit",
            Self::NotYet(kind) => kind,
            Self::OutOfTime => "out_of_time",
            Self::Panicked => "panicked",
        }
    }

    /// What failed, where a service did.
    pub fn operation(&self) -> Option<&'static str> {
        match self {
            Self::Fault(fault) => Some(fault.operation),
            Self::LeaseNotOurs
            | Self::Overtaken
            | Self::Unreadable
            | Self::NotYet(_)
            | Self::OutOfTime
            | Self::Panicked => None,
        }
    }

    /// Whether a service is down or asks for fewer calls, so that another try would meet the same.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Fault(fault) => match fault.disposition() {
                Disposition::Retry => true,
                Disposition::Defer | Disposition::DeadLetter => false,
            },
            Self::LeaseNotOurs
            | Self::Overtaken
            | Self::Unreadable
            | Self::NotYet(_)
            | Self::OutOfTime
            | Self::Panicked => false,
        }
    }
}

impl From<usher_shared::port::Fault> for Again {
    fn from(fault: usher_shared::port::Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Recorded and done with.
    Recorded(Story),
    /// There was nothing left to resume.
    NothingToResume,
    /// Copied to the dead letters, for this cause.
    SetAside(&'static str),
    /// To be delivered again.
    Again(Again),
}

impl Outcome {
    /// Whether the queue may forget the message.
    pub fn is_done(&self) -> bool {
        match self {
            Self::Recorded(_) | Self::NothingToResume | Self::SetAside(_) => true,
            Self::Again(_) => false,
        }
    }

    /// What became of a second message with the same commit: the same, except that this one brought
    /// nothing about.
    pub(crate) fn repeated(&self) -> Self {
        match self {
            Self::Recorded(story) => Self::Recorded(Story {
                appended: false,
                decided: Vec::new(),
                effects: Vec::new(),
                ..story.clone()
            }),
            Self::NothingToResume | Self::SetAside(_) | Self::Again(_) => self.clone(),
        }
    }
}
