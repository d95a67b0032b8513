use super::Fault;
use crate::seal::SealedCommit;
use async_trait::async_trait;
use std::time::Duration;

/// What a feed brings.
#[derive(Clone, Debug, PartialEq)]
pub enum Fed {
    /// A commit that was appended.
    Commit(Box<SealedCommit>),
    /// One that cannot be read, by its name in the table.
    Unreadable(String),
    /// Here something may be missing, which was forgotten before it was read.
    Gap,
    /// Nothing will come any more.
    Ended,
}

/// One look at a feed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// What came. Commits of one user come in the order in which they were appended, of several in none.
    pub fed: Vec<Fed>,
    /// How long to wait before the next look.
    pub wait: Duration,
}

/// The log as it grows, from some moment on. Each commit comes once, when it is appended: what is
/// written into its ledger later is no news.
#[async_trait]
pub trait Feed: Send {
    /// Looks for what came since the last look; often nothing. What is held of it at a time does not
    /// grow with the log. After a failure the next look goes on where this one began.
    async fn next(&mut self) -> Result<Turn, Fault>;
}
