//! May this sign-up, sign-in or token go on?

mod invite;
mod outsider;
mod sign_up;

pub use invite::{Need, explain_invite, invite};
pub use outsider::{address_counts, explain_outsider, outsider};
pub use sign_up::{Applicant, Asking, Automatic, automatic, explain_automatic, sign_up};

use super::claims::Grant;
use super::opinion::{Key, Opinion, asked, settle};
use super::trace::{Question, Said, Step};
use super::why::Why;
use super::{Policy, UserRead, WayIn, WhenStoreIsDown};
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

/// What is asked at a sign-in or for a token, in order. The first rule that refuses decides.
const RULES: [for<'c> fn(&'c Case<'c>) -> Opinion<'c>; 5] = [
    suspension,
    signs_of_life,
    organization,
    unseen_user,
    business_hours,
];

/// One user at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Case<'c> {
    /// The rules.
    pub policy: &'c Policy,
    /// What the table says.
    pub user: UserRead<'c>,
    /// What a token would carry now: of one user's facts, only those that grant something count.
    pub grant: &'c Grant,
    /// What for.
    pub occasion: Occasion,
    /// When.
    pub now: Time,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A sign-in, before it begins.
    BeforeSignIn,
    /// The token of a sign-in that no other trigger may have seen: the first one of an outside
    /// provider's user.
    SignIn,
    /// The token of a sign-in that was admitted already, or of a refresh. Cognito does not always
    /// tell which.
    Renewal,
}

impl Case<'_> {
    /// Whether this user may sign in, or have a token; on a refresh nothing else asks. One of whom
    /// nothing is recorded yet may, in the hours of the role that the first token would carry.
    ///
    /// While the store is down tokens are given whatever the policy says of sign-ins, unless hours
    /// are to hold then: such a token carries the least that [`super::claims::grant`] can give.
    pub fn decide(&self) -> Result<(), RefusalReason> {
        settle(RULES.iter().map(|rule| rule(self)))
    }

    /// What was asked to decide it.
    pub fn explain(&self) -> Vec<Opinion<'_>> {
        asked(RULES.iter().map(|rule| rule(self)))
    }
}

/// See [`Case::decide`].
pub fn sign_in(
    policy: &Policy,
    user: UserRead<'_>,
    grant: &Grant,
    now: Time,
) -> Result<(), RefusalReason> {
    token(policy, user, grant, Occasion::BeforeSignIn, now)
}

/// See [`Case::decide`].
pub fn token(
    policy: &Policy,
    user: UserRead<'_>,
    grant: &Grant,
    occasion: Occasion,
    now: Time,
) -> Result<(), RefusalReason> {
    let case = Case {
        policy,
        user,
        grant,
        occasion,
        now,
    };
    case.decide()
}

fn suspension<'c>(case: &'c Case<'c>) -> Opinion<'c> {
    let key = Key::Record;
    match case.user {
        UserRead::Found(user) if user.is_suspended() => {
            let why = Why::Fixed("an operator has suspended the user");
            Opinion::refuses(key, RefusalReason::UserSuspended, why)
        }
        UserRead::Found(_) => {
            Opinion::passes(key, Why::Fixed("no operator has suspended the user"))
        }
        UserRead::Absent => Opinion::off(key, "nothing is recorded of the user"),
        UserRead::StoreDown => Opinion::off(key, "the table did not answer"),
    }
}

fn signs_of_life<'c>(case: &'c Case<'c>) -> Opinion<'c> {
    let key = Key::Plain("sign_in.refuse_pending");
    match case.user {
        _ if !case.policy.sign_in.refuse_pending => Opinion::off(key, "is false"),
        UserRead::Found(user) if user.is_pending() => {
            let why = Why::Fixed("of the user no confirmation, sign-in or token is recorded");
            Opinion::refuses(key, RefusalReason::UserPending, why)
        }
        UserRead::Found(_) => Opinion::passes(key, Why::Fixed("the user has shown a sign of life")),
        UserRead::Absent => Opinion::off(key, "nothing is recorded of the user"),
        UserRead::StoreDown => Opinion::off(key, "the table did not answer"),
    }
}

fn organization<'c>(case: &'c Case<'c>) -> Opinion<'c> {
    let Some(id) = case.grant.organization.as_ref() else {
        return Opinion::off(Key::Plain("organizations"), "the user belongs to none");
    };
    let key = match case.policy.organizations.contains_key(id) {
        true => Key::Named("organizations", id.as_str(), "active"),
        // What somebody founded is switched off by an operator.
        false => Key::Plain("founding.mode"),
    };
    match &case.grant.terms {
        Some(organization) if !organization.active => {
            let why = Why::Organization(id.as_str(), false);
            Opinion::refuses(key, RefusalReason::OrganizationInactive, why)
        }
        Some(_) => Opinion::passes(key, Why::Organization(id.as_str(), true)),
        None => Opinion::off(key, "nobody knows the user's organization"),
    }
}

fn unseen_user<'c>(case: &'c Case<'c>) -> Opinion<'c> {
    let key = Key::Plain("sign_in.when_store_is_down");
    if is_known(case) {
        return Opinion::off(key, "the table has answered");
    }
    match case.occasion {
        Occasion::SignIn | Occasion::Renewal => Opinion::off(
            key,
            "is asked at sign-ins alone; a token carries the least meanwhile",
        ),
        Occasion::BeforeSignIn => match unseen(case.policy) {
            Ok(()) => Opinion::passes(
                key,
                Why::Fixed("is \"admit\", and the table did not answer"),
            ),
            Err(reason) => {
                let why = Why::Fixed("is \"refuse\", and the table did not answer");
                Opinion::refuses(key, reason, why)
            }
        },
    }
}

/// Whether the table has said everything: of the user, and of the organization.
fn is_known(case: &Case<'_>) -> bool {
    match case.user {
        UserRead::Found(_) | UserRead::Absent => !case.grant.is_least,
        UserRead::StoreDown => false,
    }
}

/// Whether a sign-in may go on of which nobody can tell anything.
pub fn unseen(policy: &Policy) -> Result<(), RefusalReason> {
    match policy.sign_in.when_store_is_down {
        WhenStoreIsDown::Admit => Ok(()),
        WhenStoreIsDown::Refuse => Err(RefusalReason::StoreUnavailable),
    }
}

fn business_hours<'c>(case: &'c Case<'c>) -> Opinion<'c> {
    let Some(hours) = case.policy.sign_in.hours.as_ref() else {
        return Opinion::off(Key::Plain("sign_in.hours"), "no hours are set");
    };
    if case.occasion == Occasion::Renewal && !hours.apply_to_refresh {
        let key = Key::Plain("sign_in.hours.apply_to_refresh");
        return Opinion::off(key, "is false, and this may be a refresh");
    }
    if !is_known(case) && !hours.apply_while_store_is_down {
        let key = Key::Plain("sign_in.hours.apply_while_store_is_down");
        return Opinion::off(key, "is false, and the table did not answer");
    }
    let role = &case.grant.role;
    let key = match () {
        () if hours.exempt_roles.contains(role) => Key::Plain("sign_in.hours.exempt_roles"),
        () if hours.roles.contains_key(role) => {
            Key::Named("sign_in.hours.roles", role.as_str(), "")
        }
        () => Key::Plain("sign_in.hours"),
    };
    let why = Why::Clock(hours, role, case.now);
    if hours.is_open(role, case.now) {
        Opinion::passes(key, why)
    } else {
        Opinion::refuses(key, RefusalReason::OutsideHours, why)
    }
}

/// Whether a way in that usher does not serve itself is open.
pub fn source(way_in: WayIn) -> Result<(), RefusalReason> {
    match way_in {
        WayIn::Pass => Ok(()),
        WayIn::Refuse => Err(RefusalReason::SourceRefused),
    }
}

/// Why [`source`] says so, by the key of that way in.
pub fn explain_source(key: &str, way_in: WayIn) -> Step {
    let (said, why) = match source(way_in) {
        Ok(()) => (Said::Passes, "is \"pass\""),
        Err(reason) => (Said::Refuses(reason), "is \"refuse\""),
    };
    Step::new(Question::WayIn, key, said, why)
}

#[cfg(test)]
mod tests;
