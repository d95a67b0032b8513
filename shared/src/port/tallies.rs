use super::Fault;
use crate::tally::{Counted, Tally};
use async_trait::async_trait;
use usher_events::Time;

/// What became of writing a tally under its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TallyWritten {
    /// Written.
    Now,
    /// Somebody else wrote since it was read, and this is what is there now; `None` if nothing is.
    Overtaken(Option<Box<Tally>>),
}

/// How often sign-ups were refused.
#[async_trait]
pub trait Tallies: Send + Sync {
    /// Reads a tally as it was a moment ago: cheap, and stale by less than a second. `None` if nothing
    /// was counted in that hour, or so long ago that it is forgotten.
    async fn tally(&self, of: &Counted, hour: Time) -> Result<Option<Tally>, Fault>;

    /// Writes a tally if the stored one still has the version below; version 1 makes one. May be
    /// repeated: the second is overtaken by the first.
    async fn write_tally(&self, tally: &Tally) -> Result<TallyWritten, Fault>;
}
