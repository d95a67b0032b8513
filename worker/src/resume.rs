//! Resuming a commit: doing what is left of it, from what the log says and nothing else.

use crate::batch::Step;
use crate::lease::Right;
use crate::message::Resume;
use crate::record::Kept;
use crate::story::{Again, Outcome, Story};
use crate::{TRIES, Worker};
use tokio::time::Instant;
use usher_events::Fact;
use usher_shared::commit::{Commit, EffectKind, Entry};
use usher_shared::port::{Appended, Fault, Loaded};
use usher_shared::retry::retry;

impl Worker {
    /// Does what is left of a recorded commit. Where another try has its lease, that one does it,
    /// and there is nothing for us: what stays due the sweep finds again.
    pub(crate) async fn resume(&self, resume: &Resume, deadline: Instant) -> Result<Step, Again> {
        let nothing = Step::Settled(Outcome::NothingToResume);
        let Ok(_only_try) = self.only_try(resume.id) else {
            return Ok(nothing);
        };
        let loaded = match resume.subject.sub() {
            Some(sub) => self.loaded(sub, deadline).await?,
            None => Loaded::default(),
        };
        let key = loaded.key.as_ref();
        let recorded = self
            .recorded(&resume.subject, resume.id, key, deadline)
            .await?;
        let Some(mut commit) = recorded else {
            return Ok(nothing);
        };
        if !commit.ledger.entries().any(|(_, entry)| entry.is_open()) {
            self.forget_due(&commit, deadline).await?;
            return Ok(nothing);
        }
        let finished = self
            .finish(
                &mut commit,
                loaded.user,
                Appended::AlreadyThere,
                Right::Untaken,
                deadline,
            )
            .await;
        let effects = match finished {
            Ok(effects) => effects,
            Err(Again::LeaseNotOurs) => return Ok(nothing),
            Err(again) => return Err(again),
        };
        let story = Story {
            id: resume.id,
            event: commit.envelope.event.name(),
            appended: false,
            decided: Vec::new(),
            effects,
        };
        let publication = commit.ledger.get(EffectKind::Publication);
        if !publication.is_some_and(Entry::is_open) {
            return Ok(Step::Settled(Outcome::Recorded(story)));
        }
        if !self.policy.bus.publish {
            self.give_publication_up(&commit, deadline).await?;
            return Ok(Step::Settled(Outcome::Recorded(story)));
        }
        Ok(Step::Kept(Box::new(Kept { commit, story })))
    }

    /// Closes a publication that the policy does not want: left open, it would be due for ever.
    async fn give_publication_up(&self, commit: &Commit, deadline: Instant) -> Result<(), Again> {
        let given_up = Entry::Failed {
            at: self.clock.now(),
            fault: "switched_off".to_owned(),
        };
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
    /// left it: written again as it is, an entry is due no longer.
    async fn forget_due(&self, commit: &Commit, deadline: Instant) -> Result<(), Again> {
        let Some((kind, entry)) = commit.ledger.entries().next() else {
            return Ok(());
        };
        let (subject, id) = (&commit.envelope.subject, commit.envelope.id);
        let write = || self.store.write_entry(subject, id, kind, entry, None, None);
        retry(&TRIES, deadline, Fault::disposition, write).await?;
        Ok(())
    }
}
