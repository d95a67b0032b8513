use super::WorkQueue;
use crate::port::{Bus, BusEntry, Fault};
use async_trait::async_trait;
use std::path::{Path, PathBuf};

/// A bus that writes what it is told into a file, one JSON object a line.
///
/// Entries of the source `usher.fallback` go to the work queue, as the deployment's rule has it.
#[derive(Clone)]
pub struct FileBus {
    file: PathBuf,
    queue: WorkQueue,
}

impl FileBus {
    /// The bus that appends to this file.
    pub fn new(file: impl Into<PathBuf>, queue: WorkQueue) -> Self {
        Self {
            file: file.into(),
            queue,
        }
    }

    /// Where it writes.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

#[async_trait]
impl Bus for FileBus {
    async fn publish(&self, _entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        let _ = &self.queue;
        todo!()
    }
}
