use std::collections::BTreeSet;
use usher_events::{RefusalReason, Time, identity};

/// Why a user was refused a sign-in or a token within one hour. Of earlier hours nobody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusals {
    /// When the hour begins.
    pub hour: Time,
    /// Every reason.
    pub reasons: BTreeSet<RefusalReason>,
}

impl Refusals {
    /// One refusal at this time.
    pub(super) fn new(reason: RefusalReason, time: Time) -> Self {
        Self {
            hour: identity::refusal_hour(time),
            reasons: BTreeSet::from([reason]),
        }
    }
}

/// Those of the later hour; of one hour, both.
pub(super) fn join(a: Option<Refusals>, b: Option<Refusals>) -> Option<Refusals> {
    match (a, b) {
        (Some(mut a), Some(b)) if a.hour == b.hour => {
            a.reasons.extend(b.reasons);
            Some(a)
        }
        (Some(a), Some(b)) => Some(if b.hour > a.hour { b } else { a }),
        (a, b) => a.or(b),
    }
}
