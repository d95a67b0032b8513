//! What a drill has shown, as a table and as JSON.

use super::check::Violation;
use super::scenario::{Outage, Scenario};
use super::service::Book;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;
use usher_shared::memory::Units;

/// How things stood at the end of one minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    pub at: Duration,
    pub waiting: usize,
    pub in_flight: usize,
    /// How old the oldest message was.
    pub oldest: Duration,
    pub deferred: usize,
    pub dead_letters: usize,
}

/// One scenario, played.
pub struct Drilled {
    pub scenario: Scenario,
    pub outage: Outage,
    pub people: u64,
    pub messages: u64,
    pub mails: u64,
    /// Mails that were taken when nobody could write that down.
    pub unrecorded: u64,
    /// How many of them were sent once more.
    pub sent_again: u64,
    /// The most that a sweep sent of one lane.
    pub most_a_minute: u32,
    /// How long after the outage no backlog was left.
    pub drained: Option<Duration>,
    pub units: Units,
    /// Calls of the service that was out.
    pub calls: Book,
    pub violations: BTreeMap<Violation, u64>,
    pub samples: Vec<Sample>,
}

/// What one line of the table says of one scenario.
type Measure = (&'static str, fn(&Drilled) -> String);

/// The lines of the table, in order.
const MEASURES: [Measure; 22] = [
    ("outage", |it| minutes(it.outage.ends - it.outage.begins)),
    ("sign-ups", |it| count(it.people)),
    ("events on the queue", |it| count(it.messages)),
    ("highest queue depth", |it| count(it.most(|at| at.waiting))),
    ("highest in flight", |it| count(it.most(|at| at.in_flight))),
    ("oldest message", |it| {
        minutes(Duration::from_secs(
            it.most(|at| at.oldest.as_secs() as usize),
        ))
    }),
    ("highest deferred", |it| count(it.most(|at| at.deferred))),
    ("dead letters", |it| count(it.most(|at| at.dead_letters))),
    ("calls a minute before", |it| {
        per_minute(it.calls.before, it.outage.begins)
    }),
    ("calls a minute while out", |it| {
        per_minute(it.calls.during, it.outage.ends - it.outage.begins)
    }),
    ("calls while out", |it| count(it.calls.during)),
    ("calls while open", |it| count(it.calls.while_open)),
    ("probes", |it| count(it.calls.probes)),
    ("calls after", |it| count(it.calls.after)),
    ("resumed a minute at most", |it| {
        count(u64::from(it.most_a_minute))
    }),
    ("drained after", |it| {
        it.drained.map_or("never".to_owned(), minutes)
    }),
    ("mails", |it| count(it.mails)),
    ("taken, unrecorded", |it| count(it.unrecorded)),
    ("sent again for that", |it| count(it.sent_again)),
    ("sent twice otherwise", |it| {
        count(it.count(Violation::SecondWelcome))
    }),
    ("lost", |it| {
        let lost = [
            Violation::EventLost,
            Violation::PublicationLost,
            Violation::NoWelcome,
            Violation::LeftOpen,
        ];
        count(lost.iter().map(|what| it.count(*what)).sum())
    }),
    ("write units a sign-up", |it| {
        format!("{:.1}", it.units.written as f64 / it.people.max(1) as f64)
    }),
];

impl Drilled {
    fn most(&self, of: impl Fn(&Sample) -> usize) -> u64 {
        self.samples.iter().map(of).max().unwrap_or(0) as u64
    }

    fn count(&self, violation: Violation) -> u64 {
        self.violations.get(&violation).copied().unwrap_or(0)
    }

    /// Everything, for a script.
    pub fn to_json(&self) -> Value {
        let violations: BTreeMap<_, _> = self
            .violations
            .iter()
            .map(|(what, times)| (what.as_str(), times))
            .collect();
        let minutes: Vec<Value> = self
            .samples
            .iter()
            .zip(self.calls.by_minute.iter().chain(std::iter::repeat(&0)))
            .map(|(at, calls)| {
                json!({
                    "minute": at.at.as_secs() / 60,
                    "waiting": at.waiting,
                    "in_flight": at.in_flight,
                    "oldest_message_s": at.oldest.as_secs(),
                    "deferred": at.deferred,
                    "dead_letters": at.dead_letters,
                    "calls": calls,
                })
            })
            .collect();
        json!({
            "scenario": self.scenario.as_str(),
            "outage_s": (self.outage.ends - self.outage.begins).as_secs(),
            "sign_ups": self.people,
            "events": self.messages,
            "highest_queue_depth": self.most(|at| at.waiting),
            "highest_in_flight": self.most(|at| at.in_flight),
            "oldest_message_s": self.most(|at| at.oldest.as_secs() as usize),
            "highest_deferred": self.most(|at| at.deferred),
            "dead_letters": self.most(|at| at.dead_letters),
            "calls": {
                "before": self.calls.before,
                "while_out": self.calls.during,
                "after": self.calls.after,
                "while_open": self.calls.while_open,
                "probes": self.calls.probes,
            },
            "drained_after_s": self.drained.map(|drained| drained.as_secs()),
            "mails": self.mails,
            "mails_taken_unrecorded": self.unrecorded,
            "mails_sent_again_for_that": self.sent_again,
            "write_units": self.units.written,
            "writes": self.units.writes,
            "violations": violations,
            "minutes": minutes,
        })
    }
}

/// A line for each measure, a column for each scenario.
pub fn table(drilled: &[Drilled]) -> String {
    let mut text = format!("{:<26}", "");
    for it in drilled {
        let _ = write!(text, "{:>14}", it.scenario.as_str());
    }
    for (name, measure) in MEASURES {
        let _ = write!(text, "\n{name:<26}");
        for it in drilled {
            let _ = write!(text, "{:>14}", measure(it));
        }
    }
    text
}

/// A number, in groups of three digits.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn per_minute(calls: u64, of: Duration) -> String {
    let minutes = (of.as_secs_f64() / 60.0).max(1.0);
    format!("{:.1}", calls as f64 / minutes)
}

/// Hours and minutes, or minutes alone.
pub fn minutes(duration: Duration) -> String {
    let minutes = duration.as_secs().div_ceil(60);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_easily() {
        let shown: Vec<String> = [0, 999, 1_000, 1_234_567].map(count).into();
        assert_eq!(shown, ["0", "999", "1 000", "1 234 567"]);
        let shown = [59, 60, 3600, 3661].map(|seconds| minutes(Duration::from_secs(seconds)));
        assert_eq!(shown, ["1 min", "1 min", "1 h", "1 h 2 min"]);
    }
}
