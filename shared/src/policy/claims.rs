//! What does a token say?

mod edits;
mod name;
mod source;
mod value;

pub use edits::{Edits, LeftOut};
pub use name::{ClaimName, HiddenName, NameError};
pub use source::{Bearer, Source};
pub use value::{ClaimValue, Kind};

use super::person::verified_domain;
use super::{DomainRule, Groups, Policy, UserRead};
use crate::user::{Membership, Profile, User};
use std::collections::BTreeSet;
use usher_events::{AccountType, OrganizationId, OrganizationSource, Person, Role, RoleSource};

/// What a token grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role; always one that the policy declares.
    pub role: Role,
    /// Who gave it.
    pub role_source: RoleSource,
    /// What the role may do, in alphabetical order.
    pub permissions: BTreeSet<String>,
    /// The organization that counts.
    pub organization: Option<OrganizationId>,
    /// The kind of account; `standard` where no organization says otherwise.
    pub account_type: AccountType,
}

/// What this user's token grants.
///
/// What is recorded counts. A source that has not spoken yet – the first token is asked for before
/// the worker has seen the confirmation – is answered for by `person`, the attributes as the pool
/// gives them now, under the same rules by which the worker will record it. A recorded role that
/// the policy no longer declares grants nothing. While the store is down nobody can tell what was
/// taken away, so everybody has the default role and no organization.
pub fn grant(policy: &Policy, user: UserRead<'_>, person: Option<&Person>) -> Grant {
    let rule = || person.and_then(|person| policy.rule_for(person));
    match user {
        UserRead::StoreDown => assemble(policy, None, None, None),
        UserRead::Absent => recorded(policy, &User::default(), rule()),
        UserRead::Found(user) if has_moved(policy, user, person) => {
            let mut user = user.clone();
            user.roles.remove(&RoleSource::Domain);
            user.memberships.remove(&OrganizationSource::Domain);
            recorded(policy, &user, rule())
        }
        UserRead::Found(user) => recorded(policy, user, rule()),
    }
}

/// Whether the address is not the verified one of the domain for which something was recorded. On a
/// refresh nothing else would notice until the next sign-in.
fn has_moved(policy: &Policy, user: &User, person: Option<&Person>) -> bool {
    let (Some(now), Some(then)) = (person, user.person.as_ref()) else {
        return false;
    };
    verified_domain(policy, now) != verified_domain(policy, &then.value)
}

fn recorded(policy: &Policy, user: &User, rule: Option<&DomainRule>) -> Grant {
    let declared = |role: &&Role| policy.roles.permissions.contains_key(*role);
    let role =
        RoleSource::ALL
            .iter()
            .rev()
            .find_map(|source| match (user.roles.get(source), source) {
                (Some(said), _) => said
                    .value
                    .as_ref()
                    .filter(declared)
                    .map(|role| (role, *source)),
                (None, RoleSource::Domain) => Some((rule?.role.as_ref()?, *source)),
                (None, _) => None,
            });
    let by_rule = |rule: &DomainRule| {
        let organization = rule.organization.clone()?;
        let account_type = policy.organizations.get(&organization);
        let account_type = account_type.and_then(|found| found.account_type.clone());
        Some(Membership {
            organization,
            account_type,
        })
    };
    let membership = OrganizationSource::ALL.iter().rev().find_map(|source| {
        match (user.memberships.get(source), source) {
            (Some(said), _) => said.value.clone(),
            (None, OrganizationSource::Domain) => rule.and_then(by_rule),
            (None, _) => None,
        }
    });
    let said = user.account_types.values().rev();
    let said = said.filter_map(|said| said.value.as_ref()).next();
    let of_organization = membership.as_ref();
    let of_organization = of_organization.and_then(|found| found.account_type.as_ref());
    assemble(
        policy,
        role,
        membership.as_ref().map(|found| &found.organization),
        said.or(of_organization),
    )
}

fn assemble(
    policy: &Policy,
    role: Option<(&Role, RoleSource)>,
    organization: Option<&OrganizationId>,
    account_type: Option<&AccountType>,
) -> Grant {
    let (role, role_source) = role.unwrap_or((&policy.roles.default, RoleSource::Default));
    let standard =
        || AccountType::new(Profile::DEFAULT_ACCOUNT_TYPE).expect("the default is a plain word");
    Grant {
        role: role.clone(),
        role_source,
        permissions: policy
            .roles
            .permissions
            .get(role)
            .cloned()
            .unwrap_or_default(),
        organization: organization.cloned(),
        account_type: account_type.cloned().unwrap_or_else(standard),
    }
}

/// The groups to put into the tokens; `None` leaves them as the pool has them, and then the whole
/// group section of the answer must be left out.
///
/// `current` is what the event says of them, `None` where it says nothing. Groups are only ever
/// added: what is not known is not replaced, because an answer that names groups takes all others
/// away. The caller carries the roles that belong to the groups over from the event.
pub fn groups(policy: &Policy, grant: &Grant, current: Option<&[String]>) -> Option<Vec<String>> {
    match policy.tokens.groups {
        Groups::Keep => None,
        Groups::AddRole => {
            let current = current?;
            let role = grant.role.as_str();
            let missing = !current.iter().any(|group| group == role);
            missing.then(|| current.iter().cloned().chain([role.to_owned()]).collect())
        }
    }
}

#[cfg(test)]
mod tests;
