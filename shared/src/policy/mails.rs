//! Which mails there are.

use crate::commit::EffectKind;

/// A mail that usher sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailKind {
    /// To somebody who is new.
    Welcome,
    /// To somebody whose password was reset.
    PasswordChanged,
    /// To somebody whom an operator has suspended.
    Suspension,
}

impl MailKind {
    /// Every mail there is.
    pub const ALL: [Self; 3] = [Self::Welcome, Self::PasswordChanged, Self::Suspension];

    /// The name in the policy and in tags.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::PasswordChanged => "password_changed",
            Self::Suspension => "suspension",
        }
    }

    /// The mail that an effect consists in; `None` where it is none.
    pub fn of(effect: EffectKind) -> Option<Self> {
        match effect {
            EffectKind::WelcomeMail => Some(Self::Welcome),
            EffectKind::PasswordChangedNotice => Some(Self::PasswordChanged),
            EffectKind::SuspensionNotice => Some(Self::Suspension),
            EffectKind::Publication => None,
        }
    }
}
