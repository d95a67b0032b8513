mod documented;
mod shown;

use super::*;
use crate::policy::file;
use crate::user::{Membership, Register};
use std::io;
use std::path::Path;
use usher_events::{EventId, Personal, Time};

fn policy(more: &str) -> Policy {
    let text = format!(
        "{more}\n[[domains]]\ndomain = 'acme.example'\nrole = 'manager'\norganization = 'acme'\n\
         [organizations.acme]\nname = 'Acme'\naccount_type = 'business'\n\
         [organizations.globe]\nname = 'Globe'\naccount_type = 'enterprise'\n"
    );
    file::parse(&text, Path::new(""), &|_| {
        Err(io::ErrorKind::NotFound.into())
    })
    .unwrap()
}

fn person(email: &str, verified: bool) -> Person {
    Person {
        email: Some(Personal::new(email)),
        email_verified: verified,
        ..Person::default()
    }
}

fn said<T>(value: T) -> Register<T> {
    Register::new(
        value,
        Time::from_unix_seconds(0).unwrap(),
        EventId::from_uuid(uuid::Uuid::nil()),
    )
}

/// A user whose sources have said this; a source that is not listed has not spoken.
fn user(roles: &[(RoleSource, Option<&str>)], organization: Option<Option<&str>>) -> User {
    let role = |role: &str| Role::new(role).unwrap();
    let membership = |id: &str| Membership {
        organization: OrganizationId::new(id).unwrap(),
        account_type: AccountType::new("enterprise").ok(),
    };
    User {
        roles: roles
            .iter()
            .map(|(source, name)| (*source, said(name.map(role))))
            .collect(),
        memberships: organization
            .map(|id| (OrganizationSource::Domain, said(id.map(membership))))
            .into_iter()
            .collect(),
        ..User::default()
    }
}

/// The grant where nothing was looked up.
fn grant(policy: &Policy, user: UserRead<'_>, person: Option<&Person>) -> Grant {
    super::grant(policy, user, person, &Findings::default())
}

/// Role, organization and kind of account, as words.
fn shown(grant: &Grant) -> (&str, Option<&str>, &str) {
    (
        grant.role.as_str(),
        grant.organization.as_ref().map(OrganizationId::as_str),
        grant.account_type.as_str(),
    )
}

const NOTHING: (&str, Option<&str>, &str) = ("user", None, "standard");
const BY_DOMAIN: (&str, Option<&str>, &str) = ("manager", Some("acme"), "business");
use RoleSource::{Default as ByDefault, Domain as ByDomain};

#[test]
fn what_is_recorded_is_what_the_token_says() {
    let policy = policy("");
    let ada = person("ada@acme.example", true);
    for (user, expected) in [
        (
            user(&[(ByDefault, Some("user")), (ByDomain, None)], Some(None)),
            NOTHING,
        ),
        (
            user(&[(ByDefault, Some("guest")), (ByDomain, None)], Some(None)),
            ("guest", None, "standard"),
        ),
        (
            user(
                &[(ByDefault, Some("user")), (ByDomain, Some("admin"))],
                Some(Some("globe")),
            ),
            ("admin", Some("globe"), "enterprise"),
        ),
    ] {
        assert_eq!(
            shown(&grant(&policy, UserRead::Found(&user), Some(&ada))),
            expected
        );
    }
}

#[test]
fn before_the_worker_has_spoken_a_verified_domain_counts_at_once() {
    let policy = policy("");
    let fresh = user(&[], None);
    let default_only = user(&[(ByDefault, Some("user"))], None);
    for user in [
        UserRead::Absent,
        UserRead::Found(&fresh),
        UserRead::Found(&default_only),
    ] {
        for (who, expected) in [
            (Some(person("ada@acme.example", true)), BY_DOMAIN),
            (Some(person("ada@acme.example", false)), NOTHING),
            (Some(person("ada@other.example", true)), NOTHING),
            (None, NOTHING),
        ] {
            assert_eq!(
                shown(&grant(&policy, user, who.as_ref())),
                expected,
                "{user:?} {who:?}"
            );
        }
    }
}

#[test]
fn the_first_token_says_what_the_worker_will_record() {
    let policy = policy("");
    for email in ["ada@acme.example", "ada@other.example"] {
        let who = person(email, true);
        let event = usher_events::SignUpConfirmed {
            route: usher_events::ConfirmationRoute::SignUp,
            client: None,
            context: usher_events::SignUpContext::default(),
            sign_up: None,
            person: who.clone(),
        };
        let mut recorded = user(&[], None);
        for decided in
            super::super::react::react(&policy, &event.into(), &Findings::default()).decided
        {
            let stamp = said(());
            recorded.decide(&decided, stamp.at, stamp.by);
        }
        let first = grant(&policy, UserRead::Absent, Some(&who));
        assert_eq!(
            first,
            grant(&policy, UserRead::Found(&recorded), Some(&who)),
            "{email}"
        );
    }
}

#[test]
fn while_the_store_is_down_nobody_is_more_than_everybody() {
    let policy = policy("");
    let ada = person("ada@acme.example", true);
    let grant = grant(&policy, UserRead::StoreDown, Some(&ada));
    assert_eq!(shown(&grant), NOTHING);
    assert_eq!(
        grant.permissions,
        policy.roles.permissions[&policy.roles.default]
    );
}

#[test]
fn a_recorded_role_that_the_policy_no_longer_declares_grants_nothing() {
    let policy = policy("");
    for (roles, expected) in [
        (
            vec![(ByDefault, Some("user")), (ByDomain, Some("emperor"))],
            "user",
        ),
        (
            vec![(ByDefault, Some("guest")), (ByDomain, Some("emperor"))],
            "guest",
        ),
        (vec![(ByDefault, Some("emperor")), (ByDomain, None)], "user"),
    ] {
        let user = user(&roles, None);
        let grant = grant(&policy, UserRead::Found(&user), None);
        assert_eq!(grant.role.as_str(), expected);
        assert_eq!(grant.permissions, policy.roles.permissions[&grant.role]);
    }
}

/// Managers may be made by another system.
const LOOKUP: &str = "[lookup]\nurl = 'https://crm.example'\nroles = ['manager']\n";

#[test]
fn a_looked_up_role_counts_while_the_policy_lets_it_be_looked_up() {
    let user = user(&[(RoleSource::Lookup, Some("manager"))], None);
    let wider = LOOKUP.replace("'manager'", "'guest', 'manager'");
    for (more, expected) in [
        (LOOKUP, ("manager", RoleSource::Lookup)),
        (&wider, ("manager", RoleSource::Lookup)),
        (
            &LOOKUP.replace("manager", "guest"),
            ("user", RoleSource::Default),
        ),
        ("", ("user", RoleSource::Default)),
    ] {
        let grant = grant(&policy(more), UserRead::Found(&user), None);
        assert_eq!((grant.role.as_str(), grant.role_source), expected, "{more}");
    }
}

#[test]
fn a_looked_up_role_is_the_addresss_that_was_asked_about() {
    let mut user = user(&[(RoleSource::Lookup, Some("manager"))], None);
    user.person = Some(said(person("ada@home.example", true)));
    for (now, expected) in [
        (person("ada@home.example", true), "manager"),
        (person("bob@home.example", true), "user"),
        (person("ada@home.example", false), "user"),
    ] {
        let grant = grant(&policy(LOOKUP), UserRead::Found(&user), Some(&now));
        assert_eq!(grant.role.as_str(), expected, "{:?}", now.email_verified);
    }
}
