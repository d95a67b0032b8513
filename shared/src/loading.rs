//! The policy in force: the package's at first, then whichever valid one the parameter store has.
//!
//! A policy is read where nobody waits for it: at start, and then beside the answers. One that is
//! broken changes nothing but the log.

mod edition;
mod source;

pub use edition::{Edition, Make, Unfit, Version};
pub use source::PolicySource;

use crate::cadence::Cadence;
use crate::chance;
use crate::config::Overrides;
use crate::held::Held;
use crate::policy::Policy;
use crate::port::{Fault, Parameters, Stored};
use edition::{Compiler, Refused, Text};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tracing::Instrument;

/// The longest that one reading may take.
const READING: Duration = Duration::from_secs(2);

/// How a deployment comes by its policy.
#[derive(Clone, Debug)]
pub struct Loading {
    /// Where the policy is read from; a file is read once.
    pub source: PolicySource,
    /// Which one lies in the package.
    pub packaged: Version,
    /// Where the templates are that a policy names, wherever it comes from itself: in the package.
    pub base: PathBuf,
    /// What is put over every policy.
    pub overrides: Overrides,
    /// How often a policy is read anew, at most.
    pub refresh: Duration,
}

/// Holds the policy in force, and what its room has made of it. Cheap to clone; clones share it.
pub struct Policies<T>(Arc<Inner<T>>);

struct Inner<T> {
    held: Held<Edition<T>>,
    origin: Option<Origin<T>>,
}

struct Origin<T> {
    source: PolicySource,
    parameters: Arc<dyn Parameters>,
    compiler: Compiler<T>,
    cadence: Cadence,
    /// The last version that was refused, so that it is spoken of once.
    refused: Mutex<Option<Version>>,
}

impl<T: Send + Sync + 'static> Policies<T> {
    /// One policy for ever.
    pub fn fixed(version: Version, made: T) -> Self {
        Self(Arc::new(Inner {
            held: Held::new(Edition { version, made }),
            origin: None,
        }))
    }

    /// The package's policy until another is read. Nothing is read yet.
    ///
    /// # Errors
    ///
    /// The package's own policy is unfit.
    pub fn new(
        policy: Policy,
        loading: Loading,
        parameters: Arc<dyn Parameters>,
        make: Make<T>,
    ) -> Result<Self, Unfit> {
        let packaged = Edition {
            version: loading.packaged,
            made: make(policy)?,
        };
        let origin = match loading.source {
            PolicySource::File(_) => None,
            source @ (PolicySource::Parameter(_) | PolicySource::Under(_)) => Some(Origin {
                source,
                parameters,
                compiler: Compiler {
                    base: loading.base,
                    overrides: loading.overrides,
                    make,
                },
                cadence: Cadence::new(loading.refresh, chance::fraction),
                refused: Mutex::new(None),
            }),
        };
        Ok(Self(Arc::new(Inner {
            held: Held::new(packaged),
            origin,
        })))
    }

    /// The policy in force. Never waits, and is always one that was valid when it was read.
    pub fn current(&self) -> Arc<Edition<T>> {
        self.0.held.current()
    }

    /// Reads the policy now, for whoever can wait: a start. May be dropped before it is done; it is
    /// then read beside the first answer.
    pub async fn load(&self) {
        let origin = self.0.origin.as_ref();
        let Some(turn) = origin.and_then(|origin| origin.cadence.turn()) else {
            return;
        };
        if self.read().await {
            turn.over();
        }
    }

    /// Reads the policy anew if it is time to. Gives back at once: the reading goes on beside
    /// whatever else there is to do.
    pub fn refresh_soon(&self) {
        let origin = self.0.origin.as_ref();
        let Some(turn) = origin.and_then(|origin| origin.cadence.turn()) else {
            return;
        };
        let policies = self.clone();
        let read = move || {
            let policies = policies.clone();
            async move {
                policies.read().await;
            }
        };
        tokio::spawn(turn.take(READING, read).in_current_span());
    }

    /// Whether the keeper has said which policy there is.
    async fn read(&self) -> bool {
        let Some(origin) = &self.0.origin else {
            return true;
        };
        let parts = match timeout(READING, origin.fetch()).await {
            Ok(Ok(parts)) => parts,
            Ok(Err(fault)) => {
                tracing::warn!(policy.source = %origin.source, fault = %fault, "The policy cannot be read; the one in force stays");
                return false;
            }
            Err(_) => {
                tracing::warn!(policy.source = %origin.source, "The policy was not read in time; the one in force stays");
                return false;
            }
        };
        let text = Text::of(&parts);
        if self.current().version == text.version {
            *origin.refused() = None;
        } else if origin.refused().as_ref() != Some(&text.version) {
            // Noted before it is looked at: were it to break us, it does so once.
            *origin.refused() = Some(text.version.clone());
            self.take(origin, &text);
        }
        true
    }

    fn take(&self, origin: &Origin<T>, text: &Text) {
        match origin.compiler.compile(text) {
            Ok(made) => {
                let version = text.version.clone();
                tracing::info!(policy.source = %origin.source, policy.version = %version, "A new policy is in force");
                self.0.held.replace(Edition { version, made });
                *origin.refused() = None;
            }
            Err(refused) => {
                let before = &self.current().version;
                let Refused {
                    part,
                    line,
                    key,
                    problems,
                } = refused;
                tracing::error!(policy.source = %origin.source, policy.version = %text.version, policy.in_force = %before, policy.part = part, line, key, problems, "A new policy has problems; the one in force stays");
            }
        }
    }
}

impl<T> Origin<T> {
    /// The parts of the policy, in order; none if there is none.
    async fn fetch(&self) -> Result<Vec<Stored>, Fault> {
        match &self.source {
            PolicySource::File(_) => Ok(Vec::new()),
            PolicySource::Parameter(name) => {
                let stored = self.parameters.parameter(name).await?;
                Ok(stored.into_iter().collect())
            }
            PolicySource::Under(path) => self.parameters.under(path).await,
        }
    }

    fn refused(&self) -> MutexGuard<'_, Option<Version>> {
        // Nothing can panic while the lock is held.
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Policies<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Policies<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = &self.0.held.current().version;
        f.debug_struct("Policies")
            .field("version", version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
