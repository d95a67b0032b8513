//! What following a table promises, on a server that has streams.

use crate::aws::Clients;
use crate::clock;
use crate::commit::{EffectKind, Entry, Ledger};
use crate::dynamodb::{Table, TableFeed};
use crate::port::{Appended, Fed, Feed, Store};
use crate::seal::{SealedCommit, StoredEvent};
use crate::user::UserItem;
use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{Envelope, EventId, PoolId, Sub, Subject, Time};
use uuid::Uuid;

/// How long something may take to be seen.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than one answer brings.
const MANY: u64 = 1200;

fn at(seconds: i64) -> Time {
    Time::from_unix_seconds(1_780_000_000 + seconds).expect("it is in range")
}

fn sub(number: u64) -> Sub {
    Sub::new(format!("user-{}", number % 7)).expect("it is one")
}

fn commit(number: u64, seconds: i64) -> SealedCommit {
    SealedCommit {
        envelope: Envelope {
            id: EventId::from_uuid(Uuid::from_u64_pair(0, number)),
            source: PoolId::new("eu-west-1_A").expect("it is one"),
            subject: Subject::User(sub(number)),
            time: at(0),
            correlation_id: None,
            causation_id: None,
            event: StoredEvent {
                name: "signed_in".to_owned(),
                version: 1,
                data: json!({ "client": null, "list": [true, 1, "x"] }),
            },
        },
        sealed_person: Some(vec![0, 1, 254, 255]),
        decided: Vec::new(),
        ledger: Ledger::owing([EffectKind::WelcomeMail]),
        lease: None,
        recorded_at: at(seconds),
    }
}

async fn append(table: &Table, commit: &SealedCommit) {
    assert_eq!(table.append(commit).await, Ok(Appended::Now));
}

/// Switches the stream of a new table on or off.
pub async fn switch(clients: &Clients, table: &Table, on: bool) {
    let client = aws_sdk_dynamodb::Client::new(clients.sdk());
    let mut stream = StreamSpecification::builder().stream_enabled(on);
    if on {
        stream = stream.stream_view_type(StreamViewType::NewImage);
    }
    let stream = stream.build().expect("it says whether it is on");
    let request = client.update_table().table_name(table.name());
    let switched = request.stream_specification(stream).send().await;
    switched.expect("the server has streams");
}

/// A feed from now on, once the stream that was switched on is there.
async fn follow(clients: &Clients, table: &Table, since: Option<Time>) -> TableFeed {
    let end = Instant::now() + PATIENCE;
    loop {
        let opened = TableFeed::open(clients, table, at(0), since).await;
        if let Some(feed) = opened.expect("the table can be read") {
            return feed;
        }
        assert!(Instant::now() < end, "there is no stream");
    }
}

/// What comes until as much came as is expected, and three more rounds.
async fn come(feed: &mut TableFeed, expected: usize) -> Vec<Fed> {
    let (mut fed, mut idle) = (Vec::new(), 0);
    let end = Instant::now() + PATIENCE;
    while idle < 3 && Instant::now() < end {
        let Ok(turn) = feed.next().await else {
            clock::sleep(Duration::from_millis(100)).await;
            continue;
        };
        fed.extend(turn.fed);
        idle += u32::from(!turn.wait.is_zero() && fed.len() >= expected);
    }
    fed
}

fn numbers(fed: &[Fed], seconds: i64) -> Vec<u64> {
    let mut numbers = Vec::new();
    for fed in fed {
        let Fed::Commit(found) = fed else {
            panic!("{fed:?}")
        };
        let number = found.envelope.id.uuid().as_u64_pair().1;
        assert_eq!(**found, commit(number, seconds));
        numbers.push(number);
    }
    numbers.sort_unstable();
    numbers
}

/// Each commit that is appended to an empty table comes once, as it was appended, and nothing else; a
/// table without a stream is told from one with.
pub async fn every_commit_comes_once(clients: &Clients, table: &Table) {
    let none = TableFeed::open(clients, table, at(0), None).await;
    assert!(none.expect("the table can be read").is_none());
    switch(clients, table, true).await;
    append(table, &commit(1_000_000, -10)).await;
    let mut feed = follow(clients, table, None).await;
    for number in 0..MANY {
        append(table, &commit(number, 1)).await;
        // What is written into a commit later, and other items, are no news.
        if number % 100 == 0 {
            let subject = Subject::User(sub(number));
            let id = commit(number, 1).envelope.id;
            let kind = EffectKind::WelcomeMail;
            let entry = Entry::Done {
                at: at(2),
                receipt: None,
            };
            let written = table.write_entry(&subject, id, kind, &entry, None, None);
            written.await.expect("it is open");
            let mut item = UserItem::new(sub(number));
            item.version = 1;
            table.write_user(&item).await.expect("it can be written");
        }
    }
    let fed = come(&mut feed, usize::try_from(MANY).expect("it is small")).await;
    assert_eq!(numbers(&fed, 1), (0..MANY).collect::<Vec<_>>());

    let mut earlier = follow(clients, table, Some(at(-5))).await;
    let fed = come(&mut earlier, usize::try_from(MANY).expect("it is small")).await;
    assert_eq!(numbers(&fed, 1), (0..MANY).collect::<Vec<_>>());
}
