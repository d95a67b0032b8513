use super::*;
use crate::port::Cause;

#[test]
fn a_cause_can_be_read_back_from_its_attributes() {
    let cause = Cause {
        kind: "forged".to_owned(),
        text: "role_assigned is decided here and never taken from outside".to_owned(),
        message_id: "m".to_owned(),
        first_received: Time::from_unix_seconds(7),
        set_aside: Time::from_unix_seconds(9).unwrap(),
        receive_count: 3,
    };
    let attributes = dead_letters::attributes(&cause).unwrap();
    assert_eq!(dead_letters::cause(&attributes), Some(cause.clone()));
    assert!(attributes.keys().all(|name| name.starts_with("usher.")));
    let bare = Cause {
        first_received: None,
        text: String::new(),
        ..cause
    };
    let attributes = dead_letters::attributes(&bare).unwrap();
    assert_eq!(attributes.len(), 4, "SQS refuses an empty attribute");
    assert_eq!(dead_letters::cause(&attributes), Some(bare));
}

#[test]
fn a_message_that_sqs_moved_has_no_cause() {
    assert_eq!(dead_letters::cause(&std::collections::HashMap::new()), None);
}

#[test]
fn only_what_sqs_takes_as_a_group_is_sent_as_one() {
    assert!(is_group("3f0c2a1e-0000-4000-8000-000000000000") && is_group("S#abc_-"));
    for bad in ["", "a b", "ä", &"x".repeat(129)] {
        assert!(!is_group(bad), "{bad:?}");
    }
}

#[test]
fn a_part_of_a_second_is_a_second() {
    assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
    assert_eq!(whole_seconds(Duration::ZERO), 0);
}
