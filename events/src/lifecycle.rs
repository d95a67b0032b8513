use crate::{
    ClientId, ConfirmationRoute, InviteId, MessageMedium, MessagePurpose, Person, RefusalReason,
    RefusedStep, Severity, SignUpContext, SignUpKey, SignUpRoute, Subject, fact::facts,
};
use serde::{Deserialize, Serialize};

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
        "sign_in_refused" 2 => SignInRefused,
        /// A user has signed in.
        "signed_in" 1 => SignedIn,
        /// A user of whom nothing was announced has a token: made by an administrator, migrated,
        /// imported, or faster than the announcement. Happens once in a user's life.
        "first_seen" 1 => FirstSeen,
        /// A token was made for a user whose attributes are not those that were recorded. Cognito
        /// has no trigger for the change itself.
        "attributes_changed" 1 => AttributesChanged,
        /// Cognito asked for a message with a code to be sent in its stead.
        "message_requested" 1 => MessageRequested,
    }
}

impl LifecycleEvent {
    /// What the event says of the person.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::SignUpRequested(_)
            | Self::SignUpRefused(_)
            | Self::SignInRefused(_)
            | Self::MessageRequested(_) => None,
            Self::SignUpConfirmed(event) => Some(&event.person),
            Self::PasswordReset(event) => Some(&event.person),
            Self::SignedIn(event) => Some(&event.person),
            Self::FirstSeen(event) => Some(&event.person),
            Self::AttributesChanged(event) => Some(&event.person),
        }
    }

    /// The person, to be normalized before the event is recorded.
    pub fn person_mut(&mut self) -> Option<&mut Person> {
        match self {
            Self::SignUpRequested(_)
            | Self::SignUpRefused(_)
            | Self::SignInRefused(_)
            | Self::MessageRequested(_) => None,
            Self::SignUpConfirmed(event) => Some(&mut event.person),
            Self::PasswordReset(event) => Some(&mut event.person),
            Self::SignedIn(event) => Some(&mut event.person),
            Self::FirstSeen(event) => Some(&mut event.person),
            Self::AttributesChanged(event) => Some(&mut event.person),
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
            | Self::SignedIn(_)
            | Self::FirstSeen(_)
            | Self::AttributesChanged(_) => {
                matches!(subject, Subject::User(_))
            }
            // Before the confirmation Cognito may or may not name the user by sub.
            Self::MessageRequested(_) => true,
        }
    }
}

/// See [`LifecycleEvent::SignUpRequested`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignUpRequested {
    /// Who asked.
    pub route: SignUpRoute,
    /// The invite of which a use was reserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<InviteId>,
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
    /// How much it should worry an operator, as it was judged then.
    pub severity: Severity,
    /// Which refusal of this subject, for this reason, within the hour; from 1. Counted only up to a
    /// bound, and calls at one moment count as one.
    pub attempt: u32,
    /// The invite whose code was tried, where the code was looked at and is one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<InviteId>,
}

impl SignUpRefused {
    /// A refusal of today's severity, without an invite.
    pub fn new(route: SignUpRoute, reason: RefusalReason, attempt: u32) -> Self {
        Self {
            route,
            reason,
            severity: reason.severity(),
            attempt,
            invite: None,
        }
    }
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
    /// Where the sign-up itself is kept: its context and its invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_up: Option<SignUpKey>,
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
    /// What was wanted.
    pub step: RefusedStep,
    /// The app client through which it was wanted, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// Why not.
    pub reason: RefusalReason,
    /// How much it should worry an operator, as it was judged then.
    pub severity: Severity,
}

impl SignInRefused {
    /// A refusal of today's severity, of nobody knows what.
    pub fn new(reason: RefusalReason) -> Self {
        Self {
            step: RefusedStep::Unknown,
            client: None,
            reason,
            severity: reason.severity(),
        }
    }
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

/// See [`LifecycleEvent::FirstSeen`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FirstSeen {
    /// The app client through which it happened, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// Who it is, as the pool knew it then.
    #[serde(default)]
    pub person: Person,
}

/// See [`LifecycleEvent::AttributesChanged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AttributesChanged {
    /// The app client through which it was noticed, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// Who it is now.
    #[serde(default)]
    pub person: Person,
}

/// See [`LifecycleEvent::MessageRequested`]. Holds neither code nor address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MessageRequested {
    /// By which way.
    pub medium: MessageMedium,
    /// What for.
    pub purpose: MessagePurpose,
}
