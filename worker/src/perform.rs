//! Performing once-effects: under a claim that says which commit, and a lease that says which try.

mod mail;

pub use mail::{MAIL_TIMEOUT, RECORD_TIME};

use crate::lease::Right;
use crate::story::{Again, Fate};
use crate::{Worker, fault};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use usher_events::EventId;
use usher_shared::commit::{Commit, EffectKind, Entry, Lease};
use usher_shared::disposition::FaultKind;
use usher_shared::policy::MailKind;
use usher_shared::port::{Fault, Written};
use usher_shared::retry::{Schedule, retry};
use usher_shared::user::UserItem;

/// Waits between tries to write down what became of a once-effect: as many as there is time for,
/// because what is not written down is done again.
const RECORDING: Schedule = Schedule {
    first_wait: Duration::from_millis(50),
    max_wait: Duration::from_millis(800),
    attempts: 20,
};

/// How far the clock of the worker that swept may be ahead of ours: what it found due is due.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5);

/// How long one such try may take: a write that hangs must leave time for another.
const ONE_RECORDING: Duration = Duration::from_millis(1_500);

impl Worker {
    /// Performs a commit's open once-effects, if the item says that they are this commit's or they
    /// are every commit's own, and leaves its ledger as the table has it.
    ///
    /// What needs a claim and has none became due after the item was written, and is left to the sweep:
    /// performed on no claim, it might be performed by another as well.
    pub(crate) async fn perform_once(
        &self,
        commit: &mut Commit,
        item: &UserItem,
        right: Right,
        deadline: Instant,
    ) -> Result<Vec<(EffectKind, Fate)>, Again> {
        if self.claimed(commit, item).is_empty() {
            return Ok(Vec::new());
        }
        // One that was written a whole turn ago may have run short, and is taken anew.
        let lasts = |lease: &Lease| lease.outlasts(self.clock.now(), self.mail_time().needed);
        let lease = match right {
            Right::Held(lease) if lasts(&lease) => lease,
            Right::Held(_) | Right::Untaken => self.take_lease(commit, deadline).await?,
        };
        let mut fates = Vec::new();
        for (kind, holder) in self.claimed(commit, item) {
            let (entry, fate) = if holder == commit.envelope.id {
                self.perform(kind, commit, item, &lease, deadline).await?
            } else {
                (Entry::Anothers { commit: holder }, Fate::Anothers)
            };
            self.close(commit, kind, entry, &lease, deadline).await?;
            fault::point("closed", commit.envelope.subject.as_str());
            fates.push((kind, fate));
        }
        if commit.ledger.open_once().next().is_some() {
            self.release(commit, &lease).await;
        }
        Ok(fates)
    }

    /// The once-effects that are open and not set aside until later: those the sweep brings back,
    /// and no repeated message does sooner.
    pub(crate) fn may_begin(&self, commit: &Commit) -> Vec<EffectKind> {
        let soon = self.clock.now().plus(CLOCKS_DIFFER);
        let ledger = &commit.ledger;
        let later = |kind| {
            let due = ledger.get(kind).and_then(Entry::due);
            due.is_some_and(|due| due > soon)
        };
        ledger.open_once().filter(|kind| !later(*kind)).collect()
    }

    /// Those of them that need no claim, or that the item shows as claimed, each with the commit that
    /// may perform it.
    fn claimed(&self, commit: &Commit, item: &UserItem) -> Vec<(EffectKind, EventId)> {
        let kinds = self.may_begin(commit).into_iter();
        let holder = |kind: EffectKind| match kind.needs_claim() {
            true => Some((kind, *item.claims.get(&kind)?)),
            false => Some((kind, commit.envelope.id)),
        };
        kinds.filter_map(holder).collect()
    }

    async fn perform(
        &self,
        kind: EffectKind,
        commit: &Commit,
        item: &UserItem,
        lease: &Lease,
        deadline: Instant,
    ) -> Result<(Entry, Fate), Again> {
        match MailKind::of(kind) {
            Some(mail) => {
                self.send_mail((kind, mail), commit, &item.user, lease, deadline)
                    .await
            }
            None => unreachable!("publication is no once-effect, and everything else is a mail"),
        }
    }

    /// Writes what became of a once-effect, on condition that the lease is still ours.
    async fn close(
        &self,
        commit: &mut Commit,
        kind: EffectKind,
        entry: Entry,
        lease: &Lease,
        deadline: Instant,
    ) -> Result<(), Again> {
        commit.ledger.set(kind, entry.clone());
        let (envelope, due) = (&commit.envelope, commit.ledger.due());
        let owner = Some(lease.owner.as_str());
        let write = || async {
            let write =
                self.store
                    .write_entry(&envelope.subject, envelope.id, kind, &entry, due, owner);
            match timeout(ONE_RECORDING, write).await {
                Ok(written) => written,
                Err(_) => Err(Fault::new("ledger.write", FaultKind::TimedOut)),
            }
        };
        match retry(&RECORDING, deadline, Fault::disposition, write).await {
            Ok(Written::Now) => Ok(()),
            Ok(Written::Overtaken) => {
                tracing::warn!(event.id = %envelope.id, effect = kind.as_str(), "Another worker took this effect over");
                Err(Again::LeaseNotOurs)
            }
            Err(fault) => {
                tracing::error!(event.id = %envelope.id, effect = kind.as_str(), fault = %fault, "What became of an effect cannot be written down; it may be performed again");
                Err(fault.into())
            }
        }
    }
}
