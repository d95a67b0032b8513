//! Invites at the pool's door: holding a use for a sign-up, for longer when its code is sent again,
//! and showing the first token what it brings.

use crate::budget::Budget;
use crate::cognito::Call;
use crate::facts::Witness;
use crate::refused::Refused;
use std::time::Duration;
use tokio::time::timeout_at;
use usher_events::{InviteId, RefusalReason, Sub};
use usher_shared::digest::Secret;
use usher_shared::invite::{self, Applicant, Code, Grants, Invite};
use usher_shared::policy::admit::Need;
use usher_shared::policy::{UserRead, person};
use usher_shared::port::{Fault, Invites};
use usher_shared::retry::{Schedule, retry};
use usher_shared::sign_up::SignUp;

/// Waits between tries of one call to the table.
const TRIES: Schedule = Schedule {
    first_wait: Duration::from_millis(20),
    max_wait: Duration::from_millis(80),
    attempts: 3,
};

/// A use that is held for a sign-up.
pub struct Held {
    /// Of which invite.
    pub invite: InviteId,
    /// Whether the invite is bound to the very address that signs up.
    pub is_bound: bool,
}

/// Writes down what a sign-up brings, and holds a use of its invite, if it brings one.
///
/// The use comes first, and then the sign-up that knows of it: whatever breaks in between, the same
/// person takes nothing more the next time. Every sign-up writes, also one without a code, so that
/// nothing is left under its user name of whoever had that name before.
///
/// # Errors
///
/// Why there is no sign-up: for want of a good invite, or because the table did not answer and
/// nobody can tell. Who needs no invite and gives no code is not kept waiting for the table.
pub async fn reserve(
    call: &Call<'_>,
    witness: Witness<'_>,
    invites: &dyn Invites,
    need: Need,
    budget: Budget,
) -> Result<Option<Held>, Refused> {
    let policy = witness.policy;
    let typed = match need {
        Need::None => None,
        Need::Optional | Need::Needed => call.request.hint(&policy.invites.code_key),
    };
    if typed.is_none() && need == Need::Needed {
        return Err(RefusalReason::InviteMissing.into());
    }
    let Some(secret) = witness.secret else {
        return match typed {
            Some(_) => Err(RefusalReason::StoreUnavailable.into()),
            None => Ok(None),
        };
    };
    let key = secret.sign_up_key(&call.pool, &call.user_name);
    let sign_up = SignUp::new(key, witness.context(call), witness.now);
    let until = budget.share(1, 2);
    let Some(typed) = typed else {
        if policy.sign_up.takes_invites() || !sign_up.is_empty() {
            let kept = timeout_at(until, keep(invites, &sign_up, budget)).await;
            if !matches!(kept, Ok(Ok(()))) {
                tracing::warn!("The table did not take a sign-up; going on without it");
            }
        }
        return Ok(None);
    };
    let code = Code::read(&typed).ok_or(RefusalReason::InviteUnknown)?;
    let id = secret.invite_id(&call.pool, &code);
    let held = hold(call, witness, secret, invites, (&id, sign_up), budget);
    match timeout_at(until, held).await {
        Ok(Ok(held)) => held.map(|is_bound| {
            Some(Held {
                invite: id,
                is_bound,
            })
        }),
        Ok(Err(fault)) => {
            tracing::warn!(fault = %fault, "An invite could not be looked at");
            Err(RefusalReason::StoreUnavailable.into())
        }
        Err(_) => {
            tracing::warn!("The table was too slow for an invite");
            Err(RefusalReason::StoreUnavailable.into())
        }
    }
}

/// Holds a use, and then keeps the sign-up with it. Says whether the invite is bound to the address.
async fn hold(
    call: &Call<'_>,
    witness: Witness<'_>,
    secret: &Secret,
    invites: &dyn Invites,
    (id, sign_up): (&InviteId, SignUp),
    budget: Budget,
) -> Result<Result<bool, Refused>, Fault> {
    let policy = witness.policy;
    let mut person = call.request.person(&policy.attributes);
    person::normalize(&mut person);
    let who = Applicant::asking(policy, secret, &call.pool, sign_up.key.clone(), &person);
    let reserve = |invite: &mut Invite| {
        let reservation = invite.reserve(&who, witness.now, policy.invites.reservation)?;
        let kept = sign_up.clone().holding(invite, &who, &reservation);
        Ok((kept, invite.terms.bound_to.is_some()))
    };
    let place = (&call.pool, id);
    let said = invite::change(invites, place, &TRIES, budget.end_of_work(), reserve).await?;
    match said {
        Some(Ok((sign_up, is_bound))) => {
            keep(invites, &sign_up, budget).await.map(|()| Ok(is_bound))
        }
        Some(Err(reason)) => Ok(Err(Refused {
            reason,
            invite: Some(id.clone()),
        })),
        None => Ok(Err(RefusalReason::InviteUnknown.into())),
    }
}

async fn keep(invites: &dyn Invites, sign_up: &SignUp, budget: Budget) -> Result<(), Fault> {
    let put = || invites.put_sign_up(sign_up);
    retry(&TRIES, budget.end_of_work(), Fault::disposition, put).await
}

/// Holds the use of a sign-up for longer, because its code is sent again. Changes no answer: what
/// fails is told in the log, and a confirmation that comes late then takes a use that is free.
pub async fn extend(call: &Call<'_>, witness: Witness<'_>, invites: &dyn Invites, budget: Budget) {
    let Some(secret) = witness.secret else { return };
    if !witness.policy.sign_up.takes_invites() {
        return;
    }
    let extended = extend_now(call, witness, secret, invites, budget);
    match timeout_at(budget.share(1, 2), extended).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => tracing::warn!(fault = %fault, "A use of an invite was not extended"),
        Err(_) => tracing::warn!("The table was too slow to extend a use of an invite"),
    }
}

async fn extend_now(
    call: &Call<'_>,
    witness: Witness<'_>,
    secret: &Secret,
    invites: &dyn Invites,
    budget: Budget,
) -> Result<(), Fault> {
    let key = secret.sign_up_key(&call.pool, &call.user_name);
    let deadline = budget.end_of_work();
    let read = || invites.sign_up(&key);
    let found = retry(&TRIES, deadline, Fault::disposition, read).await?;
    let Some((sign_up, held)) = found.and_then(|found| Some((found.clone(), found.held?))) else {
        return Ok(());
    };
    let lifetime = witness.policy.invites.reservation;
    let longer = |invite: &mut Invite| invite.extend(&held.sign_in, &key, witness.now, lifetime);
    let place = (&call.pool, &held.invite);
    let said = invite::change(invites, place, &TRIES, deadline, longer).await?;
    let Some(reservation) = said.flatten() else {
        return Ok(());
    };
    let until = reservation.until;
    let expires_at = sign_up.extended(until).expires_at;
    let write = || invites.extend_sign_up(&key, &held, until, expires_at);
    retry(&TRIES, deadline, Fault::disposition, write).await?;
    Ok(())
}

/// What a confirmation will bring to a user whom nothing has announced yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// Nothing that anybody knows of.
    Nothing,
    /// What the invite of the user's sign-up brings.
    Grants(Grants),
    /// Nobody can tell: the table or the secret did not come in time.
    Unknown,
}

/// What the invite brings of a user whom neither a confirmation nor a token has announced yet. Reads
/// the sign-up of such a user, where the policy takes invites, and nobody else's.
pub async fn awaited(
    call: &Call<'_>,
    witness: Witness<'_>,
    invites: &dyn Invites,
    sub: &Sub,
    user: UserRead<'_>,
    budget: Budget,
) -> Awaited {
    let policy = witness.policy;
    let announced = match user {
        UserRead::Absent => false,
        UserRead::Found(user) => user.is_announced(),
        // Least is granted then, whatever an invite says.
        UserRead::StoreDown => true,
    };
    if announced || !policy.sign_up.takes_invites() {
        return Awaited::Nothing;
    }
    let Some(secret) = witness.secret else {
        return Awaited::Unknown;
    };
    let key = secret.sign_up_key(&call.pool, &call.user_name);
    let sign_up = match budget.look(invites.sign_up(&key)).await {
        Some(Ok(found)) => found,
        Some(Err(fault)) => {
            tracing::warn!(fault = %fault, "A sign-up could not be read; deciding without it");
            return Awaited::Unknown;
        }
        None => {
            tracing::warn!("The table was too slow for a sign-up; deciding without it");
            return Awaited::Unknown;
        }
    };
    let mut person = call.request.person(&policy.attributes);
    person::normalize(&mut person);
    let who = Applicant::confirmed(policy, secret, &call.pool, key, &person);
    let held = sign_up.and_then(|sign_up| sign_up.held);
    let address = who.address.as_ref();
    let grants = held
        .as_ref()
        .and_then(|held| held.grants_now(sub, &who.sign_in, address, witness.now));
    grants.map_or(Awaited::Nothing, |grants| Awaited::Grants(grants.clone()))
}
