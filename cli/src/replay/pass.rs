//! One pass through a dead-letter queue: each letter once, hidden from other readers meanwhile, and shown
//! again at the end, so that looking moves nothing.

use super::held::Held;
use super::letter::Letter;
use crate::patience::{TRIES, deadline};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_shared::clock::sleep;
use usher_shared::port::{DeadLetterInbox, Fault, Waiting};
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

/// How often it is asked again whether a letter that somebody else has is shown.
const AGAIN: Duration = Duration::from_millis(500);

/// Goes through a queue.
pub struct Pass {
    inbox: Arc<dyn DeadLetterInbox>,
    held: Held,
    hold: Duration,
    /// When what is kept is hidden anew.
    renewal: Instant,
    seen: HashSet<u64>,
    /// Until when letters that nobody shows are waited for.
    until: Instant,
    empty: u32,
    stale: u32,
    /// What is hidden by others, as the queue last said.
    pub elsewhere: u64,
}

impl Pass {
    /// Begins one that hides letters for `hold`. With `patient`, it waits so long for those that an
    /// interrupted run has hidden.
    pub async fn begin(
        inbox: Arc<dyn DeadLetterInbox>,
        directory: &Path,
        hold: Duration,
        patient: bool,
    ) -> anyhow::Result<Self> {
        let held = Held::open(directory, inbox.as_ref()).await?;
        let patience = if patient { hold } else { Duration::ZERO };
        Ok(Self {
            inbox,
            held,
            hold,
            renewal: Instant::now() + hold / 2,
            seen: HashSet::new(),
            until: Instant::now() + patience,
            empty: 0,
            stale: 0,
            elsewhere: 0,
        })
    }

    /// How many letters there are, about.
    pub async fn waiting(&self) -> Result<Waiting, Fault> {
        let ask = || self.inbox.waiting();
        retry(&TRIES, deadline(), Fault::disposition, ask).await
    }

    /// The next letters, at most ten; none is the end.
    pub async fn next(&mut self) -> anyhow::Result<Vec<Letter>> {
        loop {
            if Instant::now() >= self.renewal {
                self.renewal = Instant::now() + self.hold / 2;
                self.held.renew(self.inbox.as_ref(), self.hold).await?;
            }
            let ask = || self.inbox.examine(MOST, WAIT, self.hold);
            let letters = retry(&TRIES, deadline(), Fault::disposition, ask).await?;
            self.empty = if letters.is_empty() {
                self.empty + 1
            } else {
                0
            };
            let mut new = Vec::with_capacity(letters.len());
            for letter in letters {
                if self.seen.insert(name(&letter.message.id)) {
                    new.push(Letter::from(letter));
                } else {
                    // Its time was over all the same, and it is hidden by another receipt now.
                    self.held.note(&letter.message.receipt)?;
                }
            }
            if !new.is_empty() {
                self.stale = 0;
                return Ok(new);
            }
            self.stale += 1;
            if self.empty >= EMPTY || self.stale >= STALE {
                self.elsewhere = self.waiting().await?.hidden.saturating_sub(self.held.count);
                if self.elsewhere == 0 || Instant::now() >= self.until {
                    return Ok(new);
                }
                sleep(AGAIN).await;
            }
        }
    }

    /// Keeps a letter from other readers until the end, when it is shown again.
    pub fn keep(&mut self, letter: &Letter) -> anyhow::Result<()> {
        self.held.note(&letter.receipt)
    }

    /// Deletes letters, and says of each whether it is gone.
    pub async fn delete(&self, letters: &[&Letter]) -> Vec<Result<(), Fault>> {
        let mut results = Vec::with_capacity(letters.len());
        let receipts: Vec<&str> = letters.iter().map(|it| it.receipt.as_str()).collect();
        let deleted = self.inbox.delete_many(&receipts).await;
        for (receipt, deleted) in receipts.into_iter().zip(deleted) {
            results.push(match deleted {
                Ok(()) => Ok(()),
                Err(_) => {
                    let again = || self.inbox.delete(receipt);
                    retry(&TRIES, deadline(), Fault::disposition, again).await
                }
            });
        }
        results
    }

    /// Shows again what it kept.
    pub async fn end(&mut self) -> anyhow::Result<()> {
        self.held.show(self.inbox.as_ref()).await
    }
}

/// A short name that stands for an id within one run.
pub fn name(id: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
