use super::Fault;
use async_trait::async_trait;
use secrecy::SecretString;

/// A text that is kept outside the package.
///
/// Whether it is a secret only its owner knows, so its `Debug` never shows it, and it is wiped from
/// memory when it is dropped.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The name that it has there.
    pub name: String,
    /// What is written there, decrypted.
    pub text: SecretString,
    /// Which of its versions this is, in the keeper's own words. Another text has another version.
    pub version: String,
}

/// Keeps parameters: SSM's parameter store.
#[async_trait]
pub trait Parameters: Send + Sync {
    /// Reads a parameter by its name or ARN. May be repeated. `None` if there is none.
    async fn parameter(&self, name: &str) -> Result<Option<Stored>, Fault>;

    /// Reads every parameter directly under a path, in the order of their names. May be repeated.
    /// Empty if there are none. A write between two pages may show in the second alone.
    async fn under(&self, path: &str) -> Result<Vec<Stored>, Fault>;
}

/// Keeps secrets: Secrets Manager.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Reads the current version of a secret by its name or ARN. May be repeated. `None` if there is
    /// none, or it holds bytes and no text.
    async fn secret(&self, id: &str) -> Result<Option<Stored>, Fault>;
}
