//! A batch: each message alone, those of one subject in turn, different subjects at once.

use crate::Worker;
use crate::message::{Resume, Unreadable, Work};
use crate::record::Kept;
use crate::story::{Again, Outcome, Story};
use futures::{FutureExt, StreamExt, stream};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use tokio::time::{Instant, timeout_at};
use usher_events::Time;
use usher_shared::commit::{EffectKind, Entry};
use usher_shared::port::Appended;

/// One message, however it got here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The queue's id of it.
    pub id: String,
    /// Its text, as it was sent.
    pub body: String,
    /// How often it has been delivered, this time included.
    pub receive_count: u32,
    /// When it was first delivered.
    pub first_received: Option<Time>,
}

/// What one message came to, before the batch's publications.
enum Step {
    /// In the log; the bus is still to be told.
    Kept(Box<Kept>),
    /// Finished, one way or the other.
    Settled(Outcome),
}

impl Worker {
    /// Works on a batch until the deadline, and gives each message its outcome, in order.
    ///
    /// What is unfinished at the deadline has to come again, as has what panicked: one message's
    /// trouble is no other's.
    pub async fn work(&self, messages: &[Message], deadline: Instant) -> Vec<Outcome> {
        let mut steps: Vec<Option<Step>> = messages.iter().map(|_| None).collect();
        let mut turns: BTreeMap<String, Vec<(usize, Work)>> = BTreeMap::new();
        for (index, message) in messages.iter().enumerate() {
            match Work::decode(&message.body) {
                Ok(work) => turns
                    .entry(work.subject().to_string())
                    .or_default()
                    .push((index, work)),
                Err(error) => {
                    let outcome = match Unreadable::judge(&error) {
                        Unreadable::Never(kind) => {
                            self.set_aside(message, kind, error.to_string(), deadline)
                                .await
                        }
                        Unreadable::NotYet(kind) => Outcome::Again(Again::NotYet(kind)),
                    };
                    steps[index] = Some(Step::Settled(outcome));
                }
            }
        }
        let done: Vec<Vec<(usize, Step)>> = stream::iter(turns.into_values())
            .map(|turn| self.take_turn(turn, deadline))
            .buffer_unordered(self.policy.worker.concurrency)
            .collect()
            .await;
        for (index, step) in done.into_iter().flatten() {
            steps[index] = Some(step);
        }
        self.settle(messages, steps, deadline).await
    }

    /// Works on one subject's messages in the order in which they came.
    async fn take_turn(&self, turn: Vec<(usize, Work)>, deadline: Instant) -> Vec<(usize, Step)> {
        let mut steps = Vec::with_capacity(turn.len());
        for (index, work) in turn {
            let step = AssertUnwindSafe(self.step(work, deadline)).catch_unwind();
            let step = match timeout_at(deadline, step).await {
                Ok(Ok(Ok(step))) => step,
                Ok(Ok(Err(again))) => Step::Settled(Outcome::Again(again)),
                Ok(Err(_)) => Step::Settled(Outcome::Again(Again::Panicked)),
                Err(_) => Step::Settled(Outcome::Again(Again::OutOfTime)),
            };
            steps.push((index, step));
        }
        steps
    }

    async fn step(&self, work: Work, deadline: Instant) -> Result<Step, Again> {
        match work {
            Work::Event(envelope) => Ok(Step::Kept(Box::new(
                self.record(*envelope, deadline).await?,
            ))),
            Work::Resume(resume) => self.resume(&resume, deadline).await,
        }
    }

    /// Does what is left of a recorded commit. Where another worker has its lease, that one does it,
    /// and there is nothing for us.
    async fn resume(&self, resume: &Resume, deadline: Instant) -> Result<Step, Again> {
        let nothing = Ok(Step::Settled(Outcome::NothingToResume));
        let Some(sealed) = self.store.commit(&resume.subject, resume.id).await? else {
            return nothing;
        };
        let loaded = match resume.subject.sub() {
            Some(sub) => self.store.load(sub).await?,
            None => usher_shared::port::Loaded::default(),
        };
        let commit = usher_shared::seal::open(&sealed, loaded.key.as_ref())
            .map_err(|_| Again::Unreadable)?;
        if !commit.ledger.entries().any(|(_, entry)| entry.is_open()) {
            return nothing;
        }
        let right = crate::perform::Right::Untaken;
        let effects = match self
            .fold_and_perform(
                &commit,
                loaded.user,
                Appended::AlreadyThere,
                right,
                deadline,
            )
            .await
        {
            Ok(effects) => effects,
            Err(Again::LeaseNotOurs) => return nothing,
            Err(again) => return Err(again),
        };
        let mut story = Story {
            id: resume.id,
            event: usher_events::Fact::name(&commit.envelope.event),
            appended: false,
            decided: Vec::new(),
            effects,
        };
        let publication = commit.ledger.get(EffectKind::Publication);
        if publication.is_some_and(Entry::is_open) {
            return Ok(Step::Kept(Box::new(Kept { commit, story })));
        }
        story.decided.clear();
        Ok(Step::Settled(Outcome::Recorded(story)))
    }

    /// Publishes what the batch recorded, all at once, and turns steps into outcomes.
    async fn settle(
        &self,
        messages: &[Message],
        steps: Vec<Option<Step>>,
        deadline: Instant,
    ) -> Vec<Outcome> {
        let kept: Vec<&Kept> = steps
            .iter()
            .filter_map(|step| match step {
                Some(Step::Kept(kept)) => Some(kept.as_ref()),
                Some(Step::Settled(_)) | None => None,
            })
            .collect();
        let mut fates = self.publish(&kept, deadline).await.into_iter();
        let mut outcomes = Vec::with_capacity(messages.len());
        for (message, step) in messages.iter().zip(steps) {
            let outcome = match step {
                Some(Step::Kept(kept)) => match fates.next() {
                    Some(Ok(fate)) => {
                        let mut story = kept.story;
                        story
                            .effects
                            .extend(fate.map(|fate| (EffectKind::Publication, fate)));
                        Outcome::Recorded(story)
                    }
                    Some(Err(again)) => Outcome::Again(again),
                    None => Outcome::Again(Again::OutOfTime),
                },
                Some(Step::Settled(outcome)) => outcome,
                None => Outcome::Again(Again::OutOfTime),
            };
            outcomes.push(self.last_delivery(message, outcome, deadline).await);
        }
        outcomes
    }

    /// At the last delivery that the queue permits, what would have to come again is set aside with
    /// its cause: the queue itself would set it aside without one.
    async fn last_delivery(
        &self,
        message: &Message,
        outcome: Outcome,
        deadline: Instant,
    ) -> Outcome {
        let again = match &outcome {
            Outcome::Again(again) => *again,
            Outcome::Recorded(_) | Outcome::NothingToResume | Outcome::SetAside(_) => {
                return outcome;
            }
        };
        tracing::warn!(
            message.id = message.id,
            sqs.receive_count = message.receive_count,
            cause = again.as_str(),
            "A message has to come again"
        );
        if message.receive_count < self.policy.worker.receive_limit {
            return outcome;
        }
        let text = format!("delivered {} times without success", message.receive_count);
        self.set_aside(message, again.as_str(), text, deadline)
            .await
    }
}
