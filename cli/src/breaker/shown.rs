//! A breaker as it is shown.

use serde::Serialize;
use std::time::Duration;
use usher_events::Time;
use usher_shared::breaker::{Record, State};
use usher_shared::dependency::Dependency;

/// One breaker.
#[derive(Debug, Serialize)]
pub struct Shown<'a> {
    pub breaker: &'static str,
    pub state: &'static str,
    pub since: Option<Time>,
    pub until: Option<Time>,
    pub trips: u32,
    pub why: Option<&'a str>,
    pub by: Option<&'a str>,
    pub held: bool,
}

impl<'a> Shown<'a> {
    /// One that nobody ever opened has no record, and is closed.
    pub fn of(of: Dependency, record: Option<&'a Record>) -> Self {
        let state = record.map_or(State::Closed, |record| record.state);
        Self {
            breaker: of.as_str(),
            state: state.as_str(),
            since: record.and_then(|record| time(record.since)),
            until: record
                .filter(|_| state != State::Closed)
                .and_then(|record| time(record.until)),
            trips: record.map_or(0, |record| record.trips),
            why: record.and_then(|record| record.why.as_deref()),
            by: record.map(|record| record.by.as_str()),
            held: record.is_some_and(|record| record.held),
        }
    }

    pub fn head() {
        anstream::println!(
            "{:<9}{:<11}{:<26}{:<26}{:<7}{:<14}BY",
            "BREAKER",
            "STATE",
            "SINCE",
            "UNTIL",
            "TRIPS",
            "WHY"
        );
    }

    pub fn print(&self) {
        let or_none = |time: Option<Time>| time.map_or("-".to_owned(), |time| time.to_string());
        anstream::println!(
            "{:<9}{:<11}{:<26}{:<26}{:<7}{:<14}{}",
            self.breaker,
            self.state,
            or_none(self.since),
            or_none(self.until),
            self.trips,
            self.why.unwrap_or("-"),
            self.by.unwrap_or("-")
        );
    }
}

fn time(instant: Duration) -> Option<Time> {
    let millis = i64::try_from(instant.as_millis()).ok()?;
    Time::from_unix_millis(millis)
}
