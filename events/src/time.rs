use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr, time::Duration};

/// An instant in UTC, to the millisecond.
///
/// Its text is RFC 3339 with exactly three fractional digits, so that one instant has one text, and
/// texts sort as instants do from the year 0 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Timestamp);

impl Time {
    /// The instant that lies `seconds` after the Unix epoch; `None` outside years -9999 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().map(Self)
    }

    /// The instant that lies `millis` milliseconds after the Unix epoch; `None` outside years -9999
    /// to 9999.
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// Whole seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// Milliseconds since the Unix epoch.
    pub fn unix_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// This instant and `duration` more; stays at the last instant that a calendar can show.
    pub fn plus(self, duration: Duration) -> Self {
        self.0
            .checked_add(duration)
            .map_or(Self::from(Timestamp::MAX), Self::from)
    }

    /// How long after `earlier` this instant lies; zero if it does not.
    pub fn since(self, earlier: Self) -> Duration {
        u64::try_from(self.unix_millis() - earlier.unix_millis())
            .map_or(Duration::ZERO, Duration::from_millis)
    }

    /// The start of the bucket of this width that holds this instant. Buckets begin at the epoch.
    pub fn bucket_start(self, width: Duration) -> Self {
        let width = i64::try_from(width.as_millis()).unwrap_or(i64::MAX).max(1);
        let start = self.unix_millis().div_euclid(width) * width;
        Timestamp::from_millisecond(start).map_or(self, Self)
    }

    /// The instant as the time crate knows it.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl From<Timestamp> for Time {
    /// Cuts what is finer than a millisecond.
    fn from(timestamp: Timestamp) -> Self {
        let nanos = timestamp.subsec_millisecond() * 1_000_000;
        Timestamp::new(timestamp.as_second(), nanos).map_or(Self(timestamp), Self)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl FromStr for Time {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Timestamp>().map(Self::from)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|_error: jiff::Error| de::Error::custom("not an RFC 3339 instant"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_three_digits_and_sort_as_instants() {
        let texts: Vec<String> = [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.0009Z",
            "2026-01-02T03:04:05.1Z",
        ]
        .iter()
        .map(|text| text.parse::<Time>().unwrap().to_string())
        .collect();
        assert_eq!(
            texts,
            [
                "2026-01-02T03:04:05.000Z",
                "2026-01-02T03:04:05.000Z",
                "2026-01-02T03:04:05.100Z"
            ]
        );
    }

    #[test]
    fn a_bucket_starts_at_or_before_its_instant() {
        let time: Time = "2026-01-02T03:04:09.999Z".parse().unwrap();
        assert_eq!(
            time.bucket_start(Duration::from_secs(10)).to_string(),
            "2026-01-02T03:04:00.000Z"
        );
        assert_eq!(
            time.bucket_start(Duration::from_secs(60)).to_string(),
            "2026-01-02T03:04:00.000Z"
        );
    }
}
