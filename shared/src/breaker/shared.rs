//! A breaker that many processes share, by way of a table that writes on condition.
//!
//! Each process has a [`Breaker`] of its own and counts its own calls; nothing of that is shared. Only
//! what it *changes to* is: a [`Record`] under a version, written over the version below and over no
//! other. So of many that open at once one has written, and the others go by what it wrote; and of
//! many that would probe at once one does, because the right to probe is the write from open to
//! half-open. If that one dies, its probe's time runs out, and the next write elects another.
//!
//! Where the table cannot be read or written, each process goes by its own breaker and writes what it
//! came to as soon as that can be done: nobody is kept from calling, or from stopping to call, by the
//! table.
//!
//! There is no I/O here. Whoever uses it asks [`Shared::need`] before a call and after a report, reads
//! or writes what that says, and gives back what came of it; in between, the value is behind a lock
//! that is held for an instant:
//!
//! ```
//! use std::time::Duration;
//! use usher_shared::breaker::{Limits, Need, News, Outcome, Shared, State};
//!
//! let limits = Limits { failures_in_a_row: 1, ..Limits::default() };
//! let (lifetime, now) = (Duration::from_secs(5), Duration::from_secs(1_000));
//! let mut here = Shared::new("here");
//!
//! // Nothing is known: the table is read, and has nothing.
//! assert!(matches!(here.need(&limits, lifetime, now), Some(Need::Read)));
//! here.read(None, &limits, now);
//! let permit = here.admit(&limits, now).expect("it is closed");
//! // Here the call is made, and fails.
//! here.report(permit, Outcome::Failure, "timed_out", &limits, now, 0.5);
//! let Some(Need::Write(bid)) = here.need(&limits, lifetime, now) else { unreachable!() };
//! // Here `bid.record` is written, on condition that there is none yet.
//! assert!(matches!(here.written(&bid, now), Some(News::Ours(_))));
//!
//! let mut there = Shared::new("there");
//! there.read(Some(bid.record.clone()), &limits, now);
//! assert_eq!(there.state(), State::Open);
//! assert!(there.admit(&limits, now).is_err());
//! ```

use super::record::whole;
use super::{Breaker, Calls, Limits, Outcome, Permit, Phase, Record, Refused, State, Transition};
use std::time::Duration;

/// How far the clocks of two processes may differ. So much longer than its owner does, all the others
/// wait for a probe, so that no second one is made beside it.
pub const CLOCKS_DIFFER: Duration = Duration::from_secs(2);

/// The longest that an operator can hold a breaker open: a week.
pub const LONGEST_HOLD: Duration = Duration::from_secs(7 * 24 * 3600);

/// One process's part of a shared breaker; closed, and with nothing known of the others, to begin with.
#[derive(Debug)]
pub struct Shared {
    me: String,
    target: String,
    breaker: Breaker,
    /// Of the record that this goes by, or has changed; zero is none.
    version: u64,
    why: Option<String>,
    /// When this changed last by itself.
    changed: Duration,
    standing: Standing,
    /// When the table was last read or written, or that was last tried.
    asked: Option<Duration>,
}

/// Whether the table knows what this has come to.
#[derive(Debug)]
enum Standing {
    Known,
    /// It has still to be written.
    Unwritten {
        /// When that was last tried.
        tried: Option<Duration>,
        /// The change that nobody was told of yet.
        untold: Option<Transition>,
    },
}

/// What is to be done about the table.
#[derive(Debug)]
pub enum Need {
    /// The record is to be read; a read that may be a second behind will do.
    Read,
    /// This is to be written.
    Write(Bid),
}

/// A record to be written, on condition that the one there has the version below, or that there is
/// none where this one's is 1.
#[derive(Clone, Debug)]
pub struct Bid {
    /// What is to be written.
    pub record: Record,
    epoch: u64,
}

/// A change, for whoever tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Made here, and written for all.
    Ours(Transition),
    /// Made here, and known to nobody else yet: the table did not take it.
    Alone(Transition),
    /// Made by another.
    Anothers(Transition),
}

impl Shared {
    /// The part of the process of this name, which no other has.
    pub fn new(me: impl Into<String>) -> Self {
        Self {
            me: me.into(),
            target: String::new(),
            breaker: Breaker::default(),
            version: 0,
            why: None,
            changed: Duration::ZERO,
            standing: Standing::Known,
            asked: None,
        }
    }

    /// Says who is called under this name. Of somebody else than before nothing is known.
    pub fn aim(&mut self, target: &str) {
        if self.target != target {
            // Old permits stay old.
            let epoch = self.breaker.epoch + 1;
            *self = Self::new(std::mem::take(&mut self.me));
            self.breaker.epoch = epoch;
            target.clone_into(&mut self.target);
        }
    }

    /// What it lets by; an open one whose cool-down is over is open until somebody asks.
    pub fn state(&self) -> State {
        self.breaker.state()
    }

    /// What it would let by now: half-open where a probe may be made or is under way.
    pub fn outlook(&self, now: Duration) -> State {
        match self.breaker.phase {
            Phase::Open { since, cool_down }
                if super::over(since.min(now), cool_down, now).is_ok() =>
            {
                State::HalfOpen
            }
            Phase::Closed | Phase::Open { .. } | Phase::HalfOpen { .. } => self.state(),
        }
    }

    /// What is to be done about the table now, if anything: to write what it does not know, else to
    /// read what was last read longer ago than `lifetime`. What could not be done is due again after
    /// that time.
    pub fn need(&self, limits: &Limits, lifetime: Duration, now: Duration) -> Option<Need> {
        let is_over = |then: Option<Duration>| {
            let age = then.map(|then| now.checked_sub(then));
            // A clock that was set back knows nothing of how long ago that was.
            age.is_none_or(|age| age.is_none_or(|age| age >= lifetime))
        };
        match &self.standing {
            Standing::Unwritten { tried, .. } if !self.is_outdated(limits, now) => {
                is_over(*tried).then(|| Need::Write(self.bid(limits)))
            }
            Standing::Known | Standing::Unwritten { .. } => {
                is_over(self.asked).then_some(Need::Read)
            }
        }
    }

    /// Whether what this has come to is no longer worth telling: its cool-down, or its probe's time,
    /// was over before it could be written.
    fn is_outdated(&self, limits: &Limits, now: Duration) -> bool {
        let (since, wait) = match self.breaker.phase {
            Phase::Closed => return false,
            Phase::Open { since, cool_down } => (since, cool_down),
            Phase::HalfOpen { since } => (since, limits.probe),
        };
        super::over(since.min(now), wait, now).is_ok()
    }

    /// Takes note of what was read: the record, or that there is none.
    pub fn read(&mut self, found: Option<Record>, limits: &Limits, now: Duration) -> Option<News> {
        self.asked = Some(now);
        let found = found?;
        let is_lost = match &self.standing {
            Standing::Known => false,
            Standing::Unwritten { .. } => self.is_outdated(limits, now),
        };
        // A read may be behind what was written here a moment ago.
        let is_news = found.version > self.version || (is_lost && found.version == self.version);
        is_news.then(|| self.adopt(found, limits)).flatten()
    }

    /// Takes note that it could not be read: what is known here has to do.
    pub fn unread(&mut self, now: Duration) {
        self.asked = Some(now);
    }

    /// Takes note that a bid was written.
    pub fn written(&mut self, bid: &Bid, now: Duration) -> Option<News> {
        self.asked = Some(now);
        if bid.record.version <= self.version {
            return None;
        }
        self.version = bid.record.version;
        self.told(bid).map(News::Ours)
    }

    /// Takes note that a bid was not written, because there is another record by now, or none.
    ///
    /// A first try whose answer got lost looks like this as well: then what is there is our own.
    pub fn overtaken(
        &mut self,
        bid: &Bid,
        found: Option<Record>,
        limits: &Limits,
        now: Duration,
    ) -> Option<News> {
        match found {
            Some(found) if found == bid.record => self.written(bid, now),
            Some(found) => {
                self.asked = Some(now);
                self.adopt(found, limits)
            }
            // Somebody has removed it. What this has come to is the first of a new count.
            None => {
                self.version = 0;
                None
            }
        }
    }

    /// Takes note that nobody knows whether a bid was written: from now on this goes its own way.
    pub fn unwritten(&mut self, bid: &Bid, now: Duration) -> Option<News> {
        let untold = match &mut self.standing {
            Standing::Unwritten { tried, untold } if bid.epoch == self.breaker.epoch => {
                *tried = Some(now);
                untold.take()
            }
            Standing::Known | Standing::Unwritten { .. } => None,
        };
        untold.map(News::Alone)
    }

    /// Whether a call may be made at this time. A permit that [`Shared::is_probe`] is good only once
    /// what [`Shared::need`] says has been seen to, and [`Shared::is_good`] says so then.
    ///
    /// # Errors
    ///
    /// It may not: the breaker is open, or a probe is under way.
    pub fn admit(&mut self, limits: &Limits, now: Duration) -> Result<Permit, Refused> {
        let admitted = self.breaker.admit(limits, now)?;
        if self.state() == State::HalfOpen {
            self.change(admitted.transition, now);
        }
        Ok(admitted.permit)
    }

    /// Whether calls that are admitted now are probes.
    pub fn is_probe(&self) -> bool {
        self.state() == State::HalfOpen
    }

    /// Whether a permit is still good: nothing has changed since, and a probe was elected, or the table
    /// could not be written.
    pub fn is_good(&self, permit: &Permit) -> bool {
        let is_elected = match &self.standing {
            Standing::Known => true,
            Standing::Unwritten { tried, .. } => tried.is_some() || !self.is_probe(),
        };
        permit.epoch == self.breaker.epoch && is_elected
    }

    /// Takes note of how a call went, as [`Breaker::report`] does, and why, in one word.
    pub fn report(
        &mut self,
        permit: Permit,
        outcome: Outcome,
        why: &str,
        limits: &Limits,
        now: Duration,
        draw: f64,
    ) {
        let transition = self.breaker.report(permit, outcome, limits, now, draw);
        if transition.is_some() {
            self.why = match outcome {
                Outcome::Success => None,
                Outcome::Failure => Some(why.to_owned()),
            };
            self.change(transition, now);
        }
    }

    /// Why it is not closed, in the word of whoever opened it.
    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    fn change(&mut self, untold: Option<Transition>, now: Duration) {
        let tried = None;
        self.changed = now;
        self.standing = Standing::Unwritten { tried, untold };
    }

    /// The change that a bid was about, unless there was another since, of which the table has yet to
    /// hear.
    fn told(&mut self, bid: &Bid) -> Option<Transition> {
        if bid.epoch != self.breaker.epoch {
            return None;
        }
        match std::mem::replace(&mut self.standing, Standing::Known) {
            Standing::Unwritten { untold, .. } => untold,
            Standing::Known => None,
        }
    }

    fn bid(&self, limits: &Limits) -> Bid {
        let (since, wait) = match self.breaker.phase {
            Phase::Closed => (self.changed, Duration::ZERO),
            Phase::Open { since, cool_down } => (since, cool_down),
            Phase::HalfOpen { since } => (since, limits.probe),
        };
        let record = Record {
            version: self.version + 1,
            target: self.target.clone(),
            state: self.state(),
            since: whole(since),
            until: whole(since + wait),
            trips: self.breaker.trips,
            why: self.why.clone(),
            by: self.me.clone(),
            held: false,
        };
        let epoch = self.breaker.epoch;
        Bid { record, epoch }
    }

    /// Goes by what another has written. Where that speaks of somebody else, only its version counts.
    fn adopt(&mut self, found: Record, limits: &Limits) -> Option<News> {
        self.version = found.version;
        if !found.target.is_empty() && found.target != self.target {
            return None;
        }
        let cool_down = found.until.saturating_sub(found.since);
        let longest = match found.held {
            true => LONGEST_HOLD,
            false => limits.max_cool_down,
        };
        let phase = match found.state {
            State::Closed => Phase::Closed,
            State::Open => Phase::Open {
                since: found.since,
                cool_down: cool_down.min(longest),
            },
            State::HalfOpen => Phase::HalfOpen {
                since: found.since + CLOCKS_DIFFER,
            },
        };
        self.breaker.trips = found.trips;
        self.breaker.calls = Calls::default();
        self.why = found.why;
        self.standing = Standing::Known;
        let transition = self.breaker.turn(phase);
        (transition.from != transition.to).then_some(News::Anothers(transition))
    }
}

#[cfg(test)]
mod tests;
