//! How much of a lane one sweep may send. Pure.

use serde::Serialize;
use std::time::Duration;
use usher_events::Time;
use usher_shared::breaker::{Record, State};

/// What a sweep sends of a lane whose breaker wants a probe: the probe, and few enough beside it that
/// what is held again costs next to nothing. One may turn out to be done already.
pub const PROBES: u32 = 3;

/// In how many doublings, a minute each, a lane comes back to its full pace after an outage.
const DOUBLINGS: u32 = 5;

/// How much of one lane a sweep may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Pace {
    /// The breaker is open, or waits for the end of its probe.
    Held,
    /// The cool-down is over: just enough for somebody to probe.
    Probing,
    /// The breaker is closed.
    Flowing {
        /// So much.
        most: u32,
    },
}

impl Pace {
    /// What a breaker's record allows at an instant, where `most` is the policy's limit.
    ///
    /// A breaker that closed a short while ago begins at a thirty-second of it and doubles each
    /// minute: the record has the time, so that a sweep that remembers nothing knows how far it is.
    pub fn of(record: Option<&Record>, now: Time, most: u32) -> Self {
        let Some(record) = record else {
            return Self::Flowing { most };
        };
        let now = Duration::from_millis(u64::try_from(now.unix_millis()).unwrap_or_default());
        match record.state {
            State::Open | State::HalfOpen if now < record.until => Self::Held,
            State::Open | State::HalfOpen => Self::Probing,
            State::Closed => {
                let minutes = now.saturating_sub(record.since).as_secs() / 60;
                let missing = DOUBLINGS.saturating_sub(u32::try_from(minutes).unwrap_or(u32::MAX));
                let grown = (most >> missing).max(PROBES).min(most);
                Self::Flowing { most: grown }
            }
        }
    }

    /// The most that may be sent.
    pub fn most(self) -> u32 {
        match self {
            Self::Held => 0,
            Self::Probing => PROBES,
            Self::Flowing { most } => most,
        }
    }

    /// How many a minute the messages are spread to. Probes go at once, at the policy's own limit.
    pub fn rate(self, limit: u32) -> u32 {
        match self {
            Self::Held | Self::Probing => limit,
            Self::Flowing { most } => most,
        }
        .max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_780_000_000;

    fn at(seconds: u64) -> Time {
        Time::from_unix_seconds(seconds.try_into().unwrap()).unwrap()
    }

    fn record(state: State, since: u64, until: u64) -> Record {
        let mut record = Record::reset(None, Duration::from_secs(since), "test");
        record.state = state;
        record.until = Duration::from_secs(until);
        record
    }

    #[track_caller]
    fn check(state: State, since: u64, until: u64, expected: u32) {
        let record = record(state, since, until);
        let pace = Pace::of(Some(&record), at(NOW), 600);
        assert_eq!(pace.most(), expected, "{state:?} {since} {until}");
    }

    #[test]
    fn a_breaker_that_was_never_open_allows_all() {
        assert_eq!(Pace::of(None, at(NOW), 600), Pace::Flowing { most: 600 });
    }

    #[test]
    fn an_open_breaker_allows_nothing_until_its_cool_down_is_over_and_then_its_probe() {
        for state in [State::Open, State::HalfOpen] {
            check(state, NOW - 30, NOW + 1, 0);
            check(state, NOW - 30, NOW, PROBES);
            check(state, NOW - 9000, NOW - 8000, PROBES);
        }
    }

    #[test]
    fn after_an_outage_the_pace_doubles_each_minute_up_to_its_limit() {
        for (seconds, expected) in [
            (0, 18),
            (59, 18),
            (60, 37),
            (120, 75),
            (180, 150),
            (240, 300),
            (300, 600),
            (86_400, 600),
        ] {
            let since = NOW - seconds;
            check(State::Closed, since, since, expected);
        }
        // A clock that was ahead when it wrote, and a limit below the least.
        check(State::Closed, NOW + 60, NOW + 60, 18);
        let record = record(State::Closed, NOW, NOW);
        assert_eq!(Pace::of(Some(&record), at(NOW), 1).most(), 1);
        assert_eq!(Pace::of(Some(&record), at(NOW), 60).most(), PROBES);
    }
}
