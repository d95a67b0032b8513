//! What a sign-up is made of: who asked, how it was confirmed, and what brought the user.

use serde::{Deserialize, Deserializer, Serialize};

/// Who asked for the sign-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignUpRoute {
    /// The user.
    SelfService,
    /// An administrator.
    Administrator,
    /// An outside identity provider, at the first sign-in with it.
    ExternalProvider,
}

impl SignUpRoute {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SelfService => "self_service",
            Self::Administrator => "administrator",
            Self::ExternalProvider => "external_provider",
        }
    }
}

/// How the user came to be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationRoute {
    /// By a code, a link, an administrator or the pool itself.
    SignUp,
    /// By an outside identity provider's word.
    ExternalProvider,
}

/// Where a sign-up came from, in words from a closed alphabet: they reach links, tags and the bus.
///
/// Decoding drops what [`SignUpContext::word`] would not have kept: it is not worth losing the
/// event for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SignUpContext {
    /// What brought the user: `organic`, `referral`, `invite` or the application's own word.
    #[cfg_attr(
        feature = "schema",
        schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,64}$"))
    )]
    #[serde(
        deserialize_with = "kept_word",
        skip_serializing_if = "Option::is_none"
    )]
    pub source: Option<String>,
    /// The campaign that the application named.
    #[cfg_attr(
        feature = "schema",
        schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,64}$"))
    )]
    #[serde(
        deserialize_with = "kept_word",
        skip_serializing_if = "Option::is_none"
    )]
    pub campaign: Option<String>,
    /// The page or partner that sent the user, as the application names it.
    #[cfg_attr(
        feature = "schema",
        schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,64}$"))
    )]
    #[serde(
        deserialize_with = "kept_word",
        skip_serializing_if = "Option::is_none"
    )]
    pub referrer: Option<String>,
}

impl SignUpContext {
    /// Longest word kept.
    const LONGEST: usize = 64;

    /// Keeps a word only if it is short and made of letters, digits, `.`, `_` and `-`: it is the
    /// user's text, and goes where markup, headers and keys are made.
    pub fn word(text: &str) -> Option<String> {
        let text = text.trim();
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        (!text.is_empty() && text.len() <= Self::LONGEST && plain).then(|| text.to_owned())
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn kept_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| SignUpContext::word(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_context_is_short_and_plain_or_absent() {
        assert_eq!(
            SignUpContext::word(" spring_2026 ").as_deref(),
            Some("spring_2026")
        );
        for bad in ["", "a b", "<b>", "a\r\nBcc: x", &"x".repeat(65)] {
            assert_eq!(SignUpContext::word(bad), None, "{bad:?}");
        }
    }
}
