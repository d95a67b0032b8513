//! What is known of a user when a token is made, source by source.

use crate::policy::opinion::{Key, Told};
use crate::policy::why::Why;
use crate::policy::{DomainOrganization, Findings, Policy};
use crate::user::{Membership, User};
use usher_events::{AccountType, OrganizationSource, Person, Role, RoleSource};

/// A user, and what answers for those sources that have not spoken yet.
pub(super) struct Known<'c> {
    policy: &'c Policy,
    user: &'c User,
    person: Option<&'c Person>,
    joined: Option<&'c DomainOrganization>,
}

impl<'c> Known<'c> {
    pub(super) fn new(
        policy: &'c Policy,
        user: &'c User,
        person: Option<&'c Person>,
        findings: &'c Findings,
    ) -> Self {
        let joined = person.and_then(|person| policy.joined(person, findings));
        Self {
            policy,
            user,
            person,
            joined,
        }
    }

    /// What each source of roles gives, the strongest first. The first that gives one counts.
    pub(super) fn roles(&self) -> impl Iterator<Item = (RoleSource, Told<'c, &'c Role>)> {
        let sources = RoleSource::ALL.iter().rev();
        sources.map(|source| (*source, self.role(*source)))
    }

    fn role(&self, source: RoleSource) -> Told<'c, &'c Role> {
        let Some(said) = self.user.roles.get(&source) else {
            return match self.person {
                Some(person) => self.policy.role_by(source, person, self.joined),
                None => Told::nothing(Key::Record, Why::Fixed("nothing is recorded of it")),
            };
        };
        let declared = &self.policy.roles.permissions;
        match said.value.as_ref() {
            _ if !self.policy.asks(source) => {
                let why = "is recorded, and the policy has no such source any more";
                Told::nothing(Key::Record, Why::Fixed(why))
            }
            None => Told::nothing(Key::Record, Why::RecordedNone(said.at)),
            Some(role) if self.policy.counts(source, role) => {
                Told::gives(Key::Record, role, Why::Recorded(said.at))
            }
            Some(role) if declared.contains_key(role) => {
                let why = "is recorded, and lookup.roles does not list it any more";
                Told::nothing(Key::Record, Why::Of(role.as_str(), why))
            }
            Some(role) => {
                let why = "is recorded, and roles.permissions does not declare it";
                Told::nothing(Key::Record, Why::Of(role.as_str(), why))
            }
        }
    }

    /// What each source of memberships gives, the strongest first. The first that gives one counts.
    pub(super) fn memberships(
        &self,
    ) -> impl Iterator<Item = (OrganizationSource, Told<'c, Membership>)> {
        let sources = OrganizationSource::ALL.iter().rev();
        sources.map(|source| (*source, self.membership(*source)))
    }

    fn membership(&self, source: OrganizationSource) -> Told<'c, Membership> {
        let nothing = || Told::nothing(Key::Record, Why::Fixed("nothing is recorded of it"));
        match (self.user.memberships.get(&source), source) {
            (Some(said), _) => match said.value.clone() {
                Some(membership) => Told::gives(Key::Record, membership, Why::Recorded(said.at)),
                None => Told::nothing(Key::Record, Why::RecordedNone(said.at)),
            },
            (None, OrganizationSource::Domain) => match self.person {
                Some(person) => self.policy.membership_by_domain(person, self.joined),
                None => nothing(),
            },
            (None, OrganizationSource::Invite | OrganizationSource::Operator) => nothing(),
        }
    }

    /// The kind of account: what an operator or an invite says, else that of the organization that
    /// counts.
    pub(super) fn account_type<'m>(
        &self,
        membership: Option<&'m Membership>,
    ) -> Told<'m, &'m AccountType>
    where
        'c: 'm,
    {
        let said = self.user.account_types.values().rev();
        let said = said.filter_map(|said| Some((said.value.as_ref()?, said.at)));
        if let Some((kind, at)) = said.into_iter().next() {
            return Told::gives(Key::Record, kind, Why::Recorded(at));
        }
        let Some(membership) = membership else {
            return Told::nothing(Key::Record, Why::Fixed("nobody says one"));
        };
        let key = Key::Named(
            "organizations",
            membership.organization.as_str(),
            "account_type",
        );
        match membership.account_type.as_ref() {
            Some(kind) => Told::gives(key, kind, Why::Fixed("it came with the organization")),
            None => Told::nothing(key, Why::Fixed("the organization says none")),
        }
    }
}
