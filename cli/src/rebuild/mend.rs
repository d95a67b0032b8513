//! Putting an item in the place of one that is not what the log says.

use super::run::Run;
use crate::patience::{TRIES, deadline};
use usher_events::{EventId, Sub, Subject};
use usher_shared::chance;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::commit::{EffectKind, Entry, Lease};
use usher_shared::port::{Fault, Store, TakenLease, Written};
use usher_shared::rebuild::{Mended, USER_ITEM_LOST};
use usher_shared::retry::retry;

/// What came of mending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mending {
    /// The item is what the log says.
    Done,
    /// A worker came first: look again.
    Overtaken,
}

impl Run<'_> {
    pub(super) async fn mend(&self, sub: &Sub, mended: &Mended) -> anyhow::Result<Mending> {
        for (kind, id) in &mended.given_up {
            if self.give_up(sub, *kind, *id).await? == Mending::Overtaken {
                return Ok(Mending::Overtaken);
            }
        }
        let write = || self.table.write_user(&mended.item);
        match retry(&TRIES, deadline(), Fault::disposition, write).await? {
            Written::Now => Ok(Mending::Done),
            Written::Overtaken => Ok(Mending::Overtaken),
        }
    }

    /// Closes an effect that nobody is to perform, under the commit's lease, so that no worker is
    /// performing it meanwhile.
    async fn give_up(&self, sub: &Sub, kind: EffectKind, id: EventId) -> anyhow::Result<Mending> {
        let subject = Subject::User(sub.clone());
        let now = WallClock.now();
        let lease = Lease {
            owner: chance::owner(),
            until: now.plus(self.policy.worker.lease),
        };
        let take = || self.table.take_lease(&subject, id, now, &lease);
        match retry(&TRIES, deadline(), Fault::disposition, take).await? {
            TakenLease::Ours => {}
            TakenLease::Anothers => return Ok(Mending::Overtaken),
        }
        let read = || self.table.commit(&subject, id);
        let commit = retry(&TRIES, deadline(), Fault::disposition, read).await?;
        let Some(mut ledger) = commit.map(|commit| commit.ledger) else {
            return Ok(Mending::Overtaken);
        };
        if !ledger.get(kind).is_some_and(Entry::is_open) {
            return Ok(Mending::Overtaken);
        }
        let entry = Entry::given_up(now, USER_ITEM_LOST);
        ledger.set(kind, entry.clone());
        let due = ledger.due();
        let owner = Some(lease.owner.as_str());
        let write = || {
            self.table
                .write_entry(&subject, id, kind, &entry, due, owner)
        };
        match retry(&TRIES, deadline(), Fault::disposition, write).await? {
            Written::Now => Ok(Mending::Done),
            Written::Overtaken => Ok(Mending::Overtaken),
        }
    }
}
