//! What holds of every event and every text.

use crate::samples;
use proptest::{collection::vec, option, prelude::*, sample::select, string::string_regex};
use serde_json::{Value, json};
use std::fmt::{Debug, Display};
use usher_events::{
    AttributesChanged, ClientId, ConfirmationRoute, CorrelationId, DecidedEvent, Envelope, EventId,
    Fact, FirstSeen, InviteId, LifecycleEvent, MessageMedium, MessagePurpose, MessageRequested,
    OperatorEvent, PasswordReset, Person, Personal, PoolId, RefusalReason, RefusedStep, RoleSource,
    Severity, SignInRefused, SignUpConfirmed, SignUpContext, SignUpKey, SignUpRefused,
    SignUpRequested, SignUpRoute, SignedIn, Sub, Subject, Time, wire,
};
use uuid::Uuid;

/// A value that nothing else in any event looks like.
const CANARY: &str = "canary-8Kq2Zr";

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(envelope in envelope(".{0,24}")) {
        prop_assert_eq!(wire::decode(&wire::encode(&envelope)), Ok(envelope));
    }

    #[test]
    fn without_its_person_an_event_is_still_itself_and_says_nothing_personal(
        envelope in envelope(&format!(".{{0,8}}{CANARY}.{{0,8}}"))
    ) {
        let text = wire::encode_without_person(&envelope);
        prop_assert!(!text.contains(CANARY), "{}", text);
        let mut expected = envelope;
        if let Some(person) = expected.event.person_mut() {
            *person = Person::default();
        }
        prop_assert_eq!(wire::decode(&text), Ok(expected));
    }

    #[test]
    fn debug_of_an_envelope_shows_no_personal_value(
        envelope in envelope_of(personal_values(CANARY.to_owned()))
    ) {
        let shown = format!("{envelope:?} {envelope:#?}");
        prop_assert!(!shown.contains(CANARY), "{}", shown);
    }

    #[test]
    fn no_text_is_too_odd_to_be_judged(text in ".{0,200}", bytes in vec(any::<u8>(), 0..200)) {
        says_nothing_of_it(wire::decode(&text).err());
        says_nothing_of_it(wire::decode(&String::from_utf8_lossy(&bytes)).err());
    }

    #[test]
    fn no_json_is_too_odd_to_be_judged(json in planted_json()) {
        says_nothing_of_it(wire::decode(&json.to_string()).err());
    }

    #[test]
    fn no_data_of_a_known_type_are_too_odd_to_be_judged(
        sample in select(samples::lifecycle()),
        data in planted_json(),
    ) {
        let mut json = value_of(&sample.1);
        json["data"] = data.clone();
        says_nothing_of_it(wire::decode(&json.to_string()).err());
        for (name, _) in LifecycleEvent::TYPES {
            let _ = LifecycleEvent::from_data(name, data.clone());
        }
        for (name, _) in DecidedEvent::TYPES {
            let _ = DecidedEvent::from_data(name, data.clone());
        }
        for (name, _) in OperatorEvent::TYPES {
            let _ = OperatorEvent::from_data(name, data.clone());
        }
    }

    #[test]
    fn a_changed_envelope_is_judged_without_being_quoted(
        sample in select(samples::lifecycle()),
        mutations in vec(mutation(), 1..4),
    ) {
        let mut json = value_of(&sample.1);
        for mutation in &mutations {
            mutation.apply(&mut json);
        }
        says_nothing_of_it(wire::decode(&json.to_string()).err());
    }

    #[test]
    fn a_damaged_text_is_judged_without_being_quoted(
        sample in select(samples::lifecycle()),
        at in any::<prop::sample::Index>(),
        len in 0..40_usize,
        patch in prop_oneof![Just(CANARY.to_owned()), Just(format!("\"{CANARY}\"")), ".{0,8}"],
    ) {
        let text: Vec<char> = wire::encode(&sample.1).chars().collect();
        let start = at.index(text.len());
        let end = (start + len).min(text.len());
        let damaged: String =
            text[..start].iter().copied().chain(patch.chars()).chain(text[end..].iter().copied()).collect();
        says_nothing_of_it(wire::decode(&damaged).err());
        says_nothing_of_it(wire::decode(&text[..start].iter().collect::<String>()).err());
    }

    #[test]
    fn texts_of_instants_sort_as_the_instants_do(a in time(), b in time()) {
        prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
        prop_assert_eq!(a.to_string().parse::<Time>().ok(), Some(a));
        prop_assert_eq!(a.to_string().len(), "2026-01-02T03:04:05.678Z".len());
    }

    #[test]
    fn an_instant_is_what_its_text_says_at_every_precision(nanos in 0..1_000_000_000_u32) {
        let fine: Time = format!("2026-01-02T03:04:05.{nanos:09}Z").parse().unwrap();
        let millis = nanos / 1_000_000;
        prop_assert_eq!(fine.to_string(), format!("2026-01-02T03:04:05.{millis:03}Z"));
        prop_assert_eq!(fine.to_string().parse::<Time>().unwrap(), fine);
    }
}

#[test]
fn the_last_instant_is_what_its_text_says() {
    let last = samples::lifecycle()[0]
        .1
        .time
        .plus(std::time::Duration::MAX);
    assert_eq!(last.to_string().parse::<Time>().unwrap(), last);
}

#[test]
fn nesting_without_end_is_not_an_envelope() {
    for open in ["[", "{\"data\":", "{\"$serde_json::private::RawValue\":"] {
        let error = wire::decode(&open.repeat(50_000)).unwrap_err();
        assert!(
            matches!(error, wire::DecodeError::NotAnEnvelope { .. }),
            "{open} {error}"
        );
    }
}

#[test]
fn a_word_of_context_that_nobody_could_have_written_is_dropped() {
    let (_, envelope) = samples::lifecycle()
        .into_iter()
        .find(|(_, it)| it.event.name() == "sign_up_confirmed")
        .unwrap();
    let mut json = value_of(&envelope);
    json["data"]["context"] = json!({ "source": "<b>x</b>", "campaign": "spring_2026" });
    let decoded = wire::decode(&json.to_string()).unwrap();
    let LifecycleEvent::SignUpConfirmed(event) = decoded.event else {
        panic!("the type has changed");
    };
    assert_eq!(
        event.context,
        SignUpContext {
            source: None,
            campaign: Some("spring_2026".to_owned()),
            referrer: None,
        }
    );
}

#[test]
fn every_refusal_reason_is_called_what_the_wire_calls_it() {
    let names = names("sign_in_refused", "RefusalReason");
    check_names(&names, RefusalReason::as_str);
    assert_eq!(names, RefusalReason::ALL.map(RefusalReason::as_str));
}

#[test]
fn every_severity_is_called_what_the_wire_calls_it_and_some_reason_has_it() {
    let names = names("sign_in_refused", "Severity");
    check_names(&names, Severity::as_str);
    for name in names {
        let reasons = RefusalReason::ALL.map(|reason| reason.severity().as_str());
        assert!(reasons.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn every_medium_and_purpose_of_messages_is_called_what_the_wire_calls_it() {
    check_names(
        &names("message_requested", "MessageMedium"),
        MessageMedium::as_str,
    );
    let names = names("message_requested", "MessagePurpose");
    check_names(&names, MessagePurpose::as_str);
    assert_eq!(names, MessagePurpose::ALL.map(MessagePurpose::as_str));
}

#[test]
fn every_sign_up_route_is_called_what_the_wire_calls_it() {
    check_names(
        &names("sign_up_requested", "SignUpRoute"),
        SignUpRoute::as_str,
    );
}

#[test]
fn every_source_of_roles_is_called_what_the_wire_calls_it_and_listed_weakest_first() {
    let names = names("role_assigned", "RoleSource");
    check_names(&names, RoleSource::as_str);
    assert_eq!(names, RoleSource::ALL.map(RoleSource::as_str));
    assert!(RoleSource::ALL.is_sorted());
}

/// The names of an enum's variants, from the schema that is generated from the enum itself: a new
/// variant cannot be forgotten here.
fn names(event: &str, enumeration: &str) -> Vec<String> {
    let schemas = LifecycleEvent::schemas()
        .into_iter()
        .chain(DecidedEvent::schemas());
    let (.., schema) = schemas
        .into_iter()
        .find(|(name, ..)| *name == event)
        .expect("a type");
    let variants = schema.as_value()["$defs"][enumeration]["oneOf"].as_array();
    let variants = variants.expect("documented variants are a choice of constants");
    variants
        .iter()
        .map(|variant| {
            variant["const"]
                .as_str()
                .expect("a variant is a text")
                .to_owned()
        })
        .collect()
}

fn check_names<E: serde::de::DeserializeOwned>(names: &[String], as_str: fn(E) -> &'static str) {
    assert!(names.len() > 1, "{names:?}");
    for name in names {
        let variant = serde_json::from_value(json!(name)).expect("the schema names variants");
        assert_eq!(as_str(variant), name);
    }
}

/// Checks that an error's texts hold no canary; that there is one at all is not asked.
fn says_nothing_of_it(error: Option<impl Debug + Display>) {
    if let Some(error) = error {
        let shown = format!("{error} {error:?} {error:#?}");
        assert!(!shown.contains(CANARY), "{shown}");
    }
}

fn value_of(envelope: &Envelope<LifecycleEvent>) -> Value {
    serde_json::from_str(&wire::encode(envelope)).expect("what is encoded is JSON")
}

/// One change to a JSON value.
#[derive(Clone, Debug)]
enum Mutation {
    Replace {
        at: Vec<prop::sample::Index>,
        with: Value,
    },
    Remove {
        at: Vec<prop::sample::Index>,
    },
    Add {
        at: Vec<prop::sample::Index>,
        key: String,
        value: Value,
    },
}

impl Mutation {
    fn apply(&self, json: &mut Value) {
        match self {
            Self::Replace { at, with } => *reach(json, at) = with.clone(),
            Self::Remove { at } => {
                let (last, way) = at.split_last().expect("a way has a step");
                if let Some(map) = reach(json, way)
                    .as_object_mut()
                    .filter(|map| !map.is_empty())
                {
                    let key = map.keys().nth(last.index(map.len())).cloned();
                    key.and_then(|key| map.remove(&key));
                }
            }
            Self::Add { at, key, value } => {
                if let Some(map) = reach(json, at).as_object_mut() {
                    map.insert(key.clone(), value.clone());
                }
            }
        }
    }
}

/// Goes down into a value, as far as there is something to go down into.
fn reach<'a>(json: &'a mut Value, way: &[prop::sample::Index]) -> &'a mut Value {
    let Some((step, way)) = way.split_first() else {
        return json;
    };
    let len = match json {
        Value::Object(map) => map.len(),
        _ => 0,
    };
    if len == 0 {
        return json;
    }
    let child = json
        .as_object_mut()
        .and_then(|map| map.values_mut().nth(step.index(len)));
    reach(child.expect("the index is within the length"), way)
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let way = || vec(any::<prop::sample::Index>(), 1..4);
    prop_oneof![
        4 => (way(), planted_json()).prop_map(|(at, with)| Mutation::Replace { at, with }),
        1 => way().prop_map(|at| Mutation::Remove { at }),
        2 => (vec(any::<prop::sample::Index>(), 0..3), key(), planted_json())
            .prop_map(|(at, key, value)| Mutation::Add { at, key, value }),
    ]
}

/// Any JSON, with the canary in many places, and with words that mean something in an envelope.
fn planted_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,16}".prop_map(Value::from),
        planted_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((key(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn planted_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(CANARY.to_owned()),
        Just(format!("usher.{CANARY}")),
        Just(format!("urn:usher:event:{CANARY}:1")),
        Just(format!("urn:usher:event:signed_in:{CANARY}")),
        Just(format!("S#{CANARY} ")),
        Just(format!("2026-01-02T03:04:05Z{CANARY}")),
        Just(format!("{{\"{CANARY}\":")),
    ]
}

fn key() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "specversion",
        "id",
        "type",
        "source",
        "subject",
        "time",
        "datacontenttype",
        "dataschema",
        "correlationid",
        "causationid",
        "data",
        "data_base64",
        "person",
        "email",
        "route",
        "reason",
        "client",
        "context",
        "providers",
        "$serde_json::private::RawValue",
    ];
    prop_oneof![
        3 => select(KNOWN).prop_map(str::to_owned),
        1 => ".{0,12}",
        1 => planted_text(),
    ]
}

/// Any lifecycle envelope, whose personal values are texts of this pattern.
fn envelope(personal: &str) -> BoxedStrategy<Envelope<LifecycleEvent>> {
    let text = string_regex(personal).expect("the pattern is one");
    envelope_of(person(&text.boxed()))
}

fn envelope_of(person: BoxedStrategy<Person>) -> BoxedStrategy<Envelope<LifecycleEvent>> {
    let about = (event(person), any::<u128>(), id(), id(), id());
    let when_and_why = (time(), option::of(id()), option::of(any::<u128>()));
    (about, when_and_why)
        .prop_map(
            |((event, uuid, pool, sub, digest), (time, correlation, causation))| {
                let user = Subject::User(Sub::new(sub).expect("the text is an id"));
                let key = SignUpKey::from_digest(&digest).expect("the text is an id");
                Envelope {
                    id: EventId::from_uuid(Uuid::from_u128(uuid)),
                    source: PoolId::new(pool).expect("the text is an id"),
                    subject: if event.fits(&user) {
                        user
                    } else {
                        Subject::SignUp(key)
                    },
                    time,
                    correlation_id: correlation
                        .map(|text| CorrelationId::new(text).expect("the text is an id")),
                    causation_id: causation.map(|uuid| EventId::from_uuid(Uuid::from_u128(uuid))),
                    event,
                }
            },
        )
        .boxed()
}

fn event(person: BoxedStrategy<Person>) -> BoxedStrategy<LifecycleEvent> {
    let client = || option::of(id().prop_map(|text| ClientId::new(text).expect("an id")));
    prop_oneof![
        (route(), invite()).prop_map(|(route, invite)| SignUpRequested { route, invite }.into()),
        (route(), reason(), any::<u32>(), invite()).prop_map(|(route, reason, attempt, invite)| {
            SignUpRefused {
                route,
                reason,
                severity: reason.severity(),
                attempt,
                invite,
            }
            .into()
        }),
        (reason(), select(&RefusedStep::ALL[..]), client()).prop_map(|(reason, step, client)| {
            SignInRefused {
                step,
                client,
                ..SignInRefused::new(reason)
            }
            .into()
        }),
        (client(), person.clone()).prop_map(|(client, person)| FirstSeen { client, person }.into()),
        (client(), person.clone()).prop_map(|(client, person)| AttributesChanged {
            client,
            person
        }
        .into()),
        (
            select(vec![MessageMedium::Email, MessageMedium::Sms]),
            select(MessagePurpose::ALL.to_vec())
        )
            .prop_map(|(medium, purpose)| MessageRequested { medium, purpose }.into()),
        (
            select(vec![
                ConfirmationRoute::SignUp,
                ConfirmationRoute::ExternalProvider
            ]),
            client(),
            context(),
            option::of(id()),
            person.clone()
        )
            .prop_map(|(route, client, context, sign_up, person)| {
                let key = |digest: String| SignUpKey::from_digest(&digest).expect("an id");
                SignUpConfirmed {
                    route,
                    client,
                    context,
                    sign_up: sign_up.map(key),
                    person,
                }
                .into()
            }),
        (client(), person.clone())
            .prop_map(|(client, person)| PasswordReset { client, person }.into()),
        (client(), option::of(any::<bool>()), person).prop_map(|(client, new_device, person)| {
            SignedIn {
                client,
                new_device,
                person,
            }
            .into()
        }),
    ]
    .boxed()
}

fn invite() -> impl Strategy<Value = Option<InviteId>> {
    option::of(id().prop_map(|text| InviteId::new(text).expect("an id")))
}

fn route() -> impl Strategy<Value = SignUpRoute> {
    let names = names("sign_up_requested", "SignUpRoute");
    select(names).prop_map(|name| serde_json::from_value(json!(name)).expect("a variant"))
}

fn reason() -> impl Strategy<Value = RefusalReason> {
    let names = names("sign_in_refused", "RefusalReason");
    select(names).prop_map(|name| serde_json::from_value(json!(name)).expect("a variant"))
}

fn context() -> impl Strategy<Value = SignUpContext> {
    let word = || option::of("[A-Za-z0-9._-]{1,64}");
    (word(), word(), word()).prop_map(|(source, campaign, referrer)| SignUpContext {
        source,
        campaign,
        referrer,
    })
}

/// A person whose personal values, provider names among them, are texts of this kind.
fn person(text: &BoxedStrategy<String>) -> BoxedStrategy<Person> {
    let personal = || option::of(text.clone().prop_map(Personal::new));
    let texts = (
        personal(),
        personal(),
        personal(),
        personal(),
        personal(),
        personal(),
        personal(),
    );
    let flags = (
        any::<bool>(),
        any::<bool>(),
        any::<Option<bool>>(),
        any::<Option<bool>>(),
    );
    (texts, flags, vec(text.clone(), 0..3))
        .prop_map(|(texts, flags, providers)| Person {
            email: texts.0,
            phone_number: texts.1,
            given_name: texts.2,
            family_name: texts.3,
            locale: texts.4,
            zoneinfo: texts.5,
            department: texts.6,
            email_verified: flags.0,
            phone_number_verified: flags.1,
            marketing_consent: flags.2,
            onboarding_completed: flags.3,
            providers,
        })
        .boxed()
}

/// A person with this value wherever a [`Personal`] can stand.
fn personal_values(value: String) -> BoxedStrategy<Person> {
    person(&Just(value).boxed())
        .prop_map(|person| Person {
            providers: vec!["ExampleOIDC".to_owned()],
            ..person
        })
        .boxed()
}

/// A text that every kind of id takes.
fn id() -> BoxedStrategy<String> {
    "[\\p{L}\\p{N}!-~]{1,60}"
        .prop_filter("a sub does not begin like a sign-up key", |text| {
            !text.starts_with("S#")
        })
        .boxed()
}

/// Instants of the years 0 to 9999, within which texts sort.
fn time() -> impl Strategy<Value = Time> {
    (-62_167_219_200_000_i64..253_402_207_200_000)
        .prop_map(|millis| Time::from_unix_millis(millis).expect("the instant is on the calendar"))
}
