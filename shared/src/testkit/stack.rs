use super::StepClock;
use crate::embedded::{QueueLimits, Stack};
use std::sync::Arc;
use tempfile::TempDir;
use usher_events::Time;

/// A fresh stack in memory, whose clock moves only when told to.
pub struct TestStack {
    /// The stack.
    pub stack: Stack,
    /// Its clock; begins at 2026-01-02T03:04:05Z.
    pub clock: Arc<StepClock>,
    /// Where its mails and its bus's file are; removed at the end.
    pub directory: TempDir,
}

/// Makes a fresh stack.
pub async fn stack() -> TestStack {
    let start: Time = "2026-01-02T03:04:05Z".parse().unwrap();
    let clock = Arc::new(StepClock::at(start));
    let directory = TempDir::new().unwrap();
    let stack = Stack::in_memory(directory.path(), clock.clone(), QueueLimits::default())
        .await
        .unwrap();
    TestStack {
        stack,
        clock,
        directory,
    }
}
