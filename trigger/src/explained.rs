//! Why the trigger answers as it does: the same decision, with every step of it written down.

use crate::budget::Budget;
use crate::cognito::{Call, Source};
use crate::decide::{Verdict, decide};
use crate::facts::Witness;
use crate::invite::Held;
use crate::refused::Refused;
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{PoolId, RefusalReason, Time};
use usher_shared::digest::Secret;
use usher_shared::organization::Cache;
use usher_shared::policy::admit::Need;
use usher_shared::policy::locale::Locale;
use usher_shared::policy::trace::{Question, Said, Step, Trace};
use usher_shared::policy::{Policy, refusal};
use usher_shared::port::Store;

/// How long an explanation may take: no Cognito waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// One call, decided, with the way to the decision.
#[derive(Debug)]
pub struct Explained {
    /// Which trigger it is.
    pub source: Source,
    /// The pool.
    pub pool: PoolId,
    /// What was decided; exactly what the trigger decides.
    pub verdict: Verdict,
    /// What was asked of the policy, in order.
    pub steps: Vec<Step>,
}

/// Decides one call as the trigger does, and keeps why. `None` for an event of which nobody has heard:
/// it goes back as it came.
///
/// `store` is asked what the trigger would ask its table. Nothing is published.
pub async fn explain(
    event: &RawValue,
    policy: &Policy,
    secret: &Secret,
    store: &dyn Store,
    now: Time,
) -> Option<Explained> {
    let call = Call::read(event)?;
    let trace = Trace::default();
    let witness = Witness {
        policy,
        secret: Some(secret),
        now,
        request_id: "explained",
        trace: Some(&trace),
    };
    let budget = Budget::new(Instant::now(), PATIENCE);
    let verdict = decide(&call, witness, store, &Cache::default(), budget).await;
    Some(Explained {
        source: call.source,
        pool: call.pool.clone(),
        verdict,
        steps: trace.steps(),
    })
}

/// Which sentence a refused user reads, and why that one.
pub(crate) fn sentence(call: &Call<'_>, policy: &Policy, reason: RefusalReason) -> Step {
    let locale = call.request.locale();
    let copy = refusal::copy(policy, reason, locale.as_deref());
    let reason = reason.as_str();
    let why = match locale.as_deref().and_then(Locale::new) {
        Some(locale) => format!("for {reason}, the closest to {}", locale.as_str()),
        None => format!("for {reason}; no language is asked for"),
    };
    Step::new(Question::Sentence, copy.place, Said::gives(copy.text), why)
}

/// A call that names no user.
pub(crate) fn no_sub(question: Question) -> Step {
    let why = "the event names no user by sub";
    Step::new(question, "", Said::Off, why)
}

/// Whether a refusal is told, once an hour.
pub(crate) fn refusal(already_said: bool) -> Step {
    let (said, why) = match already_said {
        true => (
            Said::Nothing,
            "the record shows the same refusal within this hour",
        ),
        false => (
            Said::gives("sign_in_refused"),
            "the record does not show it within this hour",
        ),
    };
    Step::new(Question::Notice, "", said, why)
}

/// What came of the invite that a sign-up brings; `None` where none is looked at.
pub(crate) fn reservation(need: Need, held: &Result<Option<Held>, Refused>) -> Option<Step> {
    let (said, why) = match (need, held) {
        (Need::None, _) => return None,
        (Need::Optional | Need::Needed, Ok(Some(held))) => {
            let why = match held.is_bound {
                true => "a use of the invite is held; it is bound to this address",
                false => "a use of the invite is held",
            };
            (Said::Passes, why)
        }
        (Need::Optional | Need::Needed, Ok(None)) => (Said::Off, "no code is given"),
        (Need::Optional | Need::Needed, Err(refused)) => {
            (Said::Refuses(refused.reason), of_invite(refused.reason))
        }
    };
    Some(Step::new(Question::Invite, "invites.code_key", said, why))
}

fn of_invite(reason: RefusalReason) -> &'static str {
    match reason {
        RefusalReason::InviteMissing => "no code is given",
        RefusalReason::InviteUnknown => "there is no invite of this code",
        RefusalReason::InviteUsed => "every use of the invite is taken",
        RefusalReason::InviteExpired => "the invite has expired",
        RefusalReason::InviteRevoked => "the invite was revoked",
        RefusalReason::InviteForeign => "the invite is bound to another address",
        RefusalReason::StoreUnavailable => "the table did not answer",
        RefusalReason::DomainBlocked
        | RefusalReason::DomainNotAllowed
        | RefusalReason::DomainDisposable
        | RefusalReason::EmailMissing
        | RefusalReason::EmailInvalid
        | RefusalReason::EmailUnverified
        | RefusalReason::PhoneInvalid
        | RefusalReason::AttributeMissing
        | RefusalReason::AttributeNotAllowed
        | RefusalReason::ConsentMissing
        | RefusalReason::UserSuspended
        | RefusalReason::UserPending
        | RefusalReason::OrganizationInactive
        | RefusalReason::OutsideHours
        | RefusalReason::SourceRefused => "no reason of an invite",
    }
}

/// A policy without any texts.
pub(crate) fn no_messages() -> Step {
    let why = "the policy has no texts: the pool's own are sent";
    Step::new(Question::Message, "custom_messages", Said::Off, why)
}
