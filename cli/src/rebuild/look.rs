//! Looking at one user, consistently, until it is known what is so.

use super::mend::Mending;
use super::report::Outcome;
use super::run::Run;
use crate::patience::{TRIES, deadline};
use std::time::Duration;
use usher_events::{Sub, Subject};
use usher_shared::clock::{Clock, WallClock, sleep};
use usher_shared::port::{Fault, Inspected, Log};
use usher_shared::rebuild::{Difference, Fold, Kind, Verdict, judge};
use usher_shared::retry::retry;
use usher_shared::seal::UserKey;

/// Waits between looks at a user whom a worker has in hand: three seconds in all, in which a worker
/// that runs folds what it has appended.
const WAITS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
];

/// How many commits are read at a time.
const PIECE: u32 = 200;

impl Run<'_> {
    /// Looks at a user and mends the item if that is wanted. Also says how many commits there are.
    pub(super) async fn look(&self, sub: &Sub) -> anyhow::Result<(Outcome, u64)> {
        let mut waits = WAITS.into_iter();
        let mut tried: Option<Box<Difference>> = None;
        loop {
            // The item first: whatever it holds is in the stream by then.
            let inspect = || self.table.inspect(sub);
            let Inspected { user, key } =
                retry(&TRIES, deadline(), Fault::disposition, inspect).await?;
            let fold = self.fold(sub, key.as_ref()).await?;
            let commits = fold.commits();
            let difference = match (judge(&fold, sub, user.as_ref()), tried.take()) {
                // A write whose answer was lost, or a worker that came first.
                (Verdict::Equal, Some(difference)) => {
                    return self.found(sub, &difference, true, commits);
                }
                (Verdict::Equal, None) => return Ok((Outcome::Equal, commits)),
                (Verdict::InFlight, before) => {
                    tried = before;
                    match waits.next() {
                        Some(wait) => sleep(wait).await,
                        None => return Ok((Outcome::InFlight, commits)),
                    }
                    continue;
                }
                (Verdict::Differs(difference), _) => difference,
            };
            // Of a new user the key may have been made after we looked for it.
            if difference.kind == Kind::Unreadable
                && key.is_none()
                && let Some(wait) = waits.next()
            {
                sleep(wait).await;
                continue;
            }
            let Some(mended) = difference.mended.as_ref().filter(|_| self.confirmed) else {
                return self.found(sub, &difference, false, commits);
            };
            match self.mend(sub, mended).await? {
                Mending::Done => return self.found(sub, &difference, true, commits),
                Mending::Overtaken => match waits.next() {
                    Some(wait) => sleep(wait).await,
                    None => return self.found(sub, &difference, false, commits),
                },
            }
            tried = Some(difference);
        }
    }

    async fn fold(&self, sub: &Sub, key: Option<&UserKey>) -> anyhow::Result<Fold<'_>> {
        let subject = Subject::User(sub.clone());
        let mut fold = Fold::new(self.policy, WallClock.now());
        let mut next = None;
        loop {
            let read = || self.table.read_stream(&subject, next.as_ref(), PIECE);
            let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
            for commit in page.commits {
                match commit {
                    Ok(commit) => fold.add(&commit, key),
                    Err(name) => fold.add_unreadable(name),
                }
            }
            next = page.next;
            if next.is_none() {
                return Ok(fold);
            }
        }
    }

    fn found(
        &self,
        sub: &Sub,
        difference: &Difference,
        mended: bool,
        commits: u64,
    ) -> anyhow::Result<(Outcome, u64)> {
        self.writer.found(sub, difference, mended)?;
        let kind = difference.kind;
        Ok((Outcome::Found { kind, mended }, commits))
    }
}
