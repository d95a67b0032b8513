//! What each source of roles and memberships that goes by the person gives. The worker records it,
//! and a token that is made before the worker did shows the same.

use super::opinion::{Key, Told};
use super::person::{judge, judge_address};
use super::why::Why;
use super::{DomainOrganization, DomainRule, Findings, Policy};
use crate::user::Membership;
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

    /// The role that a source gives which goes by the person, or by the organization that the person
    /// joins, and the one that everybody has. The others are heard elsewhere, and give nothing here.
    pub fn role_by<'c>(
        &'c self,
        source: RoleSource,
        person: &'c Person,
        joined: Option<&DomainOrganization>,
    ) -> Told<'c, &'c Role> {
        match source {
            RoleSource::Administrators => self.administrator(person),
            RoleSource::Organization => self.founder(joined),
            RoleSource::Domain => self.role_by_domain(person),
            RoleSource::Default => {
                let why = Why::Fixed("no other source gives a role");
                Told::gives(Key::Plain("roles.default"), &self.roles.default, why)
            }
            RoleSource::Lookup | RoleSource::Invite => {
                Told::nothing(Key::Record, Why::Fixed("nothing is recorded of it"))
            }
            RoleSource::Operator => {
                Told::nothing(Key::Record, Why::Fixed("no operator has given a role"))
            }
        }
    }

    /// The administrators' role, for whoever has a verified address on their list.
    fn administrator<'c>(&'c self, person: &'c Person) -> Told<'c, &'c Role> {
        let administrators = &self.roles.administrators;
        let key = Key::Plain("roles.administrators.emails");
        if administrators.emails.is_empty() {
            return Told::nothing(key, Why::Fixed("nobody is listed"));
        }
        let address = match judge_address(self, person) {
            Ok(address) => address,
            Err(doubt) => return Told::nothing(key, Why::Doubt(doubt)),
        };
        let listed = administrators.emails.contains(&address);
        match administrators.role.as_ref().filter(|_| listed) {
            Some(role) => Told::gives(key, role, Why::Fixed("the verified address is listed")),
            None => Told::nothing(key, Why::Fixed("the verified address is not listed")),
        }
    }

    /// The founder's role, for whoever founded the organization that is joined.
    fn founder<'c>(&'c self, joined: Option<&DomainOrganization>) -> Told<'c, &'c Role> {
        let key = Key::Plain("founding.founder_role");
        let Some(role) = self.founding.founder_role.as_ref() else {
            return Told::nothing(
                key,
                Why::Fixed("who founds an organization gets no role for it"),
            );
        };
        if joined.is_some_and(|found| found.is_founder) {
            Told::gives(key, role, Why::Fixed("the user founded the organization"))
        } else {
            Told::nothing(key, Why::Fixed("the user founded no organization"))
        }
    }

    fn role_by_domain<'c>(&'c self, person: &'c Person) -> Told<'c, &'c Role> {
        let (nth, rule) = match self.nth_rule_for(person) {
            Ok(found) => found,
            Err(why) => return Told::nothing(Key::Plain("domains"), why),
        };
        let key = Key::Nth("domains", nth);
        match rule.role.as_ref() {
            Some(role) => Told::gives(key, role, Why::Rule(&rule.domain)),
            None => {
                let why = "the most specific rule for the verified domain gives no role";
                Told::nothing(key, Why::Fixed(why))
            }
        }
    }

    /// The organization that the verified domain brings, by a rule or because it was found.
    pub fn membership_by_domain<'c>(
        &'c self,
        person: &'c Person,
        joined: Option<&DomainOrganization>,
    ) -> Told<'c, Membership> {
        let ruled = self.nth_rule_for(person);
        let rule = ruled.as_ref().ok().map(|(_, rule)| *rule);
        if let (Some((organization, account_type)), Ok((nth, rule))) = (self.ruled(rule), &ruled) {
            let membership = Membership {
                organization,
                account_type,
            };
            return Told::gives(
                Key::Nth("domains", *nth),
                membership,
                Why::Rule(&rule.domain),
            );
        }
        if let Some(found) = joined {
            let membership = Membership {
                organization: found.id.clone(),
                account_type: found.account_type.clone(),
            };
            let why = "the verified domain has an organization, or is about to";
            return Told::gives(Key::Plain("founding.mode"), membership, Why::Fixed(why));
        }
        if self.domain_to_join(person).is_some() {
            let why = "no organization of the verified domain is known; the worker looks for it";
            return Told::nothing(Key::Plain("founding.mode"), Why::Fixed(why));
        }
        match ruled {
            Ok((nth, _)) => {
                let why = "the most specific rule for the verified domain gives no organization";
                Told::nothing(Key::Nth("domains", nth), Why::Fixed(why))
            }
            Err(why) => Told::nothing(Key::Plain("domains"), why),
        }
    }

    /// The rule for the domain of this person's verified address: of all that match, the most
    /// specific one, whole. What it leaves out no wider rule fills in.
    pub fn rule_for(&self, person: &Person) -> Option<&DomainRule> {
        self.nth_rule_for(person).ok().map(|(_, rule)| rule)
    }

    fn nth_rule_for<'p, 'w>(
        &'p self,
        person: &'w Person,
    ) -> Result<(usize, &'p DomainRule), Why<'w>> {
        let domain = judge(self, person).map_err(Why::Doubt)?;
        let rules = self.domains.iter().enumerate();
        rules
            .filter(|(_, rule)| rule.domain.matches(&domain))
            .max_by_key(|(_, rule)| rule.domain.specificity())
            .ok_or(Why::Fixed("no rule is for the verified domain"))
    }

    /// The organization that a rule gives, and the kind of account that comes with it.
    fn ruled(&self, rule: Option<&DomainRule>) -> Option<(OrganizationId, Option<AccountType>)> {
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
