//! Scopes of access tokens.

use std::fmt;
use thiserror::Error;

/// Longest scope, in characters; a resource server's own have an identifier and a slash before them.
const LONGEST: usize = 256;
/// How scopes begin that are Cognito's own.
const COGNITOS: &str = "aws.cognito.";

/// Why a text is not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScopeError {
    /// Nothing there.
    #[error("a scope must not be empty")]
    Empty,
    /// A character that RFC 6749, section 3.3, does not have, such as a space.
    #[error(
        "a scope holds letters, digits and signs of ASCII other than the quotation mark and the \
         backslash, and no space"
    )]
    BadCharacter,
    /// Longer than any that Cognito has.
    #[error("a scope must be at most {LONGEST} characters")]
    TooLong,
}

/// One scope: what an access token may be used for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope(String);

impl Scope {
    /// Takes a text of the characters that OAuth has for scopes.
    pub fn new(text: impl Into<String>) -> Result<Self, ScopeError> {
        let text = text.into();
        let is_ours = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        match () {
            () if text.is_empty() => Err(ScopeError::Empty),
            () if !text.bytes().all(is_ours) => Err(ScopeError::BadCharacter),
            () if text.len() > LONGEST => Err(ScopeError::TooLong),
            () => Ok(Self(text)),
        }
    }

    /// The scope.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it lets its bearer act on the account in the pool itself. An app client can grant
    /// that; a policy can only take it away.
    pub fn is_cognitos(&self) -> bool {
        self.0.starts_with(COGNITOS)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_has_the_characters_of_oauth() {
        let every: String = ('!'..='~').filter(|c| !['"', '\\'].contains(c)).collect();
        for scope in ["a", "orders/read", "https://api.example/read:all", &every] {
            assert_eq!(Scope::new(scope).unwrap().as_str(), scope);
        }
        for (text, error) in [
            ("", ScopeError::Empty),
            ("a b", ScopeError::BadCharacter),
            ("a\tb", ScopeError::BadCharacter),
            ("a\"", ScopeError::BadCharacter),
            ("a\\b", ScopeError::BadCharacter),
            ("é", ScopeError::BadCharacter),
            ("\u{7f}", ScopeError::BadCharacter),
            (&"x".repeat(257), ScopeError::TooLong),
        ] {
            assert_eq!(Scope::new(text), Err(error), "{text}");
        }
    }

    #[test]
    fn cognitos_own_are_known_by_their_beginning() {
        let is_cognitos = |scope| Scope::new(scope).unwrap().is_cognitos();
        assert!(is_cognitos("aws.cognito.signin.user.admin"));
        assert!(!is_cognitos("openid") && !is_cognitos("aws/read"));
    }
}
