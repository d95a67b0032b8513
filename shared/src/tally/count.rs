//! Counting where a tally is stored: read, decide, write under its version, and again if somebody
//! else was faster.

use super::{Counted, Tally};
use crate::disposition::FaultKind;
use crate::port::{Fault, Tallies, TallyWritten};
use crate::retry::{Schedule, retry};
use tokio::time::Instant;
use usher_events::{EventId, RefusalReason, Time};

/// How often a lost race is run again. Each one lost is one that somebody else has won, so this many
/// at once may be refused for one invite before anybody is told to come back.
const RACES: usize = 200;

/// Counts a refusal of that hour as [`Tally::note`] does, and gives what it says.
///
/// What is read may be a moment old: a tally only grows, so an event that is in it is in it, and one
/// that is not is written under the version that was read. May be repeated.
///
/// # Errors
///
/// A fault of the store that `schedule` could not overcome until `deadline`, or more races than can
/// be run until then; nothing is known then of what was written.
pub async fn count(
    store: &dyn Tallies,
    (of, hour): (&Counted, Time),
    (event, reason): (EventId, RefusalReason),
    suspicious_after: u32,
    schedule: &Schedule,
    deadline: Instant,
) -> Result<Option<u32>, Fault> {
    let read = || store.tally(of, hour);
    let mut found = retry(schedule, deadline, Fault::disposition, read).await?;
    for _ in 0..RACES {
        let before = found.take().unwrap_or_else(|| Tally::new(of.clone(), hour));
        let mut after = before.clone();
        let said = after.note(event, reason, suspicious_after);
        if after == before {
            return Ok(said);
        }
        after.version = before.version + 1;
        let write = || store.write_tally(&after);
        match retry(schedule, deadline, Fault::disposition, write).await? {
            TallyWritten::Now => return Ok(said),
            TallyWritten::Overtaken(by) => found = by.map(|by| *by),
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    Err(Fault::new("tallies.count", FaultKind::Throttled))
}
