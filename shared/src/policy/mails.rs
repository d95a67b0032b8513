//! Which mails there are, which template of the owner's a reader gets, and what it may ask for.

mod choice;
mod content;
mod tags;
mod values;

pub use choice::{FIRST_SEEN, MailTemplate, ORGANIC, Reader, Readers, choose};
pub use content::OrganizationContent;
pub use tags::{OUR_TAGS, TagSays, TagSource, Tagged, tags};
pub use values::{Facts, MailValues, subject_line, values};

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
