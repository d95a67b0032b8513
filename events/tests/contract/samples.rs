//! Invented events, at least one of each type. They are what new fixtures are written from.

use serde_json::Value;
use usher_events::{
    AccountType, ClientId, ConfirmationRoute, CorrelationId, DecidedEvent, Envelope, EventId, Fact,
    LifecycleEvent, OperatorEvent, OrganizationId, OrganizationJoined, OrganizationLeft,
    OrganizationSource, PasswordReset, Person, Personal, PoolId, RefusalReason, Role, RoleAssigned,
    RoleSource, SignInRefused, SignUpConfirmed, SignUpContext, SignUpKey, SignUpRefused,
    SignUpRequested, SignUpRoute, SignedIn, Sub, Subject, SuspensionReason, Time, UserReinstated,
    UserSuspended, identity, wire,
};

/// The fixtures of all current types and versions, by path.
pub(crate) fn fixtures() -> impl Iterator<Item = (String, Value)> {
    let lifecycle = lifecycle()
        .into_iter()
        .map(|(variant, it)| fixture(variant, &it));
    let decided = decided()
        .into_iter()
        .map(|(variant, it)| fixture(variant, &it));
    let operator = operator()
        .into_iter()
        .map(|(variant, it)| fixture(variant, &it));
    lifecycle.chain(decided).chain(operator)
}

fn fixture<E: Fact>(variant: &str, envelope: &Envelope<E>) -> (String, Value) {
    let event = &envelope.event;
    let path = format!(
        "fixtures/{}.v{}{variant}.json",
        event.name(),
        event.version()
    );
    let json = serde_json::from_str(&wire::encode(envelope)).expect("what is encoded is JSON");
    (path, json)
}

/// What Cognito told us. The variant is the part of the file's name behind the version.
pub(crate) fn lifecycle() -> Vec<(&'static str, Envelope<LifecycleEvent>)> {
    let sign_up = Subject::SignUp(
        SignUpKey::from_digest("b81f3c6f2a9d4e07c5d6813be04fa972").expect("a digest is an id"),
    );
    let request = |route, now| {
        let (id, time) = identity::sign_up_request(&pool(), &sign_up, route, at(now));
        let event: LifecycleEvent = SignUpRequested { route }.into();
        about(sign_up.clone(), id, time, event)
    };
    let refusal = |route, reason, now| {
        let (id, time) = identity::refusal(&pool(), &sign_up, "sign_up_refused", reason, at(now));
        let event: LifecycleEvent = SignUpRefused { route, reason }.into();
        about(sign_up.clone(), id, time, event)
    };
    let confirmation = |event: SignUpConfirmed, now| {
        let event = event.into();
        about(
            user(),
            identity::once(&pool(), &sub(), &event),
            at(now),
            event,
        )
    };
    let reset = |event: PasswordReset, now| {
        let (id, time) = identity::password_reset(&pool(), &sub(), at(now));
        let event: LifecycleEvent = event.into();
        about(user(), id, time, event)
    };
    let sign_in_refusal = |reason, now| {
        let (id, time) = identity::refusal(&pool(), &user(), "sign_in_refused", reason, at(now));
        let event: LifecycleEvent = SignInRefused { reason }.into();
        about(user(), id, time, event)
    };
    let sign_in = |event: SignedIn, now| {
        let digest = "4d0b9e61c3a85f27";
        let (id, time) = identity::sign_in(&pool(), &sub(), event.client.as_ref(), digest, at(now));
        let event: LifecycleEvent = event.into();
        about(user(), id, time, event)
    };
    vec![
        (
            "",
            request(SignUpRoute::SelfService, "2026-03-02T08:14:31.207Z"),
        ),
        (
            ".minimal",
            uncorrelated(request(
                SignUpRoute::ExternalProvider,
                "2026-03-02T08:14:31.207Z",
            )),
        ),
        (
            "",
            refusal(
                SignUpRoute::SelfService,
                RefusalReason::DomainBlocked,
                "2026-03-02T08:14:31.207Z",
            ),
        ),
        (
            ".minimal",
            uncorrelated(refusal(
                SignUpRoute::Administrator,
                RefusalReason::EmailMissing,
                "2026-03-02T08:14:31.207Z",
            )),
        ),
        (
            "",
            confirmation(
                SignUpConfirmed {
                    route: ConfirmationRoute::SignUp,
                    client: Some(client()),
                    context: SignUpContext {
                        source: Some("referral".to_owned()),
                        campaign: Some("spring_2026".to_owned()),
                    },
                    person: everything_known(),
                },
                "2026-03-02T08:16:02.481Z",
            ),
        ),
        (
            ".minimal",
            uncorrelated(confirmation(
                SignUpConfirmed {
                    route: ConfirmationRoute::ExternalProvider,
                    client: None,
                    context: SignUpContext::default(),
                    person: Person::default(),
                },
                "2026-03-02T08:16:02.481Z",
            )),
        ),
        (
            "",
            reset(
                PasswordReset {
                    client: Some(client()),
                    person: everything_known(),
                },
                "2026-05-17T21:40:55.018Z",
            ),
        ),
        (
            ".minimal",
            uncorrelated(reset(
                PasswordReset {
                    client: None,
                    person: Person::default(),
                },
                "2026-05-17T21:40:55.018Z",
            )),
        ),
        (
            "",
            sign_in_refusal(RefusalReason::UserSuspended, "2026-06-01T06:59:59.999Z"),
        ),
        (
            ".minimal",
            uncorrelated(sign_in_refusal(
                RefusalReason::StoreUnavailable,
                "2026-06-01T06:59:59.999Z",
            )),
        ),
        (
            "",
            sign_in(
                SignedIn {
                    client: Some(client()),
                    new_device: Some(true),
                    person: everything_known(),
                },
                "2026-03-03T07:02:18.644Z",
            ),
        ),
        (
            ".minimal",
            uncorrelated(sign_in(
                SignedIn {
                    client: None,
                    new_device: None,
                    person: Person::default(),
                },
                "2026-03-03T07:02:18.644Z",
            )),
        ),
    ]
}

fn decided() -> Vec<(&'static str, Envelope<DecidedEvent>)> {
    let because = |id: &str, event: DecidedEvent| Envelope {
        causation_id: Some(event_id("6f3a1b0c-52d4-5e8f-9a67-0c1d2e3f4a5b")),
        ..about(user(), event_id(id), at("2026-03-02T08:16:02.481Z"), event)
    };
    let role = |source, role: Option<&str>| -> DecidedEvent {
        let role = role.map(|role| Role::new(role).expect("a role's name"));
        RoleAssigned { source, role }.into()
    };
    let joined = |account_type: Option<&str>| -> DecidedEvent {
        OrganizationJoined {
            source: OrganizationSource::Domain,
            organization: OrganizationId::new("example-org").expect("an organization's id"),
            account_type: account_type
                .map(|kind| AccountType::new(kind).expect("an account type's name")),
        }
        .into()
    };
    let left: DecidedEvent = OrganizationLeft {
        source: OrganizationSource::Domain,
    }
    .into();
    vec![
        (
            "",
            because(
                "0f9d5c7e-8a41-5b36-b2e0-7d6c5b4a3921",
                role(RoleSource::Domain, Some("staff")),
            ),
        ),
        (
            ".minimal",
            uncorrelated(because(
                "1b2c3d4e-5f60-5172-8394-a5b6c7d8e9f0",
                role(RoleSource::Default, None),
            )),
        ),
        (
            "",
            because(
                "2c4e6a80-1b3d-5f57-9799-bbddff113355",
                joined(Some("business")),
            ),
        ),
        (
            ".minimal",
            uncorrelated(because(
                "3d5f7b91-2c4e-5a68-8a8a-ccee00224466",
                joined(None),
            )),
        ),
        (
            "",
            because("4e608ca2-3d5f-5b79-9b9b-ddff11335577", left.clone()),
        ),
        (
            ".minimal",
            uncorrelated(because("5f719db3-4e60-5c8a-acac-ee0022446688", left)),
        ),
    ]
}

fn operator() -> Vec<(&'static str, Envelope<OperatorEvent>)> {
    let by_hand = |id: &str, now, event: OperatorEvent| about(user(), event_id(id), at(now), event);
    let suspended: OperatorEvent = UserSuspended {
        reason: SuspensionReason::Operator,
    }
    .into();
    let reinstated: OperatorEvent = UserReinstated {}.into();
    vec![
        (
            "",
            by_hand(
                "019c8f3e-4a10-7b52-8c64-1d2e3f405162",
                "2026-06-01T06:30:00Z",
                suspended.clone(),
            ),
        ),
        (
            ".minimal",
            uncorrelated(by_hand(
                "019c8f3e-5b21-7c63-9d75-2e3f40516273",
                "2026-06-01T06:31:00Z",
                suspended,
            )),
        ),
        (
            "",
            by_hand(
                "019c9a40-6c32-7d74-ae86-3f4051627384",
                "2026-06-08T09:00:00Z",
                reinstated.clone(),
            ),
        ),
        (
            ".minimal",
            uncorrelated(by_hand(
                "019c9a40-7d43-7e85-bf97-405162738495",
                "2026-06-08T09:01:00Z",
                reinstated,
            )),
        ),
    ]
}

/// Somebody of whom every attribute is known.
fn everything_known() -> Person {
    Person {
        email: Some(Personal::new("ada.example@example.com")),
        email_verified: true,
        phone_number: Some(Personal::new("+12025550143")),
        phone_number_verified: true,
        given_name: Some(Personal::new("Ada")),
        family_name: Some(Personal::new("Beispiel-Öz")),
        locale: Some(Personal::new("de-AT")),
        zoneinfo: Some(Personal::new("Europe/Vienna")),
        department: Some(Personal::new("Research")),
        marketing_consent: Some(false),
        onboarding_completed: Some(true),
        providers: vec!["ExampleOIDC".to_owned()],
    }
}

fn about<E>(subject: Subject, id: EventId, time: Time, event: E) -> Envelope<E> {
    let request = "5c1f7d2a-90b3-4e6d-8f47-b6a5c4d3e2f1";
    Envelope {
        id,
        source: pool(),
        subject,
        time,
        correlation_id: Some(CorrelationId::new(request).expect("a request's id")),
        causation_id: None,
        event,
    }
}

fn uncorrelated<E>(envelope: Envelope<E>) -> Envelope<E> {
    Envelope {
        correlation_id: None,
        ..envelope
    }
}

fn pool() -> PoolId {
    PoolId::new("eu-west-1_Ex4mpLe01").expect("a pool's id")
}

fn sub() -> Sub {
    Sub::new("3f0c2a1e-7b44-4c1d-9f5e-2d8a6b90c1f7").expect("a sub")
}

fn user() -> Subject {
    Subject::User(sub())
}

fn client() -> ClientId {
    ClientId::new("4ex4mpl3cl13nt1d0123456789").expect("a client's id")
}

fn event_id(text: &str) -> EventId {
    text.parse().expect("a UUID")
}

fn at(text: &str) -> Time {
    text.parse().expect("an instant")
}
