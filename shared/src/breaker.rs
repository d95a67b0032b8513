//! A circuit breaker as a value: it says whether a call may be made, is told how the call went, and
//! says when it changes.
//!
//! *Closed*, every call may be made, and is counted. So many failures in a row, or too large a share
//! of failures within a window, *open* it: nothing is called for a cool-down. Then it is *half-open*:
//! one call may be made, the probe. If that succeeds the breaker is closed, and if it fails it is open
//! again, for twice as long up to a limit.
//!
//! There is no clock in it, no lock, no chance and no I/O, and it needs nothing but the standard
//! library. Whoever uses it puts it behind a lock that is held for an instant and never while a call
//! is under way, tells it the time as the distance from any fixed instant, and writes one line of log
//! for each [`Transition`]:
//!
//! ```
//! use std::time::Duration;
//! use usher_shared::breaker::{Breaker, Limits, Outcome, State};
//!
//! let limits = Limits { failures_in_a_row: 2, ..Limits::default() };
//! let mut breaker = Breaker::default();
//! let now = Duration::from_secs(1_000);
//! for expected in [State::Closed, State::Open] {
//!     let admitted = breaker.admit(&limits, now).expect("it is closed");
//!     // Here the call is made, and fails.
//!     breaker.report(admitted.permit, Outcome::Failure, &limits, now, 0.5);
//!     assert_eq!(breaker.state(), expected);
//! }
//! let refused = breaker.admit(&limits, now).expect_err("it is open");
//! let admitted = breaker.admit(&limits, now + refused.wait).expect("the probe");
//! breaker.report(admitted.permit, Outcome::Success, &limits, now + refused.wait, 0.5);
//! assert_eq!(breaker.state(), State::Closed);
//! ```
//!
//! A clock that is set back costs at most one more cool-down; one that is set forward ends one early.
//!
//! [`Shared`] is such a breaker that many processes share, by [`Record`]s in a table.

mod calls;
mod record;
mod shared;

pub use record::Record;
pub use shared::{Bid, CLOCKS_DIFFER, LONGEST_HOLD, Need, News, Shared};

use calls::Calls;
use std::time::Duration;

/// When a breaker opens, and for how long. They may be others at each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many failures without a success between them open it; zero is read as one.
    pub failures_in_a_row: u32,
    /// So many failures in a hundred calls of the window open it; above 100, none ever do.
    pub failure_percent: u32,
    /// With fewer calls than this in the window, their share of failures says nothing.
    pub min_calls: u32,
    /// How long a call counts towards the share.
    pub window: Duration,
    /// The longest that it is open the first time; each time that a probe fails, twice as long.
    pub cool_down: Duration,
    /// The limit beyond which no cool-down grows.
    pub max_cool_down: Duration,
    /// How long a probe is waited for. Longer than any call takes: one that says nothing for so long
    /// has got lost, and another may be made.
    pub probe: Duration,
}

impl Default for Limits {
    /// Bears a hiccup, notices an outage within a few calls, and looks again after half a minute.
    fn default() -> Self {
        Self {
            failures_in_a_row: 5,
            failure_percent: 50,
            min_calls: 20,
            window: Duration::from_secs(60),
            cool_down: Duration::from_secs(30),
            max_cool_down: Duration::from_secs(600),
            probe: Duration::from_secs(10),
        }
    }
}

/// What a breaker lets by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Every call.
    Closed,
    /// No call.
    Open,
    /// One call, the probe.
    HalfOpen,
}

impl State {
    /// The name in log fields.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Whoever was called is there, whatever the answer was.
    Success,
    /// Whoever was called is not there, or in no state to answer.
    Failure,
}

/// The right to make one call. Dropped without [`Breaker::report`], the call counts for nothing.
#[derive(Debug)]
#[must_use = "a call that is not reported counts for nothing"]
pub struct Permit {
    epoch: u64,
}

/// A call may be made.
#[derive(Debug)]
pub struct Admitted {
    /// To be given back with what became of the call.
    pub permit: Permit,
    /// What has changed: the cool-down was over, and this call is the probe.
    pub transition: Option<Transition>,
}

/// A call may not be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// After how long it is worth asking again.
    pub wait: Duration,
}

/// One change of a breaker, to be told in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// What it was.
    pub from: State,
    /// What it is.
    pub to: State,
    /// How many calls have failed since the last that succeeded.
    pub failures_in_a_row: u32,
    /// How long nothing is called; zero unless it is open.
    pub cool_down: Duration,
}

/// A breaker, closed to begin with.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    phase: Phase,
    /// Counts the phases and the probes, so that the report of a call that was begun before the last
    /// change is known for what it is.
    epoch: u64,
    calls: Calls,
    /// How often it has opened since it was last closed.
    trips: u32,
}

#[derive(Clone, Copy, Debug, Default)]
enum Phase {
    #[default]
    Closed,
    Open {
        since: Duration,
        cool_down: Duration,
    },
    /// With a probe under way.
    HalfOpen { since: Duration },
}

impl Breaker {
    /// What it lets by. An open one whose cool-down is over is open until somebody asks.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// Whether a call may be made at this time.
    ///
    /// # Errors
    ///
    /// It may not: the breaker is open, or its probe is under way.
    pub fn admit(&mut self, limits: &Limits, now: Duration) -> Result<Admitted, Refused> {
        let transition = match self.phase {
            Phase::Closed => None,
            Phase::Open { since, cool_down } => {
                // Where the clock was set back, the cool-down begins anew.
                let since = since.min(now);
                self.phase = Phase::Open { since, cool_down };
                over(since, cool_down, now)?;
                Some(self.turn(Phase::HalfOpen { since: now }))
            }
            Phase::HalfOpen { since } => {
                let since = since.min(now);
                self.phase = Phase::HalfOpen { since };
                over(since, limits.probe, now)?;
                self.phase = Phase::HalfOpen { since: now };
                self.epoch += 1;
                None
            }
        };
        let epoch = self.epoch;
        Ok(Admitted {
            permit: Permit { epoch },
            transition,
        })
    }

    /// Takes note of how a call went. `draw`, evenly from 0 to 1, spreads the cool-downs of many
    /// breakers over the second half of the longest: what fails for all of them at once is not probed
    /// by all of them at once.
    ///
    /// A call that was begun before the breaker last changed says nothing of what is now, and is not
    /// counted.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a permit is for one call, and is used up with it"
    )]
    pub fn report(
        &mut self,
        permit: Permit,
        outcome: Outcome,
        limits: &Limits,
        now: Duration,
        draw: f64,
    ) -> Option<Transition> {
        if permit.epoch != self.epoch {
            return None;
        }
        self.calls.count(outcome, limits.window, now);
        match (self.phase, outcome) {
            (Phase::Closed, Outcome::Failure) if self.calls.are_too_bad(limits, now) => {
                Some(self.trip(limits, now, draw))
            }
            (Phase::HalfOpen { .. }, Outcome::Failure) => Some(self.trip(limits, now, draw)),
            (Phase::HalfOpen { .. }, Outcome::Success) => {
                self.trips = 0;
                self.calls = Calls::default();
                Some(self.turn(Phase::Closed))
            }
            // No permit is of an open breaker's epoch.
            (Phase::Closed | Phase::Open { .. }, _) => None,
        }
    }

    fn trip(&mut self, limits: &Limits, now: Duration, draw: f64) -> Transition {
        let doubled = 2_u32.saturating_pow(self.trips);
        let longest = limits.cool_down.saturating_mul(doubled);
        let half = longest.min(limits.max_cool_down) / 2;
        let draw = if (0.0..=1.0).contains(&draw) {
            draw
        } else {
            1.0
        };
        self.trips = self.trips.saturating_add(1);
        self.turn(Phase::Open {
            since: now,
            cool_down: half + half.mul_f64(draw),
        })
    }

    fn turn(&mut self, phase: Phase) -> Transition {
        let from = self.state();
        self.phase = phase;
        self.epoch += 1;
        let cool_down = match phase {
            Phase::Open { cool_down, .. } => cool_down,
            Phase::Closed | Phase::HalfOpen { .. } => Duration::ZERO,
        };
        Transition {
            from,
            to: self.state(),
            failures_in_a_row: self.calls.failures_in_a_row(),
            cool_down,
        }
    }
}

/// Whether so long has passed since then.
fn over(since: Duration, wait: Duration, now: Duration) -> Result<(), Refused> {
    let passed = now.saturating_sub(since);
    match wait.checked_sub(passed) {
        None | Some(Duration::ZERO) => Ok(()),
        Some(wait) => Err(Refused { wait }),
    }
}

#[cfg(test)]
mod tests;
