//! What an invite brings to whoever has redeemed it.

use super::Policy;
use crate::invite::Grants;
use crate::user::{Membership, Register, User};
use std::collections::BTreeMap;
use usher_events::{
    AccountTypeAssigned, AccountTypeSource, DecidedEvent, EventId, OrganizationJoined,
    OrganizationSource, RoleAssigned, RoleSource, Time,
};
use uuid::Uuid;

/// What follows from a redeemed invite, to be recorded with the confirmation.
///
/// It is what the invite says, whatever the policy says by now: a promise is kept. What the policy no
/// longer declares counts for nothing in a token.
pub fn decided(policy: &Policy, grants: &Grants) -> Vec<DecidedEvent> {
    let role = grants.role.clone().map(|role| {
        let source = RoleSource::Invite;
        let role = Some(role);
        RoleAssigned { source, role }.into()
    });
    let joined = membership(policy, grants).map(|membership| {
        OrganizationJoined {
            source: OrganizationSource::Invite,
            organization: membership.organization,
            account_type: membership.account_type,
        }
        .into()
    });
    let account_type = grants.account_type.clone().map(|account_type| {
        AccountTypeAssigned {
            source: AccountTypeSource::Invite,
            account_type: Some(account_type),
        }
        .into()
    });
    [role, joined, account_type].into_iter().flatten().collect()
}

/// The user as the worker will record it, where the invite is all that is known: what the first token
/// goes by.
pub fn presumed(policy: &Policy, grants: &Grants, now: Time) -> User {
    let by = EventId::from_uuid(Uuid::nil());
    let mut user = User::default();
    if let Some(role) = grants.role.clone() {
        let register = Register::new(Some(role), now, by);
        user.roles = BTreeMap::from([(RoleSource::Invite, register)]);
    }
    if let Some(membership) = membership(policy, grants) {
        let register = Register::new(Some(membership), now, by);
        user.memberships = BTreeMap::from([(OrganizationSource::Invite, register)]);
    }
    if let Some(kind) = grants.account_type.clone() {
        let register = Register::new(Some(kind), now, by);
        user.account_types = BTreeMap::from([(AccountTypeSource::Invite, register)]);
    }
    user
}

fn membership(policy: &Policy, grants: &Grants) -> Option<Membership> {
    let organization = grants.organization.clone()?;
    let known = policy.organizations.get(&organization);
    Some(Membership {
        account_type: known.and_then(|known| known.account_type.clone()),
        organization,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::claims::grant;
    use crate::policy::{Findings, UserRead};
    use usher_events::{AccountType, OrganizationId, Role};

    #[test]
    fn the_first_token_goes_by_what_the_worker_will_record() {
        let policy = Policy::default();
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let all = Grants {
            role: Role::new("manager").ok(),
            organization: OrganizationId::new("acme").ok(),
            account_type: AccountType::new("business").ok(),
        };
        let user = presumed(&policy, &all, now);
        let granted = grant(&policy, UserRead::Found(&user), None, &Findings::default());
        assert_eq!(granted.role.as_str(), "manager");
        assert_eq!(granted.organization, all.organization);
        assert_eq!(Some(granted.account_type), all.account_type);
        assert_eq!(decided(&policy, &all).len(), 3);
    }

    #[test]
    fn an_invite_that_brings_nothing_decides_nothing() {
        let (policy, nothing) = (Policy::default(), Grants::default());
        assert_eq!(decided(&policy, &nothing), []);
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(presumed(&policy, &nothing, now), User::default());
    }

    #[test]
    fn a_role_that_the_policy_no_longer_declares_grants_nothing() {
        let policy = Policy::default();
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let grants = Grants {
            role: Role::new("emperor").ok(),
            ..Grants::default()
        };
        let user = presumed(&policy, &grants, now);
        let granted = grant(&policy, UserRead::Found(&user), None, &Findings::default());
        assert_eq!(granted.role, policy.roles.default);
    }
}
