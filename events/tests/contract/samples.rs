//! Invented events, at least one of each type. They are what new fixtures are written from.

use serde_json::Value;
use usher_events::{
    AccountType, AccountTypeAssigned, AccountTypeSet, AccountTypeSource, AttributesChanged,
    ClientId, ConfirmationRoute, CorrelationId, DecidedEvent, EditedText, Envelope, EventId, Fact,
    FirstSeen, InviteId, InviteLapsed, InviteRedeemed, LapseReason, LetterEdited, LifecycleEvent,
    MembershipSet, MessageMedium, MessagePurpose, MessageRequested, OperatorEvent,
    OrganizationFounded, OrganizationId, OrganizationJoined, OrganizationLeft, OrganizationSource,
    PasswordReset, Person, PersonRevealed, Personal, PoolId, RefusalReason, RefusedStep, Role,
    RoleAssigned, RoleSet, RoleSource, SignInRefused, SignUpConfirmed, SignUpContext, SignUpKey,
    SignUpRefused, SignUpRequested, SignUpRoute, SignedIn, Sub, Subject, SuspensionReason,
    SuspiciousSignUp, Time, UserReinstated, UserSuspended, identity, wire,
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
    let sign_up = Subject::SignUp(sign_up_key());
    let request = |route, invite, now| {
        let (id, time) = identity::sign_up_request(&pool(), &sign_up, route, at(now));
        let event: LifecycleEvent = SignUpRequested { route, invite }.into();
        about(sign_up.clone(), id, time, event)
    };
    let refusal = |route, reason: RefusalReason, attempt, invite, now| {
        let (id, time) = identity::sign_up_refusal(&pool(), &sign_up, reason, attempt, at(now));
        let event: LifecycleEvent = SignUpRefused {
            route,
            reason,
            severity: reason.severity(),
            attempt,
            invite,
        }
        .into();
        about(sign_up.clone(), id, time, event)
    };
    let first_seen = |event: FirstSeen, now| {
        let event = event.into();
        let id = identity::once(&pool(), &sub(), &event);
        about(user(), id, at(now), event)
    };
    let changed = |event: AttributesChanged, now| {
        let digest = "90b7c1d2e3f40516";
        let (id, time) = identity::attributes_changed(&pool(), &sub(), digest, at(now));
        about(user(), id, time, LifecycleEvent::from(event))
    };
    let message = |subject: Subject, medium, purpose, now| {
        let (id, time) = identity::message_requested(&pool(), &subject, medium, purpose, at(now));
        let event: LifecycleEvent = MessageRequested { medium, purpose }.into();
        about(subject, id, time, event)
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
    let sign_in_refusal = |reason, (step, client), now| {
        let (id, time) = identity::sign_in_refusal(&pool(), &sub(), reason, at(now));
        let event: LifecycleEvent = SignInRefused {
            step,
            client,
            ..SignInRefused::new(reason)
        }
        .into();
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
            request(
                SignUpRoute::SelfService,
                Some(invite()),
                "2026-03-02T08:14:31.207Z",
            ),
        ),
        (
            ".minimal",
            uncorrelated(request(
                SignUpRoute::ExternalProvider,
                None,
                "2026-03-02T08:14:31.207Z",
            )),
        ),
        (
            "",
            refusal(
                SignUpRoute::SelfService,
                RefusalReason::InviteForeign,
                3,
                Some(invite()),
                "2026-03-02T08:14:31.207Z",
            ),
        ),
        (
            ".minimal",
            uncorrelated(refusal(
                SignUpRoute::Administrator,
                RefusalReason::EmailMissing,
                1,
                None,
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
                        referrer: Some("partner.example".to_owned()),
                    },
                    sign_up: Some(sign_up_key()),
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
                    sign_up: None,
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
            sign_in_refusal(
                RefusalReason::UserSuspended,
                (RefusedStep::Refresh, Some(client())),
                "2026-06-01T06:59:59.999Z",
            ),
        ),
        (
            ".minimal",
            uncorrelated(sign_in_refusal(
                RefusalReason::StoreUnavailable,
                (RefusedStep::SignIn, None),
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
        (
            "",
            first_seen(
                FirstSeen {
                    client: Some(client()),
                    person: everything_known(),
                },
                "2026-03-04T10:11:12.013Z",
            ),
        ),
        (
            ".minimal",
            uncorrelated(first_seen(
                FirstSeen {
                    client: None,
                    person: Person::default(),
                },
                "2026-03-04T10:11:12.013Z",
            )),
        ),
        (
            "",
            changed(
                AttributesChanged {
                    client: Some(client()),
                    person: everything_known(),
                },
                "2026-04-05T11:12:13.014Z",
            ),
        ),
        (
            ".minimal",
            uncorrelated(changed(
                AttributesChanged {
                    client: None,
                    person: Person::default(),
                },
                "2026-04-05T11:12:13.014Z",
            )),
        ),
        (
            "",
            message(
                user(),
                MessageMedium::Email,
                MessagePurpose::ForgotPassword,
                "2026-05-17T21:39:00.5Z",
            ),
        ),
        (
            ".minimal",
            uncorrelated(message(
                sign_up.clone(),
                MessageMedium::Sms,
                MessagePurpose::SignUp,
                "2026-05-17T21:39:00.5Z",
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
    let account_type = |kind: Option<&str>| -> DecidedEvent {
        AccountTypeAssigned {
            source: AccountTypeSource::Invite,
            account_type: kind.map(|kind| AccountType::new(kind).expect("an account type's name")),
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
        (
            "",
            because(
                "60829ec4-5f71-5d9b-bdbd-ff1133557799",
                OrganizationFounded {
                    organization: OrganizationId::new("example-org").expect("an id"),
                }
                .into(),
            ),
        ),
        (
            "",
            because(
                "7193afd5-6082-5eac-8ece-0022446688aa",
                account_type(Some("enterprise")),
            ),
        ),
        (
            ".minimal",
            uncorrelated(because(
                "82a4b0e6-7193-5fbd-9fdf-1133557799bb",
                account_type(None),
            )),
        ),
        (
            "",
            because(
                "93b5c1f7-82a4-50ce-a0e0-22446688aacc",
                InviteRedeemed { invite: invite() }.into(),
            ),
        ),
        (
            "",
            because(
                "a4c6d208-93b5-51df-b1f1-33557799bbdd",
                InviteLapsed {
                    invite: invite(),
                    reason: LapseReason::Foreign,
                }
                .into(),
            ),
        ),
        (
            "",
            because(
                "b5d7e319-a4c6-52e0-82f2-446688aaccee",
                SuspiciousSignUp {
                    reason: RefusalReason::InviteForeign,
                    attempts: 5,
                    invite: Some(invite()),
                }
                .into(),
            ),
        ),
        (
            ".minimal",
            because(
                "b5d7e319-a4c6-52e0-82f2-446688aaccee",
                SuspiciousSignUp {
                    reason: RefusalReason::InviteUnknown,
                    attempts: 5,
                    invite: None,
                }
                .into(),
            ),
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
        (
            "",
            by_hand(
                "019c9f66-8e54-7f96-80a8-51627384950a",
                "2026-06-09T09:00:00Z",
                RoleSet {
                    role: Some(Role::new("manager").expect("a role's name")),
                }
                .into(),
            ),
        ),
        (
            ".minimal",
            uncorrelated(by_hand(
                "019c9f66-9f65-70a7-91b9-62738495a61b",
                "2026-06-09T09:01:00Z",
                RoleSet { role: None }.into(),
            )),
        ),
        (
            "",
            by_hand(
                "019ca48c-a076-71b8-a2ca-738495a6b72c",
                "2026-06-10T09:00:00Z",
                MembershipSet {
                    organization: Some(OrganizationId::new("example-org").expect("an id")),
                    account_type: Some(AccountType::new("business").expect("a name")),
                }
                .into(),
            ),
        ),
        (
            ".minimal",
            uncorrelated(by_hand(
                "019ca48c-b187-72c9-b3db-8495a6b7c83d",
                "2026-06-10T09:01:00Z",
                MembershipSet {
                    organization: None,
                    account_type: None,
                }
                .into(),
            )),
        ),
        (
            "",
            by_hand(
                "019ca9b2-c298-73da-84ec-95a6b7c8d94e",
                "2026-06-11T09:00:00Z",
                AccountTypeSet {
                    account_type: Some(AccountType::new("enterprise").expect("a name")),
                }
                .into(),
            ),
        ),
        (
            ".minimal",
            uncorrelated(by_hand(
                "019ca9b2-d3a9-74eb-95fd-a6b7c8d9ea5f",
                "2026-06-11T09:01:00Z",
                AccountTypeSet { account_type: None }.into(),
            )),
        ),
        (
            "",
            by_hand(
                "019caed8-e4b0-75fc-a60e-b7c8d9eafb60",
                "2026-06-12T09:00:00Z",
                PersonRevealed { history: true }.into(),
            ),
        ),
        (
            "",
            Envelope {
                causation_id: Some(event_id("f0f607a8-e0d0-545f-8a65-5d5843765c82")),
                ..by_hand(
                    "7f2b1f38-0a4c-5d51-9c0e-3b7a64c1d2e5",
                    "2026-06-13T09:00:00Z",
                    LetterEdited {
                        letter: "5fea7756-0ea4-451a-a703-a558b933e274".to_owned(),
                        before_sha256:
                            "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
                                .to_owned(),
                        after_sha256:
                            "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"
                                .to_owned(),
                        changed: vec!["/data/client_id".to_owned()],
                        person: Some(EditedText {
                            before: Personal::new("foo"),
                            after: Personal::new("bar"),
                        }),
                    }
                    .into(),
                )
            },
        ),
        (
            ".minimal",
            uncorrelated(by_hand(
                "8a3c2049-1b5d-5e62-8d1f-4c8b75d2e3f6",
                "2026-06-13T09:01:00Z",
                LetterEdited {
                    letter: "5fea7756-0ea4-451a-a703-a558b933e275".to_owned(),
                    before_sha256:
                        "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
                            .to_owned(),
                    after_sha256:
                        "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"
                            .to_owned(),
                    changed: vec![String::new()],
                    person: None,
                }
                .into(),
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

fn sign_up_key() -> SignUpKey {
    SignUpKey::from_digest("b81f3c6f2a9d4e07c5d6813be04fa972").expect("a digest is an id")
}

fn invite() -> InviteId {
    InviteId::new("5d2e8a71c9f04b36").expect("a digest is an id")
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
