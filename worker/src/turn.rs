//! A turn: what a batch brings of one subject, with one read and one write of the user item.
//!
//! It has three phases: each message's commit is found or appended, in the order in which they came;
//! all commits are folded into the user item together; and each is finished, its once-effects
//! performed. A turn that ends between any two steps leaves what a single message leaves there.

use crate::Worker;
use crate::batch::{Message, Step};
use crate::lease::OnlyTry;
use crate::message::Work;
use crate::project::{self, Folded};
use crate::record::Kept;
use crate::story::{Again, Fate, Outcome, Story};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Span};
use usher_events::{EventId, Fact, Sub, Subject};
use usher_shared::commit::{Commit, EffectKind};
use usher_shared::port::{Appended, Loaded};
use usher_shared::user::UserItem;

/// Kept back of a turn's time for folding and finishing what is recorded by then, where one of its
/// messages does not come to an end: time for a mail and its record. Never more than a third.
const FINISHING: Duration = Duration::from_secs(20);

/// The messages of one subject, each with its place in the batch, in the order in which they came.
pub(crate) struct Turn {
    pub(crate) subject: Subject,
    pub(crate) works: Vec<(usize, Work)>,
}

/// A commit that is in the log, and that this turn has to fold and to finish.
pub(crate) struct Open {
    pub(crate) commit: Commit,
    pub(crate) appended: Appended,
    /// Whether its user was announced before it.
    pub(crate) announced: bool,
    /// The messages that brought it, by place. Of several the first was worked on.
    messages: Vec<(usize, Brought)>,
    _only_try: Option<OnlyTry>,
}

/// What kind of message brought a commit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brought {
    Event,
    Resume,
}

/// What finishing a commit came to.
struct Finished {
    effects: Vec<(EffectKind, Fate)>,
    to_publish: bool,
}

impl Worker {
    /// Works on one subject's messages until the fence. `loaded` is its user as the batch has read
    /// them, if it has. One message's trouble is no other's, but for
    /// a service that is down: what comes after it in the turn is not tried.
    pub(crate) async fn take_turn(
        &self,
        messages: &[Message],
        turn: Turn,
        loaded: Option<Result<Loaded, Again>>,
        fence: Instant,
    ) -> Vec<(usize, Step)> {
        let Turn { subject, works } = turn;
        let loaded = match (loaded, subject.sub()) {
            (Some(loaded), _) => loaded,
            (None, Some(sub)) => within(fence, self.loaded(sub, fence)).await,
            (None, None) => Ok(Loaded::default()),
        };
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(again) => {
                let places = works.into_iter().map(|(place, _)| place);
                return places.map(|place| (place, failed(again))).collect();
            }
        };
        let read = loaded.user.clone();
        let (mut open, mut steps) = self.open(messages, works, loaded, fence).await;
        let (item, each) = match subject.sub() {
            Some(sub) => {
                let Folded { item, each } = self.fold(sub, read, &open, fence).await;
                (Some(item), each)
            }
            // What is about nobody folds into nothing.
            None => (None, vec![Ok(()); open.len()]),
        };
        for (open, folded) in open.iter_mut().zip(each) {
            let finished = match folded {
                Ok(()) => {
                    let span = open.span(messages);
                    let finish = self.finish_one(open, item.as_ref(), fence);
                    within(fence, finish.instrument(span)).await
                }
                Err(again) => Err(again),
            };
            steps.extend(open.steps(finished));
        }
        steps
    }

    /// Finds or appends the commit of each message. Of several with one id the first is worked on,
    /// and the others share what becomes of it.
    async fn open(
        &self,
        messages: &[Message],
        works: Vec<(usize, Work)>,
        mut loaded: Loaded,
        fence: Instant,
    ) -> (Vec<Open>, Vec<(usize, Step)>) {
        let end = if works.len() > 1 {
            let left = fence.saturating_duration_since(Instant::now());
            fence - FINISHING.min(left / 3)
        } else {
            fence
        };
        let (mut all, mut steps) = (Vec::<Open>::new(), Vec::new());
        let mut down = None;
        for (place, work) in works {
            let brought = match &work {
                Work::Event(_) => Brought::Event,
                Work::Resume(_) => Brought::Resume,
            };
            let same = |open: &&mut Open| open.commit.envelope.id == work.id();
            if let Some(open) = all.iter_mut().find(same) {
                open.messages.push((place, brought));
                continue;
            }
            if let Some(again) = down {
                steps.push((place, failed(again)));
                continue;
            }
            let id = work.id();
            let open = self.open_one(id, work, (place, brought), &mut loaded, end);
            match within(end, open.instrument(span(&messages[place]))).await {
                Ok(Some(open)) => all.push(open),
                Ok(None) => steps.push((place, Step::Settled(Outcome::NothingToResume))),
                Err(again) => {
                    steps.push((place, failed(again)));
                    down = again.is_outage().then_some(again);
                }
            }
        }
        (all, steps)
    }

    /// Finds or appends one message's commit, and folds it into the user as this turn knows them, so
    /// that the next message is decided on where this one has led. `None` if there is nothing to
    /// resume.
    async fn open_one(
        &self,
        id: EventId,
        work: Work,
        message: (usize, Brought),
        loaded: &mut Loaded,
        deadline: Instant,
    ) -> Result<Option<Open>, Again> {
        let (only_try, recorded) = match work {
            Work::Event(envelope) => {
                let is_user = envelope.subject.sub().is_some();
                let only_try = is_user.then(|| self.only_try(id)).transpose()?;
                let recorded = self.record(*envelope, loaded, deadline).await?;
                (only_try, recorded)
            }
            Work::Resume(resume) => {
                // Another try has it and does it; what stays due the sweep finds again.
                let Ok(only_try) = self.only_try(id) else {
                    return Ok(None);
                };
                let key = loaded.key.as_ref();
                let Some(commit) = self.to_resume(&resume, key, deadline).await? else {
                    return Ok(None);
                };
                (Some(only_try), (commit, Appended::AlreadyThere))
            }
        };
        let (commit, appended) = recorded;
        let known = loaded.user.as_ref();
        let announced = known.is_some_and(|item| item.user.is_announced());
        if let Some(sub) = commit.sub() {
            let known = known.map_or_else(|| UserItem::new(sub.clone()), Clone::clone);
            // Without claims: those that nobody has written yet say nothing to anybody.
            loaded.user = Some(project::next(&self.policy, known, &commit, &[]));
        }
        Ok(Some(Open {
            commit,
            appended,
            announced,
            messages: vec![message],
            _only_try: only_try,
        }))
    }

    /// Folds all commits of a turn at once, or each alone where together they meet our own bug or
    /// make an item that the table will not take: then that is the trouble of some of them only.
    async fn fold(
        &self,
        sub: &Sub,
        read: Option<UserItem>,
        open: &[Open],
        fence: Instant,
    ) -> Folded {
        let commits: Vec<&Commit> = open.iter().map(|open| &open.commit).collect();
        let together = self.fold_within(sub, read.clone(), &commits, fence).await;
        let is_one_s = |again: &Again| match again {
            Again::Panicked => true,
            Again::Fault(_) => !again.is_outage(),
            Again::LeaseNotOurs
            | Again::Overtaken
            | Again::Unreadable
            | Again::NotYet(_)
            | Again::OutOfTime => false,
        };
        let causes = together.each.iter().filter_map(|each| each.err());
        let causes: Vec<Again> = causes.collect();
        if causes.len() < 2 || !causes.iter().any(is_one_s) {
            return together;
        }
        let mut item = together.item;
        let mut each = Vec::with_capacity(commits.len());
        for commit in commits {
            let alone = self.fold_within(sub, Some(item), &[commit], fence).await;
            item = alone.item;
            each.extend(alone.each);
        }
        Folded { item, each }
    }

    async fn fold_within(
        &self,
        sub: &Sub,
        known: Option<UserItem>,
        commits: &[&Commit],
        fence: Instant,
    ) -> Folded {
        let project = self.project(sub, known.clone(), commits, fence).map(Ok);
        within(fence, project).await.unwrap_or_else(|again| Folded {
            item: known.unwrap_or_else(|| UserItem::new(sub.clone())),
            each: vec![Err(again); commits.len()],
        })
    }

    async fn finish_one(
        &self,
        open: &mut Open,
        item: Option<&UserItem>,
        deadline: Instant,
    ) -> Result<Finished, Again> {
        let effects = match item {
            Some(item) => self.finish(open, item, deadline).await?,
            None => Vec::new(),
        };
        let to_publish = match open.brought() {
            Brought::Event => true,
            Brought::Resume => self.to_publish(&open.commit, deadline).await?,
        };
        Ok(Finished {
            effects,
            to_publish,
        })
    }
}

impl Open {
    fn span(&self, messages: &[Message]) -> Span {
        let first = self.messages.first();
        first.map_or_else(Span::none, |(place, _)| span(&messages[*place]))
    }

    /// An event, if one of its messages is one.
    fn brought(&self) -> Brought {
        let is_event = |(_, brought): &(usize, Brought)| *brought == Brought::Event;
        if self.messages.iter().any(is_event) {
            Brought::Event
        } else {
            Brought::Resume
        }
    }

    /// What its messages came to: the first of the kind that counts tells, the others say the same.
    fn steps(&self, finished: Result<Finished, Again>) -> Vec<(usize, Step)> {
        let finished = match finished {
            Ok(finished) => finished,
            Err(again) => {
                let settled = |(place, brought): &(usize, Brought)| match (brought, again) {
                    // Whoever has the lease does it; what stays due the sweep finds again.
                    (Brought::Resume, Again::LeaseNotOurs) => {
                        (*place, Step::Settled(Outcome::NothingToResume))
                    }
                    (Brought::Event | Brought::Resume, _) => (*place, failed(again)),
                };
                return self.messages.iter().map(settled).collect();
            }
        };
        let (commit, story) = (self.commit.clone(), self.story(finished.effects));
        let counts = self.brought();
        let mut told = None;
        let mut tell = Some(if finished.to_publish {
            Step::Kept(Box::new(Kept { commit, story }))
        } else {
            Step::Settled(Outcome::Recorded(story))
        });
        let mut steps = Vec::with_capacity(self.messages.len());
        for (place, brought) in &self.messages {
            if *brought == counts
                && let Some(step) = tell.take()
            {
                told = Some(*place);
                steps.push((*place, step));
            }
        }
        for (place, _) in &self.messages {
            if let Some(told) = told
                && *place != told
            {
                steps.push((*place, Step::As(told)));
            }
        }
        steps
    }

    fn story(&self, effects: Vec<(EffectKind, Fate)>) -> Story {
        let appended = self.appended == Appended::Now;
        let decided = appended.then(|| self.commit.decided.clone());
        Story {
            id: self.commit.envelope.id,
            event: self.commit.envelope.event.name(),
            appended,
            decided: decided.unwrap_or_default(),
            effects,
        }
    }
}

/// Ends a step at the fence, and at a panic.
pub(crate) async fn within<T>(
    fence: Instant,
    step: impl Future<Output = Result<T, Again>>,
) -> Result<T, Again> {
    if Instant::now() >= fence {
        return Err(Again::OutOfTime);
    }
    match timeout_at(fence, AssertUnwindSafe(step).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Again::Panicked),
        Err(_) => Err(Again::OutOfTime),
    }
}

/// The step of a message that has to come again.
pub(crate) fn failed(again: Again) -> Step {
    Step::Settled(Outcome::Again(again))
}

/// What log lines about a message carry.
pub(crate) fn span(message: &Message) -> Span {
    tracing::info_span!(
        "message",
        message.id = message.id,
        sqs.receive_count = message.receive_count
    )
}
