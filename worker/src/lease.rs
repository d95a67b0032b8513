//! Leases on once-effects: which worker may perform a commit's now, and which try of that worker.

use crate::story::Again;
use crate::{TRIES, Worker};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;
use usher_events::{EventId, Time};
use usher_shared::commit::{Commit, Lease};
use usher_shared::port::{Appended, Fault, TakenLease};
use usher_shared::retry::retry;

/// What this process is working on, by worker and commit.
static UNDER_WAY: Mutex<BTreeSet<(String, EventId)>> = Mutex::new(BTreeSet::new());

/// The right to be the only try of one worker at one commit; ends when dropped.
///
/// A lease tells one worker from another, and a worker gets its own lease again at any time. But a
/// worker may be given two batches at once, with one message in both.
pub(crate) struct OnlyTry((String, EventId));

impl Drop for OnlyTry {
    fn drop(&mut self) {
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.0);
    }
}

/// What this try knows of a commit's lease.
pub(crate) enum Right {
    /// It wrote the lease with the commit.
    Held(Lease),
    /// It has to take it first.
    Untaken,
}

impl Right {
    /// The right of the try that appended a commit, or did not.
    pub(crate) fn after(appended: Appended, commit: &Commit) -> Self {
        match (appended, &commit.lease) {
            (Appended::Now, Some(lease)) => Self::Held(lease.clone()),
            (Appended::Now, None) | (Appended::AlreadyThere, _) => Self::Untaken,
        }
    }
}

impl Worker {
    /// Makes this the only try at a commit, or leaves it to the one that is under way.
    pub(crate) fn only_try(&self, id: EventId) -> Result<OnlyTry, Again> {
        let key = (self.owner.clone(), id);
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.insert(key.clone()) {
            Ok(OnlyTry(key))
        } else {
            Err(Again::LeaseNotOurs)
        }
    }

    pub(crate) fn new_lease(&self, now: Time) -> Lease {
        Lease {
            owner: self.owner.clone(),
            until: now.plus(self.policy.worker.lease),
        }
    }

    /// Takes a commit's lease, and brings the commit's ledger up to date.
    ///
    /// The ledger as it was read before says nothing: whoever had the lease until now may have
    /// performed the effect since. The lease as it was read before says enough where another holds it:
    /// asking the table would be refused, and a refused write costs what the commit does.
    pub(crate) async fn take_lease(
        &self,
        commit: &mut Commit,
        deadline: Instant,
    ) -> Result<Lease, Again> {
        let (subject, id) = (commit.envelope.subject.clone(), commit.envelope.id);
        let now = self.clock.now();
        let held = commit.lease.as_ref();
        if held.is_some_and(|held| held.owner != self.owner && !held.has_expired(now)) {
            return Err(Again::LeaseNotOurs);
        }
        let lease = self.new_lease(now);
        let take = || self.store.take_lease(&subject, id, now, &lease);
        match retry(&TRIES, deadline, Fault::disposition, take).await? {
            TakenLease::Anothers => Err(Again::LeaseNotOurs),
            TakenLease::Ours => {
                let read = || self.store.commit(&subject, id);
                let recorded = retry(&TRIES, deadline, Fault::disposition, read).await?;
                commit.ledger = recorded.ok_or(Again::Unreadable)?.ledger;
                Ok(lease)
            }
        }
    }

    /// Gives a lease back, so that whoever resumes the commit need not wait for its end. Where that
    /// fails it ends by itself.
    pub(crate) async fn release(&self, commit: &Commit, lease: &Lease) {
        let now = self.clock.now();
        let over = Lease {
            owner: lease.owner.clone(),
            until: Lease::expired_by(now),
        };
        let envelope = &commit.envelope;
        let released = self
            .store
            .take_lease(&envelope.subject, envelope.id, now, &over);
        if let Err(fault) = released.await {
            tracing::debug!(event.id = %envelope.id, fault = %fault, "A lease was not given back");
        }
    }
}
