//! A secret that is kept for a while, and what is made of it.

use super::{Keepers, SecretRef, Unread};
use crate::cadence::Cadence;
use crate::chance;
use crate::held::Held;
use secrecy::ExposeSecret;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tracing::Instrument;

/// The longest that one reading may take. Nobody waits for one, but for a first one that
/// [`Kept::get`] makes, and whoever asks for that bounds it himself.
const READING: Duration = Duration::from_secs(2);

/// What is made of a secret. Cheap to clone; clones share it.
///
/// It is read anew when its lifetime is over, while nobody waits; until it is read again, and where
/// it then cannot be read or used, what was there stays. So an outage of the keeper harms only who
/// starts during it: they have nothing, and try again whenever it is asked for.
pub struct Kept<T>(Arc<Inner<T>>);

struct Inner<T> {
    value: Held<Option<Arc<T>>>,
    origin: Option<Origin<T>>,
}

struct Origin<T> {
    reference: SecretRef,
    keepers: Keepers,
    make: fn(&str) -> Option<T>,
    cadence: Cadence,
    version: Mutex<Option<String>>,
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// A value that was given as it is, and stays.
    pub fn given(value: T) -> Self {
        Self(Arc::new(Inner {
            value: Held::new(Some(Arc::new(value))),
            origin: None,
        }))
    }

    /// What `make` makes of the secret that this names; it gives `None` for one that is unfit.
    /// Nothing is read yet. A reading that is a `lifetime` old is followed by another.
    pub fn named(
        reference: SecretRef,
        keepers: Keepers,
        lifetime: Duration,
        make: fn(&str) -> Option<T>,
    ) -> Self {
        Self(Arc::new(Inner {
            value: Held::new(None),
            origin: Some(Origin {
                reference,
                keepers,
                make,
                cadence: Cadence::new(lifetime, chance::fraction),
                version: Mutex::new(None),
            }),
        }))
    }

    /// What is there, without waiting. `None` if it could not be read yet.
    pub fn current(&self) -> Option<Arc<T>> {
        self.0.value.current().as_ref().clone()
    }

    /// What is there; where nothing is, it is read now. `None` if that fails too. May be dropped
    /// before it is done.
    pub async fn get(&self) -> Option<Arc<T>> {
        if let Some(value) = self.current() {
            return Some(value);
        }
        let origin = self.0.origin.as_ref()?;
        let turn = origin.cadence.turn();
        self.read(origin).await;
        let value = self.current();
        // What was read has its lifetime; what was not is due again at once.
        if let (Some(turn), Some(_)) = (turn, &value) {
            turn.over();
        }
        value
    }

    /// Reads it anew if it is time to. Gives back at once: the reading goes on beside whatever else
    /// there is to do. Where Lambda stops the clock in the middle of it, it is begun again.
    pub fn refresh_soon(&self) {
        let Some(turn) = self.0.origin.as_ref().and_then(|from| from.cadence.turn()) else {
            return;
        };
        let kept = self.clone();
        let read = move || {
            let kept = kept.clone();
            async move {
                if let Some(origin) = &kept.0.origin {
                    kept.read(origin).await;
                }
            }
        };
        tokio::spawn(turn.take(READING, read).in_current_span());
    }

    async fn read(&self, origin: &Origin<T>) {
        let reading = timeout(READING, origin.reference.read(&origin.keepers)).await;
        let read = reading.unwrap_or(Err(Unread::TooSlow));
        let fit = read.and_then(|(text, version)| {
            let value = (origin.make)(text.expose_secret()).ok_or(Unread::Unfit)?;
            Ok((value, version))
        });
        match fit {
            Ok((value, version)) => {
                self.0.value.replace(Some(Arc::new(value)));
                origin.say_if_new(&version);
            }
            Err(why) => origin.complain(why, self.current().is_some()),
        }
    }
}

impl<T> Origin<T> {
    fn say_if_new(&self, version: &str) {
        let mut last = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_deref() != Some(version) {
            tracing::info!(secret.reference = %self.reference, secret.version = version, "A secret was read");
            *last = Some(version.to_owned());
        }
    }

    fn complain(&self, why: Unread, old: bool) {
        let kept = if old {
            "the one before is kept"
        } else {
            "there is none before it"
        };
        let reference = &self.reference;
        match why {
            Unread::Fault(fault) => {
                tracing::warn!(secret.reference = %reference, fault = %fault, "A secret cannot be read; {kept}");
            }
            Unread::TooSlow => {
                tracing::warn!(secret.reference = %reference, "A secret was not read in time; {kept}");
            }
            Unread::Missing | Unread::NoSuchKey | Unread::Unfit => {
                tracing::error!(secret.reference = %reference, cause = %why, "A secret cannot be used; {kept}");
            }
        }
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept([secret])")
    }
}
