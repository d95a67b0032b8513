//! What every queue promises, as one suite.

use crate::port::{
    Cause, DeadLetterInbox, DeadLetters, Delayed, Hidden, Inbox, Outgoing, Queue, Received,
    Visibility, Waiting,
};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::time::Duration;
use usher_events::Time;

/// Makes a test of every promise. `$fresh` names an `async fn` that makes an empty [`Subject`].
#[macro_export]
macro_rules! queue_contract {
    ($fresh:ident) => {
        $crate::queue_contract! { @tests $fresh:
            a_message_arrives_as_it_was_sent,
            an_empty_queue_gives_nothing_after_the_wait,
            a_reader_who_waits_gets_what_is_sent_meanwhile,
            a_received_message_is_hidden_until_its_time,
            a_deleted_message_does_not_come_back,
            a_stale_receipt_deletes_nothing,
            many_deliveries_are_deleted_at_once,
            a_hidden_message_shows_when_told_to,
            several_deliveries_are_hidden_at_once_each_for_its_own_time,
            no_more_is_given_than_asked_for,
            twenty_readers_get_each_message_once,
            a_message_delivered_too_often_is_a_dead_letter,
            a_message_set_aside_keeps_body_and_cause,
            a_letter_that_is_examined_is_hidden_for_as_long_as_is_said,
            letters_are_counted,
            a_large_message_arrives_whole,
            many_messages_arrive_each_once,
            a_delayed_message_shows_once_its_delay_is_over,
        }
    };
    (@tests $fresh:ident: $($promise:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                $crate::testkit::queue_contract::$promise($fresh().await).await;
            }
        )+
    };
}

/// Longer than any visibility timeout of these queues.
const HOLD: Duration = Duration::from_secs(600);

/// A queue and its dead letters, with a way to let time pass for both.
#[async_trait]
pub trait Subject: Send + Sync + Clone + 'static {
    /// The work queue. Its receive limit is [`RECEIVE_LIMIT`].
    type Work: Queue + Inbox + Visibility;
    /// Its dead letters.
    type Dead: DeadLetters + DeadLetterInbox;

    /// The work queue.
    fn work(&self) -> &Self::Work;
    /// Its dead letters.
    fn dead(&self) -> &Self::Dead;
    /// Lets the visibility timeout of everything received so far pass.
    async fn pass_visibility_timeout(&self);
}

/// The receive limit of the queues under test.
pub const RECEIVE_LIMIT: u32 = 2;

/// Long enough for a message that is there.
const SOON: Duration = Duration::from_secs(2);
/// Long enough to believe that there is none.
const MOMENT: Duration = Duration::from_millis(200);

async fn send(queue: &impl Queue, body: &str) {
    let message = Outgoing {
        body: body.to_owned(),
        group: Some("3f0c".to_owned()),
    };
    queue.send(&message).await.unwrap();
}

async fn receive_one(inbox: &impl Inbox) -> Received {
    let mut received = inbox.receive(1, SOON).await.unwrap();
    assert_eq!(received.len(), 1, "one message is there");
    received.remove(0)
}

async fn assert_empty(inbox: &impl Inbox) {
    assert_eq!(inbox.receive(10, MOMENT).await.unwrap(), []);
}

/// With a count and a time of its own.
pub async fn a_message_arrives_as_it_was_sent(subject: impl Subject) {
    let body = "{\"a\":\"Zoë ☃ \\u0000\"}\n";
    send(subject.work(), body).await;
    let first = receive_one(subject.work()).await;
    assert_eq!((first.body.as_str(), first.receive_count), (body, 1));
    let time = first.first_received.expect("a delivery has a time");
    subject.pass_visibility_timeout().await;
    let second = receive_one(subject.work()).await;
    assert_eq!(
        (second.id.as_str(), second.receive_count),
        (first.id.as_str(), 2)
    );
    assert_eq!(second.first_received, Some(time));
    assert_ne!(second.receipt, first.receipt);
}

/// Nothing there is an answer.
pub async fn an_empty_queue_gives_nothing_after_the_wait(subject: impl Subject) {
    assert_eq!(
        subject.work().receive(10, Duration::ZERO).await.unwrap(),
        []
    );
    assert_empty(subject.work()).await;
    assert_empty(subject.dead()).await;
}

/// Without waiting to the end.
pub async fn a_reader_who_waits_gets_what_is_sent_meanwhile(subject: impl Subject) {
    let reader = subject.clone();
    let begun = tokio::time::Instant::now();
    let received = tokio::spawn(async move { reader.work().receive(10, 5 * SOON).await });
    crate::clock::sleep(MOMENT).await;
    send(subject.work(), "late").await;
    assert_eq!(received.await.unwrap().unwrap()[0].body, "late");
    assert!(begun.elapsed() < 5 * SOON, "the reader waited to the end");
}

/// And comes back by itself.
pub async fn a_received_message_is_hidden_until_its_time(subject: impl Subject) {
    send(subject.work(), "a").await;
    receive_one(subject.work()).await;
    assert_empty(subject.work()).await;
    subject.pass_visibility_timeout().await;
    receive_one(subject.work()).await;
}

/// Deleting twice is no error.
pub async fn a_deleted_message_does_not_come_back(subject: impl Subject) {
    send(subject.work(), "a").await;
    let received = receive_one(subject.work()).await;
    for _ in 0..2 {
        assert_eq!(subject.work().delete(&received.receipt).await, Ok(()));
    }
    subject.pass_visibility_timeout().await;
    assert_empty(subject.work()).await;
}

/// Another reader has the message by now.
pub async fn a_stale_receipt_deletes_nothing(subject: impl Subject) {
    send(subject.work(), "a").await;
    let first = receive_one(subject.work()).await;
    subject.pass_visibility_timeout().await;
    let second = receive_one(subject.work()).await;
    // SQS may answer either way; what counts is that the message stays.
    let _ = subject.work().delete(&first.receipt).await;
    assert_eq!(
        subject.work().hide(&second.receipt, Duration::ZERO).await,
        Ok(())
    );
    subject.pass_visibility_timeout().await;
    assert_empty(subject.work()).await;
    assert_eq!(receive_one(subject.dead()).await.body, "a");
}

/// More than one call takes; one that is deleted already is no error, and keeps no other.
pub async fn many_deliveries_are_deleted_at_once(subject: impl Subject) {
    assert_eq!(subject.work().delete_many(&[]).await, []);
    for number in 0..14 {
        send(subject.work(), &number.to_string()).await;
    }
    let mut received = Vec::new();
    while received.len() < 14 {
        received.extend(subject.work().receive(10, SOON).await.unwrap());
    }
    let receipts: Vec<&str> = received.iter().map(|one| one.receipt.as_str()).collect();
    subject.work().delete(receipts[3]).await.unwrap();
    let (now, later) = receipts.split_at(12);
    assert_eq!(subject.work().delete_many(now).await, [Ok(()); 12]);
    subject.pass_visibility_timeout().await;
    let mut left = BTreeSet::new();
    while left.len() < 2 {
        left.insert(receive_one(subject.work()).await.id);
    }
    let kept: BTreeSet<String> = received[12..].iter().map(|one| one.id.clone()).collect();
    assert_eq!((left, later.len()), (kept, 2));
    assert_empty(subject.work()).await;
}

/// Zero shows it at once.
pub async fn a_hidden_message_shows_when_told_to(subject: impl Subject) {
    send(subject.work(), "a").await;
    let received = receive_one(subject.work()).await;
    subject
        .work()
        .hide(&received.receipt, Duration::ZERO)
        .await
        .unwrap();
    let again = receive_one(subject.work()).await;
    assert_eq!((again.id, again.receive_count), (received.id, 2));
    subject
        .work()
        .hide(&again.receipt, Duration::from_secs(3600))
        .await
        .unwrap();
    subject.pass_visibility_timeout().await;
    assert_empty(subject.work()).await;
}

/// Some for longer than the queue would, some not at all; a receipt of nothing hides nothing, and
/// keeps no other from being hidden.
pub async fn several_deliveries_are_hidden_at_once_each_for_its_own_time(subject: impl Subject) {
    for number in 0..4 {
        send(subject.work(), &number.to_string()).await;
    }
    let mut received = Vec::new();
    while received.len() < 4 {
        received.extend(subject.work().receive(4, SOON).await.unwrap());
    }
    let hidden = |message: &Received, seconds| Hidden {
        receipt: message.receipt.clone(),
        duration: Duration::from_secs(seconds),
    };
    let mut deliveries = vec![hidden(&received[0], 3600), hidden(&received[1], 0)];
    assert_eq!(subject.work().hide_many(&deliveries).await, Ok(()));
    let shown = receive_one(subject.work()).await;
    assert_eq!((&shown.id, shown.receive_count), (&received[1].id, 2));
    assert_empty(subject.work()).await;
    subject.work().delete(&received[2].receipt).await.unwrap();
    subject.work().delete(&shown.receipt).await.unwrap();

    deliveries[0].receipt = "nothing".to_owned();
    deliveries[1] = hidden(&received[3], 3600);
    assert!(subject.work().hide_many(&deliveries).await.is_err());
    subject.pass_visibility_timeout().await;
    assert_empty(subject.work()).await;
    assert_eq!(subject.work().hide_many(&[]).await, Ok(()));
}

/// The rest stays for the next reader.
pub async fn no_more_is_given_than_asked_for(subject: impl Subject) {
    for number in 0..5 {
        send(subject.work(), &number.to_string()).await;
    }
    let mut bodies = BTreeSet::new();
    while bodies.len() < 5 {
        let received = subject.work().receive(2, SOON).await.unwrap();
        assert!((1..=2).contains(&received.len()));
        for message in received {
            assert!(bodies.insert(message.body), "delivered twice");
        }
    }
}

/// However many ask at once.
pub async fn twenty_readers_get_each_message_once(subject: impl Subject) {
    for number in 0..20 {
        send(subject.work(), &number.to_string()).await;
    }
    let readers: Vec<_> = (0..20)
        .map(|_| {
            let reader = subject.clone();
            tokio::spawn(async move {
                let mut bodies = Vec::new();
                loop {
                    let received = reader.work().receive(3, MOMENT).await.unwrap();
                    if received.is_empty() {
                        return bodies;
                    }
                    bodies.extend(received.into_iter().map(|message| message.body));
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for reader in readers {
        all.extend(reader.await.unwrap());
    }
    all.sort_by_key(|body| body.parse::<u32>().unwrap());
    assert_eq!(
        all,
        (0..20).map(|number| number.to_string()).collect::<Vec<_>>()
    );
}

/// By itself, as SQS moves it: body unchanged, and no cause.
pub async fn a_message_delivered_too_often_is_a_dead_letter(subject: impl Subject) {
    send(subject.work(), "poison").await;
    for count in 1..=RECEIVE_LIMIT {
        assert_eq!(receive_one(subject.work()).await.receive_count, count);
        subject.pass_visibility_timeout().await;
    }
    assert_empty(subject.work()).await;
    let dead = subject.dead().examine(10, SOON, HOLD).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (dead[0].message.body.as_str(), &dead[0].cause),
        ("poison", &None)
    );
    subject
        .dead()
        .delete(&dead[0].message.receipt)
        .await
        .unwrap();
    subject.pass_visibility_timeout().await;
    assert_empty(subject.dead()).await;
}

fn forged() -> Cause {
    Cause {
        kind: "forged".to_owned(),
        text: "role_assigned is decided here and never taken from outside".to_owned(),
        operation: Some("dynamodb.put_item".to_owned()),
        message_id: "0b2c".to_owned(),
        first_received: Time::from_unix_seconds(1_780_000_000),
        set_aside: Time::from_unix_millis(1_780_000_000_123).unwrap(),
        receive_count: 3,
    }
}

/// However often it is looked at.
pub async fn a_message_set_aside_keeps_body_and_cause(subject: impl Subject) {
    let cause = forged();
    subject
        .dead()
        .set_aside("not { json", &cause)
        .await
        .unwrap();
    for _ in 0..=RECEIVE_LIMIT {
        let dead = subject.dead().examine(10, SOON, HOLD).await.unwrap();
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].message.body, "not { json");
        assert_eq!(dead[0].cause, Some(cause.clone()));
        subject
            .dead()
            .hide(&dead[0].message.receipt, Duration::ZERO)
            .await
            .unwrap();
    }
    assert_empty(subject.work()).await;
}

/// And not for the queue's own time.
pub async fn a_letter_that_is_examined_is_hidden_for_as_long_as_is_said(subject: impl Subject) {
    subject.dead().set_aside("held", &forged()).await.unwrap();
    let dead = subject.dead().examine(10, SOON, HOLD).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].sent.is_some());
    subject.pass_visibility_timeout().await;
    assert_empty(subject.dead()).await;
    let shown = Hidden {
        receipt: dead[0].message.receipt.clone(),
        duration: Duration::ZERO,
    };
    subject.dead().hide_many(&[shown]).await.unwrap();
    let again = subject.dead().examine(10, SOON, HOLD).await.unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].message.id, dead[0].message.id);
    assert_eq!(again[0].sent, dead[0].sent);
}

/// Those that show, and those that a reader has.
pub async fn letters_are_counted(subject: impl Subject) {
    for _ in 0..3 {
        subject
            .dead()
            .set_aside("counted", &forged())
            .await
            .unwrap();
    }
    let held = subject.dead().examine(1, SOON, HOLD).await.unwrap();
    let expected = Waiting {
        shown: 2,
        hidden: 1,
    };
    assert_eq!(held.len(), 1);
    assert_eq!(subject.dead().waiting().await, Ok(expected));
    subject
        .dead()
        .delete(&held[0].message.receipt)
        .await
        .unwrap();
    let expected = Waiting {
        shown: 2,
        hidden: 0,
    };
    assert_eq!(subject.dead().waiting().await, Ok(expected));
}

/// As large as SQS takes it.
pub async fn a_large_message_arrives_whole(subject: impl Subject) {
    let body = "é".repeat(120_000);
    send(subject.work(), &body).await;
    assert_eq!(receive_one(subject.work()).await.body, body);
}

fn delayed(body: String, delay: Duration) -> Delayed {
    let group = Some("3f0c".to_owned());
    Delayed {
        message: Outgoing { body, group },
        delay,
    }
}

/// However many calls that takes.
pub async fn many_messages_arrive_each_once(subject: impl Subject) {
    assert_eq!(subject.work().send_many(&[]).await, []);
    let large = "x".repeat(100_000);
    let mut expected: Vec<String> = (0..23).map(|number| number.to_string()).collect();
    expected.extend((0..3).map(|number| format!("{number}{large}")));
    let messages: Vec<Delayed> = expected
        .iter()
        .map(|body| delayed(body.clone(), Duration::ZERO))
        .collect();
    let sent = subject.work().send_many(&messages).await;
    assert_eq!(sent, vec![Ok(()); messages.len()]);
    let mut bodies = Vec::new();
    while bodies.len() < expected.len() {
        let received = subject.work().receive(10, SOON).await.unwrap();
        assert!(!received.is_empty(), "{} of them arrived", bodies.len());
        bodies.extend(received.into_iter().map(|message| message.body));
    }
    bodies.sort();
    expected.sort();
    assert_eq!(bodies, expected);
}

/// And no sooner.
pub async fn a_delayed_message_shows_once_its_delay_is_over(subject: impl Subject) {
    let messages = [
        delayed("at once".to_owned(), Duration::ZERO),
        // A busy machine takes a second for what comes before it.
        delayed("later".to_owned(), Duration::from_secs(8)),
    ];
    let sent = subject.work().send_many(&messages).await;
    assert_eq!(sent, [Ok(()), Ok(())]);
    let first = receive_one(subject.work()).await;
    assert_eq!(first.body, "at once");
    subject.work().delete(&first.receipt).await.unwrap();
    assert_empty(subject.work()).await;
    for _ in 0..20 {
        subject.pass_visibility_timeout().await;
        let received = subject.work().receive(10, MOMENT).await.unwrap();
        if let [message] = received.as_slice() {
            assert_eq!(message.body, "later");
            return;
        }
        assert_eq!(received, []);
    }
    panic!("its delay is over");
}
