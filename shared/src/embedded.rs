//! Everything on one machine: the same adapter for the table, and small stand-ins for the rest.

mod bus;
mod database;
mod outbox;
mod queue;

pub use bus::FileBus;
pub use database::Database;
pub use outbox::Outbox;
pub use queue::{DeadLetterQueue, QueueLimits, WorkQueue};

use crate::clock::Clock;
use crate::digest::Secret;
use crate::dynamodb::Table;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// One machine's stack cannot be opened.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// A file or directory of it cannot be read or written.
    #[error("{path} cannot be used")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database does not open.
    #[error("the embedded database does not open: {problem}")]
    Database {
        /// What it says. It quotes no item.
        problem: String,
    },
    /// A secret is there and is not one.
    #[error("{path} does not hold 32 bytes in Base64")]
    BadSecret {
        /// Which file.
        path: PathBuf,
    },
    /// The database opened, and refuses a call.
    #[error("the embedded database refuses")]
    Fault(#[from] crate::port::Fault),
}

/// Table, queue, bus and mail of one machine, kept in one directory.
#[derive(Clone)]
pub struct Stack {
    /// The database behind table and queue.
    pub database: Database,
    /// The table.
    pub store: Table,
    /// The work queue.
    pub queue: WorkQueue,
    /// Its dead letters.
    pub dead_letters: DeadLetterQueue,
    /// The bus.
    pub bus: FileBus,
    /// The mails.
    pub outbox: Outbox,
    /// The deployment's secret, made at the first opening.
    pub secret: Secret,
}

impl Stack {
    /// Opens or makes a stack in this directory. While another process has it open, this one uses
    /// that one's database.
    pub async fn open(
        directory: &Path,
        clock: Arc<dyn Clock>,
        limits: QueueLimits,
    ) -> Result<Self, EmbeddedError> {
        let _ = (directory, clock, limits);
        todo!()
    }

    /// The same with a database that is forgotten at the end, for tests.
    pub async fn in_memory(
        directory: &Path,
        clock: Arc<dyn Clock>,
        limits: QueueLimits,
    ) -> Result<Self, EmbeddedError> {
        let _ = (directory, clock, limits);
        todo!()
    }
}
