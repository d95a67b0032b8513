//! The fold: what a user's stream says, as a join.
//!
//! Every part of a [`User`] is a register, a minimum or a maximum, so that joining is commutative,
//! associative and idempotent: any order of events and any number of repeats give the same user.

mod item;
mod profile;
mod refusals;
mod register;
mod stored;

pub use item::{ItemError, Marks, UserItem};
pub use profile::{Profile, Status};
pub use refusals::Refusals;
pub use register::Register;
pub use stored::StoredUser;

use crate::commit::{Commit, Recorded};
use std::collections::BTreeMap;
use usher_events::{
    AccountType, AccountTypeSource, DecidedEvent, EventId, LifecycleEvent, OperatorEvent,
    OrganizationId, OrganizationSource, Person, RefusalReason, Role, RoleSource, Time, identity,
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
    /// When a token showed the user before any announcement did.
    pub noticed_at: Option<Time>,
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
    /// What each source of account types says, other than organizations.
    pub account_types: BTreeMap<AccountTypeSource, Register<Option<AccountType>>>,
    /// What operators say.
    pub standing: Option<Register<Standing>>,
    /// The refusals of the latest hour with any, so that the trigger does not publish them again.
    pub refusals: Option<Refusals>,
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
                    LifecycleEvent::SignUpRequested(_)
                    | LifecycleEvent::SignUpRefused(_)
                    | LifecycleEvent::MessageRequested(_) => return Self::default(),
                    LifecycleEvent::SignUpConfirmed(_) => user.confirmed_at = Some(time),
                    LifecycleEvent::PasswordReset(_) => user.last_password_reset_at = Some(time),
                    LifecycleEvent::SignedIn(_) => user.last_login_at = Some(time),
                    LifecycleEvent::FirstSeen(_) => user.noticed_at = Some(time),
                    LifecycleEvent::AttributesChanged(_) => {}
                    LifecycleEvent::SignInRefused(event) => {
                        user.refusals = Some(Refusals::new(event.reason, time));
                    }
                }
                if let Some(person) = event.person() {
                    user.first_seen_at = Some(time);
                    user.last_activity_at = Some(time);
                    user.person = Some(Register::new(person.clone(), time, by));
                }
            }
            Recorded::Operator(event) => user.set_by_operator(event, time, by),
        }
        for decided in &commit.decided {
            user.decide(decided, time, by);
        }
        user
    }

    fn set_by_operator(&mut self, event: &OperatorEvent, time: Time, by: EventId) {
        match event {
            OperatorEvent::UserSuspended(_) => {
                self.standing = Some(Register::new(Standing::Suspended, time, by));
            }
            OperatorEvent::UserReinstated(_) => {
                self.standing = Some(Register::new(Standing::Good, time, by));
            }
            OperatorEvent::RoleSet(event) => {
                let register = Register::new(event.role.clone(), time, by);
                self.roles.insert(RoleSource::Operator, register);
            }
            OperatorEvent::MembershipSet(event) => {
                let account_type = &event.account_type;
                let membership = event.organization.clone().map(|organization| Membership {
                    organization,
                    account_type: account_type.clone(),
                });
                let register = Register::new(membership, time, by);
                self.memberships
                    .insert(OrganizationSource::Operator, register);
            }
            OperatorEvent::AccountTypeSet(event) => {
                let register = Register::new(event.account_type.clone(), time, by);
                self.account_types
                    .insert(AccountTypeSource::Operator, register);
            }
            // They say something of the operator.
            OperatorEvent::PersonRevealed(_) | OperatorEvent::LetterEdited(_) => {}
        }
    }

    /// What one decision says, at the time and by the event that it was decided from.
    pub(crate) fn decide(&mut self, decided: &DecidedEvent, time: Time, by: EventId) {
        match decided {
            DecidedEvent::RoleAssigned(event) => {
                let register = Register::new(event.role.clone(), time, by);
                self.roles.insert(event.source, register);
            }
            DecidedEvent::OrganizationJoined(event) => {
                let membership = Membership {
                    organization: event.organization.clone(),
                    account_type: event.account_type.clone(),
                };
                let register = Register::new(Some(membership), time, by);
                self.memberships.insert(event.source, register);
            }
            DecidedEvent::OrganizationLeft(event) => {
                let register = Register::new(None, time, by);
                self.memberships.insert(event.source, register);
            }
            DecidedEvent::AccountTypeAssigned(event) => {
                let register = Register::new(event.account_type.clone(), time, by);
                self.account_types.insert(event.source, register);
            }
            // Their consequences are decided beside them.
            DecidedEvent::OrganizationFounded(_)
            | DecidedEvent::InviteRedeemed(_)
            | DecidedEvent::InviteLapsed(_)
            | DecidedEvent::SuspiciousSignUp(_) => {}
        }
    }

    /// What of it says what the user may do, and nothing of who the user is: kept also where no
    /// profiles are.
    #[must_use]
    pub fn rights(self) -> Self {
        Self {
            roles: self.roles,
            memberships: self.memberships,
            account_types: self.account_types,
            standing: self.standing,
            refusals: self.refusals,
            ..Self::default()
        }
    }

    /// Both, whichever came first and however often.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            first_seen_at: least(self.first_seen_at, other.first_seen_at),
            confirmed_at: least(self.confirmed_at, other.confirmed_at),
            noticed_at: least(self.noticed_at, other.noticed_at),
            last_login_at: self.last_login_at.max(other.last_login_at),
            last_activity_at: self.last_activity_at.max(other.last_activity_at),
            last_password_reset_at: self
                .last_password_reset_at
                .max(other.last_password_reset_at),
            person: register::join(self.person, other.person),
            roles: register::join_maps(self.roles, other.roles),
            memberships: register::join_maps(self.memberships, other.memberships),
            account_types: register::join_maps(self.account_types, other.account_types),
            standing: register::join(self.standing, other.standing),
            refusals: refusals::join(self.refusals, other.refusals),
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

    /// The kind of account: what an operator says, else an invite, else the organization.
    pub fn account_type(&self) -> Option<&AccountType> {
        let said = self.account_types.values().rev();
        let said = said.filter_map(|register| register.value.as_ref()).next();
        said.or_else(|| self.membership()?.account_type.as_ref())
    }

    /// Whether an event has said that there is such a user, other than by a sign of life. Where no
    /// profiles are kept the default role tells: an announcement gives it, and nothing else does.
    pub fn is_announced(&self) -> bool {
        let by_role = self.roles.contains_key(&RoleSource::Default);
        self.confirmed_at.is_some() || self.noticed_at.is_some() || by_role
    }

    /// Whether something is recorded of the user, but no sign of life. A refusal counts for nothing:
    /// anybody can cause one.
    pub fn is_pending(&self) -> bool {
        let refused_at_most = Self {
            refusals: self.refusals.clone(),
            ..Self::default()
        };
        Status::of(self) == Status::Pending && *self != refused_at_most
    }

    /// Whether the user is known to have been refused for this reason in this hour.
    pub fn was_refused(&self, reason: RefusalReason, now: Time) -> bool {
        let refusals = self.refusals.as_ref();
        refusals.is_some_and(|refusals| {
            refusals.hour == identity::refusal_hour(now) && refusals.reasons.contains(&reason)
        })
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
pub(crate) mod tests;
