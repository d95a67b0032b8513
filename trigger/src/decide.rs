//! What each trigger answers and publishes. Reads the table at most once; decides by the policy.

mod sign_in;
mod sign_up;
mod token;

use crate::answer;
use crate::budget::Budget;
use crate::cognito::{Call, Source};
use crate::explained;
use crate::facts::{self, Witness};
use crate::invite::{self, Awaited};
use crate::message;
use crate::refusal::Refusal;
use serde_json::value::RawValue;
use std::fmt;
use usher_events::{Envelope, Fact, LifecycleEvent, MessagePurpose, Person, RefusalReason, Sub};
use usher_shared::organization::Cache;
use usher_shared::policy::{
    MessageSource, Policy, UserRead, WayIn, admit, invited, person, refusal,
};
use usher_shared::port::Store;
use usher_shared::user::{User, UserItem};

/// What one call comes to, before anything is published.
pub struct Verdict {
    /// The event with its response, or `None` to give it back as it came.
    pub answer: Result<Option<Box<RawValue>>, Refusal>,
    /// What is to be published.
    pub fact: Option<Envelope<LifecycleEvent>>,
    /// Why not, where the answer is no.
    pub reason: Option<RefusalReason>,
}

impl Verdict {
    fn pass(fact: Option<Envelope<LifecycleEvent>>) -> Self {
        Self {
            answer: Ok(None),
            fact,
            reason: None,
        }
    }

    fn answer(answer: Option<Box<RawValue>>) -> Self {
        Self {
            answer: Ok(answer),
            fact: None,
            reason: None,
        }
    }
}

impl fmt::Debug for Verdict {
    /// Shows what was decided and not the event that goes back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdict")
            .field("reason", &self.reason)
            .field("fact", &self.fact.as_ref().map(|fact| fact.event.name()))
            .finish_non_exhaustive()
    }
}

/// Decides one call.
pub async fn decide(
    call: &Call<'_>,
    witness: Witness<'_>,
    store: &dyn Store,
    organizations: &Cache,
    budget: Budget,
) -> Verdict {
    match call.source {
        Source::PreSignUp(route) => sign_up::sign_up(call, witness, store, budget, route).await,
        Source::PreAuthentication => {
            sign_in::sign_in(call, witness, (store, organizations), budget).await
        }
        Source::TokenGeneration(source) => {
            token::token(call, witness, (store, organizations), budget, source).await
        }
        Source::ConfirmSignUp | Source::ConfirmForgotPassword | Source::PostAuthentication => {
            let fact = witness.after_the_fact(call);
            if fact.is_none() {
                tracing::warn!("The event names no user by sub; nothing can be published of it");
            }
            Verdict::pass(fact)
        }
        Source::CustomMessage(source) => {
            if source == MessageSource::ResendCode {
                invite::extend(call, witness, store, budget).await;
            }
            Verdict::answer(message::answer(call, witness, source))
        }
        Source::CustomSender(medium, purpose) => {
            if purpose == MessagePurpose::ResendCode {
                invite::extend(call, witness, store, budget).await;
            }
            Verdict::pass(named(witness.message_requested(call, medium, purpose)))
        }
        Source::Challenge(_) | Source::UserMigration(_) | Source::InboundFederation => {
            others(call, witness, store, budget).await
        }
    }
}

/// A trigger that is another program's business: it passes, unless the policy closes that way in.
/// Nothing of its event is read but whom a refusal is about, and in which language.
async fn others(
    call: &Call<'_>,
    witness: Witness<'_>,
    store: &dyn Store,
    budget: Budget,
) -> Verdict {
    let (key, way_in) = way_in(call.source, witness.policy);
    witness.note(|| vec![admit::explain_source(key, way_in)]);
    let Err(reason) = admit::source(way_in) else {
        return Verdict::pass(None);
    };
    // Where the pool hides who is unknown, it also asks about users that there are not.
    let is_unknown = call.request.flag("userNotFound") == Some(true);
    match facts::sub(call).filter(|_| !is_unknown) {
        Some(sub) => {
            let look = glance(store, &sub, budget).await;
            refuse(call, witness, sub, reason, &look)
        }
        None => Verdict {
            answer: Err(told(call, witness, reason)),
            fact: None,
            reason: Some(reason),
        },
    }
}

/// What the policy says of a source that usher does not answer itself, and under which key.
fn way_in(source: Source, policy: &Policy) -> (&'static str, WayIn) {
    let sources = &policy.sources;
    match source {
        Source::Challenge(_) => ("sources.challenges", sources.challenges),
        Source::UserMigration(_) => ("sources.migration", sources.migration),
        Source::InboundFederation => ("sources.inbound_federation", sources.inbound_federation),
        Source::PreSignUp(_)
        | Source::ConfirmSignUp
        | Source::ConfirmForgotPassword
        | Source::PreAuthentication
        | Source::PostAuthentication
        | Source::TokenGeneration(_)
        | Source::CustomMessage(_)
        | Source::CustomSender(..) => ("", WayIn::Pass),
    }
}

/// The user as an invite will make it, where the worker has not seen the confirmation yet.
fn invited_user(awaited: &Awaited, witness: Witness<'_>, user: UserRead<'_>) -> Option<User> {
    let Awaited::Grants(grants) = awaited else {
        return None;
    };
    let presumed = invited::presumed(witness.policy, grants, witness.now);
    match user {
        UserRead::Absent => Some(presumed),
        UserRead::Found(user) => Some(user.clone().join(presumed)),
        UserRead::StoreDown => None,
    }
}

/// Counts a sign-up of which nothing can be told, because nothing names it.
fn named(fact: Option<Envelope<LifecycleEvent>>) -> Option<Envelope<LifecycleEvent>> {
    if fact.is_none() {
        tracing::error!(
            unpublished = 1,
            "An event is lost: the secret that hides user names cannot be read"
        );
    }
    fact
}

fn person_of(call: &Call<'_>, policy: &Policy) -> Person {
    let mut person = call.request.person(&policy.attributes);
    person::normalize(&mut person);
    person
}

/// What a user is told who is refused.
fn told(call: &Call<'_>, witness: Witness<'_>, reason: RefusalReason) -> Refusal {
    let policy = witness.policy;
    witness.note(|| vec![explained::sentence(call, policy, reason)]);
    worded(call, policy, reason)
}

/// The sentence for a reason, in the language that the call asks for.
fn worded(call: &Call<'_>, policy: &Policy, reason: RefusalReason) -> Refusal {
    let locale = call.request.locale();
    Refusal::new(refusal::text(policy, reason, locale.as_deref()))
}

fn refuse(
    call: &Call<'_>,
    witness: Witness<'_>,
    sub: Sub,
    reason: RefusalReason,
    look: &Look,
) -> Verdict {
    // Anybody can cause a refusal without a password: what the item shows already is not said again.
    let already_said = match known(look) {
        UserRead::Found(user) => user.was_refused(reason, witness.now),
        UserRead::Absent | UserRead::StoreDown => false,
    };
    witness.note(|| vec![explained::refusal(already_said)]);
    Verdict {
        answer: Err(told(call, witness, reason)),
        fact: (!already_said).then(|| witness.sign_in_refused(call, sub, reason)),
        reason: Some(reason),
    }
}

/// A look at the user item: what is there, or that the table did not say in time.
type Look = Result<Option<UserItem>, ()>;

async fn glance(store: &dyn Store, sub: &Sub, budget: Budget) -> Look {
    match budget.look(store.glance(sub)).await {
        Some(Ok(item)) => Ok(item),
        Some(Err(fault)) => {
            tracing::warn!(fault = %fault, "The table could not be read; deciding without it");
            Err(())
        }
        None => {
            tracing::warn!("The table was too slow; deciding without it");
            Err(())
        }
    }
}

fn known(look: &Look) -> UserRead<'_> {
    match look {
        Ok(Some(item)) => UserRead::Found(&item.user),
        Ok(None) => UserRead::Absent,
        Err(()) => UserRead::StoreDown,
    }
}

/// The answer to a call whose handling broke: what DESIGN's table of failures says of each trigger,
/// from the call and the policy alone.
pub fn when_broken(call: &Call<'_>, policy: &Policy) -> Result<Option<Box<RawValue>>, Refusal> {
    let try_again = || worded(call, policy, RefusalReason::StoreUnavailable);
    match call.source {
        Source::PreSignUp(_) if policy.sign_up.is_gated() || policy.sign_up.asks_for_invites() => {
            Err(try_again())
        }
        Source::PreAuthentication => admit::unseen(policy)
            .map(|()| None)
            .map_err(|reason| worded(call, policy, reason)),
        Source::TokenGeneration(_) => Ok(answer::suppressions(call, policy, None)),
        Source::Challenge(_) | Source::UserMigration(_) | Source::InboundFederation => {
            let (_key, way_in) = way_in(call.source, policy);
            admit::source(way_in)
                .map(|()| None)
                .map_err(|reason| worded(call, policy, reason))
        }
        Source::PreSignUp(_)
        | Source::ConfirmSignUp
        | Source::ConfirmForgotPassword
        | Source::PostAuthentication
        | Source::CustomMessage(_)
        | Source::CustomSender(..) => Ok(None),
    }
}
