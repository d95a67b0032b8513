//! Recording one event: load, decide, append, and take the steps that follow.

use crate::invite::Arrival;
use crate::lookup::LookUp;
use crate::organization::Sought;
use crate::story::{Again, Story};
use crate::{TRIES, Worker, fault};
use tokio::time::Instant;
use usher_events::{Envelope, EventId, LifecycleEvent, Sub, Subject};
use usher_shared::chance;
use usher_shared::commit::{Commit, Entry, Ledger, Recorded};
use usher_shared::policy::{Findings, person, react};
use usher_shared::port::{Appended, Fault, Loaded};
use usher_shared::retry::retry;
use usher_shared::seal::{self, UserKey};
use usher_shared::user::UserItem;

/// A commit that is in the log and folded, with what remains to be done for it.
pub(crate) struct Kept {
    pub(crate) commit: Commit,
    pub(crate) story: Story,
}

impl Worker {
    /// Finds the commit of an event in the log, or decides on the event and appends it.
    ///
    /// `loaded` is the user as this turn knows them, and gains a key where there was none.
    pub(crate) async fn record(
        &self,
        mut envelope: Envelope<LifecycleEvent>,
        loaded: &mut Loaded,
        deadline: Instant,
    ) -> Result<(Commit, Appended), Again> {
        fault::point("received", envelope.subject.as_str());
        if let Some(person) = envelope.event.person_mut() {
            person::normalize(person);
        }
        match envelope.subject.clone() {
            Subject::SignUp(_) => self.record_sign_up(envelope, deadline).await,
            Subject::User(sub) => self.record_user(envelope, &sub, loaded, deadline).await,
        }
    }

    /// A sign-up has no user yet: its commit holds nothing personal, owes nothing and folds into
    /// nothing.
    async fn record_sign_up(
        &self,
        envelope: Envelope<LifecycleEvent>,
        deadline: Instant,
    ) -> Result<(Commit, Appended), Again> {
        match self.refused_sign_up(envelope, deadline).await? {
            Arrival::New(envelope, suspicions) => {
                let mut commit = self.new_commit(*envelope, &Findings::default(), None);
                commit.decided.extend(suspicions);
                self.append(commit, None, deadline).await
            }
            Arrival::Recorded(commit) => Ok((*commit, Appended::AlreadyThere)),
        }
    }

    async fn record_user(
        &self,
        envelope: Envelope<LifecycleEvent>,
        sub: &Sub,
        loaded: &mut Loaded,
        deadline: Instant,
    ) -> Result<(Commit, Appended), Again> {
        let key = self.key(sub, loaded, deadline).await?;
        let recorded = match self.repeated(&envelope, loaded, deadline).await? {
            Some(recorded) => (recorded, Appended::AlreadyThere),
            None => {
                let recorded = self.record_new(envelope, sub, &key, loaded, deadline);
                Box::pin(recorded).await?
            }
        };
        fault::point("appended", sub.as_str());
        Ok(recorded)
    }

    /// Finds what the policy has to know of an event that this try has not found recorded, decides,
    /// and appends.
    async fn record_new(
        &self,
        envelope: Envelope<LifecycleEvent>,
        sub: &Sub,
        key: &UserKey,
        loaded: &Loaded,
        deadline: Instant,
    ) -> Result<(Commit, Appended), Again> {
        let (envelope, invited) = match self.sign_up(envelope, sub, key, deadline).await? {
            Arrival::New(envelope, invited) => (*envelope, invited),
            Arrival::Recorded(commit) => return Ok((*commit, Appended::AlreadyThere)),
        };
        let organization = match self.organization(&envelope, sub, key, deadline).await? {
            Sought::Found(organization) => organization,
            Sought::Recorded(commit) => return Ok((*commit, Appended::AlreadyThere)),
        };
        let mut findings = Findings {
            organization,
            lookup: None,
        };
        let known = loaded.user.as_ref().map(|item| &item.user);
        let looked_up = self.look_up(&envelope, &findings, &invited, known, key, deadline);
        match looked_up.await? {
            LookUp::Found(found) => findings.lookup = found,
            LookUp::Recorded(commit) => return Ok((*commit, Appended::AlreadyThere)),
        }
        let mut commit = self.new_commit(envelope, &findings, loaded.user.as_ref());
        commit.decided.extend(invited);
        self.append(commit, Some(key), deadline).await
    }

    /// Reads the commit of an announcement, a reset or a refusal that the user item shows already. Trying to
    /// append it would be refused just as well, and a refused write costs what the item there costs.
    async fn repeated(
        &self,
        envelope: &Envelope<LifecycleEvent>,
        loaded: &Loaded,
        deadline: Instant,
    ) -> Result<Option<Commit>, Again> {
        let user = loaded.user.as_ref().map(|item| &item.user);
        let is_known = user.is_some_and(|user| match &envelope.event {
            LifecycleEvent::SignUpConfirmed(_) => user.confirmed_at.is_some(),
            LifecycleEvent::FirstSeen(_) => user.noticed_at.is_some(),
            LifecycleEvent::SignInRefused(event) => user.was_refused(event.reason, envelope.time),
            // Another of that minute would be this one.
            LifecycleEvent::PasswordReset(_) => user.last_password_reset_at >= Some(envelope.time),
            LifecycleEvent::SignUpRequested(_)
            | LifecycleEvent::SignUpRefused(_)
            | LifecycleEvent::SignedIn(_)
            | LifecycleEvent::AttributesChanged(_)
            | LifecycleEvent::MessageRequested(_) => false,
        });
        if !is_known {
            return Ok(None);
        }
        let key = loaded.key.as_ref();
        self.recorded(&envelope.subject, envelope.id, key, deadline)
            .await
    }

    /// The commit of an event that is new, with what follows from it. Its ledger opens with nothing
    /// to do where `item` shows that another commit has claimed the effect: a claim is never taken
    /// back. So the item may show no claim that was not read from the table.
    fn new_commit(
        &self,
        envelope: Envelope<LifecycleEvent>,
        findings: &Findings,
        item: Option<&UserItem>,
    ) -> Commit {
        let now = self.clock.now();
        let reaction = react::react(&self.policy, &envelope.event, findings);
        let mut ledger = Ledger::owing(reaction.owes);
        for (kind, after) in reaction.owes_later {
            ledger.set(kind, Entry::later(now.plus(after)));
        }
        for (kind, holder) in item.into_iter().flat_map(|item| &item.claims) {
            if ledger.get(*kind).is_some() && *holder != envelope.id {
                ledger.set(*kind, Entry::Anothers { commit: *holder });
            }
        }
        let lease = ledger.owes_now().then(|| self.new_lease(now));
        Commit {
            envelope: envelope.map(Recorded::Lifecycle),
            decided: reaction.decided,
            ledger,
            lease,
            recorded_at: now,
        }
    }

    pub(crate) async fn loaded(&self, sub: &Sub, deadline: Instant) -> Result<Loaded, Again> {
        let load = || self.store.load(sub);
        Ok(retry(&TRIES, deadline, Fault::disposition, load).await?)
    }

    async fn key(
        &self,
        sub: &Sub,
        loaded: &mut Loaded,
        deadline: Instant,
    ) -> Result<UserKey, Again> {
        if let Some(key) = &loaded.key {
            return Ok(key.clone());
        }
        let fresh = UserKey::new(chance::bytes());
        let ensure = || self.store.ensure_key(sub, &fresh);
        let key = retry(&TRIES, deadline, Fault::disposition, ensure).await?;
        Ok(loaded.key.insert(key).clone())
    }

    /// Appends a commit and gives the one that is in the log then: this one, or the fact that was
    /// there before.
    async fn append(
        &self,
        commit: Commit,
        key: Option<&UserKey>,
        deadline: Instant,
    ) -> Result<(Commit, Appended), Again> {
        let id = commit.envelope.id;
        let sealed = seal::seal(&commit, key, chance::bytes()).map_err(|error| {
            tracing::error!(event.id = %id, error = %error, "An event cannot be sealed");
            Again::Unreadable
        })?;
        let append = || self.store.append(&sealed);
        match retry(&TRIES, deadline, Fault::disposition, append).await? {
            Appended::Now => Ok((commit, Appended::Now)),
            Appended::AlreadyThere => {
                let subject = &commit.envelope.subject;
                let recorded = self.recorded(subject, id, key, deadline).await?;
                Ok((recorded.ok_or(Again::Unreadable)?, Appended::AlreadyThere))
            }
        }
    }

    /// Reads the commit that is the fact, if there is one.
    pub(crate) async fn recorded(
        &self,
        subject: &Subject,
        id: EventId,
        key: Option<&UserKey>,
        deadline: Instant,
    ) -> Result<Option<Commit>, Again> {
        let read = || self.store.commit(subject, id);
        let sealed = retry(&TRIES, deadline, Fault::disposition, read).await?;
        let opened = sealed.map(|sealed| seal::open(&sealed, key)).transpose();
        opened.map_err(|error| {
            tracing::error!(event.id = %id, error = %error, "A recorded commit cannot be read");
            Again::Unreadable
        })
    }
}
