use crate::{ClientId, Person, Subject, fact::facts};
use serde::{Deserialize, Deserializer, Serialize};

facts! {
    /// What Cognito told us has happened. The only events that the wire brings in.
    LifecycleEvent {
        /// Somebody asked to sign up and was admitted. There is no user yet.
        "sign_up_requested" 1 => SignUpRequested,
        /// Somebody asked to sign up and was refused.
        "sign_up_refused" 1 => SignUpRefused,
        /// A user is confirmed. Happens once in a user's life.
        "sign_up_confirmed" 1 => SignUpConfirmed,
        /// A user who had forgotten the password has set a new one.
        "password_reset" 1 => PasswordReset,
        /// A known user was refused a sign-in or a token.
        "sign_in_refused" 1 => SignInRefused,
        /// A user has signed in.
        "signed_in" 1 => SignedIn,
    }
}

impl LifecycleEvent {
    /// What the event says of the person.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::SignUpRequested(_) | Self::SignUpRefused(_) | Self::SignInRefused(_) => None,
            Self::SignUpConfirmed(event) => Some(&event.person),
            Self::PasswordReset(event) => Some(&event.person),
            Self::SignedIn(event) => Some(&event.person),
        }
    }

    /// The person, to be normalized before the event is recorded.
    pub fn person_mut(&mut self) -> Option<&mut Person> {
        match self {
            Self::SignUpRequested(_) | Self::SignUpRefused(_) | Self::SignInRefused(_) => None,
            Self::SignUpConfirmed(event) => Some(&mut event.person),
            Self::PasswordReset(event) => Some(&mut event.person),
            Self::SignedIn(event) => Some(&mut event.person),
        }
    }

    /// Whether an event of this type can be about that subject: sign-ups have no sub, users do.
    pub fn fits(&self, subject: &Subject) -> bool {
        match self {
            Self::SignUpRequested(_) | Self::SignUpRefused(_) => {
                matches!(subject, Subject::SignUp(_))
            }
            Self::SignUpConfirmed(_)
            | Self::PasswordReset(_)
            | Self::SignInRefused(_)
            | Self::SignedIn(_) => {
                matches!(subject, Subject::User(_))
            }
        }
    }
}

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

/// Why the policy refused. Never shown to anybody but operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// The mail address's domain is on the list of blocked ones.
    DomainBlocked,
    /// The mail address's domain is not on the list of allowed ones.
    DomainNotAllowed,
    /// The policy goes by domain, and there is no mail address to go by.
    EmailMissing,
    /// The user is suspended.
    UserSuspended,
    /// The policy refuses what it cannot check, and the table did not answer.
    StoreUnavailable,
}

impl RefusalReason {
    /// The name on the wire, in log fields and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DomainBlocked => "domain_blocked",
            Self::DomainNotAllowed => "domain_not_allowed",
            Self::EmailMissing => "email_missing",
            Self::UserSuspended => "user_suspended",
            Self::StoreUnavailable => "store_unavailable",
        }
    }
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

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn kept_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| SignUpContext::word(&text)))
}

/// See [`LifecycleEvent::SignUpRequested`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignUpRequested {
    /// Who asked.
    pub route: SignUpRoute,
}

/// See [`LifecycleEvent::SignUpRefused`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignUpRefused {
    /// Who asked.
    pub route: SignUpRoute,
    /// Why not.
    pub reason: RefusalReason,
}

/// See [`LifecycleEvent::SignUpConfirmed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignUpConfirmed {
    /// How.
    pub route: ConfirmationRoute,
    /// The app client through which it happened, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// Where the user came from.
    #[serde(default, skip_serializing_if = "SignUpContext::is_empty")]
    pub context: SignUpContext,
    /// Who it is.
    #[serde(default)]
    pub person: Person,
}

/// See [`LifecycleEvent::PasswordReset`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// The app client through which it happened, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// Who it is, as the pool knew it then.
    #[serde(default)]
    pub person: Person,
}

/// See [`LifecycleEvent::SignInRefused`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignInRefused {
    /// Why not.
    pub reason: RefusalReason,
}

/// See [`LifecycleEvent::SignedIn`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignedIn {
    /// The app client through which it happened, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// Whether the device is new to the pool; `None` where the pool does not remember devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_device: Option<bool>,
    /// Who it is, as the pool knew it then.
    #[serde(default)]
    pub person: Person,
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
