//! Going through the dead letters: what is to leave is sent first and deleted after, so that an end at any
//! point doubles a letter and never loses one.

use super::journal::Journal;
use super::judge::{Judge, Judged};
use super::letter::Letter;
use super::mark;
use super::pass::{Ended, Pass};
use super::plan::Writing;
use super::report::End;
use super::standing::Reading;
use super::tally::{Counted, Outcome, Tally};
use crate::pace::Pace;
use crate::patience::{TRIES, deadline};
use futures::future::join_all;
use indicatif::ProgressBar;
use std::collections::HashSet;
use std::num::NonZeroU64;
use usher_shared::chance;
use usher_shared::commit::Commit;
use usher_shared::port::{Delayed, Fault, Queue, Store};
use usher_shared::retry::retry;
use usher_shared::seal::{self, UserKey};

/// A run.
pub struct Run<'r> {
    pub pass: Pass,
    pub judge: Judge<'r>,
    pub queue: &'r dyn Queue,
    pub writing: Option<Writing>,
    pub confirmed: bool,
    pub pace: Pace,
    pub stop_after: Option<NonZeroU64>,
    pub journal: Journal,
    pub bar: ProgressBar,
}

/// What a run came to.
pub struct Ran {
    pub tally: Tally,
    pub end: End,
    /// Letters of an earlier run of which nobody knows yet.
    pub unresolved: u64,
    /// What broke it off.
    pub error: Option<anyhow::Error>,
}

/// What is counted while it runs.
#[derive(Default)]
struct Counts {
    /// The letters that stay, and without --confirm all.
    here: Tally,
    /// The events that are in hand or sent.
    taken: HashSet<u64>,
    failures: u64,
}

impl Run<'_> {
    /// Goes through the queue. Whatever happens, the letters are shown again and what was done is told.
    pub async fn all(mut self) -> Ran {
        let mut counts = Counts::default();
        let (end, mut error) = match self.go(&mut counts).await {
            Ok(end) => (end, None),
            Err(error) => (End::Broken, Some(error)),
        };
        if let Err(again) = self.pass.end().await {
            error = error.or(Some(again));
        }
        let mut tally = counts.here;
        let (end, unresolved) = match self.finish(end, &mut tally) {
            Ok(unresolved) => (end, unresolved),
            Err(again) => {
                error = error.or(Some(again));
                (End::Broken, 0)
            }
        };
        Ran {
            tally,
            end,
            unresolved,
            error,
        }
    }

    async fn go(&mut self, counts: &mut Counts) -> anyhow::Result<End> {
        loop {
            let letters = self.pass.next().await?;
            if letters.is_empty() {
                return Ok(match self.pass.ended() {
                    Ended::Whole => End::Whole,
                    Ended::Hidden(letters) => End::Hidden { letters },
                    Ended::Unseen(letters) => End::Unseen { letters },
                    Ended::Interrupted => End::Interrupted,
                });
            }
            self.bar.inc(letters.len() as u64);
            for letter in &letters {
                self.journal.seen(&letter.id);
            }
            let judging = letters.into_iter().map(|letter| self.judge.judge(letter));
            let mut batch = join_all(judging).await;
            for judged in &mut batch {
                counts.failures += u64::from(self.is_again(judged, &mut counts.taken));
            }
            if self.confirmed {
                self.act(&mut batch).await?;
            }
            for judged in &batch {
                let outcome = judged.counted.outcome;
                counts.failures += u64::from(outcome == Outcome::Failed);
                if !(self.confirmed && outcome.leaves()) {
                    counts.here.add(&judged.counted);
                    self.pass.keep(&judged.letter);
                }
                if let Some(writing) = &mut self.writing {
                    let (letter, why) = (&judged.letter, judged.why);
                    writing.letter(letter, &judged.counted, why, &judged.changed)?;
                }
            }
            let failures = counts.failures;
            if self.stop_after.is_some_and(|most| failures >= most.get()) {
                return Ok(End::Failures);
            }
        }
    }

    /// Adds what left the queue, and keeps or forgets the notes; gives how many letters of an earlier run
    /// are still unresolved.
    fn finish(&mut self, end: End, tally: &mut Tally) -> anyhow::Result<u64> {
        if end != End::Whole {
            tally.join(self.journal.left());
            return self.journal.keep();
        }
        tally.join(&self.journal.settle()?);
        self.journal.finish()?;
        self.writing.take().map_or(Ok(()), Writing::end)?;
        Ok(0)
    }

    /// Leaves a letter alone whose event this run has in hand already, and tells whether that one came
    /// back since.
    fn is_again(&self, judged: &mut Judged, taken: &mut HashSet<u64>) -> bool {
        let key = judged.reading.as_ref().and_then(Reading::key);
        let (Outcome::Sent, Some((_, id))) = (judged.counted.outcome, key) else {
            return false;
        };
        if taken.insert(mark::of(id)) {
            return false;
        }
        judged.say(Outcome::Again, Outcome::Again.as_str());
        let began = self.journal.began();
        judged.letter.sent.is_none_or(|sent| sent >= began)
    }

    /// Sends what is to be sent, deletes what was, and notes both before and after.
    async fn act(&mut self, batch: &mut [Judged]) -> anyhow::Result<()> {
        let leaving = batch.iter().filter(|it| it.counted.outcome.leaves());
        let in_hand: Vec<Counted> = leaving.map(|it| it.counted.clone()).collect();
        if in_hand.is_empty() {
            return Ok(());
        }
        for _ in &in_hand {
            self.pace.turn().await;
        }
        self.journal.take(in_hand)?;
        self.send(batch).await;
        let mut leaving: Vec<&mut Judged> = batch
            .iter_mut()
            .filter(|judged| judged.counted.outcome.leaves())
            .collect();
        let letters: Vec<&Letter> = leaving.iter().map(|judged| &judged.letter).collect();
        let deleted = self.pass.delete(&letters).await;
        for (judged, deleted) in leaving.iter_mut().zip(deleted) {
            if let Err(fault) = deleted {
                judged.say(Outcome::Failed, fault.kind.as_str());
            }
        }
        let done: Vec<Counted> = batch.iter().map(|it| it.counted.clone()).collect();
        self.journal.put(&done);
        Ok(())
    }

    /// Sends what is to be sent, its record before it. Nothing counts as sent but what the queue has.
    async fn send(&self, batch: &mut [Judged]) {
        let mut sending = Vec::new();
        for judged in batch {
            if judged.counted.outcome != Outcome::Sent {
                continue;
            }
            let why = judged.why;
            judged.say(Outcome::Failed, "not_sent");
            let recorded = match &judged.record {
                Some(record) => self.append(record).await,
                None => Ok(()),
            };
            match (recorded, judged.message()) {
                (Ok(()), Some(message)) => sending.push((judged, why, message)),
                (Ok(()), None) => {}
                (Err(fault), _) => judged.say(Outcome::Failed, fault.kind.as_str()),
            }
        }
        let messages: Vec<Delayed> = sending.iter().map(|(_, _, it)| it.clone()).collect();
        let sent = self.queue.send_many(&messages).await;
        for ((judged, why, Delayed { message, .. }), sent) in sending.into_iter().zip(sent) {
            let sent = match sent {
                Ok(()) => Ok(()),
                Err(_) => {
                    let again = || self.queue.send(&message);
                    retry(&TRIES, deadline(), Fault::disposition, again).await
                }
            };
            match sent {
                Ok(()) => judged.say(Outcome::Sent, why),
                Err(fault) => judged.say(Outcome::Failed, fault.kind.as_str()),
            }
        }
    }

    /// Records an edit.
    async fn append(&self, record: &Commit) -> Result<(), Fault> {
        let store: &dyn Store = self.judge.store;
        let key = match record.sub() {
            Some(sub) => {
                let fresh = UserKey::new(chance::bytes());
                let ensure = || store.ensure_key(sub, &fresh);
                Some(retry(&TRIES, deadline(), Fault::disposition, ensure).await?)
            }
            None => None,
        };
        let sealed = seal::seal(record, key.as_ref(), chance::bytes())
            .expect("a user's record is sealed with the key above, and no other has to be");
        let append = || store.append(&sealed);
        retry(&TRIES, deadline(), Fault::disposition, append).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
