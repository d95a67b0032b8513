use super::{Limits, Outcome};
use std::time::Duration;

/// Into how many parts a window is divided. A call counts for the whole of it, less one part at most.
const PARTS: u32 = 10;

/// Calls, counted by parts of a window. Takes the same room however many there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    failures_in_a_row: u32,
    parts: [Part; PARTS as usize],
}

#[derive(Clone, Copy, Debug, Default)]
struct Part {
    /// Which part of all time this is, from 1. Of two that have the same place the later one counts.
    number: u128,
    calls: u32,
    failures: u32,
}

impl Calls {
    pub(super) fn count(&mut self, outcome: Outcome, window: Duration, now: Duration) {
        let number = number(window, now);
        let place = usize::try_from(number % u128::from(PARTS)).expect("it is less than PARTS");
        let part = &mut self.parts[place];
        if part.number != number {
            *part = Part {
                number,
                ..Part::default()
            };
        }
        part.calls = part.calls.saturating_add(1);
        match outcome {
            Outcome::Success => self.failures_in_a_row = 0,
            Outcome::Failure => {
                part.failures = part.failures.saturating_add(1);
                self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
            }
        }
    }

    pub(super) fn failures_in_a_row(&self) -> u32 {
        self.failures_in_a_row
    }

    /// Whether the last failure is one too many.
    pub(super) fn are_too_bad(&self, limits: &Limits, now: Duration) -> bool {
        let current = number(limits.window, now);
        // What a clock showed that has been set back since is not of this window.
        let is_recent =
            |part: &&Part| part.number <= current && part.number + u128::from(PARTS) > current;
        let recent = self.parts.iter().filter(is_recent);
        let (calls, failures) = recent.fold((0_u64, 0_u64), |(calls, failures), part| {
            (
                calls + u64::from(part.calls),
                failures + u64::from(part.failures),
            )
        });
        let too_many = calls >= u64::from(limits.min_calls)
            && failures * 100 >= calls * u64::from(limits.failure_percent);
        self.failures_in_a_row >= limits.failures_in_a_row || too_many
    }
}

fn number(window: Duration, now: Duration) -> u128 {
    let width = (window / PARTS).as_nanos().max(1);
    now.as_nanos() / width + 1
}
