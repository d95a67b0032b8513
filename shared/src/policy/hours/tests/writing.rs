//! What a policy may write.

use super::*;

#[test]
fn a_time_is_four_digits_of_a_clock_or_the_end_of_the_day() {
    for (text, minutes) in [
        ("00:00", 0),
        ("08:30", 510),
        ("23:59", 1439),
        ("24:00", 1440),
    ] {
        assert_eq!(text.parse().map(WallTime::minutes), Ok(minutes), "{text}");
    }
    for text in [
        "",
        "8:00",
        "08",
        "0800",
        "08:60",
        "24:01",
        "25:00",
        "-1:00",
        "+8:00",
        "08:00:00",
        " 08:00",
        "8am",
        "٠٨:٠٠",
        "99:99",
    ] {
        assert_eq!(
            text.parse::<WallTime>(),
            Err(WrittenError::NoTime),
            "{text}"
        );
    }
}

#[test]
fn a_window_has_a_length_and_begins_on_its_day() {
    let new = |from: &str, to: &str| Window::new(from.parse().unwrap(), to.parse().unwrap());
    for (from, to) in [
        ("08:00", "08:00"),
        ("00:00", "00:00"),
        ("24:00", "08:00"),
        ("24:00", "24:00"),
    ] {
        assert_eq!(new(from, to), None, "{from} {to}");
    }
    assert_eq!(
        new("00:00", "24:00"),
        Some(Window {
            from: 0,
            until: DAY
        })
    );
    assert_eq!(
        new("22:00", "06:00"),
        Some(Window {
            from: 1320,
            until: 1800
        })
    );
    assert_eq!(
        new("23:59", "00:00"),
        Some(Window {
            from: 1439,
            until: DAY
        })
    );
}

#[test]
fn weekdays_are_named_or_ranged_and_a_range_may_go_on_past_sunday() {
    use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    let week = [
        Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday,
    ];
    for (text, days) in [
        ("mon", &[Monday][..]),
        ("mon-fri", &week[..5]),
        ("sat-sun", &week[5..]),
        ("mon-sun", &week),
        ("fri-mon", &[Friday, Saturday, Sunday, Monday]),
        ("tue-tue", &[Tuesday]),
    ] {
        assert_eq!(Weekdays::from_str(text).unwrap().days(), days, "{text}");
    }
    for text in [
        "",
        "Mon",
        "monday",
        "mon-",
        "-mon",
        "mon-fri-sun",
        "mon fri",
        "mo",
        "mon–fri",
    ] {
        let error = Err(WrittenError::NoWeekday);
        assert_eq!(Weekdays::from_str(text), error, "{text}");
    }
}

#[test]
fn a_day_is_written_in_one_way_and_exists() {
    for text in ["2026-12-24", "2028-02-29", "12-24", "02-29", "01-01"] {
        assert_eq!(text.parse::<Day>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "2026-02-29",
        "02-30",
        "2026-13-01",
        "13-01",
        "24.12.2026",
        "20261224",
        "2026-12",
        "2026-12-24T00:00",
        "12-24-2026",
        "1-1",
        "2026-1-1",
        "26-12-24",
    ] {
        assert_eq!(text.parse::<Day>(), Err(WrittenError::NoDate), "{text}");
    }
}

#[test]
fn zones_are_those_of_the_iana_database() {
    for name in [
        "UTC",
        "Europe/Berlin",
        "europe/berlin",
        "America/Argentina/Ushuaia",
        "Etc/GMT+3",
    ] {
        assert!(Zone::named(name).is_some(), "{name}");
    }
    for name in [
        "",
        "Berlin",
        "Europe/Atlantis",
        "+01:00",
        "GMT+1",
        "Etc/Unknown",
        "../UTC",
    ] {
        assert!(Zone::named(name).is_none(), "{name}");
    }
    assert!(Zone::names().len() > 400);
}
