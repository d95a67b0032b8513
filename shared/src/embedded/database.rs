use super::EmbeddedError;
use crate::aws::{Clients, Timeouts};
use std::path::Path;
use std::sync::Arc;

/// A DynamoDB of one's own, on SQLite, served to this machine alone.
#[derive(Clone, Debug)]
pub struct Database {
    endpoint: Arc<str>,
}

impl Database {
    /// Opens or makes the database in this file, and serves it until the last clone is dropped.
    pub async fn open(file: &Path) -> Result<Self, EmbeddedError> {
        let _ = file;
        todo!()
    }

    /// Serves a database that is forgotten when the last clone is dropped.
    pub async fn memory() -> Result<Self, EmbeddedError> {
        todo!()
    }

    /// Uses the database that another process serves.
    pub fn at(endpoint: impl Into<Arc<str>>) -> Self {
        Self {
            endpoint: endpoint.into(),
        }
    }

    /// Where it is served: `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Clients for it.
    pub fn clients(&self) -> Clients {
        Clients::local(&self.endpoint, Timeouts::WORKER)
    }
}
