//! The commit: one inbound event, what was decided from it, and the ledger of what it owes.
//!
//! One item does three jobs – log record, idempotency record and outbox – so that one conditional
//! write does all three or none.

mod deferral;
mod lane;
mod ledger;

pub use deferral::{Deferral, Setback, TOO_OLD};
pub use lane::{DueAt, Lane};
pub use ledger::{EffectKind, Entry, Lease, Ledger, RE_OWED};

use serde_json::Value;
use usher_events::{
    DecidedEvent, Envelope, Fact, LifecycleEvent, OperatorEvent, Person, Sub, Time, identity,
};

/// What a commit records: something that came in, or something an operator did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Came over the wire.
    Lifecycle(LifecycleEvent),
    /// Appended by the command.
    Operator(OperatorEvent),
}

impl Recorded {
    /// What the event says of the person.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Lifecycle(event) => event.person(),
            Self::Operator(_) => None,
        }
    }
}

impl Fact for Recorded {
    const TYPES: &'static [(&'static str, u16)] = &[];

    fn name(&self) -> &'static str {
        match self {
            Self::Lifecycle(event) => event.name(),
            Self::Operator(event) => event.name(),
        }
    }

    fn version(&self) -> u16 {
        match self {
            Self::Lifecycle(event) => event.version(),
            Self::Operator(event) => event.version(),
        }
    }

    fn to_data(&self) -> Value {
        match self {
            Self::Lifecycle(event) => event.to_data(),
            Self::Operator(event) => event.to_data(),
        }
    }

    fn from_data(name: &str, data: Value) -> Option<Result<Self, serde_json::Error>> {
        if LifecycleEvent::TYPES
            .iter()
            .any(|(known, _)| *known == name)
        {
            return LifecycleEvent::from_data(name, data).map(|event| event.map(Self::Lifecycle));
        }
        OperatorEvent::from_data(name, data).map(|event| event.map(Self::Operator))
    }
}

/// One record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The event.
    pub envelope: Envelope<Recorded>,
    /// What the policy decided from it. Recorded once, never decided again.
    pub decided: Vec<DecidedEvent>,
    /// What it owes, and how far that is.
    pub ledger: Ledger,
    /// Who is performing its once-effects; present only where one is owed.
    pub lease: Option<Lease>,
    /// When it was appended.
    pub recorded_at: Time,
}

impl Commit {
    /// What was decided, each as an event of its own, caused by the one that came in. A repeat has the
    /// same ids.
    pub fn decided_envelopes(&self) -> impl Iterator<Item = Envelope<DecidedEvent>> + '_ {
        let envelope = &self.envelope;
        self.decided.iter().map(move |decided| {
            let data = decided.to_data().to_string();
            Envelope {
                id: identity::decided(envelope.id, decided.name(), &data),
                causation_id: Some(envelope.id),
                ..envelope.clone().map(|_| decided.clone())
            }
        })
    }

    /// The user whose stream it belongs to.
    pub fn sub(&self) -> Option<&Sub> {
        self.envelope.subject.sub()
    }
}
