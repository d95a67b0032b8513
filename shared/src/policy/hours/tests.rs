mod clock_changes;
mod scan;
mod writing;

use super::*;
use jiff::civil::Weekday;
use std::str::FromStr;

/// A window of some weekdays: which, from, to.
type Written<'a> = (&'a str, &'a str, &'a str);

fn window(from: &str, to: &str) -> Window {
    Window::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
}

fn calendar(zone: &str, windows: &[Written<'_>], dates: &[(&str, &[(&str, &str)])]) -> Calendar {
    let mut week: [Vec<Window>; 7] = Default::default();
    for (days, from, to) in windows {
        for day in Weekdays::from_str(days).unwrap().days() {
            let day = usize::try_from(day.to_monday_zero_offset()).unwrap();
            week[day].push(window(from, to));
        }
    }
    let own = |windows: &[(&str, &str)]| windows.iter().map(|(a, b)| window(a, b)).collect();
    Calendar {
        zone: Zone::named(zone).unwrap(),
        week,
        dates: dates
            .iter()
            .map(|(day, windows)| (day.parse().unwrap(), own(windows)))
            .collect(),
    }
}

/// Which of these instants are inside.
fn check(calendar: &Calendar, cases: &[(&str, bool)]) {
    for (now, expected) in cases {
        let now: Time = now.parse().unwrap();
        assert_eq!(calendar.is_open(now), *expected, "{now}");
    }
}

#[test]
fn a_window_opens_at_its_first_minute_and_is_closed_at_its_last() {
    // 2026-11-23 is a Monday, and Berlin an hour ahead of UTC.
    let office = calendar(
        "Europe/Berlin",
        &[("mon-fri", "08:00", "18:30"), ("sat", "09:00", "12:00")],
        &[],
    );
    check(
        &office,
        &[
            ("2026-11-23T06:59:59.999Z", false),
            ("2026-11-23T07:00:00Z", true),
            ("2026-11-23T17:29:59.999Z", true),
            ("2026-11-23T17:30:00Z", false),
            ("2026-11-27T12:00:00Z", true),
            ("2026-11-28T12:00:00Z", false),
            ("2026-11-28T10:59:59Z", true),
            ("2026-11-28T07:30:00Z", false),
            ("2026-11-29T10:00:00Z", false),
        ],
    );
}

#[test]
fn the_weekday_is_that_of_the_zone_and_not_of_utc() {
    let fridays = [("fri", "00:00", "24:00")];
    // 2026-11-27 is a Friday. It begins fourteen hours early on one side of the date line.
    check(
        &calendar("Pacific/Kiritimati", &fridays, &[]),
        &[
            ("2026-11-26T09:59:59Z", false),
            ("2026-11-26T10:00:00Z", true),
            ("2026-11-27T09:59:59Z", true),
            ("2026-11-27T10:00:00Z", false),
        ],
    );
    check(
        &calendar("Pacific/Pago_Pago", &fridays, &[]),
        &[
            ("2026-11-27T10:59:59Z", false),
            ("2026-11-27T11:00:00Z", true),
            ("2026-11-28T10:59:59Z", true),
            ("2026-11-28T11:00:00Z", false),
        ],
    );
}

#[test]
fn a_window_across_midnight_belongs_to_the_day_on_which_it_begins() {
    let nights = calendar("UTC", &[("fri", "22:00", "06:00")], &[]);
    check(
        &nights,
        &[
            ("2026-11-27T05:00:00Z", false),
            ("2026-11-27T21:59:59Z", false),
            ("2026-11-27T22:00:00Z", true),
            ("2026-11-28T00:00:00Z", true),
            ("2026-11-28T05:59:59Z", true),
            ("2026-11-28T06:00:00Z", false),
            ("2026-11-28T22:00:00Z", false),
        ],
    );
    // Midnight as an end is the end of the day, however it is written.
    for end in ["24:00", "00:00"] {
        check(
            &calendar("UTC", &[("fri", "22:00", end)], &[]),
            &[
                ("2026-11-27T23:59:59Z", true),
                ("2026-11-28T00:00:00Z", false),
                ("2026-11-27T00:00:00Z", false),
            ],
        );
    }
}

#[test]
fn whole_days_join_without_a_gap() {
    let always = calendar("Asia/Kathmandu", &[("mon-sun", "00:00", "24:00")], &[]);
    let start: Time = "2026-11-22T00:00:00Z".parse().unwrap();
    for minute in 0..8 * 24 * 60 {
        let now = Time::from_unix_seconds(start.unix_seconds() + minute * 60).unwrap();
        assert!(always.is_open(now), "{now}");
    }
}

#[test]
fn a_holiday_is_closed_from_midnight_to_midnight() {
    let nights = calendar(
        "Europe/Vienna",
        &[("mon-sun", "20:00", "04:00")],
        &[("2026-12-25", &[]), ("12-31", &[])],
    );
    check(
        &nights,
        &[
            ("2026-12-24T21:00:00Z", true),
            ("2026-12-24T22:59:59Z", true),
            // What the evening before would have left to it.
            ("2026-12-24T23:00:00Z", false),
            // Its own night does not begin, so nothing of it is left to the day after.
            ("2026-12-25T20:00:00Z", false),
            ("2026-12-26T01:00:00Z", false),
            ("2026-12-26T19:00:00Z", true),
            // A day of every year is one in each.
            ("2026-12-31T20:00:00Z", false),
            ("2030-12-31T20:00:00Z", false),
            ("2027-12-25T20:00:00Z", true),
        ],
    );
}

#[test]
fn a_date_may_have_windows_of_its_own_and_a_date_goes_before_a_day_of_every_year() {
    let shop = calendar(
        "UTC",
        &[("mon-sat", "08:00", "20:00")],
        &[
            ("12-24", &[("08:00", "12:00")]),
            ("2026-12-24", &[("22:00", "02:00")]),
            ("02-29", &[]),
        ],
    );
    check(
        &shop,
        &[
            ("2027-12-24T11:00:00Z", true),
            ("2027-12-24T13:00:00Z", false),
            ("2026-12-24T11:00:00Z", false),
            ("2026-12-24T23:00:00Z", true),
            ("2026-12-25T01:59:00Z", true),
            ("2026-12-25T02:00:00Z", false),
            ("2028-02-29T10:00:00Z", false),
            ("2027-03-01T10:00:00Z", true),
        ],
    );
}

#[test]
fn a_role_has_its_own_hours_or_everybodys_and_an_exempt_one_has_none() {
    let role = |name: &str| Role::new(name).unwrap();
    let hours = Hours {
        everybody: calendar("UTC", &[("mon-fri", "08:00", "18:00")], &[]),
        roles: BTreeMap::from([(
            role("support"),
            calendar("UTC", &[("mon-sun", "18:00", "08:00")], &[]),
        )]),
        exempt_roles: BTreeSet::from([role("admin")]),
        apply_to_refresh: false,
        apply_while_store_is_down: false,
    };
    for (name, noon, night) in [
        ("user", true, false),
        ("support", false, true),
        ("admin", true, true),
        ("nobody-declared-it", true, false),
    ] {
        let at = |text: &str| hours.is_open(&role(name), text.parse().unwrap());
        let found = (at("2026-11-23T12:00:00Z"), at("2026-11-23T23:00:00Z"));
        assert_eq!(found, (noon, night), "{name}");
    }
}
