//! Folding a commit into the user item, which is also where once-effects are claimed.

use crate::story::Again;
use crate::{TRIES, Worker};
use tokio::time::Instant;
use usher_events::Sub;
use usher_shared::commit::{Commit, EffectKind};
use usher_shared::policy::Policy;
use usher_shared::port::{Fault, Written};
use usher_shared::retry::retry;
use usher_shared::user::{User, UserItem};

/// How often a lost race is run again before the message is left for a quieter moment.
const RACES: usize = 10;

impl Worker {
    /// Folds a commit into the user item and gives the item as it is then. Writes nothing if the
    /// commit is in it already; a lost race reads and folds again.
    pub(crate) async fn project(
        &self,
        sub: &Sub,
        commit: &Commit,
        known: Option<UserItem>,
        deadline: Instant,
    ) -> Result<UserItem, Again> {
        let mut current = known;
        for _ in 0..RACES {
            let before = current.take().unwrap_or_else(|| UserItem::new(sub.clone()));
            let may_begin = self.may_begin(commit);
            let mut after = next(&self.policy, before.clone(), commit, &may_begin);
            if after == before {
                return Ok(after);
            }
            after.version = before.version + 1;
            let write = || self.store.write_user(&after);
            match retry(&TRIES, deadline, Fault::disposition, write).await? {
                Written::Now => return Ok(after),
                Written::Overtaken => {
                    current = retry(&TRIES, deadline, Fault::disposition, || {
                        self.store.load(sub)
                    })
                    .await?
                    .user;
                }
            }
        }
        Err(Again::Overtaken)
    }
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
    let said = User::of(commit);
    item.user = item.user.join(if policy.profile.create {
        said
    } else {
        said.rights()
    });
    for kind in may_begin {
        item.claims.entry(*kind).or_insert(commit.envelope.id);
    }
    item
}
