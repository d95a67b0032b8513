use super::*;
use crate::aws::Timeouts;
use crate::port::Cause;
use crate::testkit::http::{Behavior, Outcome, scripted};
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};
use std::sync::Mutex;

#[test]
fn a_cause_can_be_read_back_from_its_attributes() {
    let cause = Cause {
        kind: "forged".to_owned(),
        text: "role_assigned is decided here and never taken from outside".to_owned(),
        operation: Some("dynamodb.put_item".to_owned()),
        message_id: "m".to_owned(),
        first_received: Time::from_unix_seconds(7),
        set_aside: Time::from_unix_seconds(9).unwrap(),
        receive_count: 3,
    };
    let attributes = dead_letters::attributes(&cause).unwrap();
    assert_eq!(dead_letters::cause(&attributes), Some(cause.clone()));
    assert!(attributes.keys().all(|name| name.starts_with("usher.")));
    assert_eq!(cause.dependency(), Some("dynamodb"));
    let bare = Cause {
        operation: None,
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

/// The batches in which a queue hides these deliveries, as texts, where SQS answers so.
async fn hidden(number: u64, answer: &'static str) -> (Vec<String>, Result<(), Fault>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let clients = scripted("http://127.0.0.1:1", Timeouts::WORKER, {
        let asked = Arc::clone(&asked);
        move |call| {
            assert_eq!(call.operation, "ChangeMessageVisibilityBatch");
            asked.lock().unwrap().push(call.body.clone());
            Outcome::Ends(Behavior::Answers(answer))
        }
    });
    let queue = WorkQueue::new(&clients, "http://127.0.0.1:1/0/usher");
    let deliveries: Vec<Hidden> = (0..number)
        .map(|one| Hidden {
            receipt: format!("receipt-{one}"),
            duration: Duration::from_millis(one * 1000 + 1) * 3600,
        })
        .collect();
    let result = queue.hide_many(&deliveries).await;
    let asked = asked.lock().unwrap().clone();
    (asked, result)
}

#[tokio::test]
async fn deliveries_are_hidden_ten_a_call_and_no_longer_than_sqs_does() {
    let names = (0..10).map(|place| format!(r#"{{"Id":"{place}"}}"#));
    let names = names.collect::<Vec<_>>().join(",");
    let answer = format!(r#"{{"Successful":[{names}],"Failed":[]}}"#);
    let answer: &'static str = Box::leak(answer.into_boxed_str());
    let (asked, result) = hidden(23, answer).await;
    assert_eq!(result, Ok(()));
    let entries = asked
        .iter()
        .map(|body| body.matches("ReceiptHandle").count());
    assert_eq!(entries.collect::<Vec<_>>(), [10, 10, 3]);
    assert!(asked[0].contains(r#""ReceiptHandle":"receipt-9""#));
    assert!(
        asked[0].contains(r#""VisibilityTimeout":3604"#),
        "{}",
        asked[0]
    );
    assert!(
        asked[2].contains(r#""VisibilityTimeout":43200"#),
        "{}",
        asked[2]
    );
    let (asked, result) = hidden(0, answer).await;
    assert_eq!((asked.len(), result), (0, Ok(())));
    let (_, result) = hidden(1, "{}").await;
    let kind = result.unwrap_err().kind;
    assert_eq!(kind, FaultKind::TimedOut, "nobody knows");
}

#[tokio::test]
async fn one_delivery_that_is_not_hidden_is_a_fault_and_the_other_calls_are_made() {
    for (sender, kind) in [(true, FaultKind::Refused), (false, FaultKind::Unavailable)] {
        let answer = format!(
            r#"{{"Successful":[],"Failed":[{{"Id":"0","SenderFault":{sender},"Code":"ReceiptHandleIsInvalid"}}]}}"#
        );
        let (asked, result) = hidden(11, Box::leak(answer.into_boxed_str())).await;
        assert_eq!((asked.len(), result.unwrap_err().kind), (2, kind));
    }
}

/// What a look at both queues says where SQS answers so.
async fn looked(behavior: Behavior) -> [Option<String>; 2] {
    let clients = scripted("http://127.0.0.1:1", Timeouts::WORKER, move |call| {
        assert_eq!(call.operation, "GetQueueAttributes");
        Outcome::Ends(behavior)
    });
    let (work, dead) = ("https://sqs/0/usher", "https://sqs/0/dead");
    let work = WorkQueue::new(&clients, work).look().await;
    let dead = DeadLetterQueue::new(&clients, dead).look().await;
    [work, dead].map(|looked| looked.err().map(|unseen| unseen.to_string()))
}

#[tokio::test]
async fn a_queue_that_cannot_be_used_is_named_with_what_may_be_done() {
    assert_eq!(looked(Behavior::Answers("{}")).await, [None, None]);
    let absent = Behavior::Refuses("AWS.SimpleQueueService.NonExistentQueue");
    let [work, dead] = looked(absent).await.map(Option::unwrap_or_default);
    assert!(
        work.starts_with("the queue https://sqs/0/usher is not in us-east-1"),
        "{work}"
    );
    assert!(work.contains("USHER_QUEUE_URL and REGION"), "{work}");
    assert!(
        dead.starts_with("the dead-letter queue https://sqs/0/dead is not in"),
        "{dead}"
    );
    assert!(dead.contains("USHER_DEAD_LETTER_URL and REGION"), "{dead}");
    // Sending may be allowed to whoever may not describe; who looks through letters has to count them.
    let [work, dead] = looked(Behavior::Refuses("AccessDenied")).await;
    assert_eq!(work, None);
    let dead = dead.unwrap_or_default();
    assert!(
        dead.starts_with("your AWS credentials may not use the dead-letter queue"),
        "{dead}"
    );
    let expired = looked(Behavior::Refuses("ExpiredToken")).await;
    let nobody = looked(Behavior::RefusesConnection).await;
    for (said, expected) in [
        (expired, "they have expired"),
        (nobody, "cannot be had now"),
    ] {
        let said = said.map(Option::unwrap_or_default);
        assert!(said.iter().all(|text| text.contains(expected)), "{said:?}");
    }
}

#[test]
fn a_part_of_a_second_is_a_second() {
    assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
    assert_eq!(whole_seconds(Duration::ZERO), 0);
}

#[test]
fn a_call_has_at_most_ten_messages_and_a_quarter_of_a_mebibyte() {
    /// Where each call begins and ends.
    type Bounds = &'static [(usize, usize)];
    let delayed = |bytes: usize| Delayed {
        message: Outgoing {
            body: "x".repeat(bytes),
            group: None,
        },
        delay: Duration::ZERO,
    };
    let quarter = 256 * 1024;
    let cases: [(Vec<usize>, Bounds); 5] = [
        (vec![], &[]),
        (vec![1; 10], &[(0, 10)]),
        (vec![1; 21], &[(0, 10), (10, 20), (20, 21)]),
        (vec![quarter, 1, quarter - 1, 1], &[(0, 1), (1, 3), (3, 4)]),
        (vec![1, quarter + 1, 1], &[(0, 1), (1, 2), (2, 3)]),
    ];
    for (sizes, expected) in cases {
        let messages: Vec<Delayed> = sizes.into_iter().map(delayed).collect();
        let calls = many::calls(&messages).into_iter();
        let calls: Vec<(usize, usize)> = calls.map(|call| (call.start, call.end)).collect();
        assert_eq!(calls, expected);
    }
}

#[test]
fn each_message_of_a_call_has_an_outcome_of_its_own() {
    let taken = |id: &str, name: &str| {
        let entry = SendMessageBatchResultEntry::builder().id(id);
        let entry = entry.message_id(name).md5_of_message_body("");
        entry.build().unwrap()
    };
    let failed = |id: &str, code: &str, ours: bool| {
        let entry = BatchResultErrorEntry::builder().id(id).code(code);
        entry.sender_fault(ours).build().unwrap()
    };
    let answer = SendMessageBatchOutput::builder()
        .successful(taken("3", "m3"))
        .successful(taken("0", "m0"))
        .successful(taken("5", ""))
        .failed(failed("1", "InternalError", false))
        .failed(failed("2", "InvalidMessageContents", true))
        .failed(failed("6", "RequestThrottled", true))
        .build()
        .unwrap();
    let sent = answer.successful.iter();
    let sent = sent.map(|entry| (entry.id(), super::taken(Some(entry.message_id()))));
    let kinds: Vec<Option<FaultKind>> = many::outcomes("sqs.send", sent, &answer.failed, 7)
        .into_iter()
        .map(|outcome| outcome.err().map(|fault| fault.kind))
        .collect();
    let expected = [
        None,
        Some(FaultKind::Unavailable),
        Some(FaultKind::Refused),
        None,
        Some(FaultKind::TimedOut),
        Some(FaultKind::TimedOut),
        Some(FaultKind::Throttled),
    ];
    assert_eq!(kinds, expected);
}
