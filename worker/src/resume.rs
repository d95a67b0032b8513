//! Resuming a commit: doing what is left of it, from what the log says and nothing else.

use crate::message::Resume;
use crate::story::Again;
use crate::{TRIES, Worker};
use tokio::time::Instant;
use usher_shared::commit::{Commit, EffectKind, Entry};
use usher_shared::port::Fault;
use usher_shared::retry::retry;
use usher_shared::seal::UserKey;

impl Worker {
    /// Reads a recorded commit that has something left to do. `None` if it has not.
    pub(crate) async fn to_resume(
        &self,
        resume: &Resume,
        key: Option<&UserKey>,
        deadline: Instant,
    ) -> Result<Option<Commit>, Again> {
        let recorded = self
            .recorded(&resume.subject, resume.id, key, deadline)
            .await?;
        let Some(commit) = recorded else {
            return Ok(None);
        };
        if !commit.ledger.entries().any(|(_, entry)| entry.is_open()) {
            self.forget_due(&commit, deadline).await?;
            return Ok(None);
        }
        Ok(Some(commit))
    }

    /// Whether a resumed commit still has to be published, which is given up where the policy wants
    /// no publications.
    pub(crate) async fn to_publish(
        &self,
        commit: &Commit,
        deadline: Instant,
    ) -> Result<bool, Again> {
        let publication = commit.ledger.get(EffectKind::Publication);
        if !publication.is_some_and(Entry::is_open) {
            return Ok(false);
        }
        if !self.policy.bus.publish {
            self.give_publication_up(commit, deadline).await?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Closes a publication that the policy does not want: left open, it would be due for ever.
    async fn give_publication_up(&self, commit: &Commit, deadline: Instant) -> Result<(), Again> {
        let given_up = Entry::given_up(self.clock.now(), "switched_off");
        let mut ledger = commit.ledger.clone();
        ledger.set(EffectKind::Publication, given_up.clone());
        let due = ledger.due();
        let (subject, id) = (&commit.envelope.subject, commit.envelope.id);
        let kind = EffectKind::Publication;
        let write = || {
            self.store
                .write_entry(subject, id, kind, &given_up, due, None)
        };
        retry(&TRIES, deadline, Fault::disposition, write).await?;
        Ok(())
    }

    /// Takes a commit with nothing left to do out of the due index, where a writer who knew of less
    /// left it: written again as it is, a ledger is due no longer. Unless it is another by now: what
    /// was given up may be owed again.
    async fn forget_due(&self, commit: &Commit, deadline: Instant) -> Result<(), Again> {
        let (subject, id, ledger) = (&commit.envelope.subject, commit.envelope.id, &commit.ledger);
        let now = self.clock.now();
        let write = || self.store.replace_ledger(subject, id, ledger, ledger, now);
        retry(&TRIES, deadline, Fault::disposition, write).await?;
        Ok(())
    }
}
