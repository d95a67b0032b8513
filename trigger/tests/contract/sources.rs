//! Every trigger source that Cognito has: what it is answered, and what is published of it.

use crate::listen::listen;
use crate::world::{FIXTURES, Places, answer, changed, fixture, handle, policy, trigger};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use usher_events::{ConfirmationRoute, Envelope, Fact, LifecycleEvent, SignUpContext, wire};
use usher_shared::policy::Policy;
use usher_trigger::cognito::Source;
use usher_trigger::publish::Route;
use usher_trigger::{Decision, Handled};

/// What becomes of `response`.
enum Answer {
    /// It goes back as it came, or as missing as it came.
    Untouched,
    /// It says this.
    Says(Value),
}
use Answer::{Says, Untouched};

/// Every source, the decision, the answer and the type of the event that is published, of somebody
/// of whom nothing is recorded.
fn table() -> Vec<(&'static str, Decision, Answer, Option<&'static str>)> {
    let passed = |source, event| (source, Decision::Passed, Untouched, Some(event));
    let unknown = |source| (source, Decision::Unknown, Untouched, None);
    let passes_on = |source| (source, Decision::Passed, Untouched, None);
    let token = |source, says| (source, Decision::Answered, Says(says), Some("first_seen"));
    let mut table = vec![
        passed("PreSignUp_SignUp", "sign_up_requested"),
        passed("PreSignUp_AdminCreateUser", "sign_up_requested"),
        passed("PreSignUp_ExternalProvider", "sign_up_requested"),
        passed("PostConfirmation_ConfirmSignUp", "sign_up_confirmed"),
        passed("PostConfirmation_ConfirmForgotPassword", "password_reset"),
        passes_on("PreAuthentication_Authentication"),
        passed("PostAuthentication_Authentication", "signed_in"),
        token("TokenGeneration_HostedAuth", both_tokens(&outsider())),
        token("TokenGeneration_Authentication", both_tokens(&member())),
        token(
            "TokenGeneration_NewPasswordChallenge",
            id_token(&member_in_texts()),
        ),
        token(
            "TokenGeneration_AuthenticateDevice",
            id_token(&member_in_texts()),
        ),
        token("TokenGeneration_RefreshTokens", both_tokens(&member())),
        passes_on("TokenGeneration_ClientCredentials"),
        passes_on("DefineAuthChallenge_Authentication"),
        passes_on("CreateAuthChallenge_Authentication"),
        passes_on("VerifyAuthChallengeResponse_Authentication"),
        passes_on("UserMigration_Authentication"),
        passes_on("UserMigration_ForgotPassword"),
        passes_on("InboundFederation_ExternalProvider"),
        unknown("PreSignOut_Tomorrow"),
    ];
    table.extend(MESSAGES.map(passes_on));
    table.extend(SENDERS.map(|source| passed(source, "message_requested")));
    table
}

/// Messages, which leave as the pool's own templates have them while the policy has no texts.
#[rustfmt::skip]
const MESSAGES: [&str; 7] = [
    "CustomMessage_SignUp", "CustomMessage_AdminCreateUser", "CustomMessage_ResendCode",
    "CustomMessage_ForgotPassword", "CustomMessage_UpdateUserAttribute",
    "CustomMessage_VerifyUserAttribute", "CustomMessage_Authentication",
];

/// Messages that the pool leaves to a function, of which usher tells.
#[rustfmt::skip]
const SENDERS: [&str; 15] = [
    "CustomEmailSender_AccountTakeOverNotification",
    "CustomEmailSender_SignUp", "CustomEmailSender_AdminCreateUser", "CustomEmailSender_ResendCode",
    "CustomEmailSender_ForgotPassword", "CustomEmailSender_UpdateUserAttribute",
    "CustomEmailSender_VerifyUserAttribute", "CustomEmailSender_Authentication",
    "CustomSMSSender_SignUp", "CustomSMSSender_AdminCreateUser", "CustomSMSSender_ResendCode",
    "CustomSMSSender_ForgotPassword", "CustomSMSSender_UpdateUserAttribute",
    "CustomSMSSender_VerifyUserAttribute", "CustomSMSSender_Authentication",
];

fn member() -> Value {
    json!({ "claimsToAddOrOverride": {
        "role": "manager", "permissions": ["profile:read", "reports:read"],
        "organization_id": "acme", "account_type": "enterprise",
    } })
}

fn member_in_texts() -> Value {
    json!({ "claimsToAddOrOverride": {
        "role": "manager", "permissions": "profile:read reports:read",
        "organization_id": "acme", "account_type": "enterprise",
    } })
}

fn outsider() -> Value {
    json!({
        "claimsToAddOrOverride": {
            "role": "user", "permissions": ["profile:read"], "account_type": "standard",
        },
        "claimsToSuppress": ["organization_id"],
    })
}

fn id_token(section: &Value) -> Value {
    json!({ "claimsOverrideDetails": section })
}

fn both_tokens(section: &Value) -> Value {
    let both = json!({ "idTokenGeneration": section, "accessTokenGeneration": section });
    json!({ "claimsAndScopeOverrideDetails": both })
}

/// A pool whose owner gives `example.com` a role and an organization.
pub(crate) const RULES: &str = r#"
[roles.permissions]
user = ["profile:read"]
manager = ["profile:read", "reports:read"]

[organizations.acme]
name = "Acme"
account_type = "enterprise"

[[domains]]
domain = "example.com"
role = "manager"
organization = "acme"
"#;

fn rules() -> Policy {
    policy(RULES)
}

pub(crate) async fn given(places: Places, event: &str) -> (Handled, Arc<Places>) {
    given_under(rules(), places, event).await
}

pub(crate) async fn given_under(
    policy: Policy,
    places: Places,
    event: &str,
) -> (Handled, Arc<Places>) {
    let places = Arc::new(places);
    let handled = handle(&trigger(policy, &places), event).await;
    (handled, places)
}

pub(crate) fn published(handled: &Handled) -> Option<&LifecycleEvent> {
    handled
        .published
        .as_ref()
        .map(|(envelope, _)| &envelope.event)
}

#[tokio::test]
async fn every_source_has_its_decision_its_answer_and_its_event() {
    for (source, decision, expected, event) in table() {
        let (handled, places) = given(Places::new(), &fixture(source)).await;
        assert_eq!(handled.decision, decision, "{source}");
        check_answer(source, &handled, &expected);
        assert_eq!(published(&handled).map(Fact::name), event, "{source}");
        check_queue(source, &handled, &places);
    }
}

fn check_answer(source: &str, handled: &Handled, expected: &Answer) {
    let event = fixture(source);
    match expected {
        Untouched => assert_eq!(handled.answer.as_ref().unwrap().get(), event, "{source}"),
        Says(says) => {
            let mut event: Value = serde_json::from_str(&event).unwrap();
            event["response"] = says.clone();
            assert_eq!(answer(handled), event, "{source}");
        }
    }
}

fn check_queue(source: &str, handled: &Handled, places: &Places) {
    let queued = places.queued.lock().unwrap();
    let sent: Vec<_> = queued.iter().map(|message| message.body.clone()).collect();
    let expected: Vec<_> = handled
        .published
        .iter()
        .map(|(fact, _)| wire::encode(fact))
        .collect();
    assert_eq!(sent, expected, "{source}");
    if let Some((fact, route)) = &handled.published {
        assert_eq!(*route, Route::Queue, "{source}");
        assert!(fact.event.fits(&fact.subject), "{source}");
        assert_eq!(
            queued[0].group.as_deref(),
            Some(fact.subject.as_str()),
            "{source}"
        );
        assert_eq!(wire::decode(&queued[0].body).as_ref(), Ok(fact), "{source}");
    }
    assert!(places.on_bus.lock().unwrap().is_empty(), "{source}");
    assert!(places.spilled.lock().unwrap().is_empty(), "{source}");
}

#[test]
fn the_table_and_the_fixtures_are_of_the_same_sources() {
    let files = std::fs::read_dir(FIXTURES).unwrap();
    let name = |file: std::fs::DirEntry| file.file_name().into_string().unwrap();
    let files: BTreeSet<String> = files
        .map(|file| name(file.unwrap()).trim_end_matches(".json").to_owned())
        .collect();
    let table: BTreeSet<String> = table().iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(files, table);
    for source in files {
        let event: Value = serde_json::from_str(&fixture(&source)).unwrap();
        assert_eq!(event["triggerSource"], source);
    }
}

#[test]
fn every_source_has_a_fixture_and_all_but_tomorrows_are_known() {
    let known: BTreeSet<&str> = Source::ALL.iter().map(|(name, _)| *name).collect();
    let table: BTreeSet<&str> = table().iter().map(|row| row.0).collect();
    let unknown: Vec<_> = table.difference(&known).copied().collect();
    assert_eq!(unknown, ["PreSignOut_Tomorrow"]);
    assert!(known.is_subset(&table), "{known:?}");
}

#[tokio::test]
async fn what_the_guide_and_old_pools_send_is_read_as_well() {
    let source = "PostConfirmation_ConfirmSignUp";
    let verified = "/request/userAttributes/email_verified";
    let (plain, _) = given(Places::new(), &fixture(source)).await;
    for (what, change) in [
        ("a numeric version", ("/version", json!(1))),
        ("a boolean attribute", (verified, json!(true))),
        (
            "an empty attribute",
            ("/request/userAttributes/locale", json!("")),
        ),
        (
            "an attribute that is null",
            ("/request/userAttributes/zoneinfo", json!(null)),
        ),
        (
            "another name for the SDK",
            (
                "/callerContext",
                json!({ "awsSdk": "x", "clientId": "3n4b5urk1ft4fl3mg5e62d9ado" }),
            ),
        ),
        ("no response", ("/response", json!(null))),
        (
            "a member from tomorrow",
            ("/request/tomorrow", json!([{ "x": null }])),
        ),
    ] {
        let event = changed(source, &[change]);
        let (handled, _) = given(Places::new(), &event).await;
        assert_eq!(handled.published, plain.published, "{what}");
        assert_eq!(
            answer(&handled),
            serde_json::from_str::<Value>(&event).unwrap(),
            "{what}"
        );
    }
}

#[tokio::test]
async fn what_stands_for_no_app_client_is_none() {
    for client in [
        json!(null),
        json!(""),
        json!("CLIENT_ID_NOT_APPLICABLE"),
        json!({}),
    ] {
        let source = "PostConfirmation_ConfirmSignUp";
        let event = changed(source, &[("/callerContext/clientId", client.clone())]);
        let (handled, _) = given(Places::new(), &event).await;
        let Some(LifecycleEvent::SignUpConfirmed(confirmed)) = published(&handled) else {
            panic!("{client}")
        };
        assert_eq!(confirmed.client, None, "{client}");
    }
}

#[tokio::test]
async fn a_confirmation_and_a_reset_are_two_facts_and_each_repeat_is_the_same_one() {
    let told = async |source| {
        let (handled, _) = given(Places::new(), &fixture(source)).await;
        handled.published.unwrap().0
    };
    let confirmed: Envelope<_> = told("PostConfirmation_ConfirmSignUp").await;
    let reset = told("PostConfirmation_ConfirmForgotPassword").await;
    assert_eq!(told("PostConfirmation_ConfirmSignUp").await, confirmed);
    assert_eq!(told("PostConfirmation_ConfirmForgotPassword").await, reset);
    assert_ne!(confirmed.id, reset.id);
    let LifecycleEvent::SignUpConfirmed(confirmed) = confirmed.event else {
        panic!("{confirmed:?}")
    };
    assert_eq!(confirmed.route, ConfirmationRoute::SignUp);
    let word = |text: &str| Some(text.to_owned());
    let context = SignUpContext {
        source: word("referral"),
        campaign: word("spring_2026"),
        referrer: None,
    };
    assert_eq!(confirmed.context, context);
}

#[tokio::test]
async fn a_confirmation_by_an_outside_provider_says_so() {
    let status = (
        "/request/userAttributes/cognito:user_status",
        json!("EXTERNAL_PROVIDER"),
    );
    let event = changed("PostConfirmation_ConfirmSignUp", &[status]);
    let (handled, _) = given(Places::new(), &event).await;
    let Some(LifecycleEvent::SignUpConfirmed(confirmed)) = published(&handled) else {
        panic!("{handled:?}")
    };
    assert_eq!(confirmed.route, ConfirmationRoute::ExternalProvider);
}

#[tokio::test]
async fn an_event_that_names_no_user_goes_back_and_says_in_the_log_that_nothing_is_published() {
    for source in [
        "PostConfirmation_ConfirmSignUp",
        "PostConfirmation_ConfirmForgotPassword",
        "PostAuthentication_Authentication",
    ] {
        let event = changed(source, &[("/request/userAttributes/sub", json!(null))]);
        let (log, _guard) = listen();
        let (handled, _) = given(Places::new(), &event).await;
        assert_eq!(handled.answer.unwrap().get(), event, "{source}");
        assert_eq!(handled.published, None, "{source}");
        assert!(
            log.text().contains("names no user"),
            "{source}: {}",
            log.text()
        );
    }
}
