//! May this sign-up, sign-in or token go on?

mod invite;
mod outsider;
mod sign_up;

pub use invite::{Need, invite};
pub use outsider::{address_counts, outsider};
pub use sign_up::{Applicant, Automatic, automatic, sign_up};

use super::claims::Grant;
use super::{Hours, Policy, UserRead, WayIn, WhenStoreIsDown};
use usher_events::{RefusalReason, Time};

impl Policy {
    /// Whether a sign-in is decided also by what a token would carry.
    pub fn admits_by_grant(&self) -> bool {
        let mut organizations = self.organizations.values();
        self.sign_in.hours.is_some()
            || self.has_founders()
            || organizations.any(|organization| !organization.active)
    }
}

/// Whether this user may sign in. One of whom nothing is recorded yet may, in the hours of the role
/// that the first token would carry.
///
/// `grant` is what a token would carry now: of one user's facts, only those that grant something
/// count here.
pub fn sign_in(
    policy: &Policy,
    user: UserRead<'_>,
    grant: &Grant,
    now: Time,
) -> Result<(), RefusalReason> {
    standing(policy, user, grant)?;
    let hours = policy.sign_in.hours.as_ref();
    let hours = if is_known(user, grant) {
        hours
    } else {
        unseen(policy)?;
        hours.filter(|hours| hours.apply_while_store_is_down)
    };
    in_hours(hours, grant, now)
}

/// Whether a sign-in may go on of which nobody can tell anything.
pub fn unseen(policy: &Policy) -> Result<(), RefusalReason> {
    match policy.sign_in.when_store_is_down {
        WhenStoreIsDown::Admit => Ok(()),
        WhenStoreIsDown::Refuse => Err(RefusalReason::StoreUnavailable),
    }
}

/// What a token is asked for after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A sign-in that no other trigger may have seen: the first one of an outside provider's user.
    SignIn,
    /// A sign-in that was admitted already, or a refresh. Cognito does not always tell which.
    Renewal,
}

/// Whether this user may have a token; on a refresh nothing else asks.
///
/// While the store is down the answer is yes whatever the policy says of sign-ins, unless hours are
/// to hold then: such a token carries the least that [`super::claims::grant`] can give.
pub fn token(
    policy: &Policy,
    user: UserRead<'_>,
    grant: &Grant,
    occasion: Occasion,
    now: Time,
) -> Result<(), RefusalReason> {
    standing(policy, user, grant)?;
    let hours = policy.sign_in.hours.as_ref();
    let hours = hours.filter(|hours| match occasion {
        Occasion::SignIn => true,
        Occasion::Renewal => hours.apply_to_refresh,
    });
    let hours = hours.filter(|hours| is_known(user, grant) || hours.apply_while_store_is_down);
    in_hours(hours, grant, now)
}

/// Whether the table has said everything: of the user, and of the organization.
fn is_known(user: UserRead<'_>, grant: &Grant) -> bool {
    match user {
        UserRead::Found(_) | UserRead::Absent => !grant.is_least,
        UserRead::StoreDown => false,
    }
}

/// Whether anything but the time of day stands against the user.
fn standing(policy: &Policy, user: UserRead<'_>, grant: &Grant) -> Result<(), RefusalReason> {
    match user {
        UserRead::Found(user) if user.is_suspended() => return Err(RefusalReason::UserSuspended),
        UserRead::Found(user) if policy.sign_in.refuse_pending && user.is_pending() => {
            return Err(RefusalReason::UserPending);
        }
        UserRead::Found(_) | UserRead::Absent | UserRead::StoreDown => {}
    }
    match &grant.terms {
        Some(organization) if !organization.active => Err(RefusalReason::OrganizationInactive),
        Some(_) | None => Ok(()),
    }
}

fn in_hours(hours: Option<&Hours>, grant: &Grant, now: Time) -> Result<(), RefusalReason> {
    match hours {
        Some(hours) if !hours.is_open(&grant.role, now) => Err(RefusalReason::OutsideHours),
        Some(_) | None => Ok(()),
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
