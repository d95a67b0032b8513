//! Promises about what workers are told of their breakers.

use super::{Stored, crowd};
use crate::breaker::{Record, State};
use crate::dependency::Dependency;
use crate::port::BreakerWritten;
use std::collections::BTreeMap;
use std::time::Duration;

const MAIL: Dependency = Dependency::Mail;

/// Open, with every field filled in, by whoever this is.
fn record(version: u64, by: &str) -> Record {
    Record {
        version,
        target: "q1wE".to_owned(),
        state: State::Open,
        since: Duration::from_millis(1_780_000_000_001),
        until: Duration::from_millis(1_780_000_030_999),
        trips: 3,
        why: Some("timed_out".to_owned()),
        by: by.to_owned(),
        held: true,
    }
}

fn closed(version: u64) -> Record {
    Record {
        target: String::new(),
        state: State::Closed,
        trips: 0,
        why: None,
        held: false,
        ..record(version, "here")
    }
}

/// Nothing there is an answer.
pub async fn a_breaker_that_never_opened_is_none(store: impl Stored) {
    assert_eq!(store.breaker(MAIL).await, Ok(None));
    assert_eq!(store.breakers().await, Ok(BTreeMap::new()));
    let written = store.write_breaker(MAIL, &record(2, "here")).await;
    assert_eq!(written, Ok(BreakerWritten::Overtaken(None)));
    assert_eq!(store.breakers().await, Ok(BTreeMap::new()));
}

/// Everything of it comes back, and of its own dependency alone.
pub async fn a_breaker_is_read_back_as_written(store: impl Stored) {
    let half_open = Record {
        state: State::HalfOpen,
        ..record(1, "here")
    };
    let all: BTreeMap<_, _> = Dependency::ALL
        .into_iter()
        .zip([record(1, "here"), half_open, closed(1)])
        .collect();
    for (at, (of, record)) in all.iter().enumerate() {
        assert_eq!(store.breaker(*of).await, Ok(None));
        assert_eq!(store.breakers().await.unwrap().len(), at);
        let written = store.write_breaker(*of, record).await;
        assert_eq!(written, Ok(BreakerWritten::Now));
        assert_eq!(store.breaker(*of).await, Ok(Some(record.clone())));
    }
    assert_eq!(store.breakers().await, Ok(all));
}

/// Whoever is overtaken is shown by what.
pub async fn a_breaker_is_written_under_its_version_alone(store: impl Stored) {
    let first = record(1, "here");
    let overtaken = |by: &Record| Ok(BreakerWritten::Overtaken(Some(Box::new(by.clone()))));
    let now = Ok(BreakerWritten::Now);
    assert_eq!(store.write_breaker(MAIL, &first).await, now);
    for version in [1, 3] {
        let late = record(version, "there");
        assert_eq!(store.write_breaker(MAIL, &late).await, overtaken(&first));
    }
    assert_eq!(store.write_breaker(MAIL, &closed(2)).await, now);
    let late = record(2, "there");
    assert_eq!(
        store.write_breaker(MAIL, &late).await,
        overtaken(&closed(2))
    );
}

/// Exactly one, and all the others are shown what it wrote.
pub async fn of_twenty_who_write_a_breaker_at_once_one_has_written(store: impl Stored) {
    for version in [1, 2] {
        let written = crowd(|number| {
            let (store, mine) = (store.clone(), record(version, &format!("w{number}")));
            async move { store.write_breaker(MAIL, &mine).await.unwrap() }
        })
        .await;
        let won = written.iter().filter(|one| **one == BreakerWritten::Now);
        assert_eq!(won.count(), 1);
        let there = store.breakers().await.unwrap().remove(&MAIL).unwrap();
        assert_eq!(there.version, version);
        let shown = written.into_iter().filter_map(|one| match one {
            BreakerWritten::Now => None,
            BreakerWritten::Overtaken(found) => Some(*found.unwrap()),
        });
        assert!(shown.into_iter().all(|shown| shown == there));
    }
}
