use super::*;
use crate::commit::Ledger;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use usher_events::{
    AccountTypeAssigned, AccountTypeSet, AttributesChanged, ConfirmationRoute, Envelope, EventId,
    FirstSeen, MembershipSet, OrganizationFounded, OrganizationJoined, OrganizationLeft,
    PasswordReset, Personal, PoolId, RoleAssigned, RoleSet, SignInRefused, SignUpConfirmed,
    SignUpContext, SignedIn, Sub, Subject, SuspensionReason, UserReinstated, UserSuspended,
};
use uuid::Uuid;

pub(crate) fn at(seconds: i64) -> Time {
    Time::from_unix_seconds(1_780_000_000 + seconds).unwrap()
}

fn id(number: u128) -> EventId {
    EventId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn commit(
    number: u128,
    seconds: i64,
    event: Recorded,
    decided: Vec<DecidedEvent>,
) -> Commit {
    Commit {
        envelope: Envelope {
            id: id(number),
            source: PoolId::new("eu-west-1_A").unwrap(),
            subject: Subject::User(Sub::new("3f0c").unwrap()),
            time: at(seconds),
            correlation_id: None,
            causation_id: None,
            event,
        },
        decided,
        ledger: Ledger::default(),
        lease: None,
        recorded_at: at(seconds),
    }
}

fn personal() -> impl Strategy<Value = Option<Personal>> {
    prop::option::of(prop_oneof![Just(""), Just("Ada"), Just("Zoë ☃")])
        .prop_map(|text| text.map(Personal::new))
}

prop_compose! {
    pub(crate) fn person()(
        email in personal(), email_verified: bool, phone_number in personal(),
        phone_number_verified: bool, given_name in personal(), family_name in personal(),
        locale in personal(), zoneinfo in personal(), department in personal(),
        marketing_consent: Option<bool>, onboarding_completed: Option<bool>, google: bool,
    ) -> Person {
        let providers = if google { vec!["Google".to_owned()] } else { Vec::new() };
        Person {
            email, email_verified, phone_number, phone_number_verified, given_name, family_name,
            locale, zoneinfo, department, marketing_consent, onboarding_completed, providers,
        }
    }
}

fn event() -> impl Strategy<Value = Recorded> {
    let lifecycle = |event: LifecycleEvent| Recorded::Lifecycle(event);
    let operator = |event: OperatorEvent| Recorded::Operator(event);
    let suspended = UserSuspended {
        reason: SuspensionReason::Operator,
    };
    prop_oneof![
        person().prop_map(move |person| lifecycle(
            SignUpConfirmed {
                route: ConfirmationRoute::SignUp,
                client: None,
                context: SignUpContext::default(),
                sign_up: None,
                person,
            }
            .into()
        )),
        person().prop_map(move |person| lifecycle(
            PasswordReset {
                client: None,
                person
            }
            .into()
        )),
        person().prop_map(move |person| lifecycle(
            SignedIn {
                client: None,
                new_device: None,
                person
            }
            .into()
        )),
        prop_oneof![
            Just(RefusalReason::UserSuspended),
            Just(RefusalReason::StoreUnavailable)
        ]
        .prop_map(move |reason| lifecycle(SignInRefused::new(reason).into())),
        person().prop_map(move |person| lifecycle(
            FirstSeen {
                client: None,
                person
            }
            .into()
        )),
        person().prop_map(move |person| lifecycle(
            AttributesChanged {
                client: None,
                person
            }
            .into()
        )),
        Just(operator(suspended.into())),
        Just(operator(UserReinstated {}.into())),
        any_role().prop_map(move |role| operator(RoleSet { role }.into())),
        (prop::option::of(organization()), account_type()).prop_map(
            move |(organization, account_type)| operator(
                MembershipSet {
                    organization,
                    account_type
                }
                .into()
            )
        ),
        account_type()
            .prop_map(move |account_type| operator(AccountTypeSet { account_type }.into())),
    ]
}

fn any_role() -> impl Strategy<Value = Option<Role>> {
    let names = prop_oneof![Just("member"), Just("admin")];
    prop::option::of(names.prop_map(|name| Role::new(name).unwrap()))
}

fn organization() -> impl Strategy<Value = OrganizationId> {
    let ids = prop_oneof![Just("acme"), Just("umbrella")];
    ids.prop_map(|id| OrganizationId::new(id).unwrap())
}

fn account_type() -> impl Strategy<Value = Option<AccountType>> {
    let names = prop_oneof![Just("business"), Just("enterprise")];
    prop::option::of(names.prop_map(|name| AccountType::new(name).unwrap()))
}

fn decided() -> impl Strategy<Value = DecidedEvent> {
    let membership = prop_oneof![
        Just(OrganizationSource::Domain),
        Just(OrganizationSource::Invite)
    ];
    let joining = (membership.clone(), organization(), account_type());
    prop_oneof![
        (prop::sample::select(&RoleSource::ALL), any_role())
            .prop_map(|(source, role)| RoleAssigned { source, role }.into()),
        joining.prop_map(|(source, organization, account_type)| {
            OrganizationJoined {
                source,
                organization,
                account_type,
            }
            .into()
        }),
        membership.prop_map(|source| OrganizationLeft { source }.into()),
        account_type().prop_map(|account_type| {
            AccountTypeAssigned {
                source: AccountTypeSource::Invite,
                account_type,
            }
            .into()
        }),
        organization().prop_map(|organization| OrganizationFounded { organization }.into()),
    ]
}

/// A stream whose times often collide and whose ids never do.
pub(crate) fn stream() -> impl Strategy<Value = Vec<Commit>> {
    let one = (0_i64..4, event(), prop::collection::vec(decided(), 0..3));
    let numbered = |(number, (seconds, event, decided))| commit(number, seconds, event, decided);
    prop::collection::vec(one, 0..8)
        .prop_map(move |all| (0_u128..).zip(all).map(numbered).collect())
}

/// Three overlapping parts of one stream, folded.
fn parts() -> impl Strategy<Value = [User; 3]> {
    (stream(), prop::collection::vec(0_u8..8, 8)).prop_map(|(stream, marks)| {
        [1, 2, 4].map(|part| {
            let marked = stream
                .iter()
                .zip(&marks)
                .filter(|(_, mark)| *mark & part != 0);
            User::fold(marked.map(|(commit, _)| commit))
        })
    })
}

proptest! {
    #[test]
    fn joining_is_commutative_associative_and_idempotent([a, b, c] in parts()) {
        prop_assert_eq!(a.clone().join(b.clone()), b.clone().join(a.clone()));
        let left = a.clone().join(b.clone()).join(c.clone());
        prop_assert_eq!(left, a.clone().join(b.join(c)));
        prop_assert_eq!(a.clone().join(a.clone()), a.clone());
        prop_assert_eq!(a.clone().join(User::default()), a);
    }

    #[test]
    fn any_order_and_any_repeats_fold_to_the_same_user(
        (stream, shuffled) in stream().prop_flat_map(|stream| {
            let repeated = [stream.clone(), stream.clone()].concat();
            (Just(stream), Just(repeated).prop_shuffle())
        })
    ) {
        let (once, twice) = (User::fold(&stream), User::fold(&shuffled));
        let text = |user: &User| serde_json::to_string(&user.to_parts()).unwrap();
        prop_assert_eq!(text(&once), text(&twice), "the same to the byte");
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn a_user_is_whole_in_its_parts(stream in stream()) {
        fn by_json<T: Serialize + DeserializeOwned>(value: &T) -> T {
            serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
        }
        fn by_item<T: Serialize + DeserializeOwned>(value: &T) -> T {
            let item: serde_dynamo::Item = serde_dynamo::to_item(value).unwrap();
            serde_dynamo::from_item(item).unwrap()
        }
        let user = User::fold(&stream);
        let (profile, marks) = user.to_parts();
        let json = User::from_parts(by_json(&profile), by_json(&marks));
        prop_assert_eq!(json, Ok(user.clone()));
        let item = User::from_parts(by_item(&profile), by_item(&marks));
        prop_assert_eq!(item, Ok(user));
    }
}

fn signed_in() -> Recorded {
    let person = Person::default();
    Recorded::Lifecycle(
        SignedIn {
            client: None,
            new_device: None,
            person,
        }
        .into(),
    )
}

fn role(source: RoleSource, role: Option<&str>) -> DecidedEvent {
    RoleAssigned {
        source,
        role: role.map(|role| Role::new(role).unwrap()),
    }
    .into()
}

#[track_caller]
fn check_role(assigned: &[(i64, RoleSource, Option<&str>)], expected: Option<(&str, RoleSource)>) {
    let stream: Vec<_> = (0..)
        .zip(assigned)
        .map(|(number, (seconds, source, given))| {
            commit(number, *seconds, signed_in(), vec![role(*source, *given)])
        })
        .collect();
    let user = User::fold(&stream);
    let found = user.role().map(|(role, source)| (role.as_str(), source));
    assert_eq!(found, expected);
}

#[test]
fn the_strongest_source_that_gives_a_role_wins() {
    use RoleSource::{Default, Domain};
    check_role(&[], None);
    check_role(&[(0, Default, Some("member"))], Some(("member", Default)));
    let both = [(9, Default, Some("member")), (0, Domain, Some("admin"))];
    check_role(&both, Some(("admin", Domain)));
}

#[test]
fn a_source_that_gives_a_role_no_longer_lowers_it() {
    use RoleSource::{Default, Domain};
    let left = [
        (0, Default, Some("member")),
        (1, Domain, Some("admin")),
        (2, Domain, None),
    ];
    check_role(&left, Some(("member", Default)));
    let back = [(2, Domain, Some("admin")), (1, Domain, None)];
    check_role(&back, Some(("admin", Domain)));
}

#[test]
fn of_two_facts_at_one_instant_the_greater_id_counts() {
    let domain = RoleSource::Domain;
    check_role(&[(0, domain, Some("admin")), (0, domain, None)], None);
    check_role(
        &[(0, domain, None), (0, domain, Some("admin"))],
        Some(("admin", domain)),
    );
}

#[test]
fn a_sign_up_without_a_user_folds_into_nothing() {
    let refused = usher_events::SignUpRefused::new(
        usher_events::SignUpRoute::SelfService,
        RefusalReason::DomainBlocked,
        1,
    );
    let commit = commit(1, 0, Recorded::Lifecycle(refused.into()), Vec::new());
    assert_eq!(User::fold([&commit]), User::default());
}

#[test]
fn a_refused_sign_in_is_no_activity_of_the_users() {
    let refused = SignInRefused::new(RefusalReason::UserSuspended);
    let user = User::fold([&commit(
        1,
        5,
        Recorded::Lifecycle(refused.into()),
        Vec::new(),
    )]);
    assert_eq!((user.last_activity_at, user.last_login_at), (None, None));
    assert!(user.was_refused(RefusalReason::UserSuspended, at(5)));
}

#[test]
fn every_refusal_of_the_latest_hour_is_known_and_none_of_another() {
    let (suspended, outside) = (RefusalReason::UserSuspended, RefusalReason::OutsideHours);
    let refused = |number, seconds, reason| {
        let event = Recorded::Lifecycle(SignInRefused::new(reason).into());
        commit(number, seconds, event, Vec::new())
    };
    let hour = identity::refusal_hour(at(7200)).since(at(0)).as_secs();
    let hour = i64::try_from(hour).unwrap();
    let user = User::fold(&[
        refused(3, hour, suspended),
        refused(2, hour + 3599, outside),
        refused(1, hour - 1, RefusalReason::UserPending),
    ]);
    for (reason, seconds, expected) in [
        (suspended, hour + 3599, true),
        (outside, hour, true),
        (RefusalReason::UserPending, hour, false),
        (suspended, hour + 3600, false),
        (suspended, hour - 1, false),
    ] {
        let known = user.was_refused(reason, at(seconds));
        assert_eq!(known, expected, "{reason:?} {seconds}");
    }
}

#[test]
fn an_announcement_shows_also_where_nothing_but_rights_is_kept() {
    let person = Person::default();
    let client = None;
    let first_seen = Recorded::Lifecycle(FirstSeen { client, person }.into());
    let by_default = role(RoleSource::Default, Some("user"));
    let by_domain = role(RoleSource::Domain, Some("manager"));
    let of = |event, decided: &DecidedEvent| User::of(&commit(1, 1, event, vec![decided.clone()]));
    assert!(of(first_seen.clone(), &by_default).is_announced());
    assert!(of(first_seen.clone(), &by_default).rights().is_announced());
    assert!(of(first_seen, &by_domain).is_announced());
    assert!(!of(signed_in(), &by_domain).is_announced());
}
