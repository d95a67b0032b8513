//! When an effect that failed is tried again, and when it is given up.
//!
//! In a process a call is repeated within seconds; what fails all the same is set aside in the
//! ledger for longer each time, and given up at a last age. Whoever acts on it draws a number, so
//! that what failed together does not come back together.

use super::Entry;
use crate::disposition::FaultKind;
use std::time::Duration;
use usher_events::Time;

/// Why an effect is given up that was tried until its last age.
pub const TOO_OLD: &str = "too_old";

/// How long what failed waits, and for how long it is tried at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// The longest wait after the first failed try; after each further one it is twice as long.
    pub first_wait: Duration,
    /// The limit beyond which no wait grows.
    pub max_wait: Duration,
    /// How long after an effect was first owed it is given up.
    pub last_age: Duration,
}

impl Default for Deferral {
    /// Seconds for a hiccup; beyond two hours, an operator would ask why a service that has
    /// recovered is not used; three days are a long weekend.
    fn default() -> Self {
        Self {
            first_wait: Duration::from_secs(30),
            max_wait: Duration::from_mins(120),
            last_age: Duration::from_hours(72),
        }
    }
}

/// Why an effect is not performed now, and may be later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setback {
    /// The kind of error, as the ledger is to name it.
    pub fault: &'static str,
    /// Whether the service was asked at all. An open breaker asks none, and uses up no try.
    pub was_tried: bool,
}

impl Setback {
    /// A try that failed, for a reason of our own.
    pub fn tried(fault: &'static str) -> Self {
        Self {
            fault,
            was_tried: true,
        }
    }
}

impl From<FaultKind> for Setback {
    fn from(kind: FaultKind) -> Self {
        Self {
            fault: kind.as_str(),
            was_tried: kind != FaultKind::Held,
        }
    }
}

impl Deferral {
    /// What the ledger says of an effect after a setback.
    ///
    /// `before` is its entry as it was, or `None` for one that is not in the ledger; `recorded` is
    /// when its commit was appended, and `draw` a number from 0 to 1. The entry is due between half
    /// a wait and a whole one from `now`, but never past its last age, at which it is tried once
    /// more; from then on it is given up. A setback without a try leaves the number of tries and
    /// the length of the wait as they were; age counts all the same.
    pub fn after(
        &self,
        setback: Setback,
        before: Option<&Entry>,
        recorded: Time,
        now: Time,
        draw: f64,
    ) -> Entry {
        let (attempts, since) = match before {
            Some(Entry::Deferred {
                attempts, since, ..
            }) => (*attempts, *since),
            Some(Entry::Owed) => (0, None),
            // What may be repeated is not in the ledger until it has failed, or failed once before
            // and is owed anew: its message may have waited for days, and has not been tried since.
            Some(Entry::Done { .. } | Entry::Failed { .. } | Entry::Anothers { .. }) | None => {
                (0, Some(now))
            }
        };
        let fault = setback.fault.to_owned();
        let attempts = attempts + u32::from(setback.was_tried);
        let last = since.unwrap_or(recorded).plus(self.last_age);
        if now >= last {
            return Entry::Failed {
                at: now,
                fault: TOO_OLD.to_owned(),
                last_error: Some(fault),
            };
        }
        Entry::Deferred {
            due: now.plus(self.wait(attempts, draw)).min(last),
            attempts,
            fault,
            since,
        }
    }

    /// The wait before the try that follows so many: half its limit, and as much again by chance.
    fn wait(&self, attempts: u32, draw: f64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(30);
        let limit = self.first_wait.saturating_mul(1 << doublings);
        let limit = limit.min(self.max_wait);
        limit.mul_f64(0.5 + draw.clamp(0.0, 1.0) / 2.0)
    }

    /// The most tries that one effect can have, however the draws fall: while waits grow, then at
    /// the longest, and the one at its last age.
    pub fn most_tries(&self) -> u32 {
        let mut limit = self.first_wait;
        let mut growing = 0_u32;
        while limit < self.max_wait {
            limit = limit.saturating_mul(2);
            growing += 1;
        }
        let shortest = (self.max_wait / 2).as_millis().max(1);
        let longest = self.last_age.as_millis().div_ceil(shortest);
        growing + u32::try_from(longest).unwrap_or(u32::MAX - growing - 2) + 2
    }
}

#[cfg(test)]
mod tests;
