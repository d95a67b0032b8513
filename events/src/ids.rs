use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;
use uuid::Uuid;

/// Longest text that any id may have. Cognito's own are below 130; a key of the table may have 2,048.
const LONGEST: usize = 256;

/// Marks a subject that is a sign-up key. No sub may begin with it.
const SIGN_UP_PREFIX: &str = "S#";

/// Why a text is not an id. Carries no part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdError {
    /// Nothing there.
    #[error("an id is empty")]
    Empty,
    /// Longer than any id that Cognito gives.
    #[error("an id is longer than 256 bytes")]
    TooLong,
    /// White space, a control character, or the mark of another kind of id.
    #[error("an id holds a character that it must not")]
    BadCharacter,
}

fn check(text: &str) -> Result<(), IdError> {
    match text {
        "" => Err(IdError::Empty),
        _ if text.len() > LONGEST => Err(IdError::TooLong),
        _ if text.chars().any(|c| c.is_control() || c.is_whitespace()) => {
            Err(IdError::BadCharacter)
        }
        _ => Ok(()),
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident $(, not $prefix:expr)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes a text that is not empty, not too long, and free of white space and controls.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check(&text)?;
                $(if text.starts_with($prefix) { return Err(IdError::BadCharacter); })?
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

text_id! {
    /// A user pool's id, such as `eu-west-1_AbCdEfGhI`.
    PoolId
}
text_id! {
    /// Cognito's own id of a user. The only one that is never given to somebody else.
    Sub, not SIGN_UP_PREFIX
}
text_id! {
    /// An app client's id.
    ClientId
}
text_id! {
    /// An organization's id, as the policy or the table names it.
    OrganizationId
}
text_id! {
    /// A role's name, as the policy declares it.
    Role
}
text_id! {
    /// What an organization pays for, as the policy declares it: `free`, `pro`, `enterprise`.
    Plan
}
text_id! {
    /// A kind of account, as the policy declares it: `standard`, `business`, `enterprise`.
    AccountType
}
text_id! {
    /// An invite's id: a keyed digest of its code, which cannot be had from it.
    InviteId
}
text_id! {
    /// Ties together what one request caused: the id of the Lambda invocation that began it.
    CorrelationId
}

/// Stands for a sign-up whose user has no sub yet: a keyed digest of pool and user name.
///
/// Begins with `S#`. The user name cannot be had from it without the key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct SignUpKey(String);

impl SignUpKey {
    /// Makes the key from the text of a digest, without its prefix.
    pub fn from_digest(digest: &str) -> Result<Self, IdError> {
        check(digest)?;
        Ok(Self(format!("{SIGN_UP_PREFIX}{digest}")))
    }

    /// The text, with its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SignUpKey {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        let digest = text.strip_prefix(SIGN_UP_PREFIX);
        digest.map_or(Err(IdError::BadCharacter), Self::from_digest)
    }
}

impl From<SignUpKey> for String {
    fn from(key: SignUpKey) -> Self {
        key.0
    }
}

impl fmt::Display for SignUpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom an event is about, and so whose stream it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// A user that has a sub.
    User(Sub),
    /// A sign-up that has none yet. Its stream holds no personal values and folds into nothing.
    SignUp(SignUpKey),
}

impl Subject {
    /// The sub, if there is one.
    pub fn sub(&self) -> Option<&Sub> {
        match self {
            Self::User(sub) => Some(sub),
            Self::SignUp(_) => None,
        }
    }

    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::User(sub) => sub.as_str(),
            Self::SignUp(key) => key.as_str(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Subject {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        match text.strip_prefix(SIGN_UP_PREFIX) {
            Some(digest) => SignUpKey::from_digest(digest).map(Self::SignUp),
            None => Sub::new(text).map(Self::User),
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> String {
        match subject {
            Subject::User(sub) => sub.into(),
            Subject::SignUp(key) => key.0,
        }
    }
}

/// An event's id. Derived from what makes the fact one fact; see [`crate::identity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// Takes an id that was made elsewhere: derived in [`crate::identity`], or time-ordered and
    /// made once by whoever first saw the fact.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The id as a UUID.
    pub const fn uuid(&self) -> Uuid {
        self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for EventId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_a_sub_or_a_sign_up_key_and_never_both() {
        let user: Subject = serde_json::from_str(r#""3f0c2a1e""#).unwrap();
        assert_eq!(user.sub().map(Sub::as_str), Some("3f0c2a1e"));
        let sign_up: Subject = serde_json::from_str(r#""S#abc""#).unwrap();
        assert_eq!((sign_up.sub(), sign_up.as_str()), (None, "S#abc"));
        assert_eq!(Sub::new("S#abc"), Err(IdError::BadCharacter));
        for bad in ["", "S#", "a b", "a\n"] {
            assert!(Subject::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_id_refuses_what_could_break_a_key_or_a_log_line() {
        assert_eq!(PoolId::new("x".repeat(257)), Err(IdError::TooLong));
        assert_eq!(ClientId::new("a\u{0}"), Err(IdError::BadCharacter));
        assert!(PoolId::new("eu-west-1_AbC").is_ok());
    }
}
