use super::Fault;
use crate::breaker::Record;
use crate::dependency::Dependency;
use async_trait::async_trait;
use std::collections::BTreeMap;

/// What became of writing a breaker's record under its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BreakerWritten {
    /// Written.
    Now,
    /// Somebody else wrote since it was read, and this is what is there now; `None` if nothing is.
    Overtaken(Option<Box<Record>>),
}

/// What all workers are told of their breakers.
#[async_trait]
pub trait Breakers: Send + Sync {
    /// Reads a record as it was a moment ago: cheap, and stale by less than a second. `None` if the
    /// breaker has never opened.
    async fn breaker(&self, of: Dependency) -> Result<Option<Record>, Fault>;

    /// Reads every record, consistently; none of a breaker that has never opened.
    async fn breakers(&self) -> Result<BTreeMap<Dependency, Record>, Fault>;

    /// Writes a record if the stored one still has the version below; version 1 makes one. May be
    /// repeated: the second is overtaken by the first.
    async fn write_breaker(&self, of: Dependency, record: &Record)
    -> Result<BreakerWritten, Fault>;
}
