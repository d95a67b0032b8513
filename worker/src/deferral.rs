//! Setting an effect aside until later, or giving it up where later would be too late.

use crate::Worker;
use crate::story::Fate;
use usher_shared::chance;
use usher_shared::commit::{Commit, EffectKind, Entry, Setback};

impl Worker {
    /// What the ledger is to say of an effect that cannot be performed now. Giving it up is told as
    /// an error: what it owed somebody will not happen unless an operator sees to it.
    pub(crate) fn deferred(&self, commit: &Commit, kind: EffectKind, setback: Setback) -> Entry {
        let (id, effect) = (commit.envelope.id, kind.as_str());
        let (before, recorded) = (commit.ledger.get(kind), commit.recorded_at);
        let now = self.clock.now();
        let draw = chance::fraction();
        let deferral = &self.policy.deferral;
        let entry = deferral.after(setback, before, recorded, now, draw);
        if entry.is_open() && !setback.was_tried {
            // The breaker has said so once; an hour's effects need not each say it again.
            tracing::debug!(event.id = %id, effect, fault = setback.fault, "An effect waits for its breaker");
        } else if entry.is_open() {
            tracing::warn!(event.id = %id, effect, fault = setback.fault, "An effect is set aside until later");
        } else {
            tracing::error!(event.id = %id, effect, fault = setback.fault, "An effect is given up at its last age");
        }
        entry
    }
}

impl Fate {
    /// What an entry that was set back says.
    pub(crate) fn of(entry: &Entry, setback: Setback) -> Self {
        if entry.is_open() {
            Self::Deferred(setback.fault)
        } else {
            Self::Failed(usher_shared::commit::TOO_OLD)
        }
    }
}
