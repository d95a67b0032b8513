//! The fold: what a user's stream says, as a join.
//!
//! Every part of a [`User`] is a register, a minimum or a maximum, so that joining is commutative,
//! associative and idempotent: any order of events and any number of repeats give the same user.

mod item;
mod profile;
mod register;

pub use item::{ItemError, Marks, UserItem};
pub use profile::{Profile, Status};
pub use register::Register;

use crate::commit::{Commit, Recorded};
use std::collections::BTreeMap;
use usher_events::{
    AccountType, DecidedEvent, LifecycleEvent, OperatorEvent, OrganizationId, OrganizationSource,
    Person, RefusalReason, Role, RoleSource, Time,
};

/// Whether an operator lets the user in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As everybody.
    Good,
    /// Suspended.
    Suspended,
}

/// Belonging to one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which one.
    pub organization: OrganizationId,
    /// The kind of account that comes with it.
    pub account_type: Option<AccountType>,
}

/// What the log says of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The earliest sign that there is such a user. A refusal is none: its time is the start of an
    /// hour in which the user may not have been there yet.
    pub first_seen_at: Option<Time>,
    /// When the sign-up was confirmed.
    pub confirmed_at: Option<Time>,
    /// The latest sign-in.
    pub last_login_at: Option<Time>,
    /// The latest thing that the user did.
    pub last_activity_at: Option<Time>,
    /// The latest password reset.
    pub last_password_reset_at: Option<Time>,
    /// The attributes as the latest event carried them.
    pub person: Option<Register<Person>>,
    /// What each source of roles says; `None` as a value is a source that gives none any more.
    pub roles: BTreeMap<RoleSource, Register<Option<Role>>>,
    /// What each source of memberships says.
    pub memberships: BTreeMap<OrganizationSource, Register<Option<Membership>>>,
    /// What operators say.
    pub standing: Option<Register<Standing>>,
    /// The latest refusal, so that the trigger does not publish it again within its hour.
    pub refusal: Option<Register<RefusalReason>>,
}

impl User {
    /// What one commit contributes.
    pub fn of(commit: &Commit) -> Self {
        let envelope = &commit.envelope;
        let (time, by) = (envelope.time, envelope.id);
        let mut user = Self::default();
        match &envelope.event {
            Recorded::Lifecycle(event) => {
                match event {
                    LifecycleEvent::SignUpRequested(_) | LifecycleEvent::SignUpRefused(_) => {
                        return Self::default();
                    }
                    LifecycleEvent::SignUpConfirmed(_) => user.confirmed_at = Some(time),
                    LifecycleEvent::PasswordReset(_) => user.last_password_reset_at = Some(time),
                    LifecycleEvent::SignedIn(_) => user.last_login_at = Some(time),
                    LifecycleEvent::SignInRefused(event) => {
                        user.refusal = Some(Register::new(event.reason, time, by));
                    }
                }
                if let Some(person) = event.person() {
                    user.first_seen_at = Some(time);
                    user.last_activity_at = Some(time);
                    user.person = Some(Register::new(person.clone(), time, by));
                }
            }
            Recorded::Operator(event) => {
                let standing = match event {
                    OperatorEvent::UserSuspended(_) => Standing::Suspended,
                    OperatorEvent::UserReinstated(_) => Standing::Good,
                };
                user.standing = Some(Register::new(standing, time, by));
            }
        }
        for decided in &commit.decided {
            match decided {
                DecidedEvent::RoleAssigned(event) => {
                    user.roles
                        .insert(event.source, Register::new(event.role.clone(), time, by));
                }
                DecidedEvent::OrganizationJoined(event) => {
                    let membership = Membership {
                        organization: event.organization.clone(),
                        account_type: event.account_type.clone(),
                    };
                    user.memberships
                        .insert(event.source, Register::new(Some(membership), time, by));
                }
                DecidedEvent::OrganizationLeft(event) => {
                    user.memberships
                        .insert(event.source, Register::new(None, time, by));
                }
            }
        }
        user
    }

    /// What of it says what the user may do, and nothing of who the user is: kept also where no
    /// profiles are.
    #[must_use]
    pub fn rights(self) -> Self {
        Self {
            roles: self.roles,
            memberships: self.memberships,
            standing: self.standing,
            refusal: self.refusal,
            ..Self::default()
        }
    }

    /// Both, whichever came first and however often.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            first_seen_at: least(self.first_seen_at, other.first_seen_at),
            confirmed_at: least(self.confirmed_at, other.confirmed_at),
            last_login_at: self.last_login_at.max(other.last_login_at),
            last_activity_at: self.last_activity_at.max(other.last_activity_at),
            last_password_reset_at: self
                .last_password_reset_at
                .max(other.last_password_reset_at),
            person: register::join(self.person, other.person),
            roles: register::join_maps(self.roles, other.roles),
            memberships: register::join_maps(self.memberships, other.memberships),
            standing: register::join(self.standing, other.standing),
            refusal: register::join(self.refusal, other.refusal),
        }
    }

    /// This user after one more commit; unchanged if the commit is already in it.
    #[must_use]
    pub fn apply(self, commit: &Commit) -> Self {
        self.join(Self::of(commit))
    }

    /// Folds a whole stream.
    pub fn fold<'a>(commits: impl IntoIterator<Item = &'a Commit>) -> Self {
        commits.into_iter().fold(Self::default(), Self::apply)
    }

    /// The role that counts and who gave it: the strongest source that gives one.
    pub fn role(&self) -> Option<(&Role, RoleSource)> {
        self.roles
            .iter()
            .rev()
            .find_map(|(source, register)| Some((register.value.as_ref()?, *source)))
    }

    /// The membership that counts: the strongest source that gives one.
    pub fn membership(&self) -> Option<&Membership> {
        self.memberships
            .values()
            .rev()
            .find_map(|register| register.value.as_ref())
    }

    /// Whether an operator has suspended the user.
    pub fn is_suspended(&self) -> bool {
        self.standing
            .as_ref()
            .is_some_and(|register| register.value == Standing::Suspended)
    }
}

fn least(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests;
