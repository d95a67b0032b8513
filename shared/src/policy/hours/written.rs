//! How times and days are written in a policy.

use super::{DAY, Day};
use jiff::civil::{Date, Weekday};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Names of the weekdays, from Monday.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Why a text is not what a policy writes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WrittenError {
    /// Not a time of day.
    #[error("is no time of day; write one as 08:30, and the end of a day as 24:00")]
    NoTime,
    /// Neither a weekday nor a range of them.
    #[error(
        "is no weekday; there are mon, tue, wed, thu, fri, sat and sun, and ranges such as mon-fri"
    )]
    NoWeekday,
    /// Neither a date nor a day of every year.
    #[error("is no date; write one as 2026-12-24, and a day of every year as 12-24")]
    NoDate,
}

/// What a clock on the wall shows, and 24:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(u16);

impl WallTime {
    /// Minutes from midnight, 0 to 1440.
    pub fn minutes(self) -> u16 {
        self.0
    }
}

impl FromStr for WallTime {
    type Err = WrittenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = |part: &str| {
            let plain = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse::<u16>().ok())?
        };
        let (hour, minute) = text.split_once(':').ok_or(WrittenError::NoTime)?;
        let (hour, minute) = part(hour).zip(part(minute)).ok_or(WrittenError::NoTime)?;
        let minutes = hour * 60 + minute;
        if minute < 60 && minutes <= DAY {
            Ok(Self(minutes))
        } else {
            Err(WrittenError::NoTime)
        }
    }
}

/// One weekday or a range of them, which may go on past Sunday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weekdays(Vec<Weekday>);

impl Weekdays {
    /// The days, each once.
    pub fn days(&self) -> &[Weekday] {
        &self.0
    }
}

impl FromStr for Weekdays {
    type Err = WrittenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = |name: &str| {
            let index = WEEKDAYS.iter().position(|weekday| *weekday == name);
            index.ok_or(WrittenError::NoWeekday)
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (day(first)?, day(last)?);
        let count = (last + WEEKDAYS.len() - first) % WEEKDAYS.len() + 1;
        let weekday = |index: usize| {
            let offset = i8::try_from(index % WEEKDAYS.len()).ok()?;
            Weekday::from_monday_zero_offset(offset).ok()
        };
        Ok(Self((first..first + count).filter_map(weekday).collect()))
    }
}

/// The name of a weekday, as a policy writes it.
pub fn weekday_name(day: Weekday) -> &'static str {
    WEEKDAYS[usize::from(day.to_monday_zero_offset().unsigned_abs())]
}

impl FromStr for Day {
    type Err = WrittenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The date's own parser takes more than one way of writing; only this one comes back.
        let date = |text: &str| {
            let date = text.parse::<Date>().ok();
            date.filter(|date| date.to_string() == text)
        };
        // A leap year has every day that there is.
        let each_year =
            || date(&format!("2000-{text}")).map(|date| Self::EachYear(date.month(), date.day()));
        let day = date(text).map(Self::Once).or_else(each_year);
        day.ok_or(WrittenError::NoDate)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(date) => write!(f, "{date}"),
            Self::EachYear(month, day) => write!(f, "{month:02}-{day:02}"),
        }
    }
}
