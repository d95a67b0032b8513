use super::*;
use crate::policy::{Findings, file, react};
use crate::user::Register;
use std::io;
use std::path::Path;
use usher_events::{
    EventId, Personal, PoolId, RefusalReason, RoleAssigned, SignInRefused, SignedIn, Sub, Subject,
    Time,
};
use uuid::Uuid;

/// Asked about two domains, of which one has a rule that gives a role anyway; Eve is an
/// administrator, and one outside provider is trusted.
const POLICY: &str = "
[roles.administrators]
emails = ['eve@crm.example']
[lookup]
url = 'https://crm.example'
authorization = 'ssm:/crm'
roles = ['manager', 'guest']
domains = ['crm.example', '*.crm.example', 'ruled.example']
[[domains]]
domain = 'ruled.example'
role = 'user'
[trusted_providers]
Login = ['crm.example']
";

fn policy(text: &str) -> Policy {
    let nothing = |_: &Path| Err(io::ErrorKind::NotFound.into());
    file::parse(text, Path::new(""), &nothing).unwrap()
}

fn person(email: &str) -> Person {
    Person {
        email: Some(Personal::new(email)),
        email_verified: true,
        ..Person::default()
    }
}

fn at(seconds: i64) -> Time {
    Time::from_unix_seconds(seconds).unwrap()
}

fn id(seconds: i64) -> EventId {
    EventId::from_uuid(Uuid::from_u128(seconds.unsigned_abs().into()))
}

fn envelope(event: LifecycleEvent, seconds: i64) -> Envelope<LifecycleEvent> {
    Envelope {
        id: id(seconds),
        source: PoolId::new("eu-west-1_A").unwrap(),
        subject: Subject::User(Sub::new("3f0c").unwrap()),
        time: at(seconds),
        correlation_id: None,
        causation_id: None,
        event,
    }
}

fn signed_in(person: Person, seconds: i64) -> Envelope<LifecycleEvent> {
    let event = SignedIn {
        client: None,
        new_device: None,
        person,
    };
    envelope(event.into(), seconds)
}

/// A user of whom this is recorded, each at its second.
fn known(last: Option<(&str, i64)>, roles: &[(RoleSource, Option<&str>, i64)]) -> User {
    let role = |name: &str| Role::new(name).unwrap();
    User {
        person: last.map(|(email, second)| Register::new(person(email), at(second), id(second))),
        roles: roles
            .iter()
            .map(|(source, name, second)| {
                (
                    *source,
                    Register::new(name.map(role), at(*second), id(*second)),
                )
            })
            .collect(),
        ..User::default()
    }
}

/// What a test expects, in short.
#[derive(Debug, PartialEq)]
enum Is {
    /// Asked about this address; without an answer everything stays.
    Asked(&'static str),
    /// Asked about this address; without an answer the role is gone.
    AskedAnew(&'static str),
    /// Nobody is asked, and everything stays.
    Left,
    /// Nobody is asked, and there is no role.
    None,
}

fn inquiry(
    policy: &Policy,
    event: &Envelope<LifecycleEvent>,
    known: Option<&User>,
    invited: &[DecidedEvent],
) -> Inquiry {
    let mut decided = react::react(policy, &event.event, &Findings::default()).decided;
    decided.extend_from_slice(invited);
    policy.inquiry(event, known, &decided)
}

fn check(is: &Inquiry, expected: &Is, what: &str) {
    let nothing = Some(LookedUp::default());
    let asked = |email: &str| Question {
        email: Personal::new(email),
    };
    let expected = match expected {
        Is::Asked(email) => Inquiry::Ask {
            question: asked(email),
            unanswered: None,
        },
        Is::AskedAnew(email) => Inquiry::Ask {
            question: asked(email),
            unanswered: nothing,
        },
        Is::Left => Inquiry::Settled(None),
        Is::None => Inquiry::Settled(nothing),
    };
    assert_eq!(*is, expected, "{what}");
}

#[test]
fn it_is_asked_about_verified_addresses_of_its_domains_and_about_nobody_else() {
    let unverified = Person {
        email_verified: false,
        ..person("ada@crm.example")
    };
    let by = |provider: &str| Person {
        providers: vec![provider.to_owned()],
        ..person("ada@crm.example")
    };
    let policy = policy(POLICY);
    for (person, expected) in [
        (person("ada@crm.example"), Is::Asked("ada@crm.example")),
        (
            person("ada@eu.crm.example"),
            Is::Asked("ada@eu.crm.example"),
        ),
        (by("Login"), Is::Asked("ada@crm.example")),
        (by("Evil"), Is::None),
        (unverified, Is::None),
        (person("ada@home.example"), Is::None),
        (person("\"ada@crm.example\"@home.example"), Is::None),
        (Person::default(), Is::None),
    ] {
        let what = format!("{:?}", person.email.as_ref().map(Personal::expose));
        let event = signed_in(person, 10);
        check(&inquiry(&policy, &event, None, &[]), &expected, &what);
    }
}

#[test]
fn without_a_lookup_and_at_events_without_a_person_it_is_left_alone() {
    let refused = envelope(SignInRefused::new(RefusalReason::UserSuspended).into(), 10);
    check(
        &inquiry(&policy(POLICY), &refused, None, &[]),
        &Is::Left,
        "refused",
    );
    let event = signed_in(person("ada@crm.example"), 10);
    check(
        &inquiry(&policy(""), &event, None, &[]),
        &Is::Left,
        "no lookup",
    );
}

#[test]
fn who_has_a_role_from_a_stronger_source_is_not_asked_about() {
    use RoleSource::{Default, Domain, Invite, Lookup, Operator};
    let policy = policy(POLICY);
    let ada = || person("ada@crm.example");
    let asked = || Is::Asked("ada@crm.example");
    let of = |source, role| known(None, &[(source, role, 1)]);
    for (known, expected) in [
        (of(Operator, Some("guest")), Is::Left),
        (of(Invite, Some("user")), Is::Left),
        (of(Operator, None), asked()),
        (of(Operator, Some("emperor")), asked()),
        // These say at this very event that they give none.
        (of(Domain, Some("user")), asked()),
        (of(Lookup, Some("manager")), asked()),
        (of(Default, Some("user")), asked()),
    ] {
        let event = signed_in(ada(), 10);
        let is = inquiry(&policy, &event, Some(&known), &[]);
        check(&is, &expected, &format!("{:?}", known.roles));
    }
    for email in ["eve@crm.example", "ada@ruled.example"] {
        let event = signed_in(person(email), 10);
        check(&inquiry(&policy, &event, None, &[]), &Is::Left, email);
    }
    let invited = RoleAssigned {
        source: Invite,
        role: Role::new("user").ok(),
    };
    let event = signed_in(ada(), 10);
    check(
        &inquiry(&policy, &event, None, &[invited.into()]),
        &Is::Left,
        "invited",
    );
}

#[test]
fn a_role_does_not_outlive_the_address_that_it_was_given_to() {
    use RoleSource::{Lookup, Operator};
    let policy = policy(POLICY);
    let manager = (Lookup, Some("manager"), 5);
    let (ada, bob) = ("ada@crm.example", "bob@crm.example");
    for (last, roles, expected) in [
        // The same address: whoever does not answer takes nothing away.
        (Some((ada, 5)), vec![manager], Is::Asked(ada)),
        // Another one: only an answer about it can give the role.
        (Some((bob, 5)), vec![manager], Is::AskedAnew(ada)),
        (Some((bob, 5)), vec![], Is::Asked(ada)),
        (Some((bob, 5)), vec![(Lookup, None, 5)], Is::Asked(ada)),
        // Also where nobody is asked.
        (
            Some((bob, 5)),
            vec![manager, (Operator, Some("user"), 6)],
            Is::None,
        ),
        (
            Some((ada, 5)),
            vec![manager, (Operator, Some("user"), 6)],
            Is::Left,
        ),
        // The event has come late, and by now the address is another.
        (Some((bob, 20)), vec![], Is::None),
        (Some((ada, 20)), vec![], Is::Asked(ada)),
        // Who keeps no profiles does not know.
        (None, vec![manager], Is::Asked(ada)),
    ] {
        let known = known(last, &roles);
        let is = inquiry(&policy, &signed_in(person(ada), 10), Some(&known), &[]);
        check(&is, &expected, &format!("{last:?} {roles:?}"));
    }
}

#[test]
fn an_answer_gives_a_role_on_the_list_and_no_other() {
    let rules = policy(POLICY).lookup.unwrap();
    for (says, expected) in [
        (Some("manager"), Some("manager")),
        (Some("guest"), Some("guest")),
        (Some("admin"), None),
        (Some("emperor"), None),
        (None, None),
    ] {
        let role = says.and_then(|role| Role::new(role).ok());
        let heard = rules.heed(Answer { role }).role;
        assert_eq!(heard.as_ref().map(Role::as_str), expected);
    }
}
