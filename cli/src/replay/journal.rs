//! How far a run is, so that the next goes on there and their counts add up.
//!
//! What the queue still shows, the next run sees for itself. Noted is what left it: all before, and, before
//! anything is done, the letters that are in hand. Of those that do not show again the deed was done.

use super::tally::{Counted, Tally};
use crate::notes;
use anyhow::bail;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;
use usher_events::Time;

/// After so long a run is not gone on with: an hour ago is another hour.
const TOO_OLD: Duration = Duration::from_hours(24);

/// What may be done about notes that are none.
const REMEDY: &str = "--fresh begins anew, --state names another";

/// What a run is about. Only one that is about the same goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The queue.
    pub queue: String,
    /// What was asked for: the filter as it was written, edit and plan.
    pub asked: String,
}

#[derive(Serialize, Deserialize)]
struct Notes {
    scope: Scope,
    began: Time,
    left: Tally,
    in_hand: Vec<Counted>,
}

/// How far a run is; in a file, where there is one.
pub struct Journal {
    file: Option<PathBuf>,
    notes: Notes,
    /// Of an earlier run, those that have not shown again.
    unresolved: Vec<Counted>,
    /// Whether it goes on with an earlier run.
    pub resumed: bool,
}

impl Journal {
    /// Goes on with what the file says, if that was about the same, or begins.
    pub fn open(
        file: Option<PathBuf>,
        scope: Scope,
        now: Time,
        fresh: bool,
    ) -> anyhow::Result<Self> {
        let kept = match &file {
            Some(file) if !fresh => notes::read::<Notes>(file, REMEDY)?,
            Some(_) | None => None,
        };
        let mut journal = Self {
            file,
            notes: Notes {
                scope,
                began: now,
                left: Tally::default(),
                in_hand: Vec::new(),
            },
            unresolved: Vec::new(),
            resumed: false,
        };
        let Some(mut kept) = kept else {
            return Ok(journal);
        };
        let began = kept.began;
        if kept.scope != journal.notes.scope {
            bail!(
                "a run about something else began at {began} and was interrupted; repeat that command, \
                 or give --fresh and its counts are forgotten"
            );
        }
        if now.since(began) > TOO_OLD {
            bail!(
                "the run that began at {began} was interrupted too long ago for its lengths of time to \
                 mean the same; give --fresh and its counts are forgotten"
            );
        }
        anstream::eprintln!("Going on with the run that began at {began}; --fresh begins anew.");
        journal.unresolved = std::mem::take(&mut kept.in_hand);
        journal.notes = kept;
        journal.resumed = true;
        Ok(journal)
    }

    /// When the run began.
    pub fn began(&self) -> Time {
        self.notes.began
    }

    /// Notes which letters are in hand, before anything is done to them.
    pub fn take(&mut self, in_hand: Vec<Counted>) -> anyhow::Result<()> {
        self.notes.in_hand = in_hand;
        self.write()
    }

    /// Counts what came of those in hand.
    pub fn put(&mut self, done: &[Counted]) {
        self.notes.in_hand.clear();
        let left = done.iter().filter(|counted| counted.outcome.leaves());
        left.for_each(|counted| self.notes.left.add(counted));
    }

    /// Takes note that a letter still shows.
    pub fn seen(&mut self, letter: &str) {
        self.unresolved.retain(|counted| counted.letter != letter);
    }

    /// Takes it that what does not show is done, as the queue was seen to its end; gives all that left the
    /// queue.
    pub fn settle(&mut self) -> anyhow::Result<Tally> {
        for counted in std::mem::take(&mut self.unresolved) {
            self.notes.left.add(&counted);
        }
        self.write()?;
        Ok(self.notes.left.clone())
    }

    /// What left the queue so far, as far as is known.
    pub fn left(&self) -> &Tally {
        &self.notes.left
    }

    /// Keeps what is known for the next run; gives how many letters nobody knows of yet.
    pub fn keep(&mut self) -> anyhow::Result<u64> {
        self.write()?;
        Ok((self.unresolved.len() + self.notes.in_hand.len()) as u64)
    }

    /// Forgets it: all is done.
    pub fn finish(&mut self) -> anyhow::Result<()> {
        self.file.as_deref().map_or(Ok(()), notes::forget)
    }

    fn write(&self) -> anyhow::Result<()> {
        let unresolved = self.unresolved.iter().chain(&self.notes.in_hand);
        let notes = Notes {
            scope: self.notes.scope.clone(),
            began: self.notes.began,
            left: self.notes.left.clone(),
            in_hand: unresolved.cloned().collect(),
        };
        self.file
            .as_ref()
            .map_or(Ok(()), |file| notes::write(file, &notes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tally::{CauseKey, Outcome};
    use super::*;

    fn counted(letter: &str, outcome: Outcome) -> Counted {
        Counted {
            letter: letter.to_owned(),
            key: CauseKey {
                cause: "timed_out".to_owned(),
                operation: None,
            },
            at: None,
            outcome,
            edited: false,
            lifted: false,
        }
    }

    fn open(file: &std::path::Path, asked: &str) -> Journal {
        opened(file, asked, 0).unwrap()
    }

    fn opened(file: &std::path::Path, asked: &str, hours: i64) -> anyhow::Result<Journal> {
        let scope = Scope {
            queue: "dead".to_owned(),
            asked: asked.to_owned(),
        };
        let now = Time::from_unix_seconds(1_780_000_000 + hours * 3600).unwrap();
        Journal::open(Some(file.to_owned()), scope, now, false)
    }

    #[test]
    fn what_a_killed_run_had_in_hand_counts_once_whether_or_not_it_got_to_do_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("replay.json");
        let mut killed = open(&file, "");
        let first = [counted("a", Outcome::Sent), counted("b", Outcome::Done)];
        killed.take(first.to_vec()).unwrap();
        killed.put(&first);
        killed
            .take(vec![
                counted("c", Outcome::Sent),
                counted("d", Outcome::Sent),
            ])
            .unwrap();
        drop(killed);

        let mut next = open(&file, "");
        assert!(next.resumed);
        // d was not deleted: it shows again, and is sent by this run.
        next.seen("d");
        next.take(vec![counted("d", Outcome::Sent)]).unwrap();
        next.put(&[counted("d", Outcome::Sent)]);
        let left = next.settle().unwrap();
        assert_eq!((left.letters(), left.count(Outcome::Sent)), (4, 3));
        next.finish().unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn a_run_that_is_killed_twice_forgets_nothing_of_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("replay.json");
        let mut first = open(&file, "");
        first.take(vec![counted("a", Outcome::Sent)]).unwrap();
        drop(first);
        let mut second = open(&file, "");
        second.take(vec![counted("b", Outcome::Sent)]).unwrap();
        drop(second);
        let left = open(&file, "").settle().unwrap();
        assert_eq!(left.letters(), 2);
    }

    #[test]
    fn a_run_about_something_else_does_not_forget_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("replay.json");
        let mut first = open(&file, "one");
        first.take(vec![counted("a", Outcome::Sent)]).unwrap();
        drop(first);
        assert!(opened(&file, "two", 0).is_err());
        assert!(opened(&file, "one", 25).is_err(), "too long ago");
        assert!(opened(&file, "one", 1).unwrap().resumed);
    }
}
