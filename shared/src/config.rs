//! What differs between deployments: read once, here and nowhere else.

mod policy;

use crate::digest::Secret;
use crate::loading::Loading;
use crate::policy::Policy;
use crate::secret::{Keepers, Kept, SecretRef, Unread};
use secrecy::ExposeSecret;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;
use thiserror::Error;
use usher_events::PoolId;

/// Which deployment this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// `dev`
    Dev,
    /// `staging`
    Staging,
    /// `prod`
    Prod,
}

impl Environment {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
        }
    }
}

/// A secret as the environment has it.
#[derive(Clone, Debug)]
pub enum SecretSetting {
    /// The secret itself.
    Given(Secret),
    /// Where it is kept.
    Named(SecretRef),
}

/// Shorter, and its keeper is asked all the time; longer than a day, and a secret that was changed
/// outlives the day of its change.
const SECRET_LIFETIME_S: RangeInclusive<u64> = 10..=86_400;

/// Where things are and what is switched on.
#[derive(Clone, Debug)]
pub struct Config {
    /// `ENV`
    pub environment: Environment,
    /// `REGION`, else `AWS_REGION`
    pub region: String,
    /// `USHER_TABLE`
    pub table: String,
    /// `USHER_QUEUE_URL`
    pub queue_url: String,
    /// `USHER_BUS`
    pub bus: String,
    /// `USHER_SECRET`: 32 bytes in Base64, or where they are kept.
    pub secret: SecretSetting,
    /// `USHER_SECRET_LIFETIME_S`: how long a secret that was read counts as fresh.
    pub secret_lifetime: Duration,
    /// The policy in the package, with the overrides applied.
    pub policy: Policy,
    /// `USHER_POLICY`, `USHER_POLICY_FALLBACK`, `USHER_POLICY_REFRESH_S`: where a policy is that
    /// replaces it.
    pub loading: Loading,
    /// `USHER_DEAD_LETTER_URL`: needed by the worker.
    pub dead_letter_url: Option<String>,
    /// Whether Lambda runs us (`AWS_LAMBDA_RUNTIME_API` is there).
    pub in_lambda: bool,
    /// Whether `SSL_CERT_FILE` or `SSL_CERT_DIR` says which root certificates to trust.
    pub roots_named: bool,
}

/// What a command needs that works on a deployment's table and nothing else.
#[derive(Clone, Debug)]
pub struct TableConfig {
    /// `REGION`, else `AWS_REGION`
    pub region: String,
    /// `USHER_TABLE`
    pub table: String,
    /// `USHER_SECRET`: the deployment's own, or where that is kept; with another, nothing in the table
    /// is found.
    pub secret: SecretSetting,
    /// `USHER_POOL`: the user pool in which a user is disabled and enabled, too. Without, the pool is
    /// left alone.
    pub pool: Option<PoolId>,
}

impl TableConfig {
    /// Reads this process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(&variable)
    }

    /// Reads a configuration from any lookup.
    pub fn from_lookup(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let lookup: Lookup<'_> = &|key| filled(lookup, key);
        Ok(Self {
            region: region(lookup)?,
            table: needed(lookup, TABLE)?,
            secret: secret(&needed(lookup, SECRET)?)?,
            pool: pool(lookup)?,
        })
    }
}

/// What a command needs that puts what is due on a deployment's queue.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// `REGION`, else `AWS_REGION`
    pub region: String,
    /// `USHER_TABLE`
    pub table: String,
    /// `USHER_QUEUE_URL`
    pub queue_url: String,
}

impl QueueConfig {
    /// Reads this process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(&variable)
    }

    /// Reads a configuration from any lookup.
    pub fn from_lookup(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let lookup: Lookup<'_> = &|key| filled(lookup, key);
        Ok(Self {
            region: region(lookup)?,
            table: needed(lookup, TABLE)?,
            queue_url: needed(lookup, QUEUE)?,
        })
    }
}

/// What a command needs that looks through a deployment's dead letters.
#[derive(Clone, Debug)]
pub struct DeadLetterConfig {
    /// `REGION`, else `AWS_REGION`
    pub region: String,
    /// `USHER_DEAD_LETTER_URL`
    pub dead_letter_url: String,
}

impl DeadLetterConfig {
    /// Reads this process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(&variable)
    }

    /// Reads a configuration from any lookup.
    pub fn from_lookup(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let lookup: Lookup<'_> = &|key| filled(lookup, key);
        Ok(Self {
            region: region(lookup)?,
            dead_letter_url: needed(lookup, DEAD_LETTERS)?,
        })
    }
}

/// What a command needs that works on a deployment's log and on nothing that is secret.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// `REGION`, else `AWS_REGION`
    pub region: String,
    /// `USHER_TABLE`
    pub table: String,
}

impl LogConfig {
    /// Reads this process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(&variable)
    }

    /// Reads a configuration from any lookup.
    pub fn from_lookup(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let lookup: Lookup<'_> = &|key| filled(lookup, key);
        Ok(Self {
            region: region(lookup)?,
            table: needed(lookup, TABLE)?,
        })
    }
}

fn pool(lookup: Lookup<'_>) -> Result<Option<PoolId>, ConfigError> {
    let pool = lookup("USHER_POOL").map(PoolId::new).transpose();
    pool.map_err(|_not_one| ConfigError::Bad {
        key: "USHER_POOL",
        expected: "the id of a user pool, as eu-west-1_AbCdEfGhI",
    })
}

/// A variable, and what it is for.
type Needed = (&'static str, &'static str);
const TABLE: Needed = ("USHER_TABLE", "the name of the DynamoDB table");
const QUEUE: Needed = ("USHER_QUEUE_URL", "the address of the work queue");
const DEAD_LETTERS: Needed = (
    "USHER_DEAD_LETTER_URL",
    "the address of the dead-letter queue",
);
const SECRET: Needed = (
    "USHER_SECRET",
    "32 random bytes in Base64 that hide user names",
);

fn needed(lookup: Lookup<'_>, (key, meaning): Needed) -> Result<String, ConfigError> {
    lookup(key).ok_or(ConfigError::Missing { key, meaning })
}

fn region(lookup: Lookup<'_>) -> Result<String, ConfigError> {
    let region = lookup("REGION").or_else(|| lookup("AWS_REGION"));
    region.ok_or(ConfigError::Missing {
        key: "REGION",
        meaning: "the AWS Region to work in",
    })
}

/// Why a process does not start.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A variable that has no default is not set.
    #[error("{key} is not set; it is {meaning}")]
    Missing {
        /// The variable.
        key: &'static str,
        /// What it is for.
        meaning: &'static str,
    },
    /// A variable has a value that it cannot have.
    #[error("{key} must be {expected}")]
    Bad {
        /// The variable.
        key: &'static str,
        /// What it may be, with its unit.
        expected: &'static str,
    },
    /// The policy file cannot be read.
    #[error("the policy file {path} cannot be read")]
    PolicyUnreadable {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The policy file has problems.
    #[error("the policy file {path} has problems:\n{problems}")]
    PolicyBad {
        /// Which file.
        path: String,
        /// What `usher policy check` says of it.
        problems: String,
    },
}

/// A process's environment, as a lookup, so that reading it can be tested without changing it.
///
/// A variable that is empty is as one that is not set: templates pass on what nobody filled in.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Overrides of the policy file that the environment may hold, for switching without a deploy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `ENABLE_WELCOME_EMAIL`
    pub welcome_mail: Option<bool>,
    /// `ENABLE_PROFILE_CREATION`
    pub profile_creation: Option<bool>,
}

impl Overrides {
    /// Reads them.
    pub fn from_lookup(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let lookup: Lookup<'_> = &|key| filled(lookup, key);
        Ok(Self {
            welcome_mail: flag(lookup, "ENABLE_WELCOME_EMAIL")?,
            profile_creation: flag(lookup, "ENABLE_PROFILE_CREATION")?,
        })
    }

    /// Reads them from this process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(&variable)
    }

    /// Puts them over a policy.
    ///
    /// Refuses to switch the welcome mail on where the policy has no sender or no address for its
    /// links, and profiles off where it asks for signs of life; the policy is unchanged then.
    pub fn apply(self, policy: &mut Policy) -> Result<(), ConfigError> {
        let sendable = !policy.mail.from.is_empty() && !policy.mail.app_url.is_empty();
        if self.welcome_mail == Some(true) && !sendable {
            return Err(ConfigError::Bad {
                key: "ENABLE_WELCOME_EMAIL",
                expected: "false while the policy's [mail] lacks from or app_url",
            });
        }
        if self.profile_creation == Some(false) && policy.sign_in.refuse_pending {
            return Err(ConfigError::Bad {
                key: "ENABLE_PROFILE_CREATION",
                expected: "true while the policy's sign_in.refuse_pending is on",
            });
        }
        if let Some(on) = self.welcome_mail {
            policy.mail.welcome = on;
        }
        if let Some(on) = self.profile_creation {
            policy.profile.create = on;
        }
        Ok(())
    }
}

impl Config {
    /// Reads this process's environment and the policy file that it names.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(&variable, &|path| std::fs::read_to_string(path))
    }

    /// Reads a configuration from any lookup and any file system.
    pub fn from_lookup(
        lookup: Lookup<'_>,
        read: &dyn Fn(&Path) -> std::io::Result<String>,
    ) -> Result<Self, ConfigError> {
        let lookup: Lookup<'_> = &|key| filled(lookup, key);
        let environment = match lookup("ENV").as_deref() {
            Some("dev") | None => Environment::Dev,
            Some("staging") => Environment::Staging,
            Some("prod") => Environment::Prod,
            Some(_) => {
                return Err(ConfigError::Bad {
                    key: "ENV",
                    expected: "dev, staging or prod",
                });
            }
        };
        let (policy, loading) = policy::read(lookup, read)?;
        Ok(Self {
            environment,
            region: region(lookup)?,
            table: needed(lookup, TABLE)?,
            queue_url: needed(lookup, QUEUE)?,
            bus: needed(lookup, ("USHER_BUS", "the name of the EventBridge bus"))?,
            secret: secret(&needed(lookup, SECRET)?)?,
            secret_lifetime: seconds(
                lookup,
                "USHER_SECRET_LIFETIME_S",
                SECRET_LIFETIME_S,
                900,
                "10 to 86400 s",
            )?,
            policy,
            loading,
            dead_letter_url: lookup("USHER_DEAD_LETTER_URL"),
            in_lambda: lookup("AWS_LAMBDA_RUNTIME_API").is_some(),
            roots_named: ["SSL_CERT_FILE", "SSL_CERT_DIR"]
                .iter()
                .any(|key| lookup(key).is_some()),
        })
    }

    /// The dead-letter queue's address, which a worker cannot do without.
    pub fn dead_letter_url(&self) -> Result<&str, ConfigError> {
        self.dead_letter_url.as_deref().ok_or(ConfigError::Missing {
            key: "USHER_DEAD_LETTER_URL",
            meaning: "the address of the dead-letter queue",
        })
    }
}

/// `USHER_LOG`, else `info`: what is logged, as `tracing` filters are written.
pub fn log_filter() -> String {
    filled(&variable, "USHER_LOG").unwrap_or_else(|| "info".to_owned())
}

/// Where a fault is planted, in builds that can plant one.
pub fn planted_fault() -> Option<String> {
    filled(&variable, "USHER_FAULT")
}

fn filled(lookup: Lookup<'_>, key: &str) -> Option<String> {
    lookup(key).filter(|value| !value.is_empty())
}

fn secret(text: &str) -> Result<SecretSetting, ConfigError> {
    let given = || Secret::from_base64(text).map(SecretSetting::Given);
    let setting = text.parse().map(SecretSetting::Named).ok().or_else(given);
    setting.ok_or(ConfigError::Bad {
        key: "USHER_SECRET",
        expected: "32 bytes in Base64 (44 characters), or where they are kept: \
                   secretsmanager:NAME, secretsmanager:NAME#KEY or ssm:NAME",
    })
}

fn seconds(
    lookup: Lookup<'_>,
    key: &'static str,
    range: RangeInclusive<u64>,
    default: u64,
    expected: &'static str,
) -> Result<Duration, ConfigError> {
    let seconds = match lookup(key) {
        None => Some(default),
        Some(text) => text.parse().ok().filter(|seconds| range.contains(seconds)),
    };
    let seconds = seconds.ok_or(ConfigError::Bad { key, expected })?;
    Ok(Duration::from_secs(seconds))
}

fn flag(lookup: Lookup<'_>, key: &'static str) -> Result<Option<bool>, ConfigError> {
    match lookup(key).as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(ConfigError::Bad {
            key,
            expected: "true or false",
        }),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the home of the environment"
)]
fn variable(key: &str) -> Option<String> {
    std::env::var(key).ok()
}

impl ConfigError {
    /// What it is about: a variable, or the policy file.
    pub fn key(&self) -> &str {
        match self {
            Self::Missing { key, .. } | Self::Bad { key, .. } => key,
            Self::PolicyUnreadable { path, .. } | Self::PolicyBad { path, .. } => path,
        }
    }
}

impl SecretSetting {
    /// The secret, for a command that needs it once.
    pub async fn read(self, keepers: &Keepers) -> Result<Secret, Unread> {
        match self {
            Self::Given(secret) => Ok(secret),
            Self::Named(reference) => {
                let (text, _) = reference.read(keepers).await?;
                Secret::from_base64(text.expose_secret()).ok_or(Unread::Unfit)
            }
        }
    }

    /// The secret, as it is kept while the process runs.
    pub fn kept(self, keepers: Keepers, lifetime: Duration) -> Kept<Secret> {
        match self {
            Self::Given(secret) => Kept::given(secret),
            Self::Named(reference) => {
                Kept::named(reference, keepers, lifetime, Secret::from_base64)
            }
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
