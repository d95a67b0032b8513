use super::*;
use proptest::prelude::*;

const RECORDED: i64 = 1_780_000_000;

fn at(seconds: i64) -> Time {
    Time::from_unix_seconds(RECORDED + seconds).unwrap()
}

fn held() -> Setback {
    FaultKind::Held.into()
}

/// Seconds from `from` until an entry is due.
fn wait(entry: &Entry, from: Time) -> f64 {
    let due = entry.due().expect("it was set aside");
    (due.unix_millis() - from.unix_millis()) as f64 / 1000.0
}

fn failed(deferral: &Deferral, before: &Entry, now: Time, draw: f64) -> Entry {
    let setback = FaultKind::Throttled.into();
    deferral.after(setback, Some(before), at(0), now, draw)
}

#[test]
fn waits_grow_from_seconds_to_hours() {
    let deferral = Deferral::default();
    for (draw, expected) in [
        (0.0, [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]),
        (1.0, [30, 60, 120, 240, 480, 960, 1920, 3840, 7200, 7200]),
    ] {
        let mut entry = Entry::Owed;
        let waits = expected.map(|_| {
            entry = failed(&deferral, &entry, at(0), draw);
            wait(&entry, at(0)) as u32
        });
        assert_eq!(waits, expected);
        assert_eq!(entry.attempts(), 10);
    }
}

#[test]
fn at_its_last_age_an_effect_is_tried_once_more_and_then_given_up() {
    let deferral = Deferral::default();
    let last = at(72 * 3600);
    let almost = at(72 * 3600 - 10);
    let before = failed(&deferral, &Entry::Owed, almost, 1.0);
    assert_eq!(before.due(), Some(last));
    for (setback, last_error) in [
        (FaultKind::Throttled.into(), "throttled"),
        (held(), "breaker_open"),
    ] {
        let after = deferral.after(setback, Some(&before), at(0), last, 0.5);
        let given_up = Entry::Failed {
            at: last,
            fault: TOO_OLD.to_owned(),
            last_error: Some(last_error.to_owned()),
        };
        assert_eq!(after, given_up);
    }
}

#[test]
fn an_effect_owed_later_ages_from_then_on() {
    let deferral = Deferral::default();
    let owed = at(24 * 3600);
    let first = failed(&deferral, &Entry::later(owed), owed, 0.0);
    assert_eq!((first.attempts(), wait(&first, owed) as u32), (1, 15));
    let after_last_age_of_the_commit = at(80 * 3600);
    let second = failed(&deferral, &first, after_last_age_of_the_commit, 0.0);
    assert!(second.is_open());
    let third = failed(&deferral, &second, at(96 * 3600), 0.0);
    assert!(!third.is_open());
}

/// A message that waited for a week in the dead letters is not given up for that.
#[test]
fn what_was_never_in_the_ledger_ages_from_its_first_failure() {
    let deferral = Deferral::default();
    let now = at(7 * 24 * 3600);
    let done = Entry::Done {
        at: at(1),
        receipt: None,
    };
    let given_up = Entry::Failed {
        at: at(1),
        fault: TOO_OLD.to_owned(),
        last_error: None,
    };
    for before in [None, Some(&done), Some(&given_up)] {
        let entry = deferral.after(FaultKind::TimedOut.into(), before, at(0), now, 0.0);
        assert_eq!((entry.attempts(), wait(&entry, now) as u32), (1, 15));
        let later = now.plus(deferral.last_age);
        assert!(!failed(&deferral, &entry, later, 0.0).is_open());
    }
}

#[test]
fn an_open_breaker_uses_up_no_try_and_shortens_no_wait() {
    let deferral = Deferral::default();
    let mut entry = Entry::Owed;
    for _ in 0..5 {
        entry = deferral.after(held(), Some(&entry), at(0), at(0), 0.0);
        assert_eq!((entry.attempts(), wait(&entry, at(0)) as u32), (0, 15));
    }
    for _ in 0..5 {
        entry = failed(&deferral, &entry, at(0), 0.0);
    }
    let before = wait(&entry, at(0));
    let entry = deferral.after(held(), Some(&entry), at(0), at(0), 0.0);
    assert_eq!((entry.attempts(), wait(&entry, at(0))), (5, before));
}

fn deferrals() -> impl Strategy<Value = Deferral> {
    (1_u64..=3600, 1_u64..=1440, 1_u64..=336).prop_map(|(first_s, max_min, last_h)| {
        let first_wait = Duration::from_secs(first_s);
        let max_wait = Duration::from_mins(max_min).max(first_wait);
        Deferral {
            first_wait,
            max_wait,
            last_age: Duration::from_hours(last_h).max(max_wait),
        }
    })
}

proptest! {
    /// However the draws fall and the breaker stands: every wait is bounded, the last age is passed
    /// by no due time, and there is an end.
    #[test]
    fn an_effect_that_always_fails_is_given_up_in_time_and_after_bounded_tries(
        deferral in deferrals(),
        steps in prop::collection::vec((0.0..=1.0_f64, prop::bool::weighted(0.8)), 1..64),
    ) {
        let last = at(0).plus(deferral.last_age);
        let (mut entry, mut now, mut tries, mut rounds) = (Entry::Owed, at(0), 0_u32, 0_usize);
        while entry.is_open() {
            let (draw, was_tried) = steps[rounds % steps.len()];
            let setback = if was_tried { FaultKind::Unavailable.into() } else { held() };
            entry = deferral.after(setback, Some(&entry), at(0), now, draw);
            tries += u32::from(was_tried);
            rounds += 1;
            let Some(due) = entry.due() else { break };
            prop_assert!(due <= last);
            prop_assert!(due == last || wait(&entry, now) >= deferral.first_wait.as_secs_f64() / 2.0 - 0.001);
            prop_assert!(wait(&entry, now) <= deferral.max_wait.as_secs_f64());
            prop_assert_eq!(entry.attempts(), tries);
            now = due;
        }
        prop_assert_eq!(now, last, "nothing is given up before");
        prop_assert!(tries <= deferral.most_tries(), "{} > {}", tries, deferral.most_tries());
    }

    /// The same draw waits longer after each try, until waits have grown to their limit.
    #[test]
    fn waits_grow_in_expectation(deferral in deferrals(), draw in 0.0..=1.0_f64) {
        let longest = deferral.max_wait.mul_f64(0.5 + draw / 2.0);
        let mut before = Duration::ZERO;
        for attempts in 1..40 {
            let wait = deferral.wait(attempts, draw);
            prop_assert!(wait > before || wait == longest, "{:?} after {:?}", wait, before);
            prop_assert!(wait <= longest);
            before = wait;
        }
        prop_assert_eq!(before, longest);
    }
}
