//! What must hold of each person when everything is done: nothing lost, nothing twice.

use super::people::{Step, Town};
use super::post::Post;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use usher_events::{EventId, Fact, Subject, identity};
use usher_shared::commit::{Commit, EffectKind, Entry};
use usher_shared::memory::{Bus, Outbox, Table, WorkQueue};
use usher_shared::policy::Policy;
use usher_shared::port::Store;
use usher_shared::seal;
use usher_shared::user::UserItem;
use usher_worker::project;

/// How long after the last message of a person it is worth looking: a repeat may be under way.
const SETTLED: Duration = Duration::from_secs(60);

/// What must never be, and how often it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// An event that was told is not in the log.
    EventLost,
    /// An event, or what was decided from it, never reached the bus.
    PublicationLost,
    /// Somebody who is owed a welcome got none.
    NoWelcome,
    /// Somebody got more than one, and it was known of the first that it was taken.
    SecondWelcome,
    /// Something that is owed is still to be done.
    LeftOpen,
    /// A user item is not what its log folds into.
    FoldDiffers,
    /// Something of the log cannot be read.
    Unreadable,
    /// A message was set aside in the dead letters.
    DeadLetter,
    /// A service was called though its breaker had been open for a while, and it was no probe.
    CalledWhileOpen,
    /// It never came to an end.
    NotDrained,
}

impl Violation {
    /// The name in texts and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventLost => "event_lost",
            Self::PublicationLost => "publication_lost",
            Self::NoWelcome => "no_welcome",
            Self::SecondWelcome => "second_welcome",
            Self::LeftOpen => "left_open",
            Self::FoldDiffers => "fold_differs",
            Self::Unreadable => "unreadable",
            Self::DeadLetter => "dead_letter",
            Self::CalledWhileOpen => "called_while_open",
            Self::NotDrained => "not_drained",
        }
    }
}

/// Everything that is looked at, each past its way: looking takes no time and meets no outage.
pub struct Checker {
    pub policy: Arc<Policy>,
    pub town: Arc<Town>,
    pub table: Table,
    pub queue: WorkQueue,
    pub bus: Bus,
    pub outbox: Outbox,
    pub post: Post,
    /// What was told of whom, until it is found to be done.
    told: BTreeMap<u64, Told>,
    /// How many people were found to be done.
    pub done: u64,
    /// How many mails they got.
    pub mails: u64,
    /// How many of them were sent once more, because nobody could write down that they were taken.
    pub sent_again: u64,
    pub violations: BTreeMap<Violation, u64>,
}

#[derive(Default)]
struct Told {
    events: Vec<(Step, EventId)>,
    last: Duration,
}

impl Checker {
    pub fn new(
        (policy, town): (Arc<Policy>, Arc<Town>),
        (table, queue): (Table, WorkQueue),
        (bus, outbox, post): (Bus, Outbox, Post),
    ) -> Self {
        Self {
            policy,
            town,
            table,
            queue,
            bus,
            outbox,
            post,
            told: BTreeMap::new(),
            done: 0,
            mails: 0,
            sent_again: 0,
            violations: BTreeMap::new(),
        }
    }

    /// Remembers what was told of a person.
    pub fn told(&mut self, number: u64, step: Step, id: EventId, at: Duration) {
        let told = self.told.entry(number).or_default();
        if !told.events.contains(&(step, id)) {
            told.events.reserve_exact(1);
            told.events.push((step, id));
        }
        told.last = at;
    }

    pub fn note(&mut self, violation: Violation, times: u64) {
        if times > 0 {
            *self.violations.entry(violation).or_default() += times;
        }
    }

    /// Looks at everybody who may be done, and forgets all about who is: an outage of hours at a
    /// hundred sign-ups a second would not fit into memory otherwise.
    pub async fn look(&mut self, now: Duration) {
        let settled = |told: &Told| told.last + SETTLED <= now && told.is_whole();
        let numbers: Vec<u64> = self
            .told
            .iter()
            .filter(|(number, told)| settled(told) && self.may_be_done(**number, told))
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            self.look_at(number, false).await;
        }
    }

    /// Looks at everybody who is left, for the last time.
    pub async fn look_last(&mut self) {
        let numbers: Vec<u64> = self.told.keys().copied().collect();
        for number in numbers {
            self.look_at(number, true).await;
        }
    }

    /// What is seen at a glance: most of those who wait in an outage.
    fn may_be_done(&self, number: u64, told: &Told) -> bool {
        let greeted = !self.policy.mail.welcome || self.outbox.sent_to(&Town::address(number)) > 0;
        let published = || told.events.iter().all(|(_, id)| self.bus.told(*id) > 0);
        greeted && (!self.policy.bus.publish || published())
    }

    async fn look_at(&mut self, number: u64, last: bool) {
        let user = Subject::User(self.town.sub(number));
        let sign_up = self.town.sign_up(number);
        if !last && (self.queue.holds(user.as_str()) || self.queue.holds(sign_up.as_str())) {
            return;
        }
        let Some(commits) = self.commits(&user, &sign_up).await else {
            self.note(Violation::Unreadable, 1);
            self.told.remove(&number);
            return;
        };
        let found = self.compare(number, &user, &commits).await;
        if !last && !found.is_empty() && found.iter().all(|(what, _)| what.may_pass()) {
            return;
        }
        for (violation, times) in found {
            self.note(violation, times);
        }
        self.forget(number, [&user, &sign_up], &commits);
    }

    /// What is wrong with a person, if everything is done.
    async fn compare(
        &self,
        number: u64,
        user: &Subject,
        commits: &[Commit],
    ) -> Vec<(Violation, u64)> {
        let mut found = Vec::new();
        let mut note = |what, times: usize| {
            if times > 0 {
                found.push((what, times as u64));
            }
        };
        let told = self
            .told
            .get(&number)
            .into_iter()
            .flat_map(|told| &told.events);
        let in_log = |id: &EventId| commits.iter().any(|commit| commit.envelope.id == *id);
        note(
            Violation::EventLost,
            told.filter(|(_, id)| !in_log(id)).count(),
        );
        let entries = || commits.iter().flat_map(|commit| commit.ledger.entries());
        note(
            Violation::LeftOpen,
            entries().filter(|(_, entry)| entry.is_open()).count(),
        );
        if self.policy.bus.publish {
            let ids = commits.iter().flat_map(published);
            note(
                Violation::PublicationLost,
                ids.filter(|id| self.bus.told(*id) == 0).count(),
            );
        }
        let owed = entries().any(|(kind, entry)| {
            kind == EffectKind::WelcomeMail && !matches!(entry, Entry::Failed { .. })
        });
        let sent = self.outbox.sent_to(&Town::address(number)) as usize;
        note(Violation::NoWelcome, usize::from(owed).saturating_sub(sent));
        note(
            Violation::SecondWelcome,
            sent.saturating_sub(1 + self.excused(number)),
        );
        note(
            Violation::FoldDiffers,
            usize::from(!self.is_folded(user, commits).await),
        );
        found
    }

    /// How many mails to a person may have been sent again: those that nobody could write down.
    fn excused(&self, number: u64) -> usize {
        usize::try_from(self.post.unrecorded_to(&Town::address(number))).unwrap_or(usize::MAX - 1)
    }

    async fn is_folded(&self, user: &Subject, commits: &[Commit]) -> bool {
        let Some(sub) = user.sub() else {
            return true;
        };
        let mut expected = UserItem::new(sub.clone());
        for commit in commits
            .iter()
            .filter(|commit| commit.envelope.subject == *user)
        {
            expected = project::next(&self.policy, expected, commit, &[]);
        }
        match self.table.glance(sub).await {
            Ok(Some(item)) => item.user.to_parts() == expected.user.to_parts(),
            Ok(None) => commits
                .iter()
                .all(|commit| commit.envelope.subject != *user),
            Err(_) => false,
        }
    }

    async fn commits(&self, user: &Subject, sign_up: &Subject) -> Option<Vec<Commit>> {
        let key = match user.sub() {
            Some(sub) => self.table.load(sub).await.ok()?.key,
            None => None,
        };
        let mut sealed = self.table.stream(user).await.ok()?;
        sealed.extend(self.table.stream(sign_up).await.ok()?);
        let opened = sealed.iter().map(|sealed| seal::open(sealed, key.as_ref()));
        opened.collect::<Result<_, _>>().ok()
    }

    fn forget(&mut self, number: u64, subjects: [&Subject; 2], commits: &[Commit]) {
        for subject in subjects {
            self.table.forget(subject);
        }
        for id in commits.iter().flat_map(published) {
            self.bus.forget(id);
        }
        let mails = u64::from(self.outbox.forget(&Town::address(number)));
        let again = mails.saturating_sub(1).min(self.excused(number) as u64);
        self.mails += mails;
        self.sent_again += again;
        self.told.remove(&number);
        self.done += 1;
    }
}

impl Told {
    /// Whether the person has done everything.
    fn is_whole(&self) -> bool {
        self.events.iter().any(|(step, _)| *step == Step::SignedIn)
    }
}

impl Violation {
    /// Whether it is one only if it is so at the end.
    fn may_pass(self) -> bool {
        match self {
            Self::EventLost
            | Self::PublicationLost
            | Self::NoWelcome
            | Self::LeftOpen
            | Self::NotDrained => true,
            Self::SecondWelcome
            | Self::FoldDiffers
            | Self::Unreadable
            | Self::DeadLetter
            | Self::CalledWhileOpen => false,
        }
    }
}

/// The ids under which a commit goes to the bus.
fn published(commit: &Commit) -> Vec<EventId> {
    let cause = commit.envelope.id;
    let decided = commit.decided.iter().map(|decided| {
        let data = decided.to_data().to_string();
        identity::decided(cause, decided.name(), &data)
    });
    std::iter::once(cause).chain(decided).collect()
}
