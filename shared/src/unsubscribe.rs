//! The token by which a mail's reader can be told apart, and nobody else, to stop such mails.
//!
//! A token is Base64 for addresses (RFC 4648, section 5, without padding) of these bytes; numbers are
//! big-endian:
//!
//! | Bytes | What |
//! |--:|---|
//! | 1 | the version, 1 |
//! | 1 | the mail: 1 is the welcome |
//! | 8 | when the mail was owed, in seconds since 1970 |
//! | 2 | the length of the pool's id |
//! | as long | the pool's id |
//! | 2 | the length of the sub |
//! | as long | the sub |
//! | 32 | HMAC-SHA-256 of everything before it |
//!
//! The HMAC's key is the HMAC-SHA-256, keyed with the deployment's secret, of the text
//! `usher/unsubscribe/1`. So whoever verifies tokens needs that key and not the secret, and can do
//! nothing else with it.
//!
//! A token says who it is about to nobody but holders of the user pool, and ends by itself never: a
//! reader who finds an old mail wants no more of them all the same. It permits to stop mails and nothing
//! else.

use crate::policy::MailKind;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use std::fmt;
use std::time::Duration;
use thiserror::Error;
use usher_events::{PoolId, Sub, Time};

const VERSION: u8 = 1;
/// How many bytes an HMAC-SHA-256 has.
const SEAL: usize = 32;
/// The longest token that is read, in characters: two ids of the longest and what is around them.
const LONGEST: usize = 800;

/// Signs tokens and verifies them, and is good for nothing else.
#[derive(Clone)]
pub struct Key([u8; SEAL]);

impl Key {
    /// Takes 32 bytes, such as the ones that the secret's owner derives.
    pub fn new(bytes: [u8; SEAL]) -> Self {
        Self(bytes)
    }

    /// Reads 32 bytes in Base64. `None` if the text is anything else.
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        Some(Self(bytes.as_slice().try_into().ok()?))
    }

    /// The key in Base64, for whoever is to verify tokens.
    pub fn expose_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([secret])")
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The user's pool.
    pub pool: PoolId,
    /// The user.
    pub sub: Sub,
    /// The mail in which it was.
    pub mail: MailKind,
    /// When that mail was owed, to the second.
    pub issued_at: Time,
}

/// Why a text is not taken for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// It has not the form of one; perhaps a part of it is missing.
    #[error("it is no token, or not the whole of one")]
    NoToken,
    /// It is one of another version of usher.
    #[error("it is a token of version {0}, which is not known here")]
    UnknownVersion(u8),
    /// None of the keys has signed it: it was changed, or is of another deployment, or of an older
    /// secret.
    #[error("none of the keys has signed it")]
    Forged,
}

impl Token {
    /// The token's text, of letters, digits, `-` and `_`.
    pub fn sign(&self, key: &Key) -> String {
        let mut bytes = vec![VERSION, code(self.mail)];
        let seconds = self.issued_at.unix_seconds();
        bytes.extend(u64::try_from(seconds).unwrap_or(0).to_be_bytes());
        for id in [self.pool.as_str(), self.sub.as_str()] {
            let length = u16::try_from(id.len()).expect("an id has 256 bytes at most");
            bytes.extend(length.to_be_bytes());
            bytes.extend(id.as_bytes());
        }
        let seal = hmac::sign(&key.hmac(), &bytes);
        bytes.extend(seal.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token that one of these keys has signed; compares in constant time.
    ///
    /// Nothing of the text is believed before.
    pub fn verify(text: &str, keys: &[Key]) -> Result<Self, Refused> {
        if text.len() > LONGEST {
            return Err(Refused::NoToken);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text.trim());
        let bytes = bytes.ok().ok_or(Refused::NoToken)?;
        let (said, seal) = bytes.split_last_chunk::<SEAL>().ok_or(Refused::NoToken)?;
        match said.first() {
            Some(&VERSION) => {}
            Some(&other) => return Err(Refused::UnknownVersion(other)),
            None => return Err(Refused::NoToken),
        }
        let signed = |key: &Key| hmac::verify(&key.hmac(), said, seal).is_ok();
        if !keys.iter().any(signed) {
            return Err(Refused::Forged);
        }
        Self::read(&said[1..]).ok_or(Refused::NoToken)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (mail, rest) = bytes.split_first()?;
        let (seconds, rest) = rest.split_first_chunk()?;
        let (pool, rest) = text(rest)?;
        let (sub, rest) = text(rest)?;
        let seconds = i64::try_from(u64::from_be_bytes(*seconds)).ok()?;
        rest.is_empty().then_some(Self {
            pool: PoolId::new(pool).ok()?,
            sub: Sub::new(sub).ok()?,
            mail: MailKind::ALL
                .into_iter()
                .find(|kind| code(*kind) == *mail)?,
            issued_at: Time::from_unix_seconds(seconds)?,
        })
    }

    /// Whether its mail was owed longer ago than this.
    pub fn is_older_than(&self, age: Duration, now: Time) -> bool {
        self.issued_at.plus(age) < now
    }
}

/// A text with its length before it, and what follows.
fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// What stands for a mail in a token. Never to be changed: old mails are kept for years.
fn code(mail: MailKind) -> u8 {
    match mail {
        MailKind::Welcome => 1,
        MailKind::PasswordChanged => 2,
        MailKind::Suspension => 3,
    }
}

#[cfg(test)]
mod tests;
