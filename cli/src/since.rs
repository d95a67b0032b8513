//! An instant, said as one or as a length before now.

use crate::invite::length;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use usher_events::Time;

/// Since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So long before now.
    Ago(Duration),
    /// That instant.
    At(Time),
}

impl Since {
    /// The instant.
    pub fn before(self, now: Time) -> Time {
        match self {
            Self::Ago(length) => {
                let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
                let then = now.unix_millis().saturating_sub(length);
                Time::from_unix_millis(then).unwrap_or(now)
            }
            Self::At(time) => time,
        }
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ago(length) => write!(f, "{} s ago", length.as_secs()),
            Self::At(time) => write!(f, "{time}"),
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(length) = length(text) {
            return Ok(Self::Ago(length));
        }
        text.parse().map(Self::At).map_err(|_error| {
            "must be a length such as 12h, 7d or 4w, or an instant such as 2026-12-31T18:00:00Z"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_length_or_an_instant() {
        let now: Time = "2026-01-02T03:04:05Z".parse().unwrap();
        for (text, expected) in [
            ("24h", "2026-01-01T03:04:05Z"),
            ("7d", "2025-12-26T03:04:05Z"),
            ("2025-12-31T18:00:00Z", "2025-12-31T18:00:00Z"),
        ] {
            let since: Since = text.parse().unwrap();
            assert_eq!(since.before(now), expected.parse().unwrap(), "{text}");
        }
        for text in ["", "h", "yesterday", "0d"] {
            assert!(text.parse::<Since>().is_err(), "{text}");
        }
    }
}
