//! What each source of roles and memberships that goes by the person gives. The worker records it,
//! and a token that is made before the worker did shows the same.

use super::person::{verified_address, verified_domain};
use super::{DomainOrganization, DomainRule, Findings, Policy};
use usher_events::{AccountType, OrganizationId, Person, Role, RoleSource};

impl Policy {
    /// Whether this source speaks at events at all. What one that does not has once said is in the
    /// log, and grants nothing.
    pub fn asks(&self, source: RoleSource) -> bool {
        match source {
            RoleSource::Administrators => !self.roles.administrators.emails.is_empty(),
            RoleSource::Organization => self.founding.founder_role.is_some(),
            RoleSource::Lookup => self.lookup.is_some(),
            RoleSource::Default
            | RoleSource::Domain
            | RoleSource::Invite
            | RoleSource::Operator => true,
        }
    }

    /// Whether a role that this source has given counts: the policy declares it, and the other system
    /// that is asked may give it still.
    pub fn counts(&self, source: RoleSource, role: &Role) -> bool {
        let may_give = match (source, &self.lookup) {
            (RoleSource::Lookup, Some(rules)) => rules.roles.contains(role),
            (RoleSource::Lookup, None) => false,
            (
                RoleSource::Default
                | RoleSource::Domain
                | RoleSource::Organization
                | RoleSource::Invite
                | RoleSource::Administrators
                | RoleSource::Operator,
                _,
            ) => true,
        };
        may_give && self.roles.permissions.contains_key(role)
    }

    /// The administrators' role, for whoever has a verified address on their list.
    pub fn administrator(&self, person: &Person) -> Option<&Role> {
        let administrators = &self.roles.administrators;
        let address = verified_address(self, person)?;
        let listed = administrators.emails.contains(&address);
        administrators.role.as_ref().filter(|_| listed)
    }

    /// The founder's role, for whoever founded the organization that is joined.
    pub fn founder(&self, joined: Option<&DomainOrganization>) -> Option<&Role> {
        let role = self.founding.founder_role.as_ref();
        role.filter(|_| joined.is_some_and(|found| found.is_founder))
    }

    /// The rule for the domain of this person's verified address: of all that match, the most
    /// specific one, whole. What it leaves out no wider rule fills in.
    pub fn rule_for(&self, person: &Person) -> Option<&DomainRule> {
        let domain = verified_domain(self, person)?;
        self.domains
            .iter()
            .filter(|rule| rule.domain.matches(&domain))
            .max_by_key(|rule| rule.domain.specificity())
    }

    /// The organization that a rule gives, and the kind of account that comes with it.
    pub fn ruled(
        &self,
        rule: Option<&DomainRule>,
    ) -> Option<(OrganizationId, Option<AccountType>)> {
        let id = rule?.organization.as_ref()?;
        let declared = self.organizations.get(id);
        let account_type = declared.and_then(|found| found.account_type.clone());
        Some((id.clone(), account_type))
    }

    /// The organization that was found for the domain, if this person may join it.
    pub fn joined<'f>(
        &self,
        person: &Person,
        findings: &'f Findings,
    ) -> Option<&'f DomainOrganization> {
        let found = findings.organization.as_ref()?;
        self.domain_to_join(person).map(|_domain| found)
    }
}
