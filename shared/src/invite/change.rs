//! Changing an invite where it is stored: read, decide, write under its version, and again if
//! somebody else was faster.

use super::Invite;
use crate::disposition::FaultKind;
use crate::port::{Fault, InviteWritten, Invites};
use crate::retry::{Schedule, retry};
use tokio::time::Instant;
use usher_events::{InviteId, PoolId};

/// How often a lost race is run again. Each one lost is one that somebody else has won, so this many
/// at once may want one invite before anybody is told to come back.
const RACES: usize = 200;

/// Changes an invite as `decide` says, and gives what it said of the invite that was there.
///
/// `decide` may be asked several times, each time with the invite as it is then; only what it said of
/// the last one counts. What it leaves unchanged is not written. `None` if there is no such invite.
/// May be repeated if `decide` may: an answer that was lost shows up as a race that we lost against
/// ourselves.
///
/// # Errors
///
/// A fault of the store that `schedule` could not overcome until `deadline`, or more races than can
/// be run until then; nothing is known then of what was written.
pub async fn change<T>(
    store: &dyn Invites,
    (pool, id): (&PoolId, &InviteId),
    schedule: &Schedule,
    deadline: Instant,
    decide: impl Fn(&mut Invite) -> T,
) -> Result<Option<T>, Fault> {
    let read = || store.invite(pool, id);
    let mut found = retry(schedule, deadline, Fault::disposition, read).await?;
    for _ in 0..RACES {
        let Some(before) = found.take() else {
            return Ok(None);
        };
        let mut after = before.clone();
        let said = decide(&mut after);
        if after == before {
            return Ok(Some(said));
        }
        after.version = before.version + 1;
        let write = || store.write_invite(&after);
        match retry(schedule, deadline, Fault::disposition, write).await? {
            InviteWritten::Now => return Ok(Some(said)),
            InviteWritten::Overtaken(by) => found = by.map(|by| *by),
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    Err(Fault::new("invites.change", FaultKind::Throttled))
}
