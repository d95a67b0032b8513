//! What a token shows that nobody has told: users who were never announced, and changed attributes.

use crate::sources::given;
use crate::world::{Mood, Places, changed, commit, fixture, handle, now, policy, trigger};
use crate::world::{answer, response};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use usher_events::{Envelope, Fact, LifecycleEvent, PasswordReset, SignUpConfirmed, Time};
use usher_shared::commit::{Commit, Recorded};

const TOKENS: [&str; 5] = [
    "TokenGeneration_HostedAuth",
    "TokenGeneration_Authentication",
    "TokenGeneration_NewPasswordChallenge",
    "TokenGeneration_AuthenticateDevice",
    "TokenGeneration_RefreshTokens",
];
const MACHINE: &str = "TokenGeneration_ClientCredentials";
const SIGN_IN: &str = "PostAuthentication_Authentication";

/// The fixtures' user is confirmed, at this instant, with the attributes of this source's fixture.
async fn confirmed_as(source: &str, time: Time) -> Commit {
    let (seen, _) = given(Places::new(), &fixture(source)).await;
    let person = seen.published.unwrap().0.event.person().unwrap().clone();
    let event = LifecycleEvent::from(SignUpConfirmed {
        route: usher_events::ConfirmationRoute::SignUp,
        client: None,
        context: usher_events::SignUpContext::default(),
        sign_up: None,
        person,
    });
    commit(Recorded::Lifecycle(event), time)
}

async fn long_ago(source: &str) -> Commit {
    confirmed_as(source, "2025-01-01T00:00:00Z".parse().unwrap()).await
}

async fn told(places: Places, event: &str) -> Option<Envelope<LifecycleEvent>> {
    given(places, event).await.0.published.map(|(fact, _)| fact)
}

fn name(fact: Option<&Envelope<LifecycleEvent>>) -> Option<&'static str> {
    fact.map(|fact| fact.event.name())
}

fn city(email: &str) -> [(&'static str, Value); 1] {
    [("/request/userAttributes/email", json!(email))]
}

#[tokio::test]
async fn whoever_was_never_announced_is_first_seen_at_any_token_and_once_in_a_life() {
    let mut ids = Vec::new();
    for source in TOKENS {
        let fact = told(Places::new(), &fixture(source)).await.unwrap();
        let LifecycleEvent::FirstSeen(event) = &fact.event else {
            panic!("{source} {fact:?}")
        };
        let email = event.person.email.as_ref().unwrap();
        assert_eq!(email.expose(), "ada.canary@example.com", "{source}");
        assert!(event.client.is_some(), "{source}");
        ids.push(fact.id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    // A sign of life alone announces nobody.
    let event = LifecycleEvent::from(PasswordReset {
        client: None,
        person: usher_events::Person::default(),
    });
    let seen = commit(Recorded::Lifecycle(event), now());
    let fact = told(Places::knowing(&[seen]), &fixture(TOKENS[4])).await;
    assert_eq!(name(fact.as_ref()), Some("first_seen"));
}

#[tokio::test]
async fn of_an_announced_user_with_the_same_attributes_there_is_nothing_to_tell() {
    for source in TOKENS {
        let places = Places::knowing(&[long_ago(source).await]);
        assert_eq!(told(places, &fixture(source)).await, None, "{source}");
    }
}

#[tokio::test]
async fn changed_attributes_are_told_at_any_token_and_once_a_minute() {
    for source in TOKENS {
        let event = changed(source, &city("ada.canary@else.example"));
        let places = async || Places::knowing(&[long_ago(source).await]);
        let fact = told(places().await, &event).await.unwrap();
        assert_eq!(fact.event.name(), "attributes_changed", "{source}");
        let email = fact.event.person().unwrap().email.as_ref().unwrap();
        assert_eq!(email.expose(), "ada.canary@else.example", "{source}");
        assert_eq!(fact.time, now().bucket_start(Duration::from_secs(60)));
        let again = told(places().await, &event).await;
        assert_eq!(again.as_ref(), Some(&fact), "{source}");
        let other = changed(source, &city("ada.canary@third.example"));
        let other = told(places().await, &other).await.unwrap();
        assert_ne!(other.id, fact.id, "{source}");
    }
}

#[tokio::test]
async fn another_case_or_white_space_is_no_change() {
    let source = TOKENS[1];
    let event = changed(source, &city(" Ada.Canary@EXAMPLE.com"));
    let places = Places::knowing(&[long_ago(source).await]);
    assert_eq!(told(places, &event).await, None);
}

/// What is told of this minute would lose to what was recorded in it.
#[tokio::test]
async fn a_change_in_the_minute_of_the_record_waits_for_the_next_token() {
    let source = TOKENS[4];
    let minute = now().bucket_start(Duration::from_secs(60));
    let event = changed(source, &city("ada.canary@else.example"));
    for (recorded, expected) in [
        (minute.plus(Duration::from_secs(1)), None),
        (minute, None),
        (
            Time::from_unix_millis(minute.unix_millis() - 1).unwrap(),
            Some("attributes_changed"),
        ),
    ] {
        let places = Places::knowing(&[confirmed_as(source, recorded).await]);
        let fact = told(places, &event).await;
        assert_eq!(name(fact.as_ref()), expected, "{recorded}");
    }
}

#[tokio::test]
async fn a_machine_is_never_first_seen_whatever_its_event_says() {
    let user = json!({ "sub": crate::world::SUB, "email": "ada.canary@example.com" });
    let event = changed(MACHINE, &[("/request/userAttributes", user)]);
    assert_eq!(told(Places::new(), &event).await, None);
}

#[tokio::test]
async fn a_sign_in_tells_of_the_sign_in_alone() {
    let fact = told(Places::new(), &fixture(SIGN_IN)).await;
    assert_eq!(name(fact.as_ref()), Some("signed_in"));
}

#[tokio::test(start_paused = true)]
async fn the_token_says_the_same_wherever_its_event_ends_up() {
    for source in TOKENS {
        let (well, _) = given(Places::new(), &fixture(source)).await;
        for mood in [Mood::Hangs, Mood::Panics] {
            let places = Places {
                queue: mood,
                bus: mood,
                spill: mood,
                ..Places::new()
            };
            let (handled, _) = given(places, &fixture(source)).await;
            assert_eq!(answer(&handled), answer(&well), "{source} {mood:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_down_nothing_is_told_of_anybody() {
    for source in TOKENS {
        let places = Places {
            reading: Mood::Hangs,
            ..Places::new()
        };
        assert_eq!(told(places, &fixture(source)).await, None, "{source}");
    }
}

#[tokio::test]
async fn where_no_profiles_are_kept_only_somebody_without_any_item_is_first_seen() {
    let known = long_ago(TOKENS[1]).await;
    for (places, expected) in [
        (Places::new(), Some("first_seen")),
        (Places::knowing(&[known]), None),
    ] {
        let trigger = trigger(policy("profile.create = false"), &Arc::new(places));
        let event = changed(TOKENS[1], &city("ada.canary@else.example"));
        let handled = handle(&trigger, &event).await;
        let fact = handled.published.as_ref().map(|(fact, _)| fact);
        assert_eq!(name(fact), expected);
        assert!(response(&handled).is_object());
    }
}
