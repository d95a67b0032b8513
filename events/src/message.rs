//! What the messages of a user pool are for, and how they travel.

use serde::{Deserialize, Serialize};

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessageMedium {
    /// Mail.
    Email,
    /// Text message.
    Sms,
}

impl MessageMedium {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessagePurpose {
    /// Confirming a sign-up.
    SignUp,
    /// Inviting a user whom an administrator made, with a first password.
    AdminCreateUser,
    /// Confirming a sign-up, once more.
    ResendCode,
    /// Setting a new password.
    ForgotPassword,
    /// Verifying an attribute that was changed.
    UpdateUserAttribute,
    /// Verifying an attribute because the user asked for it.
    VerifyUserAttribute,
    /// A second factor, or signing in by code.
    Authentication,
    /// Telling a user of a sign-in that may have been somebody else's.
    AccountTakeOverNotification,
}

impl MessagePurpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::SignUp,
        Self::AdminCreateUser,
        Self::ResendCode,
        Self::ForgotPassword,
        Self::UpdateUserAttribute,
        Self::VerifyUserAttribute,
        Self::Authentication,
        Self::AccountTakeOverNotification,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::AdminCreateUser => "admin_create_user",
            Self::ResendCode => "resend_code",
            Self::ForgotPassword => "forgot_password",
            Self::UpdateUserAttribute => "update_user_attribute",
            Self::VerifyUserAttribute => "verify_user_attribute",
            Self::Authentication => "authentication",
            Self::AccountTakeOverNotification => "account_take_over_notification",
        }
    }
}
