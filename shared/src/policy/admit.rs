//! May this sign-up, sign-in or token go on?

mod invite;

pub use invite::{Need, invite};

use super::{Domain, Policy, UserRead, WayIn, WhenStoreIsDown};
use usher_events::{RefusalReason, SignUpRoute};

/// Whether this address may sign up by this route.
///
/// An address whose domain cannot be told is refused wherever the policy goes by domain. No address
/// at all is refused only where the policy lists who may come: a list of who may not has nothing to
/// say of it.
pub fn sign_up(
    policy: &Policy,
    route: SignUpRoute,
    email: Option<&str>,
) -> Result<(), RefusalReason> {
    let rules = &policy.sign_up;
    let exempt = match route {
        SignUpRoute::Administrator => !rules.apply_to_administrators,
        SignUpRoute::SelfService | SignUpRoute::ExternalProvider => false,
    };
    if exempt || !rules.is_gated() {
        return Ok(());
    }
    let email = email.map(str::trim).filter(|email| !email.is_empty());
    let Some(email) = email else {
        return match rules.allowed_domains.is_empty() {
            true => Ok(()),
            false => Err(RefusalReason::EmailMissing),
        };
    };
    let domain = Domain::of_email(email).ok_or(RefusalReason::EmailMissing)?;
    if rules
        .blocked_domains
        .iter()
        .any(|pattern| pattern.matches(&domain))
    {
        return Err(RefusalReason::DomainBlocked);
    }
    let allowed = &rules.allowed_domains;
    if !allowed.is_empty() && !allowed.iter().any(|pattern| pattern.matches(&domain)) {
        return Err(RefusalReason::DomainNotAllowed);
    }
    Ok(())
}

/// Whether this user may sign in. A user of whom nothing is recorded yet may.
pub fn sign_in(policy: &Policy, user: UserRead<'_>) -> Result<(), RefusalReason> {
    match user {
        UserRead::Found(user) if user.is_suspended() => Err(RefusalReason::UserSuspended),
        UserRead::Found(_) | UserRead::Absent => Ok(()),
        UserRead::StoreDown => match policy.sign_in.when_store_is_down {
            WhenStoreIsDown::Admit => Ok(()),
            WhenStoreIsDown::Refuse => Err(RefusalReason::StoreUnavailable),
        },
    }
}

/// Whether this user may have a token; on a refresh nothing else asks.
///
/// While the store is down the answer is yes whatever the policy says of sign-ins: such a token
/// carries the least that [`super::claims::grant`] can give.
pub fn token(user: UserRead<'_>) -> Result<(), RefusalReason> {
    match user {
        UserRead::Found(user) if user.is_suspended() => Err(RefusalReason::UserSuspended),
        UserRead::Found(_) | UserRead::Absent | UserRead::StoreDown => Ok(()),
    }
}

/// Whether a way in that usher does not serve itself is open.
pub fn source(way_in: WayIn) -> Result<(), RefusalReason> {
    match way_in {
        WayIn::Pass => Ok(()),
        WayIn::Refuse => Err(RefusalReason::SourceRefused),
    }
}

#[cfg(test)]
mod tests;
