//! Everything on one machine: the same adapter for the table, and small stand-ins for the rest.
//!
//! One process serves the database, to itself and to every other that opens the same directory.

mod bus;
mod database;
mod outbox;
mod queue;
mod secret;

pub use crate::port::QueueLimits;
pub use bus::FileBus;
pub use database::Database;
pub use outbox::Outbox;
pub use queue::{DeadLetterQueue, WorkQueue};

use crate::clock::{self, Clock};
use crate::digest::Secret;
use crate::dynamodb::Table;
use crate::port::Fault;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::time::Instant;

/// The table's name on one machine.
const TABLE: &str = "usher";
/// The file of the database, in the stack's directory.
const DATABASE: &str = "usher.sqlite";
/// Tells other processes where the database is served.
const ENDPOINT: &str = "endpoint";
/// How long an opener waits for the process that has the database to say where it serves it.
const PATIENCE: Duration = Duration::from_secs(5);

/// One machine's stack cannot be opened.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// A file or directory of it cannot be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has the database open.
    #[error("{} is open already", path.display())]
    InUse {
        /// Its file.
        path: PathBuf,
    },
    /// The database does not open.
    #[error("the embedded database does not open: {problem}")]
    Database {
        /// What it says. There is no item yet that it could quote.
        problem: String,
    },
    /// A secret is there and is not one.
    #[error("{} does not hold 32 bytes in Base64", path.display())]
    BadSecret {
        /// Which file.
        path: PathBuf,
    },
    /// The database opened, and refuses a call.
    #[error("the embedded database refuses")]
    Fault(#[from] Fault),
}

impl EmbeddedError {
    fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }

    fn database(problem: &dyn std::fmt::Display) -> Self {
        Self::Database {
            problem: problem.to_string(),
        }
    }
}

/// Table, queue, bus and mail of one machine, kept in one directory.
///
/// | File | Holds |
/// |---|---|
/// | `usher.sqlite` | table and queue; `usher.lock` beside it says that somebody serves it |
/// | `endpoint` | where |
/// | `mail/` | one `.eml` file a mail |
/// | `bus.ndjson` | what the bus was told |
/// | `secret` | the deployment's secret, made at the first opening, readable by its owner alone |
///
/// What was acknowledged is on the disk: a kill at any moment loses none of it.
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
    /// The deployment's secret.
    pub secret: Secret,
    directory: PathBuf,
}

impl Stack {
    /// Opens or makes a stack in this directory. While another process has it open, this one uses
    /// that one's database, and is without it when that process ends.
    pub async fn open(
        directory: &Path,
        clock: Arc<dyn Clock>,
        limits: QueueLimits,
    ) -> Result<Self, EmbeddedError> {
        make_directory(directory)?;
        let endpoint = directory.join(ENDPOINT);
        let end = Instant::now() + PATIENCE;
        loop {
            match Database::open(&directory.join(DATABASE)).await {
                Ok(database) => {
                    let secret = secret::read_or_make(directory)?;
                    let stack = Self::over(database, directory, clock, limits, secret).await?;
                    secret::write_whole(&endpoint, stack.database.endpoint())?;
                    return Ok(stack);
                }
                Err(EmbeddedError::InUse { .. }) if Instant::now() < end => {}
                Err(error) => return Err(error),
            }
            // Whoever has it may be about to say where, or about to end; the file may be an
            // earlier process's.
            if let Ok(at) = fs::read_to_string(&endpoint) {
                let database = Database::at(at);
                let secret = secret::read_or_make(directory)?;
                let stack = Self::over(database, directory, clock.clone(), limits, secret).await;
                if let Ok(stack) = stack {
                    return Ok(stack);
                }
            }
            clock::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The database of this directory, while another process says that it serves it. Nothing is opened:
    /// whoever looks for long is not who has the database when somebody else wants it.
    pub fn served(directory: &Path) -> Option<Database> {
        let at = fs::read_to_string(directory.join(ENDPOINT)).ok()?;
        Some(Database::at(at))
    }

    /// The table in a database.
    pub fn table(database: &Database) -> Table {
        Table::new(&database.clients(), TABLE)
    }

    /// The same with a database that is forgotten at the end, for tests.
    pub async fn in_memory(
        directory: &Path,
        clock: Arc<dyn Clock>,
        limits: QueueLimits,
    ) -> Result<Self, EmbeddedError> {
        make_directory(directory)?;
        let secret = secret::read_or_make(directory)?;
        Self::over(Database::memory().await?, directory, clock, limits, secret).await
    }

    /// Stops serving and waits until the database's file is free.
    pub async fn close(self) {
        if self.database.is_ours() {
            // Gone already is as good.
            let _ = fs::remove_file(self.directory.join(ENDPOINT));
        }
        self.database.close().await;
    }

    async fn over(
        database: Database,
        directory: &Path,
        clock: Arc<dyn Clock>,
        limits: QueueLimits,
        secret: Secret,
    ) -> Result<Self, EmbeddedError> {
        let store = Self::table(&database);
        let queue = WorkQueue::new(&database, clock.clone(), limits);
        store.create().await?;
        queue.create().await?;
        Ok(Self {
            store,
            dead_letters: queue.dead_letters(),
            bus: FileBus::new(directory.join("bus.ndjson"), queue.clone()),
            outbox: Outbox::new(directory.join("mail"), clock),
            queue,
            secret,
            database,
            directory: directory.to_owned(),
        })
    }
}

/// Makes the directory, for its owner alone: what is in it is personal.
fn make_directory(directory: &Path) -> Result<(), EmbeddedError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(directory)
        .map_err(|source| EmbeddedError::file(directory, source))
}
