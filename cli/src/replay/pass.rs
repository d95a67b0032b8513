//! One pass through a dead-letter queue: each letter once, hidden from other readers meanwhile, and shown
//! again at the end, so that looking moves nothing.

use super::held::Held;
use super::letter::Letter;
use super::mark;
use crate::patience::{TRIES, deadline};
use serde::Serialize;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use usher_shared::clock::sleep;
use usher_shared::disposition::FaultKind;
use usher_shared::port::{DeadLetter, DeadLetterInbox, Fault, Waiting};
use usher_shared::retry::retry;

/// How many letters are asked for at once.
const MOST: u32 = 10;

/// How long the queue is asked to wait for one.
const WAIT: Duration = Duration::from_secs(1);

/// After so many answers with nothing the queue is at its end: of one alone SQS may have asked a part
/// of its servers that has none.
const EMPTY: u32 = 2;

/// After so many with nothing new, too: then all of it is coming a second time.
const STALE: u32 = 50;

/// How often, and how soon, the queue is asked again that says it has more: what it says of itself is a
/// little late.
const ASKED: u32 = 4;
const AGAIN: Duration = Duration::from_millis(500);

/// From so many hidden letters on, a queue that refuses more has reached its limit, which on SQS is
/// 120,000.
const NEAR_THE_LIMIT: u64 = 100_000;

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "end", content = "letters")]
pub enum Ended {
    /// Each letter was seen.
    Whole,
    /// About so many are hidden by another reader.
    Hidden(u64),
    /// About so many were not given: a queue hides only so many at a time.
    Unseen(u64),
    /// Somebody ended it.
    Interrupted,
}

/// Goes through a queue.
pub struct Pass {
    inbox: Arc<dyn DeadLetterInbox>,
    held: Held,
    hold: Duration,
    /// When what is kept is hidden anew.
    renewal: Instant,
    seen: HashSet<u64>,
    /// How many letters of the queue are hidden by this pass.
    ours: u64,
    /// The letters that were given last, and whether they are kept.
    last: Vec<(String, bool)>,
    /// Until when letters that others hide are waited for.
    until: Instant,
    interrupted: Arc<AtomicBool>,
    ended: Ended,
}

impl Pass {
    /// Begins one that hides letters for `hold`.
    pub async fn begin(
        inbox: Arc<dyn DeadLetterInbox>,
        directory: &Path,
        queue: &str,
        hold: Duration,
    ) -> anyhow::Result<Self> {
        let held = Held::open(directory, queue, inbox.as_ref()).await?;
        let interrupted = Arc::new(AtomicBool::new(false));
        tokio::spawn(listen(Arc::clone(&interrupted)));
        Ok(Self {
            inbox,
            held,
            hold,
            renewal: Instant::now() + hold / 2,
            seen: HashSet::new(),
            ours: 0,
            last: Vec::new(),
            until: Instant::now(),
            interrupted,
            ended: Ended::Whole,
        })
    }

    /// Waits at the end for letters that others hide, as long as a run that was interrupted may have
    /// hidden them.
    pub fn be_patient(&mut self) {
        self.until = Instant::now() + self.hold;
    }

    /// How many letters there are, about.
    pub async fn waiting(&self) -> Result<Waiting, Fault> {
        let ask = || self.inbox.waiting();
        retry(&TRIES, deadline(), Fault::disposition, ask).await
    }

    /// The next letters, at most ten; none is the end, and [`Pass::ended`] says which.
    pub async fn next(&mut self) -> anyhow::Result<Vec<Letter>> {
        self.put_down()?;
        let (mut empty, mut stale, mut asked) = (0, 0, 0);
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                self.ended = Ended::Interrupted;
                return Ok(Vec::new());
            }
            if Instant::now() >= self.renewal {
                let began = Instant::now();
                self.held.renew(self.inbox.as_ref(), self.hold).await?;
                // What took long has to begin sooner.
                self.renewal = Instant::now() + (self.hold / 2).saturating_sub(began.elapsed());
            }
            let letters = self.examine().await?;
            empty = if letters.is_empty() { empty + 1 } else { 0 };
            let receipts = letters.iter().map(|letter| letter.message.receipt.as_str());
            self.held.note(receipts)?;
            let is_new = |letter: &DeadLetter| self.seen.insert(mark::of(&letter.message.id));
            let (new, again): (Vec<_>, Vec<_>) = letters.into_iter().partition(is_new);
            // The time of these was over all the same, and they are hidden by another receipt now.
            let again = again
                .into_iter()
                .map(|letter| (letter.message.receipt, true));
            self.last.extend(again);
            if !new.is_empty() {
                self.ours += new.len() as u64;
                let given = new
                    .iter()
                    .map(|letter| (letter.message.receipt.clone(), false));
                self.last.extend(given);
                return Ok(new.into_iter().map(Letter::from).collect());
            }
            self.put_down()?;
            stale += 1;
            if empty < EMPTY && stale < STALE {
                continue;
            }
            let Waiting { shown, hidden } = self.waiting().await?;
            let elsewhere = hidden.saturating_sub(self.ours);
            self.ended = match (shown, elsewhere) {
                (0, 0) => Ended::Whole,
                (0, elsewhere) => Ended::Hidden(elsewhere),
                (shown, _) => Ended::Unseen(shown),
            };
            let is_patient = Instant::now() < self.until;
            if self.ended == Ended::Whole || (asked >= ASKED && !is_patient) {
                return Ok(Vec::new());
            }
            asked += 1;
            (empty, stale) = (0, 0);
            sleep(AGAIN).await;
        }
    }

    async fn examine(&self) -> Result<Vec<DeadLetter>, Fault> {
        let ask = || self.inbox.examine(MOST, WAIT, self.hold);
        match retry(&TRIES, deadline(), Fault::disposition, ask).await {
            // It gives no more until some of these are shown again.
            Err(fault) if fault.kind == FaultKind::Throttled && self.ours >= NEAR_THE_LIMIT => {
                Ok(Vec::new())
            }
            answer => answer,
        }
    }

    /// How it ended.
    pub fn ended(&self) -> Ended {
        self.ended
    }

    /// Keeps a letter from other readers until the end, when it is shown again.
    pub fn keep(&mut self, letter: &Letter) {
        for (receipt, kept) in &mut self.last {
            *kept |= *receipt == letter.receipt;
        }
    }

    /// Deletes letters, and says of each whether it is gone.
    pub async fn delete(&mut self, letters: &[&Letter]) -> Vec<Result<(), Fault>> {
        let receipts: Vec<&str> = letters.iter().map(|it| it.receipt.as_str()).collect();
        let deleted = self.inbox.delete_many(&receipts).await;
        let mut results = Vec::with_capacity(letters.len());
        for (receipt, deleted) in receipts.into_iter().zip(deleted) {
            let deleted = match deleted {
                Ok(()) => Ok(()),
                Err(_) => {
                    let again = || self.inbox.delete(receipt);
                    retry(&TRIES, deadline(), Fault::disposition, again).await
                }
            };
            self.ours -= u64::from(deleted.is_ok());
            results.push(deleted);
        }
        results
    }

    /// Shows again what it kept, and what it had in hand.
    pub async fn end(&mut self) -> anyhow::Result<()> {
        self.held.show(self.inbox.as_ref()).await
    }

    /// Notes of what was given last only what is kept.
    fn put_down(&mut self) -> anyhow::Result<()> {
        let last = std::mem::take(&mut self.last);
        if last.iter().all(|(_, kept)| *kept) {
            return Ok(());
        }
        let kept = last.iter().filter(|(_, kept)| *kept);
        self.held.keep(kept.map(|(receipt, _)| receipt.as_str()))
    }
}

/// Takes note of it when somebody wants an end.
async fn listen(interrupted: Arc<AtomicBool>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        interrupted.store(true, Ordering::Relaxed);
    }
}
