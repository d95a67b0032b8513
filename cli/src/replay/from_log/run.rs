//! Going through the log, and writing what is owed again.

use super::tally::{Fate, Tally};
use crate::pace::Pace;
use crate::patience::{TRIES, deadline};
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use std::sync::{Mutex, MutexGuard, PoisonError};
use usher_events::{Sub, Subject};
use usher_shared::clock::{Clock, WallClock};
use usher_shared::dynamodb::Table;
use usher_shared::port::{Fault, Log, Segment, Store, What, Written};
use usher_shared::re_owe::{self, Meant, Plan};
use usher_shared::retry::retry;
use usher_shared::seal::SealedCommit;

/// How many items are read at a time, of each segment. What is held grows with it, and not with the
/// log.
const PIECE: u32 = 300;

/// How many commits of a piece are written at once.
const AT_ONCE: usize = 8;

/// How often a commit is decided on again that others write to. Each time somebody else has got on
/// with it, and one effect has no more entries than that to go through.
const LOOKS: usize = 5;

/// One run.
pub struct Run<'r> {
    table: &'r Table,
    meant: Meant,
    /// Of writes; `None` where nothing is to be written.
    pace: Option<Pace>,
    bar: ProgressBar,
    tally: Mutex<Tally>,
}

impl<'r> Run<'r> {
    /// Makes one that writes at this pace, or not at all.
    pub fn new(table: &'r Table, meant: Meant, pace: Option<Pace>, bar: ProgressBar) -> Self {
        Self {
            table,
            meant,
            pace,
            bar,
            tally: Mutex::default(),
        }
    }

    /// Ends it, and gives what it came to.
    pub fn end(self) -> Tally {
        self.bar.finish_and_clear();
        let tally = self.tally.into_inner();
        tally.unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes through the whole log, in so many parts beside each other.
    pub async fn all(&self, segments: u32) -> anyhow::Result<()> {
        let segments = Segment::all(segments).map(|segment| self.segment(segment));
        try_join_all(segments).await?;
        Ok(())
    }

    async fn segment(&self, segment: Segment) -> anyhow::Result<()> {
        let mut next = None;
        loop {
            let read = || self.table.read_on(segment, next.as_ref(), PIECE);
            let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
            self.bar.inc(page.read.into());
            let commits = page.found.into_iter().filter_map(|found| match found.what {
                What::Commit(commit) => Some(Ok(*commit)),
                What::Unreadable(name) => Some(Err(name)),
                What::Key(_) | What::User(_) => None,
            });
            self.piece(commits).await?;
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Goes through one user's stream.
    pub async fn one(&self, sub: &Sub) -> anyhow::Result<()> {
        let subject = Subject::User(sub.clone());
        let mut next = None;
        loop {
            let read = || self.table.read_stream(&subject, next.as_ref(), PIECE);
            let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
            self.piece(page.commits).await?;
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    async fn piece(
        &self,
        commits: impl IntoIterator<Item = Result<SealedCommit, String>>,
    ) -> anyhow::Result<()> {
        let mut meant = Vec::new();
        for commit in commits {
            match commit {
                Ok(commit) => {
                    if self.count(&commit) {
                        meant.push(commit);
                    }
                }
                Err(name) => {
                    self.tally().unreadable += 1;
                    self.bar
                        .suspend(|| anstream::eprintln!("{name} cannot be read; it is left."));
                }
            }
        }
        let Some(pace) = &self.pace else {
            return Ok(());
        };
        let writes = meant.into_iter().map(|commit| self.write(commit, pace));
        let writes = stream::iter(writes).buffer_unordered(AT_ONCE);
        writes.try_for_each(|()| async { Ok(()) }).await
    }

    /// Counts what a commit has given up, and says whether any of that is meant.
    fn count(&self, commit: &SealedCommit) -> bool {
        let mut tally = self.tally();
        tally.commits += 1;
        for effect in re_owe::given_up(&commit.ledger) {
            tally.found(&effect, self.meant.choose(commit, &effect));
        }
        self.meant.plan(commit, WallClock.now()).is_some()
    }

    /// Writes what a commit owes again, while it is still as it was read.
    async fn write(&self, commit: SealedCommit, pace: &Pace) -> anyhow::Result<()> {
        pace.turn().await;
        let Some(plan) = self.meant.plan(&commit, WallClock.now()) else {
            return Ok(());
        };
        let fate = self.decide(&commit, &plan).await?;
        let mut tally = self.tally();
        for effect in &plan.effects {
            tally.became(effect, fate);
        }
        Ok(())
    }

    /// A ledger that has changed beside what is meant is no reason to leave it. Nor is one that says
    /// what was to be written: then the answer to a write was lost.
    async fn decide(&self, read: &SealedCommit, plan: &Plan) -> anyhow::Result<Fate> {
        let (subject, id) = (&read.envelope.subject, read.envelope.id);
        let (mut was, mut ledger) = (read.ledger.clone(), plan.ledger.clone());
        for _ in 0..LOOKS {
            let now = WallClock.now();
            let write = || self.table.replace_ledger(subject, id, &was, &ledger, now);
            match retry(&TRIES, deadline(), Fault::disposition, write).await? {
                Written::Now => return Ok(Fate::Owed),
                Written::Overtaken => {}
            }
            let look = || self.table.commit(subject, id);
            let found = retry(&TRIES, deadline(), Fault::disposition, look).await?;
            let Some(found) = found else {
                return Ok(Fate::Changed);
            };
            if plan.is_done(&found.ledger) {
                return Ok(Fate::Owed);
            }
            let Some(again) = plan.again(&found.ledger) else {
                return Ok(Fate::Changed);
            };
            let is_once = again.differs_in_once(&found.ledger);
            let lease = found.lease.as_ref();
            if is_once && lease.is_some_and(|lease| !lease.has_expired(now)) {
                return Ok(Fate::Held);
            }
            (was, ledger) = (found.ledger, again);
        }
        Ok(Fate::Changed)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
