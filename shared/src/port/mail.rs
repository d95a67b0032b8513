use super::Fault;
use crate::disposition::{Disposition, FaultKind};
use async_trait::async_trait;
use thiserror::Error;
use usher_events::Personal;

/// A name and value by which sent mail is counted: letters, digits, `_` and `-`, at least one and at
/// most [`Self::LONGEST`] (SES API reference, *MessageTag*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Tag {
    /// Longest name or value, in bytes.
    pub const LONGEST: usize = 256;

    /// Whether a text can be a name or a value.
    pub fn is_word(text: &str) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(plain)
    }
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
    /// Where a reader, or the reader's mail program by one `POST`, says to have no more of these mails;
    /// `https` and printable ASCII. `None` where there is no such place.
    pub unsubscribe_url: Option<String>,
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

impl Mail {
    /// The headers of RFC 8058 that let a mail program unsubscribe its reader by one click.
    pub fn list_headers(&self) -> Option<[(&'static str, String); 2]> {
        let url = self.unsubscribe_url.as_ref()?;
        Some([
            ("List-Unsubscribe", format!("<{url}>")),
            (
                "List-Unsubscribe-Post",
                "List-Unsubscribe=One-Click".to_owned(),
            ),
        ])
    }
}

/// Why a mail was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MailError {
    /// This mail will never be accepted: the provider refuses it.
    #[error("the mail service will not take this mail")]
    Rejected,
    /// No mail will ever be accepted for this address: it is none.
    #[error("the mail service knows no such address")]
    BadAddress,
    /// No mail is accepted for this address any more: it is on a list of those who get none.
    #[error("the mail service sends nothing to this address")]
    Suppressed,
    /// The service failed; another mail would have failed too.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl MailError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Rejected | Self::BadAddress | Self::Suppressed => Disposition::DeadLetter,
            Self::Fault(fault) => fault.disposition(),
        }
    }

    /// The kind of failure.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Rejected | Self::BadAddress | Self::Suppressed => FaultKind::Refused,
            Self::Fault(fault) => fault.kind,
        }
    }

    /// The name in the ledger.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::BadAddress => "bad_address",
            Self::Suppressed => "suppressed",
            Self::Fault(fault) => fault.kind.as_str(),
        }
    }
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands one mail to the service and gives the service's id of it; empty if it took the mail and
    /// gave none.
    ///
    /// Must not be repeated after success. After [`FaultKind::TimedOut`] nobody knows whether the
    /// mail was taken, so that is not retried at once either.
    async fn send(&self, mail: &Mail) -> Result<String, MailError>;
}
