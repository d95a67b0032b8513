//! The steps after the fold, which a repeat and a resume take as well: each may be taken again.

use crate::lease::Right;
use crate::story::{Again, Fate};
use crate::turn::Open;
use crate::{TRIES, Worker, fault};
use tokio::time::Instant;
use usher_events::{FirstSeen, LifecycleEvent, SignUpConfirmed, Sub};
use usher_shared::commit::{Commit, EffectKind, Recorded};
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Appended, Fault};
use usher_shared::preferences::Preferences;
use usher_shared::retry::retry;
use usher_shared::user::UserItem;

impl Worker {
    /// Gives a recorded commit's user settings, and performs the once-effects that are open. `item`
    /// is the user item with the commit folded in, as it is in the table.
    pub(crate) async fn finish(
        &self,
        open: &mut Open,
        item: &UserItem,
        deadline: Instant,
    ) -> Result<Vec<(EffectKind, Fate)>, Again> {
        fault::point("claimed", item.sub.as_str());
        let may_be_there = open.announced || open.appended == Appended::AlreadyThere;
        self.ensure_preferences(&item.sub, &open.commit, may_be_there, deadline)
            .await?;
        fault::point("prepared", item.sub.as_str());
        let right = Right::after(open.appended, &open.commit);
        self.perform_once(&mut open.commit, item, right, deadline)
            .await
    }

    /// Gives a user who is announced settings, unless there are any. Where there may be, by a repeat
    /// or by the other announcement, it reads before it writes: a refused write costs as much as a
    /// write.
    async fn ensure_preferences(
        &self,
        sub: &Sub,
        commit: &Commit,
        may_be_there: bool,
        deadline: Instant,
    ) -> Result<(), Again> {
        let Recorded::Lifecycle(
            LifecycleEvent::SignUpConfirmed(SignUpConfirmed { person, .. })
            | LifecycleEvent::FirstSeen(FirstSeen { person, .. }),
        ) = &commit.envelope.event
        else {
            return Ok(());
        };
        if !self.policy.profile.create {
            return Ok(());
        }
        if may_be_there {
            let read = || self.store.preferences(sub);
            match retry(&TRIES, deadline, Fault::disposition, read).await {
                // They are the application's by now, in whatever shape.
                Ok(Some(_)) => return Ok(()),
                Err(fault) if fault.kind == FaultKind::Corrupt => return Ok(()),
                Ok(None) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        let initial = Preferences::initial(&self.policy.preferences, person, commit.envelope.time);
        let write = || self.store.ensure_preferences(sub, &initial);
        retry(&TRIES, deadline, Fault::disposition, write).await?;
        Ok(())
    }
}
