//! Judging letters against what the table holds. Reads alone.

use super::edit::{self, Edit, Edited, NotEdited};
use super::filter::Filter;
use super::letter::Letter;
use super::plan::Plan;
use super::standing::{self, Reading, Standing};
use super::tally::{Counted, Outcome};
use crate::patience::{TRIES, deadline};
use std::time::Duration;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::commit::Commit;
use usher_shared::port::{Delayed, Fault, Loaded, Outgoing, Store};
use usher_shared::retry::retry;
use usher_shared::seal::{self, SealedCommit};
use usher_worker::message::Work;

/// Judges letters.
pub struct Judge<'r> {
    pub store: &'r dyn Store,
    pub filter: Filter,
    pub edit: Option<Edit>,
    pub plan: Option<Plan>,
}

/// A letter, and what is to become of it.
pub struct Judged {
    pub letter: Letter,
    pub counted: Counted,
    pub why: &'static str,
    /// The places that an edit changed.
    pub changed: Vec<String>,
    /// The record of the edit, which has to be in the log before the letter is sent.
    pub record: Option<Commit>,
    pub reading: Option<Reading>,
}

impl Judge<'_> {
    /// Says what is to become of a letter.
    pub async fn judge(&self, letter: Letter) -> Judged {
        let mut judged = Judged {
            counted: Counted::of(&letter, Outcome::NotChosen),
            letter,
            why: Outcome::NotChosen.as_str(),
            changed: Vec::new(),
            record: None,
            reading: None,
        };
        if !self.filter.wants(&judged.letter) {
            return judged;
        }
        let edited = self.edit.as_ref();
        match edited
            .map(|edit| edit.apply(&judged.letter.body))
            .transpose()
        {
            Ok(edited) => self.weigh(&mut judged, edited).await,
            Err(error) => judged.say(Outcome::NotEdited, error.as_str()),
        }
        if let Some(plan) = &self.plan {
            let by_plan = plan.judge(&judged.letter, judged.counted.outcome);
            if by_plan != judged.counted.outcome {
                judged.say(by_plan, by_plan.as_str());
            }
        }
        judged
    }

    async fn weigh(&self, judged: &mut Judged, edited: Option<Edited>) {
        let body = edited.as_ref().map(|edited| edited.after.as_str());
        let reading = standing::read(body.unwrap_or(&judged.letter.body));
        let (work, body) = match &reading {
            Reading::Never(_) | Reading::NotYet(_) if edited.is_some() => {
                return judged.say(Outcome::NotEdited, NotEdited::NoEvent.as_str());
            }
            Reading::Never(why) => return judged.say(Outcome::Unreadable, why),
            Reading::NotYet(why) => return judged.say(Outcome::NotYet, why),
            Reading::Work { work, body, lifted } => {
                judged.counted.lifted = *lifted;
                (work, body)
            }
        };
        if let Some(edited) = edited {
            let record = match work {
                Work::Event(event) => {
                    edit::record(&judged.letter, &edited, event, body, WallClock.now())
                }
                Work::Resume(_) => Err(NotEdited::NoEvent),
            };
            match record {
                Ok(record) => judged.record = Some(record),
                Err(error) => return judged.say(Outcome::NotEdited, error.as_str()),
            }
            judged.changed = edited.changed;
            judged.counted.edited = true;
        }
        match self.standing(work, judged.record.as_ref()).await {
            Ok(Ok(Standing::Done)) => judged.say(Outcome::Done, Standing::Done.as_str()),
            Ok(Ok(standing)) => judged.say(Outcome::Sent, standing.as_str()),
            Ok(Err((outcome, why))) => judged.say(outcome, why),
            Err(fault) => judged.say(Outcome::Failed, fault.kind.as_str()),
        }
        judged.reading = Some(reading);
    }

    /// What the table holds of it; of an event that is recorded and was to be edited, only if it was
    /// this edit of which it was sent.
    async fn standing(
        &self,
        work: &Work,
        record: Option<&Commit>,
    ) -> Result<Result<Standing, (Outcome, &'static str)>, Fault> {
        let (subject, deadline) = (work.subject(), deadline());
        let Some(sealed) = self.commit(work, work.id()).await? else {
            return Ok(Ok(Standing::NotRecorded));
        };
        if let Some(record) = record
            && self.commit(work, record.envelope.id).await?.is_none()
        {
            return Ok(Err((Outcome::NotEdited, NotEdited::Recorded.as_str())));
        }
        let loaded = match subject.sub() {
            Some(sub) => {
                let load = || self.store.load(sub);
                retry(&TRIES, deadline, Fault::disposition, load).await?
            }
            None => Loaded::default(),
        };
        let Ok(commit) = seal::open(&sealed, loaded.key.as_ref()) else {
            return Ok(Err((Outcome::NotYet, "unreadable_commit")));
        };
        let user = loaded.user.as_ref().map(|item| &item.user);
        Ok(Ok(Standing::of(Some(&commit), user)))
    }

    async fn commit(
        &self,
        work: &Work,
        id: usher_events::EventId,
    ) -> Result<Option<SealedCommit>, Fault> {
        let read = || self.store.commit(work.subject(), id);
        retry(&TRIES, deadline(), Fault::disposition, read).await
    }
}

impl Judged {
    /// Says what is to become of it, and why.
    pub fn say(&mut self, outcome: Outcome, why: &'static str) {
        self.counted.outcome = outcome;
        self.why = why;
    }

    /// What is sent of it.
    pub fn message(&self) -> Option<Delayed> {
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
