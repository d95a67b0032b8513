//! Refused sign-ups, and which of them are told of.
//!
//! Anybody can have a name refused without a password, as often as they like. So each refusal has a
//! number within its hour, from how many were counted before it, and its event's id is made of that:
//! those that come at once are one event, and from a bound on there are none.

use crate::budget::Budget;
use crate::cognito::Call;
use crate::facts::Witness;
use usher_events::{
    Envelope, InviteId, LifecycleEvent, RefusalReason, SignUpKey, SignUpRoute, identity,
};
use usher_shared::port::Tallies;
use usher_shared::tally::Counted;

/// Why there is no sign-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: RefusalReason,
    /// The invite whose code was tried, if there is one of that code.
    pub invite: Option<InviteId>,
}

impl From<RefusalReason> for Refused {
    fn from(reason: RefusalReason) -> Self {
        Self {
            reason,
            invite: None,
        }
    }
}

/// What there is to tell of a refused sign-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// This.
    Fact(Box<Envelope<LifecycleEvent>>),
    /// Nothing: as many as anybody needs to hear of were told before it in this hour.
    Enough,
    /// Nothing can be told, for want of the secret that hides the name.
    Unnamed,
}

/// Looks at how often this name was refused in this hour, and tells of it once more if that was not
/// too often. Where the table does not say in time it is told as the first one, which is one event
/// however often it is told.
pub async fn tell(
    call: &Call<'_>,
    witness: Witness<'_>,
    tallies: &dyn Tallies,
    budget: Budget,
    route: SignUpRoute,
    refused: Refused,
) -> Telling {
    let Some(key) = witness.sign_in_name(call) else {
        return Telling::Unnamed;
    };
    let most = witness.policy.sign_up.refusals_an_hour;
    let attempt = next_attempt(&key, witness, tallies, budget, refused.reason, most).await;
    match attempt {
        Some(attempt) => {
            let fact = witness.sign_up_refused(call, key, route, refused, attempt);
            Telling::Fact(Box::new(fact))
        }
        None => Telling::Enough,
    }
}

async fn next_attempt(
    key: &SignUpKey,
    witness: Witness<'_>,
    tallies: &dyn Tallies,
    budget: Budget,
    reason: RefusalReason,
    most: u32,
) -> Option<u32> {
    // The table has just not answered; another look would only use up the time to tell.
    if reason == RefusalReason::StoreUnavailable {
        return Some(1);
    }
    let of = Counted::Name(key.clone());
    let hour = identity::refusal_hour(witness.now);
    match budget.look(tallies.tally(&of, hour)).await {
        Some(Ok(Some(tally))) => tally.next_attempt(reason, most),
        Some(Ok(None)) => Some(1),
        Some(Err(fault)) => {
            tracing::warn!(fault = %fault, "Refusals could not be counted; telling of one as the first");
            Some(1)
        }
        None => {
            tracing::warn!("The table was too slow to count refusals; telling of one as the first");
            Some(1)
        }
    }
}
