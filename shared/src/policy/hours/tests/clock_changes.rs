//! Days on which the clocks are changed.

use super::*;

#[test]
fn opening_time_moves_with_the_clocks() {
    // Berlin is one hour ahead until 2026-03-29, and two from then on.
    let office = calendar("Europe/Berlin", &[("mon-sun", "08:00", "18:00")], &[]);
    check(
        &office,
        &[
            ("2026-03-28T06:59:00Z", false),
            ("2026-03-28T07:00:00Z", true),
            ("2026-03-29T05:59:00Z", false),
            ("2026-03-29T06:00:00Z", true),
            ("2026-03-29T16:00:00Z", false),
            ("2026-10-24T06:00:00Z", true),
            ("2026-10-25T06:59:00Z", false),
            ("2026-10-25T07:00:00Z", true),
        ],
    );
}

#[test]
fn an_hour_that_the_clocks_skip_opens_nothing() {
    // From 01:00Z on 2026-03-29 Berlin's clocks show 03:00.
    for (from, to, last_minute_before, first_minute_after) in [
        ("02:00", "03:00", false, false),
        ("02:15", "02:45", false, false),
        ("02:30", "05:00", false, true),
        ("01:00", "02:30", true, false),
        ("01:00", "03:01", true, true),
    ] {
        let calendar = calendar("Europe/Berlin", &[("sun", from, to)], &[]);
        check(
            &calendar,
            &[
                ("2026-03-29T00:59:59Z", last_minute_before),
                ("2026-03-29T01:00:00Z", first_minute_after),
            ],
        );
    }
}

#[test]
fn an_hour_that_the_clocks_show_twice_is_open_twice() {
    // At 01:00Z on 2026-10-25 Berlin's clocks go back from 03:00 to 02:00.
    let early = calendar("Europe/Berlin", &[("sun", "02:15", "02:45")], &[]);
    check(
        &early,
        &[
            ("2026-10-25T00:14:59Z", false),
            ("2026-10-25T00:15:00Z", true),
            ("2026-10-25T00:44:59Z", true),
            ("2026-10-25T00:45:00Z", false),
            ("2026-10-25T01:14:59Z", false),
            ("2026-10-25T01:15:00Z", true),
            ("2026-10-25T01:44:59Z", true),
            ("2026-10-25T01:45:00Z", false),
        ],
    );
}

#[test]
fn a_change_of_half_an_hour_is_one_of_half_an_hour() {
    // Lord Howe's clocks go from 02:00 to 02:30 on 2026-10-04, and from 02:00 back to 01:30 on
    // 2026-04-05; they are 10:30 ahead in winter and 11:00 in summer.
    let calendar = calendar(
        "Australia/Lord_Howe",
        &[("sun", "01:30", "02:00"), ("sun", "02:10", "02:40")],
        &[],
    );
    check(
        &calendar,
        &[
            ("2026-10-03T15:29:59Z", true),
            ("2026-10-03T15:30:00Z", true),
            ("2026-10-03T15:39:59Z", true),
            ("2026-10-03T15:40:00Z", false),
            ("2026-04-04T14:29:59Z", false),
            ("2026-04-04T14:30:00Z", true),
            ("2026-04-04T15:00:00Z", true),
            ("2026-04-04T15:29:59Z", true),
            ("2026-04-04T15:30:00Z", false),
            ("2026-04-04T15:40:00Z", true),
            ("2026-04-04T16:09:59Z", true),
            ("2026-04-04T16:10:00Z", false),
        ],
    );
}

#[test]
fn a_day_may_begin_at_one_and_a_date_may_not_be_at_all() {
    // Beirut's clocks skipped the first hour of 2025-03-30, a Sunday.
    check(
        &calendar("Asia/Beirut", &[("sun", "00:00", "02:00")], &[]),
        &[
            ("2025-03-29T21:59:59Z", false),
            ("2025-03-29T22:00:00Z", true),
            ("2025-03-29T22:59:59Z", true),
            ("2025-03-29T23:00:00Z", false),
        ],
    );
    // Apia had no 2011-12-30, a Friday: Thursday's night ends with Thursday, and Friday's is left to
    // Saturday all the same.
    check(
        &calendar(
            "Pacific/Apia",
            &[("thu", "22:00", "04:00"), ("fri", "22:00", "04:00")],
            &[],
        ),
        &[
            ("2011-12-30T09:59:59Z", true),
            ("2011-12-30T10:00:00Z", true),
            ("2011-12-30T13:59:59Z", true),
            ("2011-12-30T14:00:00Z", false),
        ],
    );
}
