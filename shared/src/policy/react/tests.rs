use super::*;
use crate::policy::FoundingMode;
use crate::policy::file;
use std::io;
use std::path::Path;
use usher_events::*;

/// Acme's people are managers of Acme; those below it have a rule of their own, and of those the
/// temporary ones another.
const POLICY: &str = "
[mail]
from = 'a@b.example'
app_url = 'https://b.example'
[[domains]]
domain = '*.acme.example'
role = 'user'
organization = 'acme'
[[domains]]
domain = 'acme.example'
role = 'manager'
organization = 'acme'
[[domains]]
domain = '*.temp.acme.example'
role = 'guest'
[organizations.acme]
name = 'Acme'
account_type = 'business'
";

fn policy() -> Policy {
    file::parse(POLICY, Path::new(""), &|_| {
        Err(io::ErrorKind::NotFound.into())
    })
    .unwrap()
}

fn person(email: &str) -> Person {
    Person {
        email: Some(Personal::new(email)),
        email_verified: true,
        ..Person::default()
    }
}

fn confirmed(person: Person) -> LifecycleEvent {
    let context = SignUpContext::default();
    SignUpConfirmed {
        route: ConfirmationRoute::SignUp,
        client: None,
        context,
        sign_up: None,
        person,
    }
    .into()
}

fn signed_in(person: Person) -> LifecycleEvent {
    SignedIn {
        client: None,
        new_device: None,
        person,
    }
    .into()
}

fn first_seen(person: Person) -> LifecycleEvent {
    let client = None;
    FirstSeen { client, person }.into()
}

fn role(source: RoleSource, role: Option<&str>) -> DecidedEvent {
    RoleAssigned {
        source,
        role: role.map(|role| Role::new(role).unwrap()),
    }
    .into()
}

fn acme() -> DecidedEvent {
    OrganizationJoined {
        source: OrganizationSource::Domain,
        organization: OrganizationId::new("acme").unwrap(),
        account_type: AccountType::new("business").ok(),
    }
    .into()
}

fn left() -> DecidedEvent {
    OrganizationLeft {
        source: OrganizationSource::Domain,
    }
    .into()
}

/// Reacts where nothing was looked up.
fn react(policy: &Policy, event: &LifecycleEvent) -> Reaction {
    super::react(policy, event, &Findings::default())
}

fn check(event: &LifecycleEvent, decided: &[DecidedEvent], owes: &[EffectKind]) {
    let reaction = react(&policy(), event);
    assert_eq!(reaction.decided, decided, "{event:?}");
    assert_eq!(reaction.owes, owes, "{event:?}");
}

use RoleSource::{Default as ByDefault, Domain as ByDomain};

#[test]
fn a_confirmation_gives_the_default_role_and_owes_a_welcome() {
    check(
        &confirmed(person("ada@other.example")),
        &[role(ByDefault, Some("user")), role(ByDomain, None), left()],
        &[EffectKind::WelcomeMail],
    );
}

#[test]
fn a_reset_owes_its_notice_only_to_a_verified_address_and_where_the_policy_has_one() {
    let reset = |person| {
        let client = None;
        LifecycleEvent::from(PasswordReset { client, person })
    };
    let ada = || person("ada@other.example");
    let mut trusting = policy();
    trusting.mail.welcome_unverified = true;
    let mut silent = policy();
    silent.mail.password_changed = false;
    let unverified = Person {
        email_verified: false,
        ..ada()
    };
    let notice = [EffectKind::PasswordChangedNotice];
    assert_eq!(react(&policy(), &reset(ada())).owes, notice);
    for (policy, person) in [
        (silent, ada()),
        (policy(), unverified.clone()),
        (policy(), Person::default()),
        // That is a key of welcomes.
        (trusting, unverified),
    ] {
        let event = reset(person);
        assert_eq!(react(&policy, &event).owes, []);
        let steps = explain(&policy, &event, &Findings::default());
        let step = steps.iter().find(|step| step.question == Question::Owed);
        assert_eq!(step.map(|step| &step.said), Some(&Said::Nothing));
    }
}

#[test]
fn who_is_first_seen_has_the_default_role_and_what_the_address_brings_and_no_welcome() {
    let by_default = role(ByDefault, Some("user"));
    let of_acme = [by_default.clone(), role(ByDomain, Some("manager")), acme()];
    check(&first_seen(person("ada@acme.example")), &of_acme, &[]);
    let event = first_seen(person("ada@other.example"));
    check(&event, &[by_default, role(ByDomain, None), left()], &[]);
    assert_eq!(react(&policy(), &event).owes_later, []);
}

#[test]
fn where_the_policy_asks_who_is_first_seen_is_welcomed_later_under_the_rules_of_a_confirmation() {
    let mut greeting = policy();
    greeting.mail.welcome_first_seen = true;
    greeting.mail.welcome_first_seen_delay = Duration::from_secs(7 * 60);
    let later = [(EffectKind::WelcomeMail, Duration::from_secs(7 * 60))];
    let reaction = react(&greeting, &first_seen(person("ada@acme.example")));
    assert_eq!(
        (reaction.owes, &reaction.owes_later[..]),
        (vec![], &later[..])
    );
    let reaction = react(&greeting, &confirmed(person("ada@acme.example")));
    assert_eq!(reaction.owes, [EffectKind::WelcomeMail]);
    assert_eq!(reaction.owes_later, []);
    let unverified = Person {
        email_verified: false,
        ..person("ada@acme.example")
    };
    for nobody in [unverified.clone(), Person::default()] {
        assert_eq!(react(&greeting, &first_seen(nobody)).owes_later, []);
    }
    let mut trusting = greeting.clone();
    trusting.mail.welcome_unverified = true;
    assert_eq!(react(&trusting, &first_seen(unverified)).owes_later, later);
    greeting.mail.welcome = false;
    let event = first_seen(person("ada@acme.example"));
    assert_eq!(react(&greeting, &event).owes_later, []);
}

#[test]
fn a_verified_domain_gives_role_and_organization_at_every_event_with_a_person() {
    let ada = person("ada@acme.example");
    let by_domain = [role(ByDomain, Some("manager")), acme()];
    check(&signed_in(ada.clone()), &by_domain, &[]);
    check(
        &PasswordReset {
            client: None,
            person: ada.clone(),
        }
        .into(),
        &by_domain,
        &[EffectKind::PasswordChangedNotice],
    );
    let [manager, joined] = by_domain;
    check(
        &confirmed(ada),
        &[role(ByDefault, Some("user")), manager, joined],
        &[EffectKind::WelcomeMail],
    );
}

#[test]
fn who_has_left_the_domain_leaves_its_role_and_organization() {
    let unverified = Person {
        email_verified: false,
        ..person("ada@acme.example")
    };
    let federated = Person {
        providers: vec!["Evil".to_owned()],
        ..person("ada@acme.example")
    };
    for person in [
        person("ada@other.example"),
        unverified,
        federated,
        Person::default(),
    ] {
        check(&signed_in(person), &[role(ByDomain, None), left()], &[]);
    }
}

#[test]
fn the_most_specific_rule_counts_and_it_alone_whatever_the_order_of_the_file() {
    for (email, expected) in [
        (
            "ada@acme.example",
            [role(ByDomain, Some("manager")), acme()],
        ),
        (
            "ada@eu.acme.example",
            [role(ByDomain, Some("user")), acme()],
        ),
        (
            "ada@temp.acme.example",
            [role(ByDomain, Some("user")), acme()],
        ),
        (
            "ada@a.temp.acme.example",
            [role(ByDomain, Some("guest")), left()],
        ),
    ] {
        let event = signed_in(person(email));
        let mut turned = policy();
        turned.domains.reverse();
        assert_eq!(react(&turned, &event).decided, expected, "{email}");
        check(&event, &expected, &[]);
    }
}

#[test]
fn events_without_a_person_decide_nothing_and_owe_nothing() {
    let events: [LifecycleEvent; 3] = [
        SignUpRequested {
            route: SignUpRoute::SelfService,
            invite: None,
        }
        .into(),
        SignUpRefused::new(SignUpRoute::SelfService, RefusalReason::DomainBlocked, 1).into(),
        SignInRefused::new(RefusalReason::UserSuspended).into(),
    ];
    for event in events {
        assert_eq!(react(&policy(), &event), Reaction::default());
    }
}

#[test]
fn no_welcome_is_owed_without_an_address_or_with_the_mail_switched_off() {
    let phone_only = Person {
        phone_number: Some(Personal::new("+431")),
        ..Person::default()
    };
    assert_eq!(react(&policy(), &confirmed(phone_only)).owes, []);
    let mut silent = policy();
    silent.mail.welcome = false;
    assert_eq!(
        react(&silent, &confirmed(person("ada@acme.example"))).owes,
        []
    );
}

#[test]
fn an_address_that_nobody_verified_is_welcomed_only_where_the_policy_says_so() {
    let unverified = Person {
        email_verified: false,
        ..person("ada@acme.example")
    };
    let event = confirmed(unverified);
    assert_eq!(react(&policy(), &event).owes, []);
    let mut trusting = policy();
    trusting.mail.welcome_unverified = true;
    assert_eq!(react(&trusting, &event).owes, [EffectKind::WelcomeMail]);
}

#[test]
fn a_repeat_of_an_event_decides_and_owes_the_same() {
    let event = confirmed(person("ada@acme.example"));
    assert_eq!(react(&policy(), &event), react(&policy(), &event));
}

#[test]
fn each_source_speaks_at_most_once_in_one_reaction() {
    for event in [
        confirmed(person("ada@acme.example")),
        first_seen(person("ada@acme.example")),
        signed_in(Person::default()),
    ] {
        let decided = react(&policy(), &event).decided;
        let mut sources: Vec<String> = decided
            .iter()
            .map(|decided| match decided {
                DecidedEvent::RoleAssigned(event) => format!("role by {:?}", event.source),
                DecidedEvent::OrganizationJoined(event) => {
                    format!("organization by {:?}", event.source)
                }
                DecidedEvent::OrganizationLeft(event) => {
                    format!("organization by {:?}", event.source)
                }
                DecidedEvent::AccountTypeAssigned(event) => {
                    format!("account type by {:?}", event.source)
                }
                DecidedEvent::OrganizationFounded(_)
                | DecidedEvent::InviteRedeemed(_)
                | DecidedEvent::InviteLapsed(_)
                | DecidedEvent::SuspiciousSignUp(_) => format!("{decided:?}"),
            })
            .collect();
        sources.sort();
        sources.dedup();
        assert_eq!(sources.len(), decided.len());
    }
}

/// Eve is an administrator; whoever founds an organization manages it.
fn with_founders() -> Policy {
    let more = "
[roles.administrators]
emails = ['Eve@Acme.Example']
";
    let text = format!("{more}{POLICY}");
    let nothing = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let mut policy = file::parse(&text, Path::new(""), &nothing).unwrap();
    policy.founding.mode = FoundingMode::Create;
    policy.founding.free_mail = vec!["free.example".parse().unwrap()];
    policy.founding.founder_role = Role::new("manager").ok();
    policy
}

fn globe(is_founder: bool, founded_now: bool) -> Findings {
    Findings {
        organization: Some(DomainOrganization {
            id: OrganizationId::new("globe").unwrap(),
            account_type: None,
            is_founder,
            founded_now,
        }),
        lookup: None,
    }
}

#[test]
fn a_listed_address_counts_only_while_it_is_listed_and_verified() {
    let said = |person| {
        let decided = react(&with_founders(), &signed_in(person)).decided;
        let by_list = decided.into_iter().find_map(|decided| match decided {
            DecidedEvent::RoleAssigned(event) if event.source == RoleSource::Administrators => {
                Some(event.role)
            }
            _ => None,
        });
        by_list.expect("the list speaks at every event with a person")
    };
    let unverified = Person {
        email_verified: false,
        ..person("eve@acme.example")
    };
    let federated = Person {
        providers: vec!["Evil".to_owned()],
        ..person("eve@acme.example")
    };
    let admin = Role::new("admin").ok();
    assert_eq!(said(person("EVE@acme.example")), admin);
    for somebody in [person("ada@acme.example"), unverified, federated] {
        assert_eq!(said(somebody), None);
    }
}

#[test]
fn the_organization_of_a_domain_is_joined_and_its_founder_known_at_every_event() {
    let policy = with_founders();
    let joined: DecidedEvent = OrganizationJoined {
        source: OrganizationSource::Domain,
        organization: OrganizationId::new("globe").unwrap(),
        account_type: None,
    }
    .into();
    let founded: DecidedEvent = OrganizationFounded {
        organization: OrganizationId::new("globe").unwrap(),
    }
    .into();
    let event = signed_in(person("ada@globe.example"));
    for (is_founder, founded_now) in [(true, true), (true, false), (false, false)] {
        let decided = super::react(&policy, &event, &globe(is_founder, founded_now)).decided;
        let by_founding = role(RoleSource::Organization, is_founder.then_some("manager"));
        assert!(decided.contains(&joined) && decided.contains(&by_founding));
        assert_eq!(decided.contains(&founded), founded_now);
    }
}

#[test]
fn no_organization_is_joined_by_who_shows_no_domain_of_its_own() {
    let policy = with_founders();
    let unverified = Person {
        email_verified: false,
        ..person("ada@globe.example")
    };
    for somebody in [
        person("ada@gmail.com"),
        person("ada@mailinator.com"),
        person("ada@free.example"),
        unverified,
    ] {
        let decided = super::react(&policy, &signed_in(somebody), &globe(true, true)).decided;
        assert!(decided.contains(&left()), "{decided:?}");
        assert!(decided.contains(&role(RoleSource::Organization, None)));
    }
    let ruled = signed_in(person("ada@acme.example"));
    let decided = super::react(&policy, &ruled, &globe(true, true)).decided;
    assert!(decided.contains(&acme()) && decided.contains(&role(RoleSource::Organization, None)));
}
