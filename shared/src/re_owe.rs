//! Owing again what was given up: which effects of a commit are meant, and its ledger then.
//!
//! Pure. Whoever writes what comes of it does so only while the ledger is as it was read
//! ([`Store::replace_ledger`](crate::port::Store::replace_ledger)): between reading and writing another
//! may have made the same effect owed, and a worker may have performed it.

use crate::commit::{EffectKind, Entry, Ledger, TOO_OLD};
use crate::rebuild::USER_ITEM_LOST;
use crate::seal::SealedCommit;
use serde::Serialize;
use std::fmt;
use usher_events::{PoolId, Time};

/// Which effects are meant. What is not said is no matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meant {
    /// Kinds of effects; none is all.
    pub effects: Vec<EffectKind>,
    /// Why they were given up, or how what was too old failed last; none is all but
    /// [`USER_ITEM_LOST`].
    pub causes: Vec<String>,
    /// Given up at this instant or later.
    pub since: Option<Time>,
    /// Given up before this instant.
    pub until: Option<Time>,
    /// Of events of this pool.
    pub pool: Option<PoolId>,
    /// Of events of these types, without prefix; none is all.
    pub types: Vec<String>,
}

/// Why an effect was given up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cause {
    /// What the ledger says.
    pub fault: String,
    /// How it failed last, where it was tried until its last age.
    pub last_error: Option<String>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault)?;
        match &self.last_error {
            Some(last) => write!(f, ", last {last}"),
            None => Ok(()),
        }
    }
}

/// An effect that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Which.
    pub kind: EffectKind,
    /// When.
    pub at: Time,
    /// Why.
    pub cause: Cause,
}

/// Whether an effect that was given up is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is to be owed again.
    Meant,
    /// It is not.
    Other,
    /// It would be, but nobody knows whether it was performed when its claim was lost, so it has to
    /// be asked for by that cause.
    Unsure,
}

/// What a commit owes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The effects, as they were given up, in order of kind.
    pub effects: Vec<GivenUp>,
    /// The ledger in which they are owed.
    pub ledger: Ledger,
}

/// The effects of a commit that were given up, in order of kind.
pub fn given_up(ledger: &Ledger) -> impl Iterator<Item = GivenUp> {
    ledger.entries().filter_map(|(kind, entry)| match entry {
        Entry::Failed {
            at,
            fault,
            last_error,
        } => Some(GivenUp {
            kind,
            at: *at,
            cause: Cause {
                fault: fault.clone(),
                last_error: last_error.clone().filter(|_| fault == TOO_OLD),
            },
        }),
        Entry::Owed | Entry::Done { .. } | Entry::Deferred { .. } | Entry::Anothers { .. } => None,
    })
}

impl Meant {
    /// Whether an effect of a commit is meant.
    pub fn choose(&self, commit: &SealedCommit, effect: &GivenUp) -> Choice {
        let envelope = &commit.envelope;
        let is_one =
            |all: &[String], name: &str| all.is_empty() || all.iter().any(|one| one == name);
        let cause = &effect.cause;
        let last = cause.last_error.as_deref();
        let meant = (self.effects.is_empty() || self.effects.contains(&effect.kind))
            && (is_one(&self.causes, &cause.fault)
                || last.is_some_and(|last| is_one(&self.causes, last)))
            && self.since.is_none_or(|since| since <= effect.at)
            && self.until.is_none_or(|until| effect.at < until)
            && self
                .pool
                .as_ref()
                .is_none_or(|pool| *pool == envelope.source)
            && is_one(&self.types, &envelope.event.name);
        match meant {
            false => Choice::Other,
            true if self.causes.is_empty() && cause.fault == USER_ITEM_LOST => Choice::Unsure,
            true => Choice::Meant,
        }
    }

    /// What a commit owes again from `now` on; `None` if none of it is meant.
    pub fn plan(&self, commit: &SealedCommit, now: Time) -> Option<Plan> {
        let meant = |effect: &GivenUp| self.choose(commit, effect) == Choice::Meant;
        let effects: Vec<GivenUp> = given_up(&commit.ledger).filter(meant).collect();
        if effects.is_empty() {
            return None;
        }
        let mut ledger = commit.ledger.clone();
        for effect in &effects {
            ledger.set(effect.kind, Entry::re_owed(now));
        }
        Some(Plan { effects, ledger })
    }
}

impl Plan {
    /// The same for a ledger that was read later; `None` if one of the effects is no longer given up
    /// as it was.
    pub fn again(&self, found: &Ledger) -> Option<Ledger> {
        let mut ledger = found.clone();
        for effect in &self.effects {
            let still = given_up(found).any(|there| there == *effect);
            let owed = self.ledger.get(effect.kind).filter(|_| still)?;
            ledger.set(effect.kind, owed.clone());
        }
        Some(ledger)
    }

    /// Whether a ledger says that this was done, by this very plan.
    pub fn is_done(&self, ledger: &Ledger) -> bool {
        let mut effects = self.effects.iter();
        effects.all(|effect| ledger.get(effect.kind) == self.ledger.get(effect.kind))
    }
}

#[cfg(test)]
mod tests;
