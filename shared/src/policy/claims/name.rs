//! Names of claims: those that a trigger can set, and those that it can suppress.

use std::fmt;
use thiserror::Error;

/// Claims that Cognito does not let a trigger change (Cognito developer guide, *Pre token
/// generation*), and `scope`, which has a way of its own.
#[rustfmt::skip]
const RESERVED: [&str; 22] = [
    "acr", "amr", "at_hash", "aud", "auth_time", "azp", "client_id", "device_key", "event_id",
    "exp", "iat", "identities", "iss", "jti", "nbf", "nonce", "origin_jti", "scope", "sub",
    "token_use", "username", "version",
];
/// Beginnings of names that are Cognito's own, too.
const RESERVED_PREFIXES: [&str; 2] = ["cognito:", "dev:"];
/// The one claim of Cognito's own that can be suppressed; those of the groups' roles go with it.
const GROUPS: &str = "cognito:groups";
/// Longest name of a claim, in characters; tokens travel in headers.
const LONGEST: usize = 64;

/// Why a text is not the name of a claim that can be changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing there.
    #[error("the name of a claim must not be empty")]
    Empty,
    /// A name with white space is easily taken for two.
    #[error("the name of a claim must not hold spaces or control characters")]
    BadCharacter,
    /// Longer than a name in a token should be.
    #[error("the name of a claim must be at most {LONGEST} characters")]
    TooLong,
    /// Cognito would leave it as it is, or refuse the whole answer.
    #[error("{0} is reserved; Cognito lets nobody change it")]
    Reserved(String),
}

/// The name of a claim that can be set. Never one that Cognito reserves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClaimName(String);

/// The name of a claim that can be suppressed: one that can be set, `cognito:groups`, or one of a
/// developer-only attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HiddenName(String);

impl ClaimName {
    /// Takes a short word that Cognito has no meaning for.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check(&text)?;
        let lower = text.to_ascii_lowercase();
        let is_prefixed = RESERVED_PREFIXES
            .iter()
            .any(|prefix| lower.starts_with(prefix));
        if is_prefixed || RESERVED.contains(&lower.as_str()) {
            return Err(NameError::Reserved(text));
        }
        Ok(Self(text))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl HiddenName {
    /// Takes a short word that Cognito lets a trigger take out of a token.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        if text == GROUPS || text.starts_with("dev:") {
            check(&text)?;
            return Ok(Self(text));
        }
        ClaimName::new(text).map(Self::from)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this takes the groups out of the token.
    pub fn is_groups(&self) -> bool {
        self.0 == GROUPS
    }
}

impl From<ClaimName> for HiddenName {
    fn from(name: ClaimName) -> Self {
        Self(name.0)
    }
}

impl PartialEq<ClaimName> for HiddenName {
    fn eq(&self, other: &ClaimName) -> bool {
        self.0 == other.0
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for HiddenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(text: &str) -> Result<(), NameError> {
    match () {
        () if text.is_empty() => Err(NameError::Empty),
        () if text.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            Err(NameError::BadCharacter)
        }
        () if text.chars().count() > LONGEST => Err(NameError::TooLong),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cognito_reserves_can_be_neither_set_nor_suppressed() {
        let names = RESERVED.iter().copied();
        for name in names.chain(["cognito:username", "cognito:roles", "cognito:x", "AUD"]) {
            let reserved = NameError::Reserved(name.to_owned());
            assert_eq!(ClaimName::new(name), Err(reserved.clone()), "{name}");
            assert_eq!(HiddenName::new(name), Err(reserved), "{name}");
        }
    }

    #[test]
    fn groups_and_developers_attributes_can_be_suppressed_and_not_set() {
        for name in ["cognito:groups", "dev:custom:x"] {
            assert!(ClaimName::new(name).is_err(), "{name}");
            assert_eq!(HiddenName::new(name).unwrap().as_str(), name);
        }
        assert!(HiddenName::new("cognito:groups").unwrap().is_groups());
        assert_eq!(HiddenName::new("dev:a b"), Err(NameError::BadCharacter));
    }

    #[test]
    fn a_name_is_one_short_word() {
        let longest = "x".repeat(LONGEST);
        assert!(ClaimName::new(longest.as_str()).is_ok());
        for (name, error) in [
            ("", NameError::Empty),
            ("a b", NameError::BadCharacter),
            ("a\u{7}", NameError::BadCharacter),
            (&format!("{longest}x"), NameError::TooLong),
        ] {
            assert_eq!(ClaimName::new(name), Err(error.clone()), "{name}");
            assert_eq!(HiddenName::new(name), Err(error), "{name}");
        }
    }
}
