//! What usher passes on: messages that another function sends, and ways in that another one answers.

use crate::sources::{given, given_under, published};
use crate::world::{Places, SUB, changed, fixture, now, policy, refusal, refused};
use serde_json::json;
use std::time::Duration;
use usher_events::{
    Envelope, Fact, LifecycleEvent, MessageMedium, MessagePurpose, MessageRequested, RefusalReason,
    Subject, wire,
};
use usher_trigger::Decision;

const CLOSED: &str = r#"
[sources]
challenges = "refuse"
migration = "refuse"
inbound_federation = "refuse"
"#;

const CHALLENGES: [&str; 3] = [
    "DefineAuthChallenge_Authentication",
    "CreateAuthChallenge_Authentication",
    "VerifyAuthChallengeResponse_Authentication",
];

async fn told(event: &str) -> Envelope<LifecycleEvent> {
    given(Places::new(), event).await.0.published.unwrap().0
}

#[tokio::test]
async fn a_message_is_told_with_its_purpose_and_way_and_nothing_else() {
    let mut seen = Vec::new();
    for (source, medium, purpose) in [
        (
            "CustomEmailSender_SignUp",
            MessageMedium::Email,
            MessagePurpose::SignUp,
        ),
        (
            "CustomSMSSender_SignUp",
            MessageMedium::Sms,
            MessagePurpose::SignUp,
        ),
        (
            "CustomSMSSender_Authentication",
            MessageMedium::Sms,
            MessagePurpose::Authentication,
        ),
    ] {
        let fact = told(&fixture(source)).await;
        let expected = MessageRequested { medium, purpose };
        assert_eq!(fact.event, expected.into(), "{source}");
        assert_eq!(fact.subject.as_str(), SUB, "{source}");
        assert!(!wire::encode(&fact).contains("Q2FuYXJ5"), "{source}");
        assert!(!seen.contains(&fact.id), "{source}");
        seen.push(fact.id);
    }
}

#[tokio::test]
async fn a_repeat_within_the_minute_is_the_same_message_also_with_another_code() {
    let source = "CustomEmailSender_ForgotPassword";
    let first = told(&fixture(source)).await;
    assert_eq!(first.time, now().bucket_start(Duration::from_secs(60)));
    let code = ("/request/code", json!("QW5vdGhlcg=="));
    assert_eq!(told(&changed(source, &[code])).await, first);
}

#[tokio::test]
async fn a_message_to_somebody_without_a_sub_is_told_under_the_name() {
    let notice = told(&fixture("CustomEmailSender_AccountTakeOverNotification")).await;
    assert!(matches!(notice.subject, Subject::SignUp(_)));
    assert!(!wire::encode(&notice).to_lowercase().contains("canary"));
    let gone = ("/request/userAttributes/sub", json!(null));
    let name = ("/userName", json!("ada.canary@example.com"));
    let mail = told(&changed("CustomEmailSender_SignUp", &[gone, name])).await;
    assert_eq!(mail.subject, notice.subject);
}

#[tokio::test]
async fn a_way_in_that_the_policy_closes_is_refused_in_the_fixed_sentence() {
    let sources = CHALLENGES.into_iter().chain([
        "UserMigration_Authentication",
        "UserMigration_ForgotPassword",
        "InboundFederation_ExternalProvider",
    ]);
    for source in sources {
        let event = fixture(source);
        let (handled, _) = given_under(policy(CLOSED), Places::new(), &event).await;
        assert_eq!(
            refusal(&handled),
            "Sign-in is not possible with this account",
            "{source}"
        );
        let reason = RefusalReason::SourceRefused;
        assert_eq!(handled.decision, Decision::Refused(reason), "{source}");
        let has_user = CHALLENGES.contains(&source);
        let told = has_user.then_some("sign_in_refused");
        assert_eq!(published(&handled).map(Fact::name), told, "{source}");
    }
}

#[tokio::test]
async fn a_closed_way_in_is_said_once_an_hour_and_never_of_users_that_there_are_not() {
    let hour = "2026-01-02T03:00:00Z";
    for source in CHALLENGES {
        let places = Places::knowing(&[refused(RefusalReason::SourceRefused, hour)]);
        let (handled, _) = given_under(policy(CLOSED), places, &fixture(source)).await;
        assert_eq!(handled.published, None, "{source}");
        let event = changed(source, &[("/request/userNotFound", json!(true))]);
        let (handled, _) = given_under(policy(CLOSED), Places::new(), &event).await;
        assert_eq!(handled.reason(), Some(RefusalReason::SourceRefused));
        assert_eq!(handled.published, None, "{source}");
    }
}
