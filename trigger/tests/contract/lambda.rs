//! What Lambda is told, and so Cognito, and so the user.

use crate::world::{BrokenClock, Mood, Places, fixture, policy, raw, suspended, trigger};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::{Value, json};
use std::sync::Arc;
use usher_trigger::{Trigger, lambda};

async fn invoke(trigger: Trigger, source: &str) -> Result<String, Value> {
    let event = LambdaEvent::new(raw(&fixture(source)).to_owned(), Context::default());
    let answer = lambda::invoke(Arc::new(trigger), event).await;
    let answer = answer.map(|answer| answer.get().to_owned());
    answer.map_err(|refusal| serde_json::to_value(Diagnostic::from(refusal)).unwrap())
}

#[tokio::test]
async fn a_refusal_is_the_fixed_sentence_under_a_fixed_name_and_nothing_else() {
    let blocks = "[sign_up]\nblocked_domains = [\"example.com\"]\n";
    let refuses = "[sign_in]\nwhen_store_is_down = \"refuse\"\n";
    let well = Places::new;
    let down = || Places {
        reading: Mood::Panics,
        ..Places::new()
    };
    let suspends = || Places::knowing(&[suspended()]);
    for (source, text, places, sentence) in [
        (
            "PreSignUp_SignUp",
            blocks,
            well(),
            "Sign-up is not possible with these details",
        ),
        (
            "PreAuthentication_Authentication",
            "",
            suspends(),
            "Sign-in is not possible with this account",
        ),
        (
            "TokenGeneration_RefreshTokens",
            "",
            suspends(),
            "Sign-in is not possible with this account",
        ),
        (
            "PreAuthentication_Authentication",
            refuses,
            down(),
            "Please try again in a moment",
        ),
    ] {
        let trigger = trigger(policy(text), &Arc::new(places));
        let error = invoke(trigger, source).await.unwrap_err();
        assert_eq!(
            error,
            json!({ "errorType": "Refused", "errorMessage": sentence }),
            "{source}"
        );
    }
}

#[tokio::test]
async fn a_sign_up_that_broke_behind_a_gate_reads_a_fixed_sentence_too() {
    let gated = policy("[sign_up]\nblocked_domains = [\"blocked.example\"]\n");
    let trigger = Trigger {
        clock: Arc::new(BrokenClock),
        ..trigger(gated, &Arc::new(Places::new()))
    };
    let error = invoke(trigger, "PreSignUp_SignUp").await.unwrap_err();
    let sentence = "Please try again in a moment";
    assert_eq!(
        error,
        json!({ "errorType": "Refused", "errorMessage": sentence })
    );
}

#[tokio::test]
async fn an_event_that_is_not_refused_comes_back() {
    let source = "PostConfirmation_ConfirmSignUp";
    let trigger = trigger(policy(""), &Arc::new(Places::new()));
    assert_eq!(invoke(trigger, source).await, Ok(fixture(source)));
}
