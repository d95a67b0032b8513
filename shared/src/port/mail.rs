use super::Fault;
use crate::disposition::{Disposition, FaultKind};
use async_trait::async_trait;
use thiserror::Error;
use usher_events::Personal;

/// A name and value by which sent mail is counted; letters, digits, `_` and `-` only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// A mail, rendered.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The one recipient.
    pub to: Personal,
    /// Sender, as `Name <address>` or an address alone.
    pub from: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// One line.
    pub subject: String,
    /// The part for readers of plain text.
    pub text: String,
    /// The part for readers of HTML.
    pub html: String,
    /// See [`Tag`].
    pub tags: Vec<Tag>,
    /// The mail service's own set of settings for this kind of mail.
    pub configuration_set: Option<String>,
}

impl std::fmt::Debug for Mail {
    /// Shows nothing that the recipient would not want shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail")
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}

/// Why a mail was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MailError {
    /// This mail will never be accepted: the address is impossible, or the provider refuses it.
    #[error("the mail service will not take this mail")]
    Rejected,
    /// The service failed; another mail would have failed too.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl MailError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Rejected => Disposition::DeadLetter,
            Self::Fault(fault) => fault.disposition(),
        }
    }

    /// The kind of failure, for the ledger.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Rejected => FaultKind::Refused,
            Self::Fault(fault) => fault.kind,
        }
    }
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands one mail to the service and gives the service's id of it.
    ///
    /// Must not be repeated after success. After [`FaultKind::TimedOut`] nobody knows whether the
    /// mail was taken, so that is not retried at once either.
    async fn send(&self, mail: &Mail) -> Result<String, MailError>;
}
