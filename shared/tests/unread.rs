//! Users whom DynamoDB leaves unread, or answers for with something else.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that meets the unexpected has failed its test"
)]

use usher_events::Sub;
use usher_shared::aws::Timeouts;
use usher_shared::disposition::FaultKind;
use usher_shared::dynamodb::Table;
use usher_shared::port::{Fault, Loaded, Store};
use usher_shared::testkit::http::{Behavior, clients};

const ADA_S_KEY: &str = r#"{"PK":{"S":"U#ada"},"SK":{"S":"KEY"},"key":{"B":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}"#;

/// What ada's and bob's loads come to where the service answers so.
async fn load(body: String) -> [Result<Loaded, Fault>; 2] {
    // An answer has to outlive its call.
    let body: &'static str = Box::leak(body.into_boxed_str());
    let table = Table::new(&clients(Behavior::Answers(body), Timeouts::WORKER), "usher");
    let subs = ["ada", "bob"].map(|sub| Sub::new(sub).unwrap());
    table.load_many(&subs).await.try_into().unwrap()
}

fn fault(loaded: &Result<Loaded, Fault>) -> FaultKind {
    loaded.as_ref().map(|_| ()).unwrap_err().kind
}

#[tokio::test]
async fn who_is_left_unread_is_throttled_and_half_of_a_pair_is_nothing() {
    for left in ["USER", "KEY"] {
        let left = format!(r#"{{"Keys":[{{"PK":{{"S":"U#bob"}},"SK":{{"S":"{left}"}}}}]}}"#);
        let body = format!(
            r#"{{"Responses":{{"usher":[{ADA_S_KEY}]}},"UnprocessedKeys":{{"usher":{left}}}}}"#
        );
        let [ada, bob] = load(body).await;
        assert!(ada.unwrap().key.is_some());
        assert_eq!(fault(&bob), FaultKind::Throttled);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_the_trouble_of_its_user_alone() {
    for bad in [
        r#"{"PK":{"S":"U#bob"},"SK":{"S":"KEY"},"key":{"S":"none"}}"#,
        r#"{"PK":{"S":"U#bob"},"SK":{"S":"USER"}}"#,
        r#"{"PK":{"S":"U#bob"},"SK":{"S":"PREFS"}}"#,
        r#"{"PK":{"S":"U#bob"}}"#,
    ] {
        let [ada, bob] = load(format!(
            r#"{{"Responses":{{"usher":[{ADA_S_KEY},{bad}]}}}}"#
        ))
        .await;
        assert!(ada.unwrap().key.is_some(), "{bad}");
        assert_eq!(fault(&bob), FaultKind::Corrupt, "{bad}");
    }
}

#[tokio::test]
async fn an_answer_about_somebody_else_is_an_answer_about_nobody() {
    for foreign in [
        ADA_S_KEY.replace("U#ada", "U#eve"),
        r#"{"SK":{"S":"KEY"}}"#.to_owned(),
    ] {
        let [ada, bob] = load(format!(r#"{{"Responses":{{"usher":[{foreign}]}}}}"#)).await;
        assert_eq!(fault(&ada), FaultKind::Corrupt);
        assert_eq!(fault(&bob), FaultKind::Corrupt);
    }
}
