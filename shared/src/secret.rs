//! Secrets by reference: where one is kept is written down, what it is never.

mod kept;

pub use kept::Kept;

use crate::port::{Fault, Parameters, Secrets};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// The longest name that either service has: an ARN of Secrets Manager.
const LONGEST: usize = 2048;

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// `secretsmanager:ID` or `secretsmanager:ID#KEY`.
    SecretsManager {
        /// Name or ARN.
        id: String,
        /// Of a secret that is a JSON object, the member that is meant.
        key: Option<String>,
    },
    /// `ssm:NAME`, decrypted.
    Parameter {
        /// Name or ARN.
        name: String,
    },
}

/// A text names no secret. Says nothing of the text: it may be the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "must say where the secret is kept, as secretsmanager:NAME, secretsmanager:NAME#KEY or ssm:NAME, and never what it is"
)]
pub struct NotAReference;

/// Who keeps what is referred to.
#[derive(Clone)]
pub struct Keepers {
    /// Keeps what `ssm:` names.
    pub parameters: Arc<dyn Parameters>,
    /// Keeps what `secretsmanager:` names.
    pub secrets: Arc<dyn Secrets>,
}

/// Why a secret cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unread {
    /// Its keeper did not say; a later try may succeed.
    #[error("it cannot be read")]
    Fault(#[from] Fault),
    /// Its keeper has none of this name, or one that is no text. Somebody has to mend it.
    #[error("there is none of this name")]
    Missing,
    /// It is no JSON object with a text under the key that is meant. Somebody has to mend it.
    #[error("it is no JSON object with a text under the key")]
    NoSuchKey,
    /// It is read, and not what it is needed for. Somebody has to mend it.
    #[error("it is not of the form that is needed")]
    Unfit,
    /// It was not read within the time allowed.
    #[error("it was not read in time")]
    TooSlow,
}

impl SecretRef {
    /// Reads the secret, and which of its versions that is.
    pub async fn read(&self, keepers: &Keepers) -> Result<(SecretString, String), Unread> {
        let stored = match self {
            Self::SecretsManager { id, .. } => keepers.secrets.secret(id).await?,
            Self::Parameter { name } => keepers.parameters.parameter(name).await?,
        };
        let stored = stored.ok_or(Unread::Missing)?;
        let text = match self {
            Self::SecretsManager { key: Some(key), .. } => {
                member(stored.text.expose_secret(), key).ok_or(Unread::NoSuchKey)?
            }
            Self::SecretsManager { key: None, .. } | Self::Parameter { .. } => stored.text,
        };
        Ok((text, stored.version))
    }
}

/// The text under a key of a JSON object. Nothing else of the object is copied.
fn member(json: &str, key: &str) -> Option<SecretString> {
    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json).ok()?;
    let text: String = serde_json::from_str(members.get(key)?.get()).ok()?;
    Some(text.into())
}

impl FromStr for SecretRef {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let is_name = |name: &str| {
            let plain = |character: char| !character.is_whitespace() && !character.is_control();
            (1..=LONGEST).contains(&name.len()) && name.chars().all(plain)
        };
        let (service, name) = text.split_once(':').ok_or(NotAReference)?;
        let reference = match (service, name.split_once('#')) {
            ("ssm", None) => Self::Parameter {
                name: name.to_owned(),
            },
            ("secretsmanager", None) => Self::SecretsManager {
                id: name.to_owned(),
                key: None,
            },
            ("secretsmanager", Some((id, key))) if !id.is_empty() && !key.is_empty() => {
                Self::SecretsManager {
                    id: id.to_owned(),
                    key: Some(key.to_owned()),
                }
            }
            _ => return Err(NotAReference),
        };
        is_name(name).then_some(reference).ok_or(NotAReference)
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecretsManager { id, key: None } => write!(f, "secretsmanager:{id}"),
            Self::SecretsManager { id, key: Some(key) } => write!(f, "secretsmanager:{id}#{key}"),
            Self::Parameter { name } => write!(f, "ssm:{name}"),
        }
    }
}

impl fmt::Debug for Keepers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keepers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
