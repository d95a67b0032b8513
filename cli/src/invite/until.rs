//! When an invite ends, as people say it.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use std::str::FromStr;
use std::time::Duration;
use usher_events::Time;

/// An end, of which the present decides what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// So long from now.
    After(Duration),
    /// At that instant, and no longer.
    At(Time),
}

impl Until {
    /// The instant.
    pub fn from(self, now: Time) -> Time {
        match self {
            Self::After(length) => now.plus(length),
            Self::At(time) => time,
        }
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(length) = length(text) {
            return Ok(Self::After(length));
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self::At(instant.into()));
        }
        let next = text.parse::<Date>().and_then(|date| date.tomorrow());
        let end = next.and_then(|next| next.to_zoned(TimeZone::UTC));
        end.map(|end| Self::At(end.timestamp().into()))
            .map_err(|_error| {
                "must be a length such as 12h, 7d or 4w, a day such as 2026-12-31 (to its end, in \
                 UTC), or an instant such as 2026-12-31T18:00:00Z"
                    .to_owned()
            })
    }
}

/// A number and a unit: `m`, `h`, `d` or `w`.
pub fn length(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        'w' => 7 * 24 * 3600,
        _ => return None,
    };
    let number: u32 = text[..text.len() - 1].parse().ok()?;
    (number > 0).then(|| Duration::from_secs(u64::from(number) * unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_length_a_day_or_an_instant() {
        let now: Time = "2026-01-02T03:04:05Z".parse().unwrap();
        for (text, expected) in [
            ("90m", "2026-01-02T04:34:05Z"),
            ("12h", "2026-01-02T15:04:05Z"),
            ("7d", "2026-01-09T03:04:05Z"),
            (" 2w ", "2026-01-16T03:04:05Z"),
            ("2026-02-28", "2026-03-01T00:00:00Z"),
            ("2026-12-31T18:00:00+01:00", "2026-12-31T17:00:00Z"),
        ] {
            let until: Until = text.parse().unwrap();
            assert_eq!(until.from(now), expected.parse().unwrap(), "{text}");
        }
        for bad in [
            "",
            "0d",
            "7",
            "d",
            "-1d",
            "7 days",
            "2026-02-30",
            "tomorrow",
            "1\u{e9}",
        ] {
            assert!(bad.parse::<Until>().is_err(), "{bad}");
        }
    }
}
