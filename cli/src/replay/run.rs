//! Going through the dead letters: each is judged, and what is to leave is sent first and deleted after,
//! so that an end at any point doubles a letter and never loses one.

use super::edit::{self, Edit, Edited};
use super::filter::Filter;
use super::journal::Journal;
use super::judge::{self, Reading, Standing};
use super::letter::Letter;
use super::pass::{Pass, name};
use super::plan::{Plan, Writing};
use super::report::End;
use super::tally::{Counted, Outcome, Tally};
use crate::pace::Pace;
use crate::patience::{TRIES, deadline};
use futures::future::join_all;
use indicatif::ProgressBar;
use std::collections::HashSet;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use usher_events::{Envelope, LifecycleEvent};
use usher_shared::chance;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::dynamodb::Table;
use usher_shared::policy::Policy;
use usher_shared::port::{Delayed, Fault, Outgoing, Queue, Store};
use usher_shared::retry::retry;
use usher_shared::seal::{self, UserKey};
use usher_worker::message::Work;

/// A run.
pub struct Run<'r> {
    pub pass: Pass,
    pub queue: &'r dyn Queue,
    pub table: &'r Table,
    pub policy: &'r Policy,
    pub filter: Filter,
    pub edit: Option<Edit>,
    pub plan: Option<Plan>,
    pub writing: Option<Writing>,
    pub confirmed: bool,
    pub pace: Pace,
    pub stop_after: Option<NonZeroU64>,
    pub journal: Journal,
    pub bar: ProgressBar,
    pub interrupted: &'r AtomicBool,
}

/// What a run came to.
pub struct Ran {
    pub tally: Tally,
    pub end: End,
    pub elsewhere: u64,
}

/// A letter, and what is to become of it.
struct Judged {
    letter: Letter,
    counted: Counted,
    why: &'static str,
    edited: Option<Edited>,
    reading: Option<Reading>,
}

impl Run<'_> {
    /// Goes through the queue.
    pub async fn all(mut self) -> anyhow::Result<Ran> {
        let (mut here, mut sent, mut failures) = (Tally::default(), HashSet::new(), 0);
        let end = loop {
            if self.interrupted.load(Ordering::Relaxed) {
                break End::Interrupted;
            }
            let letters = self.pass.next().await?;
            if letters.is_empty() {
                break End::Whole;
            }
            self.bar.inc(letters.len() as u64);
            for letter in &letters {
                self.journal.seen(&letter.id);
            }
            let judging = letters.into_iter().map(|letter| self.judge(letter));
            let mut batch = join_all(judging).await;
            for judged in &mut batch {
                failures += u64::from(self.is_again(judged, &mut sent));
            }
            if self.confirmed {
                self.act(&mut batch).await?;
            }
            for judged in &batch {
                let outcome = judged.counted.outcome;
                failures += u64::from(outcome == Outcome::Failed);
                if !(self.confirmed && outcome.leaves()) {
                    here.add(&judged.counted);
                    self.pass.keep(&judged.letter)?;
                }
                if let Some(writing) = &mut self.writing {
                    let edited = judged
                        .edited
                        .as_ref()
                        .map(|edited| edited.changed.as_slice());
                    let (letter, why) = (&judged.letter, judged.why);
                    writing.letter(letter, &judged.counted, why, edited.unwrap_or_default())?;
                }
            }
            if self.stop_after.is_some_and(|most| failures >= most.get()) {
                break End::Failures;
            }
        };
        self.pass.end().await?;
        let left = match end {
            End::Whole => self.journal.settle()?,
            End::Failures | End::Interrupted => {
                self.journal.keep()?;
                self.journal.left().clone()
            }
        };
        here.join(&left);
        match end {
            End::Whole => {
                self.journal.finish()?;
                self.writing.map_or(Ok(()), Writing::end)?;
            }
            End::Failures | End::Interrupted => {}
        }
        Ok(Ran {
            tally: here,
            end,
            elsewhere: self.pass.elsewhere,
        })
    }

    /// Leaves a letter alone whose event this run has sent; whether that one came back since.
    fn is_again(&self, judged: &mut Judged, sent: &mut HashSet<u64>) -> bool {
        let key = judged.reading.as_ref().and_then(Reading::key);
        let (Outcome::Sent, Some((_, id))) = (judged.counted.outcome, key) else {
            return false;
        };
        if sent.insert(name(id)) {
            return false;
        }
        judged.counted.outcome = Outcome::Again;
        judged.why = Outcome::Again.as_str();
        let began = self.journal.began();
        judged.letter.sent.is_none_or(|sent| sent >= began)
    }

    /// Says what is to become of a letter.
    async fn judge(&self, letter: Letter) -> Judged {
        let mut judged = Judged {
            counted: Counted::of(&letter, Outcome::NotChosen),
            letter,
            why: Outcome::NotChosen.as_str(),
            edited: None,
            reading: None,
        };
        if !self.filter.wants(&judged.letter) {
            return judged;
        }
        if let Some(edit) = &self.edit {
            match edit.apply(&judged.letter.body) {
                Ok(edited) => judged.edited = Some(edited),
                Err(error) => {
                    judged.say(Outcome::NotEdited, error.as_str());
                    return judged;
                }
            }
        }
        let body = judged.edited.as_ref().map(|edited| edited.after.as_str());
        let reading = judge::read(body.unwrap_or(&judged.letter.body));
        match &reading {
            Reading::Never(why) => judged.say(Outcome::Unreadable, why),
            Reading::NotYet(why) => judged.say(Outcome::NotYet, why),
            Reading::Work { work, lifted, .. } => {
                let is_edited = judged.edited.is_some();
                match self.standing(work).await {
                    _ if is_edited && matches!(work, Work::Resume(_)) => {
                        judged.say(Outcome::NotEdited, "edit_makes_no_event");
                    }
                    // As it came it is nowhere in the log.
                    Ok(Some(Standing::Done)) if is_edited => judged.say(Outcome::Sent, "edited"),
                    Ok(Some(Standing::Done)) => {
                        judged.say(Outcome::Done, Standing::Done.as_str());
                    }
                    Ok(Some(standing)) => judged.say(Outcome::Sent, standing.as_str()),
                    Ok(None) => judged.say(Outcome::NotYet, "unreadable_commit"),
                    Err(fault) => judged.say(Outcome::Failed, fault.kind.as_str()),
                }
                judged.counted.lifted = *lifted;
                judged.counted.edited = is_edited;
            }
        }
        if let Some(plan) = &self.plan {
            let by_plan = plan.judge(&judged.letter, judged.counted.outcome);
            if by_plan != judged.counted.outcome {
                judged.say(by_plan, by_plan.as_str());
            }
        }
        judged.reading = Some(reading);
        judged
    }

    /// What the table holds of it; `None` where that cannot be read by this program.
    async fn standing(&self, work: &Work) -> Result<Option<Standing>, Fault> {
        let (subject, id, deadline) = (work.subject(), work.id(), deadline());
        let read = || self.table.commit(subject, id);
        let sealed = retry(&TRIES, deadline, Fault::disposition, read).await?;
        let Some(sealed) = sealed else {
            return Ok(Some(Standing::NotRecorded));
        };
        let loaded = match subject.sub() {
            Some(sub) => {
                let load = || self.table.load(sub);
                retry(&TRIES, deadline, Fault::disposition, load).await?
            }
            None => usher_shared::port::Loaded::default(),
        };
        let Ok(commit) = seal::open(&sealed, loaded.key.as_ref()) else {
            return Ok(None);
        };
        let user = loaded.user.as_ref().map(|item| &item.user);
        Ok(Some(Standing::of(self.policy, Some(&commit), user)))
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
        for judged in batch.iter_mut() {
            if judged.counted.outcome == Outcome::Sent
                && let Err(fault) = self.record(judged).await
            {
                judged.say(Outcome::Failed, fault.kind.as_str());
            }
        }
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

    /// Records an edit before its letter is sent.
    async fn record(&self, judged: &Judged) -> Result<(), Fault> {
        let event = judged.reading.as_ref().and_then(Reading::event);
        let (Some(edited), Some(event)) = (&judged.edited, event) else {
            return Ok(());
        };
        let key = self.key(event).await?;
        let commit = edit::record(&judged.letter, edited, event, WallClock.now());
        let sealed = seal::seal(&commit, key.as_ref(), chance::bytes())
            .expect("a user's record is sealed with the key above, and no other has to be");
        let append = || self.table.append(&sealed);
        retry(&TRIES, deadline(), Fault::disposition, append).await?;
        Ok(())
    }

    async fn key(&self, event: &Envelope<LifecycleEvent>) -> Result<Option<UserKey>, Fault> {
        let Some(sub) = event.subject.sub() else {
            return Ok(None);
        };
        let fresh = UserKey::new(chance::bytes());
        let ensure = || self.table.ensure_key(sub, &fresh);
        let key = retry(&TRIES, deadline(), Fault::disposition, ensure).await?;
        Ok(Some(key))
    }

    async fn send(&self, batch: &mut [Judged]) {
        let mut sending: Vec<&mut Judged> = batch
            .iter_mut()
            .filter(|judged| judged.counted.outcome == Outcome::Sent)
            .collect();
        let messages = sending.iter().filter_map(|judged| judged.message());
        let messages: Vec<Delayed> = messages.collect();
        let sent = self.queue.send_many(&messages).await;
        for ((judged, sent), Delayed { message, .. }) in sending.iter_mut().zip(sent).zip(&messages)
        {
            let sent = match sent {
                Ok(()) => Ok(()),
                Err(_) => {
                    let again = || self.queue.send(message);
                    retry(&TRIES, deadline(), Fault::disposition, again).await
                }
            };
            if let Err(fault) = sent {
                judged.say(Outcome::Failed, fault.kind.as_str());
            }
        }
    }
}

impl Judged {
    fn say(&mut self, outcome: Outcome, why: &'static str) {
        self.counted.outcome = outcome;
        self.why = why;
    }

    /// What is sent of it.
    fn message(&self) -> Option<Delayed> {
        match self.reading.as_ref()? {
            Reading::Work { work, body, .. } => Some(Delayed {
                message: Outgoing {
                    body: body.clone(),
                    group: Some(work.subject().to_string()),
                },
                delay: Duration::ZERO,
            }),
            Reading::Never(_) | Reading::NotYet(_) => None,
        }
    }
}
