//! Personal values at rest: sealed with the user's own key, so that one key's end ends them all.

use crate::commit::{Commit, Recorded};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use thiserror::Error;
use usher_events::{
    DecidedEvent, Envelope, EventId, Fact, Subject, Time, upcast,
    wire::{self, PERSON_KEY},
};

/// One user's key. Made once, at the first event of that user.
#[derive(Clone, PartialEq, Eq)]
pub struct UserKey([u8; 32]);

impl UserKey {
    /// Takes 32 bytes of randomness.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the store alone.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn aead(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, &self.0).expect("an AES-256 key has 32 bytes");
        LessSafeKey::new(key)
    }
}

impl fmt::Debug for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserKey([secret])")
    }
}

/// Why a stored commit cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// It holds personal values and the user has no key.
    #[error("commit {id} is sealed and its user has no key")]
    KeyMissing {
        /// Which commit.
        id: EventId,
    },
    /// The key does not open it: it was sealed with another, moved from another place, or changed.
    #[error("commit {id} does not open with its user's key")]
    WrongKey {
        /// Which commit.
        id: EventId,
    },
    /// It opened, and is not of a shape that this program knows.
    #[error("commit {id} holds a type or version that is not known here")]
    Unknown {
        /// Which commit.
        id: EventId,
    },
}

/// A commit as a store holds it: nothing in it names a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCommit {
    /// The commit, its event reduced to what is not personal.
    pub envelope: Envelope<StoredEvent>,
    /// The person, encrypted; nonce first.
    pub sealed_person: Option<Vec<u8>>,
    /// See [`Commit::decided`].
    pub decided: Vec<StoredEvent>,
    /// See [`Commit::ledger`].
    pub ledger: crate::commit::Ledger,
    /// See [`Commit::lease`].
    pub lease: Option<crate::commit::Lease>,
    /// See [`Commit::recorded_at`].
    pub recorded_at: Time,
}

/// An event as a store holds it: by name and version, whatever those mean to this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// The type's name, without prefix.
    pub name: String,
    /// The version of its shape.
    pub version: u16,
    /// Its values, without the person.
    pub data: Value,
}

impl StoredEvent {
    fn of<E: Fact>(event: &E) -> Self {
        Self {
            name: event.name().to_owned(),
            version: event.version(),
            data: event.to_data(),
        }
    }
}

/// Seals a commit. The nonce must never have been used with this key before.
pub fn seal(
    commit: &Commit,
    key: Option<&UserKey>,
    nonce: [u8; NONCE_LEN],
) -> Result<SealedCommit, SealError> {
    let envelope = &commit.envelope;
    let mut stored = StoredEvent::of(&envelope.event);
    let person = stored
        .data
        .as_object_mut()
        .and_then(|data| data.remove(PERSON_KEY));
    let sealed_person = match person {
        None => None,
        Some(person) => {
            let key = key.ok_or(SealError::KeyMissing { id: envelope.id })?;
            let mut text = person.to_string().into_bytes();
            key.aead()
                .seal_in_place_append_tag(
                    Nonce::assume_unique_for_key(nonce),
                    Aad::from(place(&envelope.subject, envelope.id)),
                    &mut text,
                )
                .expect("a person is far below the limit of one AES-GCM message");
            Some([nonce.as_slice(), &text].concat())
        }
    };
    Ok(SealedCommit {
        envelope: envelope.clone().map(|_| stored),
        sealed_person,
        decided: commit.decided.iter().map(StoredEvent::of).collect(),
        ledger: commit.ledger.clone(),
        lease: commit.lease.clone(),
        recorded_at: commit.recorded_at,
    })
}

/// Opens a stored commit, lifting its events to their current versions.
pub fn open(sealed: &SealedCommit, key: Option<&UserKey>) -> Result<Commit, SealError> {
    let id = sealed.envelope.id;
    let mut stored = sealed.envelope.event.clone();
    if let Some(bytes) = &sealed.sealed_person {
        let key = key.ok_or(SealError::KeyMissing { id })?;
        let wrong = SealError::WrongKey { id };
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN).ok_or(wrong.clone())?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_error| wrong.clone())?;
        let mut text = text.to_vec();
        let aad = Aad::from(place(&sealed.envelope.subject, id));
        let text = key
            .aead()
            .open_in_place(nonce, aad, &mut text)
            .map_err(|_error| wrong.clone())?;
        let person: Value = serde_json::from_slice(text).map_err(|_error| wrong)?;
        if let Some(data) = stored.data.as_object_mut() {
            data.insert(PERSON_KEY.to_owned(), person);
        }
    }
    let event = read::<Recorded>(id, stored)?;
    let decided = sealed
        .decided
        .iter()
        .map(|event| read::<DecidedEvent>(id, event.clone()));
    Ok(Commit {
        envelope: sealed.envelope.clone().map(|_| event),
        decided: decided.collect::<Result<_, _>>()?,
        ledger: sealed.ledger.clone(),
        lease: sealed.lease.clone(),
        recorded_at: sealed.recorded_at,
    })
}

/// Opens a stored commit without what it says of the person, for which no key is needed.
pub fn open_without_person(sealed: &SealedCommit) -> Result<Commit, SealError> {
    let sealed = SealedCommit {
        sealed_person: None,
        ..sealed.clone()
    };
    open(&sealed, None)
}

fn read<E: Fact>(id: EventId, stored: StoredEvent) -> Result<E, SealError> {
    let unknown = SealError::Unknown { id };
    let current = wire::current_version(&stored.name).ok_or(unknown.clone())?;
    let data = upcast::upcast(
        upcast::STEPS,
        &stored.name,
        stored.version,
        current,
        stored.data,
    );
    match E::from_data(&stored.name, data.ok_or(unknown.clone())?) {
        Some(Ok(event)) => Ok(event),
        Some(Err(_)) | None => Err(unknown),
    }
}

/// What ties a sealed person to its place: a ciphertext moved to another commit does not open.
fn place(subject: &Subject, id: EventId) -> Vec<u8> {
    format!("{}|{subject}|{id}", subject.as_str().len()).into_bytes()
}

#[cfg(test)]
mod tests;
