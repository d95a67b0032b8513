//! Whatever comes goes back, but for `response`.

use crate::members::Members;
use crate::sources::RULES;
use crate::world::{Mood, Places, SUB, policy, raw, suspended, trigger};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use tokio::runtime::{Builder, Runtime};
use usher_events::{Fact, RefusalReason};
use usher_trigger::{Decision, Trigger};

/// Policies and users that between them take every way through the trigger.
fn triggers() -> Vec<Trigger> {
    let policies = [
        "",
        RULES,
        "[sign_up]\nallowed_domains = [\"example.com\"]\n[sign_in]\nwhen_store_is_down = \"refuse\"\n[sources]\nchallenges = \"refuse\"\nmigration = \"refuse\"\n",
        "[tokens]\nversion = \"V1_0\"\ngroups = \"add_role\"\nsuppress = [\"email\"]\n",
        "[tokens]\nversion = \"V2_0\"\ngroups = \"add_role\"\n",
    ];
    let on = |places: Places| {
        let places = Arc::new(places);
        policies.map(|text| trigger(policy(text), &places))
    };
    let nobody_knows = on(Places::new());
    let suspended = on(Places::knowing(&[suspended()]));
    let down = on(Places {
        reading: Mood::Hangs,
        ..Places::new()
    });
    nobody_knows
        .into_iter()
        .chain(suspended)
        .chain(down)
        .collect()
}

static TRIGGERS: LazyLock<Vec<Trigger>> = LazyLock::new(triggers);

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

/// Gives one event to one trigger and holds the answer to the promise.
fn check(trigger: &Trigger, event: &str) -> Result<(), TestCaseError> {
    let handled = runtime().block_on(trigger.handle(raw(event), "request"));
    prop_assert_ne!(handled.decision, Decision::Broken);
    let answer = match &handled.answer {
        Ok(answer) => answer.get(),
        Err(refusal) => {
            let messages = &trigger.policy.messages;
            let ours = [
                &messages.sign_up_refused,
                &messages.sign_in_refused,
                &messages.try_again,
            ];
            prop_assert!(
                ours.iter().any(|text| *text == refusal.text()),
                "{}",
                refusal
            );
            return Ok(());
        }
    };
    if handled.decision != Decision::Answered {
        prop_assert_eq!(answer, event.trim());
        return Ok(());
    }
    let (before, after) = (Members::of(event).unwrap(), Members::of(answer).unwrap());
    prop_assert_eq!(before.without(&["response"]), after.without(&["response"]));
    let response = |members: &Members| members.last("response").and_then(Members::of);
    let ours = ["claimsOverrideDetails", "claimsAndScopeOverrideDetails"];
    let kept = response(&before).unwrap_or(Members(Vec::new()));
    let given = response(&after).unwrap();
    prop_assert_eq!(kept.without(&ours), given.without(&ours));
    Ok(())
}

/// JSON that a serializer of ours would never write.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        select(vec![
            "null", "true", "false", "0", "-0", "1e2", "1E+400", "-1.50e-7", "0.10"
        ])
        .prop_map(str::to_owned),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,25})?",
        select(vec![
            r#""""#,
            r#""\u0041\ud83d\ude00""#,
            r#""\ud800""#,
            r#""\/\b\f""#,
            "\"\u{2028}é😀\""
        ])
        .prop_map(str::to_owned),
        "\"[ -!#-\\[\\]-~]{0,12}\"",
    ];
    let deep =
        (40_usize..400).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    let leaf = prop_oneof![20 => scalar, 1 => deep];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..5), space()).prop_map(|(values, space)| format!(
                "[{space}{}{space}]",
                values.join(&format!("{space},"))
            )),
            vec((name(), inner), 0..5).prop_flat_map(object),
        ]
    })
}

fn space() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", "", " ", "\n\t", "  \r\n"])
}

/// A member's name as it is written; some are what Cognito's are, differently escaped.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec![
            "version", "triggerSource", "region", "userPoolId", "userName", "callerContext",
            "request", "response", "userAttributes", "validationData", "clientMetadata",
            "groupConfiguration", "groupsToOverride", "scopes", "sub", "email", "email_verified",
            "identities", "r\\u0065sponse", "\\ud800", "", "a\\\"b",
        ]).prop_map(str::to_owned),
        1 => "[a-z:_]{1,8}",
    ]
}

/// An object with these members in this order, with space in odd places.
fn object(members: Vec<(String, String)>) -> impl Strategy<Value = String> {
    (space(), space()).prop_map(move |(a, b)| {
        let members = members
            .iter()
            .map(|(name, value)| format!("{a}\"{name}\"{b}:{a}{value}{b}"));
        format!("{{{a}{}{b}}}", members.collect::<Vec<_>>().join(","))
    })
}

/// One of these, or anything at all.
fn like(plausible: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    prop_oneof![5 => select(plausible.to_vec()).prop_map(str::to_owned), 1 => json()]
}

/// A member that Cognito sends: there as a rule, sometimes missing, sometimes there twice.
fn member(name: &'static str, value: impl Strategy<Value = String> + 'static) -> MaybeMember {
    let member = value
        .prop_map(move |value| (name.to_owned(), value))
        .boxed();
    let times = |count| vec(member.clone(), count);
    prop_oneof![1 => times(0), 12 => times(1), 1 => times(2)].boxed()
}

type MaybeMember = BoxedStrategy<Vec<(String, String)>>;

/// Members in any order, some missing, some doubled, some unheard of.
fn shuffled(known: Vec<MaybeMember>) -> impl Strategy<Value = String> {
    let extra = vec((name(), json()), 0..2);
    (known, extra)
        .prop_map(|(known, extra)| known.into_iter().flatten().chain(extra).collect::<Vec<_>>())
        .prop_shuffle()
        .prop_flat_map(object)
}

const SOURCES: [&str; 24] = [
    r#""PreSignUp_SignUp""#,
    r#""PreSignUp_AdminCreateUser""#,
    r#""PreSignUp_ExternalProvider""#,
    r#""PostConfirmation_ConfirmSignUp""#,
    r#""PostConfirmation_ConfirmForgotPassword""#,
    r#""PreAuthentication_Authentication""#,
    r#""PostAuthentication_Authentication""#,
    r#""TokenGeneration_HostedAuth""#,
    r#""TokenGeneration_Authentication""#,
    r#""TokenGeneration_NewPasswordChallenge""#,
    r#""TokenGeneration_AuthenticateDevice""#,
    r#""TokenGeneration_RefreshTokens""#,
    r#""TokenGeneration_ClientCredentials""#,
    r#""TokenGeneration_RefreshTokens""#,
    r#""TokenGeneration\u005fAuthentication""#,
    r#""TokenGeneration_HostedAuth""#,
    r#""TokenGeneration_Tomorrow""#,
    r#""CustomMessage_SignUp""#,
    r#""UserMigration_Authentication""#,
    r#""DefineAuthChallenge_Authentication""#,
    r#""CustomEmailSender_SignUp""#,
    r#""InboundFederation_ExternalProvider""#,
    r#""""#,
    "null",
];

/// An event as Cognito might send it on a bad day.
fn event() -> impl Strategy<Value = String> {
    let text = |values: &[&'static str]| like(values);
    let attributes = shuffled(vec![
        member(
            "sub",
            prop_oneof![4 => Just(format!("\"{SUB}\"")), 1 => json()],
        ),
        member(
            "email",
            text(&[
                r#""ada@example.com""#,
                r#""eve@other.example""#,
                r#""ADA@EXAMPLE.COM ""#,
                r#""x""#,
                "null",
            ]),
        ),
        member(
            "email_verified",
            text(&[r#""true""#, "true", r#""false""#, "null"]),
        ),
        member(
            "phone_number",
            text(&[r#""+15550100""#, "null", "15550100"]),
        ),
        member(
            "identities",
            text(&[r#""[{\"providerName\":\"Google\"}]""#, r#""[]""#, "[]"]),
        ),
        member(
            "cognito:user_status",
            text(&[r#""CONFIRMED""#, r#""EXTERNAL_PROVIDER""#]),
        ),
        member("custom:role", text(&[r#""admin""#])),
    ]);
    let groups = shuffled(vec![
        member(
            "groupsToOverride",
            text(&["[]", r#"["beta"]"#, "null", r#"[null,1,{}]"#]),
        ),
        member("iamRolesToOverride", text(&["[]", "null"])),
        member("preferredRole", text(&["null", r#""arn""#, "[]"])),
    ]);
    let request = shuffled(vec![
        member("userAttributes", prop_oneof![8 => attributes, 1 => json()]),
        member("groupConfiguration", prop_oneof![4 => groups, 1 => json()]),
        member(
            "clientMetadata",
            text(&["null", "{}", r#"{"utm_campaign":"x y"}"#]),
        ),
        member("validationData", text(&["null", "{}"])),
        member(
            "newDeviceUsed",
            text(&["true", "false", r#""true""#, "null"]),
        ),
        member("scopes", text(&["[]", r#"["openid"]"#, "null"])),
    ]);
    let response = text(&[
        "{}",
        "null",
        "[]",
        r#"{"autoConfirmUser":false}"#,
        r#"{"claimsOverrideDetails":null}"#,
        r#"{ "claimsAndScopeOverrideDetails" : [], "x":1.0 }"#,
    ]);
    shuffled(vec![
        member(
            "version",
            text(&[r#""1""#, r#""2""#, r#""3""#, "1", "null"]),
        ),
        member(
            "triggerSource",
            select(SOURCES.to_vec()).prop_map(str::to_owned),
        ),
        member("region", text(&[r#""eu-west-1""#])),
        member("userPoolId", text(&[r#""eu-west-1_A""#])),
        member("userName", text(&[r#""ada@example.com""#, "null"])),
        member(
            "callerContext",
            text(&[r#"{"clientId":"web"}"#, r#"{"clientId":null}"#, "null"]),
        ),
        member("request", prop_oneof![9 => request, 1 => json()]),
        member("response", response),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_event_goes_back_with_nothing_but_its_response_changed(
        event in event(),
        trigger in 0..TRIGGERS.len(),
    ) {
        check(&TRIGGERS[trigger], &event)?;
    }

    #[test]
    fn what_is_no_event_at_all_goes_back_as_it_came(value in json(), trigger in 0..TRIGGERS.len()) {
        let handled = runtime().block_on(TRIGGERS[trigger].handle(raw(&value), "request"));
        let answer = handled.answer.unwrap();
        prop_assert_eq!(answer.get(), value);
        prop_assert_eq!(handled.decision, Decision::Unknown);
    }
}

/// The promise would also hold if nothing were ever decided.
#[test]
fn the_events_of_this_test_take_every_way_through_the_trigger() {
    let expected = BTreeSet::from([
        "answered",
        "passed",
        "refused",
        "unknown",
        "user_suspended",
        "store_unavailable",
        "source_refused",
        "domain_not_allowed",
        "email_missing",
        "email_invalid",
        "sign_up_requested",
        "sign_up_refused",
        "sign_up_confirmed",
        "password_reset",
        "sign_in_refused",
        "signed_in",
        "first_seen",
        "message_requested",
    ]);
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for trigger in TRIGGERS.iter().cycle().take(4_000) {
        let event = event().new_tree(&mut runner).unwrap().current();
        let handled = runtime().block_on(trigger.handle(raw(&event), "request"));
        let published = handled.published.as_ref();
        seen.insert(handled.decision.as_str());
        seen.extend(handled.reason().map(RefusalReason::as_str));
        seen.extend(published.map(|(fact, _)| fact.event.name()));
        if seen == expected {
            return;
        }
    }
    panic!("of {expected:?} only {seen:?}");
}
