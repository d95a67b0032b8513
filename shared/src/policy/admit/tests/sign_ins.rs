//! Sign-ins and tokens.

use super::super::*;
use crate::policy::{Findings, claims, file};
use crate::user::{Membership, Refusals, Register, Standing, User};
use std::collections::BTreeSet;
use std::path::Path;
use usher_events::{EventId, OrganizationId, OrganizationSource, Role, RoleSource};

/// A Monday.
const NOON: &str = "2026-11-23T12:00:00Z";
const MIDNIGHT: &str = "2026-11-23T00:30:00Z";

/// By day for everybody, by night for guests, at any time for administrators.
const HOURS: &str = r#"
[sign_in.hours]
zone = "UTC"
exempt_roles = ["admin"]
open = [{ days = ["mon-sun"], from = "08:00", to = "18:00" }]
[sign_in.hours.roles.guest]
open = [{ days = ["mon-sun"], from = "18:00", to = "08:00" }]
"#;
const ORGANIZATIONS: &str = r#"
[organizations.acme]
name = "Acme"
[organizations.gone]
name = "Gone"
active = false
"#;

const ADMITTED: Result<(), RefusalReason> = Ok(());
const SUSPENDED: Result<(), RefusalReason> = Err(RefusalReason::UserSuspended);
const PENDING: Result<(), RefusalReason> = Err(RefusalReason::UserPending);
const INACTIVE: Result<(), RefusalReason> = Err(RefusalReason::OrganizationInactive);
const OUTSIDE: Result<(), RefusalReason> = Err(RefusalReason::OutsideHours);
const UNKNOWN: Result<(), RefusalReason> = Err(RefusalReason::StoreUnavailable);

fn policy(text: &str) -> Policy {
    let nothing = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    file::parse(text, Path::new(""), &nothing).unwrap()
}

fn said<T>(value: T) -> Register<T> {
    let at = Time::from_unix_seconds(0).unwrap();
    Register::new(value, at, EventId::from_uuid(uuid::Uuid::nil()))
}

fn user() -> User {
    User {
        first_seen_at: Time::from_unix_seconds(0),
        ..User::default()
    }
}

fn standing(standing: Standing) -> User {
    User {
        standing: Some(said(standing)),
        ..user()
    }
}

fn with_role(role: &str) -> User {
    let mut user = user();
    let role = Role::new(role).unwrap();
    user.roles.insert(RoleSource::Operator, said(Some(role)));
    user
}

fn member(organization: &str) -> User {
    let mut user = user();
    let membership = Membership {
        organization: OrganizationId::new(organization).unwrap(),
        account_type: None,
    };
    let membership = said(Some(membership));
    user.memberships
        .insert(OrganizationSource::Operator, membership);
    user
}

/// What is decided at the three gates: a sign-in, a token after one, a token later.
type Gates = [Result<(), RefusalReason>; 3];

fn gates(policy: &Policy, user: UserRead<'_>, now: &str) -> Gates {
    let now = now.parse().unwrap();
    let grant = claims::grant(policy, user, None, &Findings::default());
    let token = |occasion| token(policy, user, &grant, occasion, now);
    [
        sign_in(policy, user, &grant, now),
        token(Occasion::SignIn),
        token(Occasion::Renewal),
    ]
}

#[test]
fn a_suspended_user_has_neither_sign_in_nor_token_and_a_reinstated_one_has_both() {
    for text in [
        "",
        "[sign_in]\nwhen_store_is_down = 'refuse'\n",
        HOURS,
        ORGANIZATIONS,
    ] {
        let policy = policy(text);
        for (user, expected) in [
            (standing(Standing::Suspended), SUSPENDED),
            (standing(Standing::Good), ADMITTED),
            (User::default(), ADMITTED),
        ] {
            assert_eq!(
                gates(&policy, UserRead::Found(&user), NOON),
                [expected; 3],
                "{text}"
            );
        }
        assert_eq!(
            gates(&policy, UserRead::Absent, NOON),
            [ADMITTED; 3],
            "{text}"
        );
    }
}

#[test]
fn pending_users_are_refused_only_where_the_policy_says_so() {
    let refusing = policy("[sign_in]\nrefuse_pending = true\n");
    let untouched = User {
        first_seen_at: None,
        ..with_role("admin")
    };
    let reinstated = User {
        first_seen_at: None,
        ..standing(Standing::Good)
    };
    let refused = User {
        refusals: Some(Refusals {
            hour: NOON.parse().unwrap(),
            reasons: BTreeSet::from([RefusalReason::OutsideHours]),
        }),
        ..User::default()
    };
    for (user, expected) in [
        (&untouched, PENDING),
        (&reinstated, PENDING),
        // Whom nobody but a stranger's attempt has brought in is as unknown as before.
        (&refused, ADMITTED),
        (&User::default(), ADMITTED),
        (&user(), ADMITTED),
        (&with_role("admin"), ADMITTED),
    ] {
        let found = UserRead::Found(user);
        assert_eq!(gates(&refusing, found, NOON), [expected; 3], "{user:?}");
        assert_eq!(gates(&policy(""), found, NOON), [ADMITTED; 3], "{user:?}");
    }
    assert_eq!(gates(&refusing, UserRead::Absent, NOON), [ADMITTED; 3]);
}

#[test]
fn members_of_an_inactive_organization_are_refused_everywhere() {
    let policy = policy(ORGANIZATIONS);
    for (organization, expected) in [
        ("acme", ADMITTED),
        ("gone", INACTIVE),
        // One that the policy does not declare has not been switched off.
        ("other", ADMITTED),
    ] {
        let user = member(organization);
        let gates = gates(&policy, UserRead::Found(&user), NOON);
        assert_eq!(gates, [expected; 3], "{organization}");
    }
}

#[test]
fn hours_go_by_the_role_that_is_granted_and_are_asked_at_sign_in() {
    let policy = policy(HOURS);
    for (role, at_noon, at_midnight) in [
        ("user", ADMITTED, OUTSIDE),
        ("manager", ADMITTED, OUTSIDE),
        ("guest", OUTSIDE, ADMITTED),
        ("admin", ADMITTED, ADMITTED),
        // Not a role of this policy: as everybody.
        ("king", ADMITTED, OUTSIDE),
    ] {
        let user = with_role(role);
        let found = UserRead::Found(&user);
        for (now, expected) in [(NOON, at_noon), (MIDNIGHT, at_midnight)] {
            let expected = [expected, expected, ADMITTED];
            assert_eq!(gates(&policy, found, now), expected, "{role} {now}");
        }
    }
    assert_eq!(
        gates(&policy, UserRead::Absent, MIDNIGHT),
        [OUTSIDE, OUTSIDE, ADMITTED]
    );
    assert_eq!(gates(&policy, UserRead::Absent, NOON), [ADMITTED; 3]);
}

#[test]
fn a_refresh_is_asked_the_time_where_the_policy_says_so() {
    let policy = policy(&HOURS.replace("zone =", "apply_to_refresh = true\nzone ="));
    for (role, expected) in [("user", OUTSIDE), ("guest", ADMITTED), ("admin", ADMITTED)] {
        let user = with_role(role);
        let found = UserRead::Found(&user);
        assert_eq!(gates(&policy, found, MIDNIGHT), [expected; 3], "{role}");
    }
}

#[test]
fn of_several_reasons_the_gravest_is_given() {
    let mut user = member("gone");
    let policy = policy(&format!(
        "[sign_in]\nrefuse_pending = true\n{ORGANIZATIONS}{HOURS}"
    ));
    let first = |user: &User| gates(&policy, UserRead::Found(user), MIDNIGHT)[0];
    assert_eq!(first(&user), INACTIVE);
    user.first_seen_at = None;
    assert_eq!(first(&user), PENDING);
    user.standing = Some(said(Standing::Suspended));
    assert_eq!(first(&user), SUSPENDED);
}

#[test]
fn while_the_store_is_down_the_policy_decides_on_sign_ins_and_tokens_go_on() {
    let down = UserRead::StoreDown;
    let refusing = "[sign_in]\nwhen_store_is_down = 'refuse'\n";
    let strict = HOURS.replace("zone =", "apply_while_store_is_down = true\nzone =");
    for now in [NOON, MIDNIGHT] {
        assert_eq!(gates(&policy(""), down, now), [ADMITTED; 3]);
        assert_eq!(gates(&policy(HOURS), down, now), [ADMITTED; 3]);
        let refused = [UNKNOWN, ADMITTED, ADMITTED];
        assert_eq!(gates(&policy(refusing), down, now), refused);
        assert_eq!(
            gates(&policy(&format!("{refusing}{HOURS}")), down, now),
            refused
        );
    }
    assert_eq!(gates(&policy(&strict), down, NOON), [ADMITTED; 3]);
    assert_eq!(
        gates(&policy(&strict), down, MIDNIGHT),
        [OUTSIDE, OUTSIDE, ADMITTED]
    );
    assert_eq!(unseen(&policy("")), ADMITTED);
    assert_eq!(unseen(&policy(refusing)), UNKNOWN);
}
