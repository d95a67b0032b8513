//! Recording one event: load, decide, append, fold, and hand on what is owed.

use crate::story::{Again, Story};
use crate::{TRIES, Worker, fault, perform::Right};
use tokio::time::Instant;
use usher_events::{Envelope, Fact, LifecycleEvent, Sub, Subject};
use usher_shared::chance;
use usher_shared::commit::{Commit, Lease, Ledger, Recorded};
use usher_shared::policy::{person, react};
use usher_shared::port::{Appended, Fault, Loaded};
use usher_shared::preferences::Preferences;
use usher_shared::retry::retry;
use usher_shared::seal::{self, SealedCommit, UserKey};

/// A commit that is in the log and folded, with what remains to be done for it.
pub(crate) struct Kept {
    pub(crate) commit: Commit,
    pub(crate) story: Story,
}

impl Worker {
    /// Records one event. A repeat folds the recorded commit again and does what is left of it.
    pub(crate) async fn record(
        &self,
        mut envelope: Envelope<LifecycleEvent>,
        deadline: Instant,
    ) -> Result<Kept, Again> {
        fault::point("received", envelope.subject.as_str());
        if let Some(person) = envelope.event.person_mut() {
            person::normalize(person);
        }
        match envelope.subject.clone() {
            Subject::SignUp(_) => self.record_sign_up(envelope, deadline).await,
            Subject::User(sub) => self.record_user(envelope, &sub, deadline).await,
        }
    }

    /// A sign-up has no user yet: its commit holds nothing personal, owes nothing and folds into
    /// nothing.
    async fn record_sign_up(
        &self,
        envelope: Envelope<LifecycleEvent>,
        deadline: Instant,
    ) -> Result<Kept, Again> {
        let commit = self.new_commit(envelope);
        let sealed = self.sealed(&commit, None)?;
        let appended = self.append(&sealed, deadline).await?;
        let commit = match appended {
            Appended::Now => commit,
            Appended::AlreadyThere => {
                self.recorded(&commit.envelope.subject, commit.envelope.id, None)
                    .await?
            }
        };
        Ok(Kept {
            story: story(&commit, appended),
            commit,
        })
    }

    async fn record_user(
        &self,
        envelope: Envelope<LifecycleEvent>,
        sub: &Sub,
        deadline: Instant,
    ) -> Result<Kept, Again> {
        let loaded = retry(&TRIES, deadline, Fault::disposition, || {
            self.store.load(sub)
        })
        .await?;
        let key = self.key(sub, &loaded, deadline).await?;
        let commit = self.new_commit(envelope);
        let sealed = self.sealed(&commit, Some(&key))?;
        let appended = self.append(&sealed, deadline).await?;
        fault::point("appended", sub.as_str());
        let (commit, right) = match appended {
            Appended::Now => {
                let right = commit.lease.clone().map_or(Right::Untaken, Right::Held);
                (commit, right)
            }
            Appended::AlreadyThere => {
                let recorded = self
                    .recorded(&commit.envelope.subject, commit.envelope.id, Some(&key))
                    .await?;
                (recorded, Right::Untaken)
            }
        };
        let mut story = story(&commit, appended);
        story.effects = self
            .fold_and_perform(&commit, loaded.user, appended, right, deadline)
            .await?;
        Ok(Kept { commit, story })
    }

    /// The steps after the append, which a repeat and a resume take as well.
    pub(crate) async fn fold_and_perform(
        &self,
        commit: &Commit,
        known: Option<usher_shared::user::UserItem>,
        appended: Appended,
        right: Right,
        deadline: Instant,
    ) -> Result<Vec<(usher_shared::commit::EffectKind, crate::story::Fate)>, Again> {
        let Some(sub) = commit.sub() else {
            return Ok(Vec::new());
        };
        let item = self.project(sub, commit, known, deadline).await?;
        fault::point("claimed", sub.as_str());
        self.ensure_preferences(sub, commit, appended, deadline)
            .await?;
        self.perform_once(commit, &item, right, deadline).await
    }

    fn new_commit(&self, envelope: Envelope<LifecycleEvent>) -> Commit {
        let now = self.clock.now();
        let reaction = react::react(&self.policy, &envelope.event);
        let ledger = Ledger::owing(reaction.owes);
        let lease = (!ledger.is_empty()).then(|| self.new_lease(now));
        Commit {
            envelope: envelope.map(Recorded::Lifecycle),
            decided: reaction.decided,
            ledger,
            lease,
            recorded_at: now,
        }
    }

    pub(crate) fn new_lease(&self, now: usher_events::Time) -> Lease {
        Lease {
            owner: self.owner.clone(),
            until: now.plus(self.policy.worker.lease),
        }
    }

    fn sealed(&self, commit: &Commit, key: Option<&UserKey>) -> Result<SealedCommit, Again> {
        seal::seal(commit, key, chance::bytes()).map_err(|error| {
            tracing::error!(error = %error, "An event cannot be sealed");
            Again::Unreadable
        })
    }

    async fn key(&self, sub: &Sub, loaded: &Loaded, deadline: Instant) -> Result<UserKey, Again> {
        match &loaded.key {
            Some(key) => Ok(key.clone()),
            None => {
                let fresh = UserKey::new(chance::bytes());
                Ok(retry(&TRIES, deadline, Fault::disposition, || {
                    self.store.ensure_key(sub, &fresh)
                })
                .await?)
            }
        }
    }

    async fn append(&self, sealed: &SealedCommit, deadline: Instant) -> Result<Appended, Again> {
        Ok(retry(&TRIES, deadline, Fault::disposition, || {
            self.store.append(sealed)
        })
        .await?)
    }

    /// Reads the commit that is the fact.
    pub(crate) async fn recorded(
        &self,
        subject: &Subject,
        id: usher_events::EventId,
        key: Option<&UserKey>,
    ) -> Result<Commit, Again> {
        let sealed = self
            .store
            .commit(subject, id)
            .await?
            .ok_or(Again::Unreadable)?;
        seal::open(&sealed, key).map_err(|error| {
            tracing::error!(event.id = %id, error = %error, "A recorded commit cannot be read");
            Again::Unreadable
        })
    }

    /// Gives a confirmed user settings, unless there are any. A repeat reads before it writes: a
    /// refused write costs as much as a write.
    async fn ensure_preferences(
        &self,
        sub: &Sub,
        commit: &Commit,
        appended: Appended,
        deadline: Instant,
    ) -> Result<(), Again> {
        let Recorded::Lifecycle(LifecycleEvent::SignUpConfirmed(event)) = &commit.envelope.event
        else {
            return Ok(());
        };
        if !self.policy.profile.create {
            return Ok(());
        }
        if appended == Appended::AlreadyThere && self.store.preferences(sub).await?.is_some() {
            return Ok(());
        }
        let initial = Preferences::initial(
            &self.policy.preferences,
            &event.person,
            commit.envelope.time,
        );
        retry(&TRIES, deadline, Fault::disposition, || {
            self.store.ensure_preferences(sub, &initial)
        })
        .await?;
        Ok(())
    }
}

fn story(commit: &Commit, appended: Appended) -> Story {
    let appended = appended == Appended::Now;
    Story {
        id: commit.envelope.id,
        event: commit.envelope.event.name(),
        appended,
        decided: if appended {
            commit.decided.clone()
        } else {
            Vec::new()
        },
        effects: Vec::new(),
    }
}
