mod documented;
mod shown;

use super::*;
use crate::policy::{DomainOrganization, file};
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

/// A user as the worker records this person's confirmation.
fn confirmed(policy: &Policy, who: &Person, findings: &Findings) -> User {
    let event = usher_events::SignUpConfirmed {
        route: usher_events::ConfirmationRoute::SignUp,
        client: None,
        context: usher_events::SignUpContext::default(),
        sign_up: None,
        person: who.clone(),
    };
    let mut recorded = user(&[], None);
    let reaction = super::super::react::react(policy, &event.into(), findings);
    for decided in reaction.decided {
        let stamp = said(());
        recorded.decide(&decided, stamp.at, stamp.by);
    }
    recorded
}

#[test]
fn the_first_token_says_what_the_worker_will_record() {
    let found = |is_founder, kind: Option<&str>| Findings {
        organization: Some(DomainOrganization {
            id: OrganizationId::new("founded").unwrap(),
            account_type: kind.map(|kind| AccountType::new(kind).unwrap()),
            is_founder,
            founded_now: is_founder,
        }),
        ..Findings::default()
    };
    let founding = |mode: &str| {
        policy(&format!(
            "[founding]\nmode = '{mode}'\nfounder_role = 'admin'\n"
        ))
    };
    let policies = [policy(""), founding("join"), founding("create")];
    let all_findings = [
        Findings::default(),
        found(false, None),
        found(false, Some("enterprise")),
        found(true, Some("business")),
    ];
    let emails = ["ada@acme.example", "ada@other.example", "ada@gmail.com"];
    for policy in &policies {
        for findings in &all_findings {
            for (email, verified) in emails
                .iter()
                .flat_map(|email| [(email, true), (email, false)])
            {
                let who = person(email, verified);
                let recorded = confirmed(policy, &who, findings);
                let first = super::grant(policy, UserRead::Absent, Some(&who), findings);
                // A later token looks nothing up that is recorded.
                let later = grant(policy, UserRead::Found(&recorded), Some(&who));
                assert_eq!(first, later, "{email} {verified} {findings:?}");
                let joins = policy.has_founders() && verified && *email == "ada@other.example";
                let organization = first.organization.as_ref().map(OrganizationId::as_str);
                let is_member = organization == Some("founded");
                assert_eq!(is_member, joins && findings.organization.is_some());
            }
        }
    }
}

/// Only who the founder is waits for the worker.
#[test]
fn before_an_organization_is_founded_a_token_presumes_what_a_member_will_have() {
    let text = "[founding]\nmode = 'create'\nfounder_role = 'admin'\naccount_type = 'business'\n";
    let policy = policy(text);
    let who = person("ada@other.example", true);
    let id = OrganizationId::new("founded").unwrap();
    let (presumed, terms) = policy.to_be_founded(id).unwrap();
    let presumed = Findings {
        organization: Some(presumed),
        ..Findings::default()
    };
    let first = super::grant(&policy, UserRead::Absent, Some(&who), &presumed);
    let recorded = confirmed(&policy, &who, &presumed);
    assert_eq!(
        first,
        grant(&policy, UserRead::Found(&recorded), Some(&who))
    );
    assert_eq!(shown(&first), ("user", Some("founded"), "business"));
    assert!(terms.active && terms.name.is_empty());
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
