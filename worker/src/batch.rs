//! A batch: the messages of one subject in turn, different subjects at once, and each that cannot be
//! read alone.

use crate::Worker;
use crate::message::{Unreadable, Work};
use crate::record::Kept;
use crate::set_aside::Given;
use crate::story::{Again, Outcome};
use crate::turn::{self, Turn, within};
use futures::{FutureExt, StreamExt, stream};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use usher_events::wire::DecodeError;
use usher_events::{Subject, Time};
use usher_shared::commit::EffectKind;
use usher_shared::port::Loaded;

/// Kept back of a batch's time to tell the bus what was recorded, and to write down what the bus
/// did not take.
const SETTLING: Duration = Duration::from_secs(3);

/// One message, however it got here.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The queue's id of it.
    pub id: String,
    /// Its text, as it was sent.
    pub body: String,
    /// How often it has been delivered, this time included.
    pub receive_count: u32,
    /// When it was first delivered.
    pub first_received: Option<Time>,
    /// What hides this delivery from other readers, where whoever received it knows.
    pub receipt: Option<String>,
}

impl fmt::Debug for Message {
    /// Shows how long the body is, and nothing of it, which is about a person, nor of the receipt.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("body_bytes", &self.body.len())
            .field("receive_count", &self.receive_count)
            .field("first_received", &self.first_received)
            .finish_non_exhaustive()
    }
}

/// What one message came to, before the batch's publications.
pub(crate) enum Step {
    /// In the log; the bus is still to be told.
    Kept(Box<Kept>),
    /// Finished, one way or the other.
    Settled(Outcome),
    /// The same as another message of the batch, whose place this is.
    As(usize),
}

/// Messages that are worked on one after the other.
enum Group {
    /// Those of one subject.
    Turn(Turn),
    /// One that cannot be read, with its place.
    Unreadable(usize, DecodeError),
}

impl Worker {
    /// Works on a batch until the deadline, and gives each message its outcome, in order.
    ///
    /// What is unfinished at the deadline has to come again, as has what panicked: one message's
    /// trouble is no other's.
    pub async fn work(&self, messages: &[Message], deadline: Instant) -> Vec<Outcome> {
        let fence = deadline.checked_sub(SETTLING).unwrap_or(deadline);
        let mut steps: Vec<Option<Step>> = messages.iter().map(|_| None).collect();
        let groups = groups(messages);
        let subs = groups.iter().filter_map(|group| match group {
            Group::Turn(turn) => turn.subject.sub().cloned(),
            Group::Unreadable(..) => None,
        });
        let mut users = self.load_users(subs.collect(), fence).await;
        // Made before they are streamed: a closure within the stream would keep it from being `Send`.
        let groups: Vec<_> = groups
            .into_iter()
            .map(|group| {
                let loaded = match &group {
                    Group::Turn(turn) => users.take(&turn.subject),
                    Group::Unreadable(..) => None,
                };
                self.take(messages, group, loaded, fence)
            })
            .collect();
        let groups = stream::iter(groups)
            .buffer_unordered(self.policy.worker.concurrency)
            .collect::<Vec<_>>();
        for (place, step) in groups.await.into_iter().flatten() {
            steps[place] = Some(step);
        }
        let outcomes = self.settle(messages, steps, deadline).await;
        let patient = self.be_patient(messages, &outcomes).map(Ok);
        // The outcomes are what they are, whatever becomes of that.
        let _: Result<(), Again> = within(deadline, patient).await;
        outcomes
    }

    async fn take(
        &self,
        messages: &[Message],
        group: Group,
        loaded: Option<Result<Loaded, Again>>,
        fence: Instant,
    ) -> Vec<(usize, Step)> {
        match group {
            Group::Turn(turn) => Box::pin(self.take_turn(messages, turn, loaded, fence)).await,
            Group::Unreadable(place, error) => {
                let message = &messages[place];
                let judged = self.unreadable(message, &error, fence);
                let step = within(fence, judged.instrument(turn::span(message))).await;
                vec![(place, step.unwrap_or_else(turn::failed))]
            }
        }
    }

    /// Sets aside what no program will ever read, and leaves the rest to a newer one.
    async fn unreadable(
        &self,
        message: &Message,
        error: &DecodeError,
        deadline: Instant,
    ) -> Result<Step, Again> {
        match Unreadable::judge(error) {
            Unreadable::Never(kind) => {
                let given = Given {
                    kind,
                    text: error.to_string(),
                    operation: None,
                };
                let set_aside = self.set_aside(message, given, deadline);
                Ok(Step::Settled(set_aside.await))
            }
            Unreadable::NotYet(kind) => Err(Again::NotYet(kind)),
        }
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
                Some(Step::Settled(_) | Step::As(_)) | None => None,
            })
            .collect();
        let published = AssertUnwindSafe(self.publish(&kept, deadline)).catch_unwind();
        let all = |again| vec![Err(again); kept.len()].into_iter();
        let mut fates = match timeout_at(deadline, published).await {
            Ok(Ok(fates)) => fates.into_iter(),
            Ok(Err(_)) => all(Again::Panicked),
            Err(_) => all(Again::OutOfTime),
        };
        let late = || Outcome::Again(Again::OutOfTime);
        let mut same = Vec::new();
        let outcomes = steps
            .into_iter()
            .enumerate()
            .map(|(place, step)| match step {
                Some(Step::Kept(kept)) => match fates.next() {
                    Some(Ok(fate)) => {
                        let mut story = kept.story;
                        let fate = fate.map(|fate| (EffectKind::Publication, fate));
                        story.effects.extend(fate);
                        Outcome::Recorded(story)
                    }
                    Some(Err(again)) => Outcome::Again(again),
                    None => late(),
                },
                Some(Step::Settled(outcome)) => outcome,
                Some(Step::As(other)) => {
                    same.push((place, other));
                    late()
                }
                None => late(),
            });
        let mut outcomes: Vec<Outcome> = outcomes.collect();
        for (place, other) in same {
            outcomes[place] = outcomes[other].repeated();
        }
        for (message, outcome) in messages.iter().zip(&mut outcomes) {
            let last = self.last_delivery(message, outcome.clone(), deadline);
            *outcome = timeout_at(deadline, last).await.unwrap_or_else(|_| late());
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
        tell(message, again);
        if message.receive_count < self.policy.worker.receive_limit {
            return outcome;
        }
        let given = Given {
            kind: again.as_str(),
            text: format!("delivered {} times without success", message.receive_count),
            operation: again.operation(),
        };
        self.set_aside(message, given, deadline).await
    }
}

/// Reads every message and sorts them into groups.
fn groups(messages: &[Message]) -> Vec<Group> {
    let mut of_subjects = BTreeMap::<Subject, Vec<(usize, Work)>>::new();
    let mut unreadable = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        match Work::decode(&message.body) {
            Ok(work) => {
                let of_subject = of_subjects.entry(work.subject().clone()).or_default();
                of_subject.push((place, work));
            }
            Err(error) => unreadable.push(Group::Unreadable(place, error)),
        }
    }
    let turns = of_subjects.into_iter();
    let turns = turns.map(|(subject, works)| Group::Turn(Turn { subject, works }));
    turns.chain(unreadable).collect()
}

/// Says that a message has to come again: a panic is our own bug, and somebody must look.
fn tell(message: &Message, again: Again) {
    let (id, count, cause) = (&message.id, message.receive_count, again.as_str());
    let operation = again.operation();
    if again == Again::Panicked {
        tracing::error!(
            message.id = id,
            sqs.receive_count = count,
            cause,
            "A message made the worker panic"
        );
    } else {
        tracing::warn!(
            message.id = id,
            sqs.receive_count = count,
            cause,
            operation,
            "A message has to come again"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_how_long_its_body_is_and_nothing_of_it() {
        let message = Message {
            id: "4f1f2e7c".to_owned(),
            body: r#"{"email":"ada@example.com"}"#.to_owned(),
            receive_count: 1,
            first_received: None,
            receipt: Some("AQEBwJnK".to_owned()),
        };
        let shown = format!("{message:?} {message:#?}");
        assert!(shown.contains("body_bytes: 27"), "{shown}");
        assert!(!shown.contains("ada") && !shown.contains("AQEB"), "{shown}");
    }
}
