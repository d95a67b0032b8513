//! Why a rule says what it says, as a sentence that is made only when somebody reads it.

use super::hours::Hours;
use super::person::Doubt;
use super::{Domain, DomainPattern};
use std::collections::BTreeSet;
use std::fmt;
use usher_events::{Role, Time};

/// A reason, borrowed from policy and case. Its `Display` is a sentence without a full stop.
#[derive(Clone, Copy, Debug)]
pub enum Why<'c> {
    /// The same for everybody.
    Fixed(&'static str),
    /// There is no mail address, it is none, or nobody trustworthy has verified it.
    Doubt(Doubt<'c>),
    /// A domain is on a list.
    Listed(&'c Domain, &'c DomainPattern),
    /// A domain is on no list.
    NotListed(&'c Domain),
    /// A domain is, or is not, one of a service that gives addresses away for minutes.
    Disposable(&'c Domain, bool),
    /// An attribute is missing or empty.
    AttributeMissing(&'c str),
    /// An attribute is not true.
    NotAgreed(&'c str),
    /// An attribute is none of the values that it may have.
    NotAmong(&'c str, &'c BTreeSet<String>),
    /// An organization may or may not let its members in.
    Organization(&'c str, bool),
    /// What the clock shows where the hours of a role hold.
    Clock(&'c Hours, &'c Role, Time),
    /// A source said so, as of then.
    Recorded(Time),
    /// A source gives nothing, as it said then.
    RecordedNone(Time),
    /// The rule for a domain.
    Rule(&'c DomainPattern),
    /// A sentence about a name.
    Of(&'c str, &'static str),
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(why) => f.write_str(why),
            Self::Doubt(doubt) => doubt.fmt(f),
            Self::Listed(domain, pattern) => match pattern {
                DomainPattern::Exact(_) => write!(f, "{domain} is listed"),
                DomainPattern::Below(_) => write!(f, "{domain} is listed, by {pattern}"),
            },
            Self::NotListed(domain) => write!(f, "{domain} is not listed"),
            Self::Disposable(domain, true) => {
                write!(f, "{domain} gives addresses away for minutes")
            }
            Self::Disposable(domain, false) => write!(f, "{domain} is not on the library's list"),
            Self::AttributeMissing(name) => write!(f, "{name} is missing or empty"),
            Self::NotAgreed(name) => write!(f, "{name} is not \"true\""),
            Self::NotAmong(name, values) => {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                write!(f, "{name} is none of {}", values.join(", "))
            }
            Self::Organization(id, true) => write!(f, "{id} is active"),
            Self::Organization(id, false) => write!(f, "{id} is not active"),
            Self::Clock(hours, role, now) => f.write_str(&hours.shown(role, *now)),
            Self::Recorded(at) => write!(f, "recorded as of {at}"),
            Self::RecordedNone(at) => write!(f, "gives nothing any more, as of {at}"),
            Self::Rule(pattern) => write!(f, "the rule for {pattern}"),
            Self::Of(name, rest) => write!(f, "{name} {rest}"),
        }
    }
}
