use crate::clock::Clock;
use crate::port::{Mail, MailError, Mailer};
use async_trait::async_trait;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A mailer that writes each mail into a file of its own, to be opened with any mail program.
#[derive(Clone)]
pub struct Outbox {
    directory: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Outbox {
    /// The outbox in this directory, which is made at the first mail.
    pub fn new(directory: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self {
            directory: directory.into(),
            clock,
        }
    }

    /// Where it writes.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, _mail: &Mail) -> Result<String, MailError> {
        let _ = &self.clock;
        todo!()
    }
}
