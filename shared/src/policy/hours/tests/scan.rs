//! Held against a clock that is read minute by minute.

use super::*;
use jiff::civil::DateTime;
use jiff::{Span, ToSpan};
use proptest::prelude::*;
use std::collections::HashSet;

/// Zones with offsets of every kind, each with an instant near a change of its clocks.
const PLACES: [(&str, &str); 12] = [
    ("UTC", "2026-03-29T00:00:00Z"),
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("America/St_Johns", "2026-11-01T04:30:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Asia/Kathmandu", "2026-06-01T18:15:00Z"),
    ("Asia/Beirut", "2025-03-29T22:00:00Z"),
    ("Pacific/Chatham", "2026-09-26T14:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
];

/// Every minute that a clock can show within three days of this one and that a window holds, by
/// walking through each window.
fn open_minutes(calendar: &Calendar, around: Date) -> HashSet<DateTime> {
    let mut open = HashSet::new();
    for offset in -3..=3_i64 {
        let date = around + Span::new().days(offset);
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap();
        let own = own(calendar, date);
        for window in own.unwrap_or(&calendar.week[weekday]) {
            for minute in window.from..window.until {
                let shown = date.at(0, 0, 0, 0) + i64::from(minute).minutes();
                let is_others = shown.date() != date && own_exists(calendar, shown.date());
                if !is_others {
                    open.insert(shown);
                }
            }
        }
    }
    open
}

fn own(calendar: &Calendar, date: Date) -> Option<&Vec<Window>> {
    let written = date.to_string();
    let of = |text: &str| calendar.dates.get(&text.parse::<Day>().unwrap());
    of(&written).or_else(|| of(&written[5..]))
}

fn own_exists(calendar: &Calendar, date: Date) -> bool {
    own(calendar, date).is_some()
}

fn any_window() -> impl Strategy<Value = Window> {
    let quarter = |from: u16, until: u16| Window {
        from: from * 15,
        until: until * 15,
    };
    let fine = (0..DAY, 1..=DAY).prop_map(|(from, length)| Window {
        from,
        until: from + length,
    });
    prop_oneof![
        fine,
        // Many that begin and end where clocks are changed.
        (0..20_u16, 1..20_u16).prop_map(move |(from, length)| quarter(from, from + length)),
        (80..96_u16, 1..40_u16).prop_map(move |(from, length)| quarter(from, from + length)),
    ]
}

fn any_windows() -> impl Strategy<Value = Vec<Window>> {
    prop::collection::vec(any_window(), 0..3)
}

/// A calendar of a place, and the instant near which its clocks are changed.
fn any_calendar() -> impl Strategy<Value = (Calendar, Time)> {
    let week = prop::array::uniform7(any_windows());
    let dates = prop::collection::vec((-2..=2_i64, any::<bool>(), any_windows()), 0..3);
    (0..PLACES.len(), week, dates).prop_map(|(place, week, dates)| {
        let (name, near) = PLACES[place];
        let zone = Zone::named(name).unwrap();
        let near: Time = near.parse().unwrap();
        let today = zone.clock(near).date();
        let day = |offset: i64, once: bool| {
            let date = today + Span::new().days(offset);
            match once {
                true => Day::Once(date),
                false => Day::EachYear(date.month(), date.day()),
            }
        };
        let dates = dates.into_iter();
        let dates = dates
            .map(|(offset, once, windows)| (day(offset, once), windows))
            .collect();
        (Calendar { zone, week, dates }, near)
    })
}

/// Every minute from a day before to a day after.
fn minutes_around(near: Time) -> impl Iterator<Item = Time> {
    let start = near.unix_seconds().div_euclid(60);
    (start - 1440..=start + 1440).map(|minute| Time::from_unix_seconds(minute * 60).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_instant_is_inside_if_the_clock_then_shows_an_open_minute((calendar, near) in any_calendar()) {
        let open = open_minutes(&calendar, calendar.zone.clock(near).date());
        for now in minutes_around(near) {
            let shown = calendar.zone.clock(now);
            prop_assert_eq!(calendar.is_open(now), open.contains(&shown), "{} {}", now, shown);
            let end = Time::from_unix_millis(now.unix_millis() + 59_999).unwrap();
            prop_assert_eq!(calendar.is_open(end), open.contains(&shown), "{} {}", end, shown);
        }
    }

    #[test]
    fn what_is_open_is_the_union_of_the_windows((calendar, near) in any_calendar()) {
        let calendar = Calendar { dates: BTreeMap::new(), ..calendar };
        let alone = |day: usize, window: Window| {
            let mut week: [Vec<Window>; 7] = Default::default();
            week[day].push(window);
            Calendar { week, ..calendar.clone() }
        };
        let days = calendar.week.iter().enumerate();
        let each: Vec<Calendar> = days
            .flat_map(|(day, windows)| windows.iter().map(move |window| (day, *window)))
            .map(|(day, window)| alone(day, window))
            .collect();
        for now in minutes_around(near).step_by(7) {
            let expected = each.iter().any(|calendar| calendar.is_open(now));
            prop_assert_eq!(calendar.is_open(now), expected, "{}", now);
        }
    }
}
