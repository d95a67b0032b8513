//! What was looked up outside, before the policy decides.

use super::person::verified_domain;
use super::{Domain, FoundingMode, Organization, Policy, disposable, free_mail};
use usher_events::{AccountType, OrganizationId, Person, Role};

/// What was looked up for one user before an event is decided on, or a token made. Whatever nobody
/// asked for is as it is by default, and then nothing is decided from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The organization of the verified domain; `None` where there is none.
    pub organization: Option<DomainOrganization>,
    /// What the other system gives; `None` where nobody asked or answered, and what it gave before
    /// stays. See [`super::lookup::Inquiry`].
    pub lookup: Option<LookedUp>,
}

/// What another system says of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookedUp {
    /// The role, always one that the policy declares; `None` if it gives none.
    pub role: Option<Role>,
}

/// The organization of a domain, as one user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainOrganization {
    /// Which one.
    pub id: OrganizationId,
    /// The kind of account that its members have.
    pub account_type: Option<AccountType>,
    /// Whether this user founded it.
    pub is_founder: bool,
    /// Whether this very event did. Once in the life of an organization.
    pub founded_now: bool,
}

impl Policy {
    /// Whether there are organizations that the policy does not declare.
    pub fn has_founders(&self) -> bool {
        match self.founding.mode {
            FoundingMode::Off => false,
            FoundingMode::Join | FoundingMode::Create => true,
        }
    }

    /// What an organization that nobody has founded yet will be to whoever is about to have it
    /// founded; nothing where nobody founds. Who its founder is the worker says, and nobody before;
    /// its name is still empty.
    pub fn to_be_founded(&self, id: OrganizationId) -> Option<(DomainOrganization, Organization)> {
        let founding = &self.founding;
        match founding.mode {
            FoundingMode::Create => {}
            FoundingMode::Off | FoundingMode::Join => return None,
        }
        let account_type = founding.account_type.clone();
        let terms = Organization {
            name: String::new(),
            account_type: account_type.clone(),
            active: true,
            plan: founding.plan.clone(),
        };
        let seen = DomainOrganization {
            id,
            account_type,
            is_founder: false,
            founded_now: false,
        };
        Some((seen, terms))
    }

    /// The domain whose organization this person belongs to, where there is one: that of the
    /// verified address, unless the policy gives that domain an organization itself, or everybody
    /// can have an address there.
    pub fn domain_to_join(&self, person: &Person) -> Option<Domain> {
        match self.founding.mode {
            FoundingMode::Off => return None,
            FoundingMode::Join | FoundingMode::Create => {}
        }
        let domain = verified_domain(self, person)?;
        let ruled = self
            .rule_for(person)
            .is_some_and(|rule| rule.organization.is_some());
        let everybodys = free_mail::is_known(&domain)
            || disposable::is_disposable(&domain)
            || self
                .founding
                .free_mail
                .iter()
                .any(|pattern| pattern.matches(&domain));
        (!ruled && !everybodys).then_some(domain)
    }
}
