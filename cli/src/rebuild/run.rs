//! Going through a table: what is read in passing is a sieve, and who does not pass it is read alone.

use super::gather::{Gathered, Gatherer};
use super::report::{Counts, Outcome, Writer};
use super::state::{Reached, State};
use crate::pace::Pace;
use crate::patience::{TRIES, deadline};
use anyhow::bail;
use futures::future::try_join_all;
use std::sync::{Mutex, PoisonError};
use usher_events::{Sub, Time};
use usher_shared::clock::{Clock, WallClock};
use usher_shared::dynamodb::Table;
use usher_shared::policy::Policy;
use usher_shared::port::{Fault, Log, Segment};
use usher_shared::rebuild::{Fold, Verdict, judge};
use usher_shared::retry::retry;

/// How many items are read at a time, of each segment. What is held grows with it.
const PIECE: u32 = 300;

/// The most users in flight that are looked at again at the end.
const AGAIN: usize = 10_000;

/// One run.
pub struct Run<'r> {
    pub table: &'r Table,
    pub policy: &'r Policy,
    pub since: Option<Time>,
    pub confirmed: bool,
    pub pace: Pace,
    pub writer: &'r Writer,
}

/// What all segments share.
struct Shared<'s> {
    state: Mutex<&'s mut State>,
    in_flight: Mutex<Vec<(Sub, u64)>>,
}

impl Run<'_> {
    /// Looks at one user.
    pub async fn one(&self, sub: &Sub) -> anyhow::Result<Counts> {
        let mut counts = Counts::default();
        let (outcome, commits) = self.look(sub).await?;
        if outcome == Outcome::InFlight {
            self.writer.in_flight(sub)?;
        }
        if outcome == Outcome::Equal && commits == 0 {
            bail!("nothing is recorded of {sub}; is that the sub attribute of the user?");
        }
        counts.add(outcome, commits);
        Ok(counts)
    }

    /// Looks at everybody, from where the state is.
    pub async fn all(&self, state: &mut State) -> anyhow::Result<Counts> {
        let segments = state.segments();
        let shared = Shared {
            state: Mutex::new(state),
            in_flight: Mutex::default(),
        };
        let left = segments.into_iter().filter(|(_, reached)| !reached.done);
        let left = left.map(|(segment, reached)| self.segment(segment, reached, &shared));
        try_join_all(left).await?;
        let Shared { state, in_flight } = shared;
        let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let in_flight = in_flight.into_inner();
        let mut counts = state.counts();
        for (sub, commits) in in_flight.unwrap_or_else(PoisonError::into_inner) {
            self.again(&sub, commits, &mut counts).await?;
        }
        Ok(counts)
    }

    /// Looks again at a user who was in flight, now that all others were looked at.
    async fn again(&self, sub: &Sub, before: u64, counts: &mut Counts) -> anyhow::Result<()> {
        let (outcome, commits) = self.look(sub).await?;
        if outcome == Outcome::InFlight {
            return self.writer.in_flight(sub);
        }
        counts.users -= 1;
        counts.in_flight -= 1;
        counts.commits -= before;
        counts.add(outcome, commits);
        Ok(())
    }

    async fn segment(
        &self,
        segment: Segment,
        mut reached: Reached,
        shared: &Shared<'_>,
    ) -> anyhow::Result<()> {
        let mut gatherer = Gatherer::default();
        let mut next = reached.after.clone();
        loop {
            let read = || self.table.read_on(segment, next.as_ref(), PIECE);
            let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
            self.writer.bar.inc(page.read.into());
            for found in page.found {
                if let Some(gathered) = gatherer.take(found) {
                    self.pass(gathered, &mut reached, shared).await?;
                }
            }
            next = page.next;
            if next.is_none() {
                if let Some(gathered) = gatherer.end() {
                    self.pass(gathered, &mut reached, shared).await?;
                }
                reached.done = true;
            }
            let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.reach(segment, reached.clone())?;
            if reached.done {
                return Ok(());
            }
        }
    }

    /// Looks at one user as they were read in passing.
    async fn pass(
        &self,
        gathered: Gathered,
        reached: &mut Reached,
        shared: &Shared<'_>,
    ) -> anyhow::Result<()> {
        reached.after = Some(gathered.last.clone());
        let mut fold = Fold::new(self.policy, WallClock.now());
        for commit in &gathered.commits {
            fold.add(commit, gathered.key.as_ref());
        }
        if self
            .since
            .is_some_and(|since| !gathered.may_be_since(since))
        {
            return Ok(());
        }
        self.pace.turn().await;
        let sub = &gathered.sub;
        let is_equal =
            !gathered.alone && judge(&fold, sub, gathered.user.as_ref()) == Verdict::Equal;
        let (outcome, commits) = if is_equal {
            (Outcome::Equal, fold.commits())
        } else {
            self.look(sub).await?
        };
        if outcome == Outcome::InFlight {
            let mut all = shared
                .in_flight
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if all.len() < AGAIN {
                all.push((sub.clone(), commits));
            }
        }
        reached.counts.add(outcome, commits);
        Ok(())
    }
}
