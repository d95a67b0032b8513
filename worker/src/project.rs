//! Folding commits into the user item, which is also where once-effects are claimed.

use crate::story::Again;
use crate::{TRIES, Worker};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::time::Instant;
use usher_events::Sub;
use usher_shared::commit::{Commit, EffectKind};
use usher_shared::policy::Policy;
use usher_shared::port::{Fault, Written};
use usher_shared::rebuild;
use usher_shared::retry::retry;
use usher_shared::user::UserItem;

/// How often a lost race is run again before the messages are left for a quieter moment.
const RACES: usize = 10;

/// What folding several commits of one user came to.
pub(crate) struct Folded {
    /// The item as the table has it, as far as we know; of version 0 if there is none.
    pub(crate) item: UserItem,
    /// For each commit, in order: that it is in the item, or why it is not.
    pub(crate) each: Vec<Result<(), Again>>,
}

impl Worker {
    /// Folds commits into the user item with one write, and gives the item as it is then. Writes
    /// nothing if they are in it already; a lost race reads and folds all of them again.
    ///
    /// A commit that makes the fold panic is left out, and the others are folded. Where the item
    /// cannot be written, those that it shows already are folded all the same.
    pub(crate) async fn project(
        &self,
        sub: &Sub,
        known: Option<UserItem>,
        commits: &[&Commit],
        deadline: Instant,
    ) -> Folded {
        let nobody = UserItem::new(sub.clone());
        let mut before = known.unwrap_or_else(|| nobody.clone());
        let next = |item, commit: &Commit| self.next(item, commit);
        for _ in 0..RACES {
            let (mut item, each) = folded(&before, commits, next);
            if item == before {
                return Folded { item, each };
            }
            item.version = before.version + 1;
            let write = || self.store.write_user(&item);
            let read = match retry(&TRIES, deadline, Fault::disposition, write).await {
                Ok(Written::Now) => return Folded { item, each },
                Ok(Written::Overtaken) => self.loaded(sub, deadline).await,
                Err(fault) => Err(fault.into()),
            };
            match read {
                Ok(loaded) => before = loaded.user.unwrap_or_else(|| nobody.clone()),
                Err(again) => return unwritten(before, commits, next, again),
            }
        }
        unwritten(before, commits, next, Again::Overtaken)
    }

    fn next(&self, item: UserItem, commit: &Commit) -> UserItem {
        next(&self.policy, item, commit, &self.may_begin(commit))
    }
}

/// Folds commits in order, without those whose fold panics: that is our own bug, and theirs alone.
fn folded(
    before: &UserItem,
    commits: &[&Commit],
    next: impl Fn(UserItem, &Commit) -> UserItem,
) -> (UserItem, Vec<Result<(), Again>>) {
    let mut item = before.clone();
    let mut each = Vec::with_capacity(commits.len());
    for commit in commits {
        let after = with(&item, commit, &next);
        each.push(after.map(|after| item = after).ok_or(Again::Panicked));
    }
    (item, each)
}

/// What is so where nothing was written: a commit that changes nothing is in the item.
fn unwritten(
    item: UserItem,
    commits: &[&Commit],
    next: impl Fn(UserItem, &Commit) -> UserItem,
    cause: Again,
) -> Folded {
    let in_it = |commit: &&Commit| match with(&item, commit, &next) {
        Some(after) if after == item => Ok(()),
        Some(_) => Err(cause),
        None => Err(Again::Panicked),
    };
    let each = commits.iter().map(in_it).collect();
    Folded { item, each }
}

fn with(
    item: &UserItem,
    commit: &Commit,
    next: impl Fn(UserItem, &Commit) -> UserItem,
) -> Option<UserItem> {
    catch_unwind(AssertUnwindSafe(|| next(item.clone(), commit))).ok()
}

/// The item with a commit folded in, and those of its once-effects claimed that may begin, where
/// nobody has claimed them.
///
/// A claim is never taken back: whichever commit is in the item may perform the effect, and every
/// other one learns from it who does. So what is set aside until later is left to others until then.
pub fn next(
    policy: &Policy,
    mut item: UserItem,
    commit: &Commit,
    may_begin: &[EffectKind],
) -> UserItem {
    item.user = item.user.join(rebuild::said(policy, commit));
    for kind in may_begin.iter().filter(|kind| kind.needs_claim()) {
        item.claims.entry(*kind).or_insert(commit.envelope.id);
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_events::{Envelope, EventId, LifecycleEvent, PasswordReset, PoolId, Subject, Time};
    use usher_shared::commit::{Ledger, Recorded};
    use usher_shared::user::User;

    fn commit(number: i64) -> Commit {
        let time = Time::from_unix_seconds(1_780_000_000 + number).unwrap();
        let event = LifecycleEvent::from(PasswordReset {
            client: None,
            person: usher_events::Person::default(),
        });
        Commit {
            envelope: Envelope {
                id: id(number),
                source: PoolId::new("eu-west-1_AbCdEfGhI").unwrap(),
                subject: Subject::User(Sub::new("ada").unwrap()),
                time,
                correlation_id: None,
                causation_id: None,
                event: Recorded::Lifecycle(event),
            },
            decided: Vec::new(),
            ledger: Ledger::default(),
            lease: None,
            recorded_at: time,
        }
    }

    fn id(number: i64) -> EventId {
        let text = format!("f0f607a8-e0d0-545f-8a65-5d58437{number:05}");
        text.parse().unwrap()
    }

    /// A fold that panics over one commit.
    fn next_but(poisoned: i64) -> impl Fn(UserItem, &Commit) -> UserItem {
        move |mut item, commit| {
            if commit.envelope.id == id(poisoned) {
                std::panic::resume_unwind(Box::new("planted"));
            }
            item.user = item.user.join(User::of(commit));
            item
        }
    }

    #[test]
    fn a_commit_that_makes_the_fold_panic_is_left_out_and_fails_alone() {
        let commits = [1, 2, 3].map(commit);
        let commits: Vec<&Commit> = commits.iter().collect();
        let before = UserItem::new(Sub::new("ada").unwrap());
        for poisoned in 1..=3 {
            let (item, each) = folded(&before, &commits, next_but(poisoned));
            let mut expected = vec![Ok(()); 3];
            let place = usize::try_from(poisoned - 1).unwrap();
            expected[place] = Err(Again::Panicked);
            assert_eq!(each, expected);
            let sound = commits
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != place);
            let sound = sound.map(|(_, commit)| User::of(commit));
            assert_eq!(item.user, sound.fold(User::default(), User::join));
        }
    }

    #[test]
    fn where_nothing_was_written_only_what_the_item_shows_is_folded() {
        let commits = [1, 2, 3].map(commit);
        let commits: Vec<&Commit> = commits.iter().collect();
        let before = UserItem::new(Sub::new("ada").unwrap());
        let (item, _) = folded(&before, &commits[1..2], next_but(9));
        let unwritten = unwritten(item.clone(), &commits, next_but(9), Again::Overtaken);
        assert_eq!(unwritten.item, item);
        assert_eq!(unwritten.each[1], Ok(()));
        assert_eq!(unwritten.each[2], Err(Again::Overtaken));
    }
}
