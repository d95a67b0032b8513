/// Why Cognito sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageSource {
    /// Somebody has signed up.
    SignUp,
    /// An administrator has created a user, who gets a temporary password.
    AdminCreateUser,
    /// A code is sent once more.
    ResendCode,
    /// A password is to be reset.
    ForgotPassword,
    /// An address or a number has changed.
    UpdateUserAttribute,
    /// An address or a number is to be verified.
    VerifyUserAttribute,
    /// A second factor, or a sign-in without a password.
    Authentication,
}

impl MessageSource {
    /// Every source, under its key in the policy.
    pub const ALL: [(&'static str, Self); 7] = [
        ("sign_up", Self::SignUp),
        ("admin_create_user", Self::AdminCreateUser),
        ("resend_code", Self::ResendCode),
        ("forgot_password", Self::ForgotPassword),
        ("update_user_attribute", Self::UpdateUserAttribute),
        ("verify_user_attribute", Self::VerifyUserAttribute),
        ("authentication", Self::Authentication),
    ];

    /// The key in the policy.
    pub fn key(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::AdminCreateUser => "admin_create_user",
            Self::ResendCode => "resend_code",
            Self::ForgotPassword => "forgot_password",
            Self::UpdateUserAttribute => "update_user_attribute",
            Self::VerifyUserAttribute => "verify_user_attribute",
            Self::Authentication => "authentication",
        }
    }

    /// Whether a pool that verifies by link sends one here.
    pub fn may_link(self) -> bool {
        match self {
            Self::SignUp
            | Self::ResendCode
            | Self::UpdateUserAttribute
            | Self::VerifyUserAttribute => true,
            Self::AdminCreateUser | Self::ForgotPassword | Self::Authentication => false,
        }
    }
}

/// What a mail carries, as the pool is set to verify.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageKind {
    /// A code to type, or a temporary password.
    #[default]
    Code,
    /// A link to follow.
    Link,
}
