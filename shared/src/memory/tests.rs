//! What the contracts of store and queue do not say: ways, the bus, mail, and what is counted.

use super::{Bus, Open, Outbox, Passed, Table, Way, WorkQueue};
use crate::clock::FixedClock;
use crate::commit::Lane;
use crate::disposition::FaultKind;
use crate::port::{self, BusEntry, Due, Mail, Mailer, Outgoing, Queue, QueueLimits, Store};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use usher_events::{EventId, Personal, Time};
use uuid::Uuid;

/// A way that treats its calls as listed, and lets the rest through.
struct Listed(Vec<Passed>, AtomicUsize);

impl Listed {
    fn way(passed: impl Into<Vec<Passed>>) -> Arc<dyn Way> {
        Arc::new(Self(passed.into(), AtomicUsize::new(0)))
    }
}

#[async_trait]
impl Way for Listed {
    async fn pass(&self, _operation: &'static str) -> Passed {
        let call = self.1.fetch_add(1, Ordering::SeqCst);
        self.0.get(call).copied().unwrap_or(Passed::Through)
    }
}

const STOPPED: Passed = Passed::Stopped(FaultKind::Unavailable);
const LOST: Passed = Passed::AnswerLost(FaultKind::TimedOut);

fn at(seconds: i64) -> Time {
    Time::from_unix_seconds(1_780_000_000 + seconds).unwrap()
}

fn id(number: u128) -> EventId {
    EventId::from_uuid(Uuid::from_u128(number))
}

fn entry(number: u128) -> BusEntry {
    BusEntry {
        source: "usher".to_owned(),
        detail_type: "usher.signed_in".to_owned(),
        detail: format!(r#"{{"id":"{}"}}"#, id(number)),
        time: at(0),
    }
}

#[tokio::test]
async fn a_bus_takes_ten_entries_a_call_and_fails_by_the_call() {
    let bus = Bus::over(Listed::way([STOPPED, LOST]));
    let entries: Vec<_> = (0..25).map(entry).collect();
    let results = port::Bus::publish(&bus, &entries).await;
    for (number, result) in (0..25).zip(&results) {
        let told = bus.told(id(number));
        let expected = match number {
            0..10 => (Some(FaultKind::Unavailable), 0),
            10..20 => (Some(FaultKind::TimedOut), 1),
            _ => (None, 1),
        };
        let heard = (result.as_ref().err().map(|fault| fault.kind), told);
        assert_eq!(heard, expected, "{number}");
    }
    assert_eq!(port::Bus::publish(&bus, &entries[10..11]).await, [Ok(())]);
    assert_eq!((bus.forget(id(10)), bus.told(id(10))), (2, 0));
}

#[tokio::test]
async fn a_mail_is_sent_if_it_arrives_whatever_is_heard_of_it() {
    let outbox = Outbox::over(Listed::way([STOPPED, LOST]));
    let ada = Personal::new("ada@home.example");
    let mail = Mail {
        to: ada.clone(),
        from: "welcome@app.example".to_owned(),
        reply_to: None,
        subject: String::new(),
        text: String::new(),
        html: String::new(),
        unsubscribe_url: None,
        tags: Vec::new(),
        configuration_set: None,
    };
    assert!(outbox.send(&mail).await.is_err());
    assert_eq!(outbox.sent_to(&ada), 0);
    assert!(outbox.send(&mail).await.is_err());
    assert_eq!(outbox.sent_to(&ada), 1);
    assert_eq!(outbox.send(&mail).await, Ok("mail-2".to_owned()));
    assert_eq!((outbox.mails(), outbox.forget(&ada)), (2, 2));
}

#[tokio::test]
async fn a_depth_tells_what_shows_from_what_was_received() {
    let clock = Arc::new(FixedClock(at(0)));
    let queue = WorkQueue::over(Arc::new(Open), clock, QueueLimits::default());
    for body in ["a", "b", "c"] {
        let (body, group) = (body.to_owned(), Some(body.to_owned()));
        queue.send(&Outgoing { body, group }).await.unwrap();
    }
    let taken = port::Inbox::receive(&queue, 2, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(taken.len(), 2);
    assert!(queue.holds("a"), "hidden is not gone");
    let depth = queue.depth();
    let counted = (depth.waiting, depth.in_flight, depth.oldest);
    assert_eq!(counted, (1, 2, Some(at(0))));
    port::Inbox::delete(&queue, &taken[0].receipt)
        .await
        .unwrap();
    assert_eq!(queue.depth().in_flight, 1);
    assert!(!queue.holds("a") && queue.holds("b"));
}

#[tokio::test]
async fn another_way_leads_to_the_same_table() {
    let table = Table::default();
    table.spill(id(9), "{}", at(0)).await.unwrap();
    let closed = table.by(Listed::way([STOPPED]));
    assert!(closed.spilled(id(9)).await.is_err());
    assert_eq!(closed.spilled(id(9)).await, Ok(Some("{}".to_owned())));
    assert_eq!((table.deferred(), table.units().written), (1, 2));
    let due = Due::Spill {
        id: id(9),
        due: at(0),
    };
    assert_eq!(table.due(Lane::Queue, at(0), 9).await, Ok(vec![due]));
}
