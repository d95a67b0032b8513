//! What does a token say?

mod edits;
mod explained;
mod known;
mod name;
mod source;
mod value;

pub use edits::{Edits, LeftOut};
pub use explained::{explain_grant, explain_groups};
pub use name::{ClaimName, HiddenName, NameError};
pub use source::{Bearer, Source};
pub use value::{ClaimValue, Kind};

use super::person::{verified_address, verified_domain};
use super::{Domain, Findings, Groups, Organization, Policy, UserRead};
use crate::organization;
use crate::user::{Profile, User};
use known::Known;
use std::borrow::Cow;
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
    /// What that organization is: as the policy declares it, or else as it was looked up. `None` where
    /// nobody has, or there is no such organization.
    pub terms: Option<Organization>,
    /// The kind of account; `standard` where no organization says otherwise.
    pub account_type: AccountType,
    /// Whether the table did not say enough, and so this is what everybody has.
    pub is_least: bool,
}

/// What this user's token grants.
///
/// What is recorded counts. A source that has not spoken yet – the first token is asked for before
/// the worker has seen the confirmation – is answered for by `person`, the attributes as the pool
/// gives them now, and by `findings`, under the same rules by which the worker will record it. A
/// recorded role that the policy no longer declares grants nothing, and neither does one of a source
/// that the policy no longer has. While the store is down nobody can tell what was taken away, so
/// everybody has the default role and no organization.
pub fn grant(
    policy: &Policy,
    user: UserRead<'_>,
    person: Option<&Person>,
    findings: &Findings,
) -> Grant {
    match on_record(policy, user, person) {
        None => least(policy),
        Some(user) => recorded(policy, &user, person, findings),
    }
}

/// What is recorded and still counts; `None` while nobody can tell.
fn on_record<'u>(
    policy: &Policy,
    user: UserRead<'u>,
    person: Option<&Person>,
) -> Option<Cow<'u, User>> {
    match (user, person) {
        (UserRead::StoreDown, _) => None,
        (UserRead::Absent, _) => Some(Cow::Owned(User::default())),
        (UserRead::Found(user), Some(now)) => Some(still_true(policy, user, now)),
        (UserRead::Found(user), None) => Some(Cow::Borrowed(user)),
    }
}

/// What everybody has while nobody can tell more.
pub fn least(policy: &Policy) -> Grant {
    Grant {
        is_least: true,
        ..assemble(policy, None, None, None)
    }
}

/// The organization of a grant that has to be looked up before anybody can tell what it is: the
/// policy does not declare it, and somebody may have founded it.
pub fn organization_to_look_up<'g>(
    policy: &Policy,
    grant: &'g Grant,
) -> Option<&'g OrganizationId> {
    let id = grant.organization.as_ref()?;
    let may_be_founded = policy.has_founders() && organization::is_id(id);
    (grant.terms.is_none() && may_be_founded).then_some(id)
}

/// The domain of which the organization has to be looked up before [`grant`] can tell the whole
/// truth: nothing that holds is recorded of it.
pub fn domain_to_look_up(policy: &Policy, user: UserRead<'_>, person: &Person) -> Option<Domain> {
    let recorded = match user {
        UserRead::StoreDown => return None,
        UserRead::Absent => false,
        UserRead::Found(user) => still_true(policy, user, person)
            .memberships
            .contains_key(&OrganizationSource::Domain),
    };
    policy.domain_to_join(person).filter(|_| !recorded)
}

/// What is recorded, without what was said for another address than the one that is verified now.
/// On a refresh nothing else would notice until the next sign-in.
fn still_true<'u>(policy: &Policy, user: &'u User, now: &Person) -> Cow<'u, User> {
    let Some(then) = user.person.as_ref().map(|then| &then.value) else {
        return Cow::Borrowed(user);
    };
    if verified_address(policy, now) == verified_address(policy, then) {
        return Cow::Borrowed(user);
    }
    let mut user = user.clone();
    user.roles.remove(&RoleSource::Administrators);
    user.roles.remove(&RoleSource::Lookup);
    if verified_domain(policy, now) != verified_domain(policy, then) {
        user.roles.remove(&RoleSource::Organization);
        user.roles.remove(&RoleSource::Domain);
        user.memberships.remove(&OrganizationSource::Domain);
    }
    Cow::Owned(user)
}

fn recorded(policy: &Policy, user: &User, person: Option<&Person>, findings: &Findings) -> Grant {
    let known = Known::new(policy, user, person, findings);
    let mut roles = known.roles();
    let role = roles.find_map(|(source, told)| Some((told.gives?, source)));
    let mut memberships = known.memberships();
    let membership = memberships.find_map(|(_, told)| told.gives);
    let account_type = known.account_type(membership.as_ref()).gives;
    assemble(
        policy,
        role,
        membership.as_ref().map(|found| &found.organization),
        account_type,
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
        terms: organization.and_then(|id| policy.organizations.get(id).cloned()),
        is_least: false,
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
