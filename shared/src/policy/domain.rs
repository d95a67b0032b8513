//! Domain names, and patterns of them, in a form that can be compared.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A domain name in the one form in which it is compared: ASCII, lower case, without the dot at
/// its end.
///
/// Labels hold letters, digits and hyphens, none at the edge of a label; a name in another script
/// is in its `xn--` form. A domain taken from an address is part of it, and so is not logged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(String);

/// Why a text is no domain, or no pattern of domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DomainError {
    /// Empty, too long, or with a character that no domain has.
    #[error("is not a domain name")]
    NotADomain,
    /// A star that is not the whole first label.
    #[error("may hold a star only as its first label, as in *.example.com")]
    MisplacedStar,
}

impl Domain {
    /// Takes a domain name in any script and case, with or without a dot at its end.
    pub fn new(text: &str) -> Result<Self, DomainError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        Uts46::new()
            .to_ascii(
                text.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::CheckFirstLast,
                DnsLength::Verify,
            )
            .map(|ascii| Self(ascii.into_owned()))
            .map_err(|_idna| DomainError::NotADomain)
    }

    /// The domain of a mail address; `None` for a text that receivers could read as another one.
    ///
    /// Rights hang on the answer, so everything that mail servers are known to disagree about is no
    /// address here: quoted local parts, comments, lists, routes and encoded words.
    pub fn of_email(email: &str) -> Option<Self> {
        let (local, domain) = email.trim().rsplit_once('@')?;
        let plain =
            |c: char| !c.is_whitespace() && !c.is_control() && !"\"(),:;<>@[\\]".contains(c);
        let readable = !local.is_empty() && local.chars().all(plain) && !local.contains("=?");
        readable.then(|| Self::new(domain).ok())?
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as people read it: in its own script.
    pub fn to_unicode(&self) -> String {
        idna::domain_to_unicode(&self.0).0
    }

    /// Whether this lies below another; no domain lies below itself.
    fn is_below(&self, other: &Self) -> bool {
        self.0
            .strip_suffix(&other.0)
            .is_some_and(|labels| labels.ends_with('.'))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which domains a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DomainPattern {
    /// `example.com`: this domain, and none below it.
    Exact(Domain),
    /// `*.example.com`: every domain below it at any depth, and not `example.com` itself.
    Below(Domain),
}

impl DomainPattern {
    /// Whether it is about that domain.
    pub fn matches(&self, domain: &Domain) -> bool {
        match self {
            Self::Exact(exact) => domain == exact,
            Self::Below(apex) => domain.is_below(apex),
        }
    }

    /// Whether it is about every domain that the other is about.
    pub fn covers(&self, other: &Self) -> bool {
        match other {
            Self::Exact(domain) => self.matches(domain),
            Self::Below(apex) => match self {
                Self::Exact(_) => false,
                Self::Below(mine) => apex == mine || apex.is_below(mine),
            },
        }
    }

    /// Greater for the narrower of two patterns that match one domain: an exact one before a star,
    /// and of two stars the longer.
    pub fn specificity(&self) -> (bool, usize) {
        match self {
            Self::Exact(domain) => (true, domain.0.len()),
            Self::Below(apex) => (false, apex.0.len()),
        }
    }
}

impl FromStr for DomainPattern {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        match text.strip_prefix("*.") {
            _ if text.matches('*').count() > usize::from(text.starts_with("*.")) => {
                Err(DomainError::MisplacedStar)
            }
            Some(apex) => Domain::new(apex).map(Self::Below),
            None => Domain::new(text).map(Self::Exact),
        }
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(domain) => write!(f, "{domain}"),
            Self::Below(apex) => write!(f, "*.{apex}"),
        }
    }
}

#[cfg(test)]
mod tests;
