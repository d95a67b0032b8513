//! Who is refused, in which words, and how often that is published.

use crate::sources::{given, given_under, published};
use crate::world::{Places, changed, fixture, now, policy, refusal, refused, response, suspended};
use serde_json::json;
use std::time::Duration;
use usher_events::{Fact, RefusalReason, Subject};
use usher_trigger::Decision;

const GATED: &str = r#"
[sign_up]
blocked_domains = ["*.blocked.example", "blocked.example"]
[messages]
sign_up_refused = "Not with this address"
"#;

#[tokio::test]
async fn a_refused_sign_up_reads_the_fixed_sentence_and_is_published_once_an_hour() {
    let email = |text: &str| ("/request/userAttributes/email", json!(text));
    for source in ["PreSignUp_SignUp", "PreSignUp_ExternalProvider"] {
        let event = changed(source, &[email("eve@Mail.Blocked.example")]);
        let (handled, _) = given_under(policy(GATED), Places::new(), &event).await;
        assert_eq!(refusal(&handled), "Not with this address", "{source}");
        assert_eq!(
            handled.decision,
            Decision::Refused(RefusalReason::DomainBlocked),
            "{source}"
        );
        let (fact, _) = handled.published.unwrap();
        assert_eq!(fact.event.name(), "sign_up_refused", "{source}");
        assert!(matches!(fact.subject, Subject::SignUp(_)), "{source}");
        assert_eq!(
            fact.time,
            now().bucket_start(Duration::from_secs(3600)),
            "{source}"
        );
        let (again, _) = given_under(policy(GATED), Places::new(), &event).await;
        assert_eq!(again.published.unwrap().0.id, fact.id, "{source}");
    }
}

#[tokio::test]
async fn an_outsider_comes_in_by_domain_only_on_the_word_of_a_provider_that_is_trusted_for_it() {
    let unverified = Some(RefusalReason::EmailUnverified);
    let invited = Some(RefusalReason::InviteMissing);
    let trusting = "[trusted_providers]\nGoogle = ['example.com']\n";
    let elsewhere = "[trusted_providers]\nGoogle = ['other.example']\nAcme = ['example.com']\n";
    let allowed = "[sign_up]\nallowed_domains = ['example.com']\n";
    let by_domain = "[sign_up]\ninvite = 'by_domain'\ninvite_domains = ['other.example']\n";
    for (rules, more, verified, reason) in [
        (allowed, trusting, "true", None),
        (allowed, trusting, "false", unverified),
        (allowed, elsewhere, "true", unverified),
        (allowed, "", "true", unverified),
        (by_domain, trusting, "true", None),
        (by_domain, trusting, "false", invited),
        (by_domain, "", "true", invited),
        ("", "", "false", None),
        (GATED, "", "false", None),
    ] {
        let rules = policy(&format!("{rules}{more}"));
        let verified = json!(verified);
        let changes = [("/request/userAttributes/email_verified", verified.clone())];
        let event = changed("PreSignUp_ExternalProvider", &changes);
        let (handled, _) = given_under(rules.clone(), Places::new(), &event).await;
        assert_eq!(handled.reason(), reason, "{more} {verified}");
        // Whoever can be sent a code proves it later.
        let event = changed("PreSignUp_SignUp", &changes);
        let (handled, _) = given_under(rules, Places::new(), &event).await;
        assert_eq!(handled.reason(), None, "{more} {verified}");
    }
}

#[tokio::test]
async fn an_administrator_may_create_whom_the_domain_rules_refuse() {
    let email = (
        "/request/userAttributes/email",
        json!("eve@blocked.example"),
    );
    let event = changed("PreSignUp_AdminCreateUser", &[email]);
    let (handled, _) = given_under(policy(GATED), Places::new(), &event).await;
    assert_eq!(handled.decision, Decision::Passed);
}

#[tokio::test]
async fn a_suspended_user_is_refused_at_sign_in_and_at_every_token_a_refresh_included() {
    for source in [
        "PreAuthentication_Authentication",
        "TokenGeneration_HostedAuth",
        "TokenGeneration_Authentication",
        "TokenGeneration_NewPasswordChallenge",
        "TokenGeneration_AuthenticateDevice",
        "TokenGeneration_RefreshTokens",
    ] {
        let (handled, _) = given(Places::knowing(&[suspended()]), &fixture(source)).await;
        assert_eq!(
            refusal(&handled),
            "Sign-in is not possible with this account",
            "{source}"
        );
        assert_eq!(
            handled.reason(),
            Some(RefusalReason::UserSuspended),
            "{source}"
        );
        assert_eq!(
            published(&handled).map(Fact::name),
            Some("sign_in_refused"),
            "{source}"
        );
    }
}

#[tokio::test]
async fn a_refusal_that_the_user_item_shows_already_is_not_published_again() {
    let this_hour = "2026-01-02T03:00:00Z";
    for (recorded, event) in [
        (refused(RefusalReason::UserSuspended, this_hour), None),
        (
            refused(RefusalReason::StoreUnavailable, this_hour),
            Some("sign_in_refused"),
        ),
        (
            refused(RefusalReason::UserSuspended, "2026-01-02T02:00:00Z"),
            Some("sign_in_refused"),
        ),
    ] {
        for source in [
            "PreAuthentication_Authentication",
            "TokenGeneration_RefreshTokens",
        ] {
            let places = Places::knowing(&[suspended(), recorded.clone()]);
            let (handled, _) = given(places, &fixture(source)).await;
            assert_eq!(
                handled.reason(),
                Some(RefusalReason::UserSuspended),
                "{source}"
            );
            assert_eq!(
                published(&handled).map(Fact::name),
                event,
                "{source} {recorded:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_sign_in_of_nobody_is_left_to_cognito() {
    let source = "PreAuthentication_Authentication";
    let event = changed(
        source,
        &[(
            "/request",
            json!({ "userNotFound": true, "userAttributes": {} }),
        )],
    );
    let (handled, _) = given(Places::knowing(&[suspended()]), &event).await;
    assert_eq!(handled.decision, Decision::Passed);
    assert_eq!(handled.published, None);
    assert_eq!(response(&handled), json!({}));
}
