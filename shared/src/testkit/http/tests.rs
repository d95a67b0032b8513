use super::*;
use crate::disposition::FaultKind;
use crate::dynamodb::Table;
use crate::eventbridge::EventBus;
use crate::port::{Bus, BusEntry, Fault, Mail, MailError, Mailer, Outgoing, Queue, Store};
use crate::ses::Ses;
use crate::sqs::WorkQueue;
use tokio::time::Instant;
use usher_events::{Personal, Sub, Time};

const ENDINGS: [(Behavior, FaultKind); 9] = [
    (Behavior::Hangs, FaultKind::TimedOut),
    (Behavior::RefusesConnection, FaultKind::Unavailable),
    (Behavior::Resets, FaultKind::TimedOut),
    (Behavior::Throttles, FaultKind::Throttled),
    (Behavior::Breaks, FaultKind::Unavailable),
    (Behavior::Denies, FaultKind::Refused),
    (Behavior::Answers("<html></html>"), FaultKind::TimedOut),
    (Behavior::Answers("{\"half"), FaultKind::TimedOut),
    (Behavior::AnswersLate(LATE, "{}"), FaultKind::TimedOut),
];

/// Longer than any call of the trigger is waited for.
const LATE: Duration = Duration::from_secs(1);

fn mail() -> Mail {
    Mail {
        to: Personal::new("ada@example.com"),
        from: "hello@example.com".to_owned(),
        reply_to: None,
        subject: "Welcome".to_owned(),
        text: "Hello".to_owned(),
        html: "<p>Hello</p>".to_owned(),
        unsubscribe_url: None,
        tags: Vec::new(),
        configuration_set: None,
    }
}

fn entry() -> BusEntry {
    BusEntry {
        source: "usher".to_owned(),
        detail_type: "usher.signed_in".to_owned(),
        detail: "{}".to_owned(),
        time: Time::from_unix_seconds(0).unwrap(),
    }
}

#[tokio::test(start_paused = true)]
async fn every_service_reads_every_failure_alike() {
    for (behavior, kind) in ENDINGS {
        let clients = clients(behavior, Timeouts::TRIGGER);
        let table = Table::new(&clients, "usher");
        let queue = WorkQueue::new(&clients, "http://127.0.0.1:1/queue");
        let sub = Sub::new("3f0c").unwrap();
        let message = Outgoing {
            body: "{}".to_owned(),
            group: None,
        };
        let begun = Instant::now();
        let fault: Fault = table.load(&sub).await.unwrap_err();
        assert_eq!(
            (fault.operation, fault.kind),
            ("dynamodb.batch_get_item", kind),
            "{behavior:?}"
        );
        assert!(
            begun.elapsed() <= Timeouts::TRIGGER.operation,
            "{behavior:?}"
        );
        assert_eq!(
            queue.send(&message).await.unwrap_err().kind,
            kind,
            "{behavior:?}"
        );
        let published = EventBus::new(&clients, "usher")
            .publish(&[entry(), entry()])
            .await;
        assert_eq!(published.len(), 2);
        for result in published {
            assert_eq!(result.unwrap_err().kind, kind, "{behavior:?}");
        }
        let MailError::Fault(fault) = Ses::new(&clients).send(&mail()).await.unwrap_err() else {
            panic!("{behavior:?} is no verdict on the mail");
        };
        assert_eq!(fault.kind, kind, "{behavior:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_says_nothing_of_the_request() {
    for (behavior, _) in ENDINGS {
        let error = Ses::new(&clients(behavior, Timeouts::TRIGGER))
            .send(&mail())
            .await;
        let error = error.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("ada@"), "{error:?}");
    }
}

async fn loaded(answer: &'static str) -> Result<(), FaultKind> {
    let clients = clients(Behavior::Answers(answer), Timeouts::TRIGGER);
    let table = Table::new(&clients, "usher");
    let loaded = table.load(&Sub::new("3f0c").unwrap()).await;
    loaded.map(|_| ()).map_err(|fault| fault.kind)
}

#[tokio::test(start_paused = true)]
async fn half_of_a_pair_is_none() {
    assert_eq!(
        loaded(r#"{"Responses":{},"UnprocessedKeys":{}}"#).await,
        Ok(())
    );
    let half = r#"{"Responses":{"usher":[]},"UnprocessedKeys":{"usher":{"Keys":[
        {"PK":{"S":"U#3f0c"},"SK":{"S":"KEY"}}]}}}"#;
    assert_eq!(loaded(half).await, Err(FaultKind::Throttled));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_cannot_be_read_is_corrupt() {
    for item in [
        r#"{"Responses":{"usher":[{"PK":{"S":"U#3f0c"},"SK":{"S":"USER"}}]}}"#,
        r#"{"Responses":{"usher":[{"PK":{"S":"U#3f0c"},"SK":{"S":"KEY"},"key":{"B":"AA=="}}]}}"#,
        r#"{"Responses":{"usher":[{"PK":{"S":"U#3f0c"},"SK":{"S":"OTHER"}}]}}"#,
    ] {
        assert_eq!(loaded(item).await, Err(FaultKind::Corrupt), "{item}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_cut_short_says_nothing_of_what_was_done() {
    assert_eq!(
        loaded(r#"{"Responses":{"ush"#).await,
        Err(FaultKind::TimedOut)
    );
}

#[tokio::test(start_paused = true)]
async fn of_entries_published_together_each_has_its_own_end() {
    let answer =
        r#"{"FailedEntryCount":1,"Entries":[{"EventId":"e"},{"ErrorCode":"ThrottlingException"}]}"#;
    let clients = clients(Behavior::Answers(answer), Timeouts::TRIGGER);
    let results = EventBus::new(&clients, "usher")
        .publish(&[entry(), entry(), entry()])
        .await;
    let kinds: Vec<_> = results
        .into_iter()
        .map(|result| result.map_err(|f| f.kind))
        .collect();
    assert_eq!(
        kinds,
        [Ok(()), Err(FaultKind::Throttled), Err(FaultKind::TimedOut)]
    );
}

#[tokio::test(start_paused = true)]
async fn who_answers_late_and_in_time_has_answered() {
    let late = Behavior::AnswersLate(Duration::from_millis(300), "{}");
    let table = Table::new(&clients(late, Timeouts::TRIGGER), "usher");
    let begun = Instant::now();
    assert_eq!(table.glance(&Sub::new("3f0c").unwrap()).await, Ok(None));
    assert_eq!(begun.elapsed(), Duration::from_millis(300));
}

/// The SDK reads no bytes as it reads `{}`, which says that there is nothing, or that it is done.
#[tokio::test(start_paused = true)]
async fn an_answer_without_a_word_is_none() {
    let clients = |said| clients(Behavior::Answers(said), Timeouts::TRIGGER);
    let sub = Sub::new("3f0c").unwrap();
    let message = Outgoing {
        body: "{}".to_owned(),
        group: None,
    };
    for (said, of_the_table) in [("", Err(FaultKind::TimedOut)), ("{}", Ok(None))] {
        let table = Table::new(&clients(said), "usher");
        let found = table.glance(&sub).await.map_err(|fault| fault.kind);
        assert_eq!(found, of_the_table, "{said:?}");
        let queue = WorkQueue::new(&clients(said), "http://127.0.0.1:1/queue");
        let sent = queue.send(&message).await.map_err(|fault| fault.kind);
        assert_eq!(sent, Err(FaultKind::TimedOut), "{said:?}");
        let bus = EventBus::new(&clients(said), "usher");
        let [published] = bus.publish(&[entry()]).await[..] else {
            panic!("one entry has one end")
        };
        assert_eq!(published.unwrap_err().kind, FaultKind::TimedOut, "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_of_somebody_else_is_nobodys() {
    let other = r#"{"Item":{"PK":{"S":"U#other"},"SK":{"S":"USER"},"version":{"N":"1"},
        "profile":{"M":{}},"marks":{"M":{}}}}"#;
    let table = Table::new(
        &clients(Behavior::Answers(other), Timeouts::TRIGGER),
        "usher",
    );
    let found = table.glance(&Sub::new("3f0c").unwrap()).await;
    assert_eq!(found.unwrap_err().kind, FaultKind::Corrupt);
}
