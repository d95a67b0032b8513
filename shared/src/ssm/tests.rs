use super::*;
use crate::aws::Timeouts;
use crate::testkit::http::{self, Behavior, Outcome};
use secrecy::ExposeSecret;

fn store(answers: &'static [Behavior]) -> ParameterStore {
    let script =
        move |call: &http::Call| Outcome::Ends(answers[call.before.min(answers.len() - 1)]);
    ParameterStore::new(&http::scripted(
        "http://127.0.0.1:1",
        Timeouts::TRIGGER,
        script,
    ))
}

fn shown(stored: &[Stored]) -> Vec<(&str, &str, &str)> {
    stored
        .iter()
        .map(|one| {
            (
                one.name.as_str(),
                one.text.expose_secret(),
                one.version.as_str(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_parameter_has_a_text_and_a_version() {
    let store = store(&[Behavior::Answers(
        r#"{"Parameter":{"ARN":"arn:x","DataType":"text","LastModifiedDate":1.7e9,
            "Name":"/usher/policy","Type":"SecureString","Value":"[bus]\n","Version":7}}"#,
    )]);
    let stored = store.parameter("/usher/policy").await.unwrap().unwrap();
    assert_eq!(shown(&[stored]), [("/usher/policy", "[bus]\n", "7")]);
}

#[tokio::test]
async fn a_parameter_that_is_not_there_is_none_and_a_denial_is_a_fault() {
    let absent = store(&[Behavior::Refuses("ParameterNotFound")]);
    assert!(absent.parameter("x").await.unwrap().is_none());
    let denied = store(&[Behavior::Denies]).parameter("x").await;
    assert_eq!(denied.unwrap_err(), Fault::new(GET, FaultKind::Refused));
}

#[tokio::test]
async fn the_parts_under_a_path_come_in_the_order_of_their_names_from_all_pages() {
    let store = store(&[
        Behavior::Answers(
            r#"{"Parameters":[{"Name":"/p/30","Value":"c","Version":1},
                {"Name":"/p/10","Value":"a","Version":2}],"NextToken":"more"}"#,
        ),
        Behavior::Answers(r#"{"Parameters":[],"NextToken":"and more"}"#),
        Behavior::Answers(r#"{"Parameters":[{"Name":"/p/20","Value":"b","Version":3}]}"#),
    ]);
    let parts = store.under("/p").await.unwrap();
    assert_eq!(
        shown(&parts),
        [
            ("/p/10", "a", "2"),
            ("/p/20", "b", "3"),
            ("/p/30", "c", "1")
        ]
    );
}

#[tokio::test]
async fn pages_without_end_are_an_answer_that_cannot_be_read() {
    let store = store(&[Behavior::Answers(r#"{"Parameters":[],"NextToken":"more"}"#)]);
    let fault = store.under("/p").await.unwrap_err();
    assert_eq!(fault, Fault::new(GET_BY_PATH, FaultKind::Corrupt));
}

#[tokio::test]
async fn a_fault_on_a_later_page_gives_no_half_of_a_policy() {
    let store = store(&[
        Behavior::Answers(
            r#"{"Parameters":[{"Name":"a","Value":"a","Version":1}],"NextToken":"x"}"#,
        ),
        Behavior::Throttles,
    ]);
    let fault = store.under("/p").await.unwrap_err();
    assert_eq!(fault, Fault::new(GET_BY_PATH, FaultKind::Throttled));
}
