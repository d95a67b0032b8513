use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

const SECOND: Duration = Duration::from_secs(1);
const START: Duration = Duration::from_secs(1_000_000);

const LIMITS: Limits = Limits {
    failures_in_a_row: 3,
    failure_percent: 50,
    min_calls: 10,
    window: Duration::from_secs(60),
    cool_down: Duration::from_secs(30),
    max_cool_down: Duration::from_secs(200),
    probe: Duration::from_secs(5),
};

/// Only failures in a row open it.
const IN_A_ROW: Limits = Limits {
    failure_percent: 101,
    ..LIMITS
};

/// Only the share of failures opens it.
const BY_SHARE: Limits = Limits {
    failures_in_a_row: u32::MAX,
    ..LIMITS
};

/// Makes a call that goes like this, if it may be made.
fn call(
    breaker: &mut Breaker,
    limits: &Limits,
    now: Duration,
    outcome: Outcome,
) -> Option<Transition> {
    let permit = breaker.admit(limits, now).ok()?.permit;
    breaker.report(permit, outcome, limits, now, 1.0)
}

/// Calls that go like these, a second apart, until the breaker opens; how many that were.
fn opens_after(limits: &Limits, outcomes: impl IntoIterator<Item = Outcome>) -> Option<usize> {
    let mut breaker = Breaker::default();
    let mut now = START;
    for (place, outcome) in outcomes.into_iter().enumerate() {
        assert_eq!(breaker.state(), State::Closed);
        now += SECOND;
        if let Some(transition) = call(&mut breaker, limits, now, outcome) {
            assert_eq!(transition.to, State::Open);
            return Some(place + 1);
        }
    }
    None
}

/// One that has opened at [`START`], for the longest first cool-down.
fn open() -> Breaker {
    let mut breaker = Breaker::default();
    for _ in 0..LIMITS.failures_in_a_row {
        call(&mut breaker, &LIMITS, START, Outcome::Failure);
    }
    assert_eq!(breaker.state(), State::Open);
    breaker
}

#[test]
fn so_many_failures_in_a_row_open_it_and_a_success_between_them_begins_anew() {
    use Outcome::{Failure, Success};
    for (outcomes, expected) in [
        (vec![Failure, Failure], None),
        (vec![Failure, Failure, Failure], Some(3)),
        (vec![Failure, Failure, Success, Failure, Failure], None),
        (vec![Failure, Success, Failure, Failure, Failure], Some(5)),
    ] {
        assert_eq!(
            opens_after(&IN_A_ROW, outcomes.clone()),
            expected,
            "{outcomes:?}"
        );
    }
    let at_once = Limits {
        failures_in_a_row: 0,
        ..IN_A_ROW
    };
    assert_eq!(opens_after(&at_once, [Success, Failure]), Some(2));
}

#[test]
fn too_large_a_share_of_failures_opens_it_once_there_are_calls_enough() {
    use Outcome::{Failure, Success};
    let turns = |first, second| (0..40).map(move |n| if n % 2 == 0 { first } else { second });
    assert_eq!(opens_after(&BY_SHARE, turns(Success, Failure)), Some(10));
    // The tenth call succeeds, and only a failure opens.
    assert_eq!(opens_after(&BY_SHARE, turns(Failure, Success)), Some(11));
    let third = (0..60).map(|n| if n % 3 == 0 { Failure } else { Success });
    assert_eq!(opens_after(&BY_SHARE, third), None);
}

#[test]
fn what_a_call_did_is_forgotten_when_its_window_is_over() {
    let mut breaker = Breaker::default();
    for _ in 0..9 {
        call(&mut breaker, &BY_SHARE, START, Outcome::Failure);
    }
    let later = START + LIMITS.window;
    assert_eq!(call(&mut breaker, &BY_SHARE, later, Outcome::Failure), None);
    let mut breaker = Breaker::default();
    for _ in 0..9 {
        call(&mut breaker, &BY_SHARE, START, Outcome::Failure);
    }
    let within = START + LIMITS.window - LIMITS.window / 9;
    assert!(call(&mut breaker, &BY_SHARE, within, Outcome::Failure).is_some());
}

#[test]
fn an_open_one_refuses_and_says_how_long_and_then_lets_one_probe_by() {
    let mut breaker = open();
    let refused = breaker.admit(&LIMITS, START + 10 * SECOND).unwrap_err();
    assert_eq!(refused.wait, 20 * SECOND);
    let now = START + 30 * SECOND;
    let probe = breaker.admit(&LIMITS, now).unwrap();
    let transition = probe.transition.unwrap();
    assert_eq!(
        (transition.from, transition.to),
        (State::Open, State::HalfOpen)
    );
    let refused = breaker.admit(&LIMITS, now + SECOND).unwrap_err();
    assert_eq!(refused.wait, 4 * SECOND);
    let closed = breaker.report(probe.permit, Outcome::Success, &LIMITS, now, 1.0);
    assert_eq!(closed.unwrap().to, State::Closed);
    assert_eq!(
        opens_again_after(breaker, now),
        3,
        "it has forgotten everything"
    );
}

fn opens_again_after(mut breaker: Breaker, now: Duration) -> usize {
    let mut calls = 1;
    while call(&mut breaker, &LIMITS, now, Outcome::Failure).is_none() {
        calls += 1;
    }
    calls
}

#[test]
fn each_probe_that_fails_doubles_the_cool_down_up_to_its_limit() {
    let mut breaker = open();
    let mut now = START;
    let mut cool_downs = Vec::new();
    for _ in 0..40 {
        now += breaker.admit(&LIMITS, now).unwrap_err().wait;
        let transition = call(&mut breaker, &LIMITS, now, Outcome::Failure).unwrap();
        cool_downs.push(transition.cool_down.as_secs());
    }
    assert_eq!(cool_downs[..4], [60, 120, 200, 200]);
    assert_eq!(cool_downs.last(), Some(&200));
}

#[test]
fn chance_spreads_cool_downs_over_the_second_half() {
    let at_once = Limits {
        failures_in_a_row: 1,
        ..LIMITS
    };
    for (draw, expected) in [
        (0.0, 15.0),
        (0.5, 22.5),
        (1.0, 30.0),
        (-3.0, 30.0),
        (f64::NAN, 30.0),
    ] {
        let mut breaker = Breaker::default();
        let permit = breaker.admit(&at_once, START).unwrap().permit;
        let opened = breaker.report(permit, Outcome::Failure, &at_once, START, draw);
        assert_eq!(opened.unwrap().cool_down.as_secs_f64(), expected, "{draw}");
    }
}

#[test]
fn a_probe_that_got_lost_is_followed_by_another_and_counts_for_nothing() {
    let mut breaker = open();
    let now = START + 30 * SECOND;
    let lost = breaker.admit(&LIMITS, now).unwrap().permit;
    let second = breaker.admit(&LIMITS, now + LIMITS.probe).unwrap();
    assert_eq!(second.transition, None, "it was half-open before");
    let late = breaker.report(lost, Outcome::Success, &LIMITS, now, 1.0);
    assert_eq!((late, breaker.state()), (None, State::HalfOpen));
    let opened = breaker.report(second.permit, Outcome::Failure, &LIMITS, now, 1.0);
    assert_eq!(opened.unwrap().to, State::Open);
}

#[test]
fn calls_begun_before_it_opened_neither_open_it_again_nor_close_it() {
    let mut breaker = Breaker::default();
    let mut under_way: Vec<Permit> = (0..10)
        .map(|_| breaker.admit(&LIMITS, START).unwrap().permit)
        .collect();
    let late = under_way.split_off(3);
    for permit in under_way {
        breaker.report(permit, Outcome::Failure, &LIMITS, START, 1.0);
    }
    assert_eq!(breaker.state(), State::Open);
    let now = START + SECOND;
    for (place, permit) in late.into_iter().enumerate() {
        let outcome = [Outcome::Success, Outcome::Failure][place % 2];
        assert_eq!(breaker.report(permit, outcome, &LIMITS, now, 1.0), None);
    }
    let refused = breaker.admit(&LIMITS, now).unwrap_err();
    assert_eq!(refused.wait, 29 * SECOND);
}

#[test]
fn a_clock_that_is_set_back_costs_one_cool_down_at_most() {
    let mut breaker = open();
    let long_ago = Duration::from_secs(5);
    let refused = breaker.admit(&LIMITS, long_ago).unwrap_err();
    assert_eq!(refused.wait, 30 * SECOND);
    let _lost = breaker.admit(&LIMITS, long_ago + 30 * SECOND).unwrap();
    let refused = breaker.admit(&LIMITS, SECOND).unwrap_err();
    assert_eq!(refused.wait, LIMITS.probe);
    assert!(breaker.admit(&LIMITS, SECOND + LIMITS.probe).is_ok());
}

#[derive(Clone, Debug)]
enum Step {
    /// Time goes on by so many milliseconds, or back.
    Passes(i64),
    /// Somebody wants to make a call.
    Begins,
    /// The oldest call under way ends, or gets lost.
    Ends(Option<Outcome>, f64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        2 => Just(Some(Outcome::Success)),
        4 => Just(Some(Outcome::Failure)),
        1 => Just(None),
    ];
    let step = prop_oneof![
        2 => (0_i64..40_000).prop_map(Step::Passes),
        1 => (-100_000_i64..0).prop_map(Step::Passes),
        5 => Just(Step::Begins),
        5 => (outcome, 0.0..=1.0).prop_map(|(outcome, draw)| Step::Ends(outcome, draw)),
    ];
    prop::collection::vec(step, 0..200)
}

fn limits() -> impl Strategy<Value = Limits> {
    let counts = (0_u32..8, 0_u32..=101, 0_u32..30);
    let seconds = (0_u64..100, 0_u64..100, 0_u64..500, 0_u64..20);
    (counts, seconds).prop_map(
        |((in_a_row, percent, min_calls), (window, first, longest, probe))| Limits {
            failures_in_a_row: in_a_row,
            failure_percent: percent,
            min_calls,
            window: Duration::from_secs(window),
            cool_down: Duration::from_secs(first),
            max_cool_down: Duration::from_secs(longest),
            probe: Duration::from_secs(probe),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens, and whatever the clock shows: a closed one refuses nothing, one that is
    /// not lets a probe by only when the wait is over that it last spoke of, one at a time; every
    /// change is told as what it is; and once time goes on there is a probe.
    #[test]
    fn one_probe_at_a_time_every_change_told_and_never_shut_for_good(
        steps in steps(), limits in limits(),
    ) {
        let mut breaker = Breaker::default();
        let mut now = START;
        let mut under_way = VecDeque::new();
        let mut probes_until: Option<Duration> = None;
        for step in steps {
            let before = breaker.state();
            let transition = match step {
                Step::Passes(millis) => {
                    let by = Duration::from_millis(millis.unsigned_abs());
                    now = if millis < 0 { now - by } else { now + by };
                    if millis < 0 {
                        // The wait begins anew, at the time that is shown next.
                        probes_until = None;
                    }
                    None
                }
                Step::Begins => match breaker.admit(&limits, now) {
                    Ok(Admitted { permit, transition }) => {
                        if breaker.state() == State::HalfOpen {
                            prop_assert!(probes_until.is_none_or(|until| until <= now));
                            probes_until = Some(now + limits.probe);
                        }
                        under_way.push_back(permit);
                        transition
                    }
                    Err(Refused { wait }) => {
                        prop_assert!(before != State::Closed && wait > Duration::ZERO);
                        prop_assert!(wait <= limits.max_cool_down.max(limits.probe));
                        None
                    }
                },
                Step::Ends(outcome, draw) => match (under_way.pop_front(), outcome) {
                    (Some(permit), Some(outcome)) => {
                        let transition = breaker.report(permit, outcome, &limits, now, draw);
                        if let Some(transition) = transition {
                            prop_assert!(transition.cool_down <= limits.max_cool_down);
                            probes_until = None;
                        }
                        transition
                    }
                    _ => None,
                },
            };
            match transition {
                Some(told) => {
                    prop_assert_eq!((told.from, told.to), (before, breaker.state()));
                    prop_assert_ne!(told.from, told.to);
                }
                None => prop_assert_eq!(before, breaker.state()),
            }
        }
        // Asked once so that it knows what time it is now, it lets somebody by within one wait.
        if let Err(refused) = breaker.admit(&limits, now) {
            let later = now + limits.max_cool_down.max(limits.probe);
            prop_assert!(refused.wait <= later - now);
            prop_assert!(breaker.admit(&limits, later).is_ok());
        }
    }

    /// It opens at a failure exactly when the failures since the last success are as many as stated,
    /// or the calls of the window are enough and so large a share of them failed.
    #[test]
    fn it_opens_at_the_stated_thresholds_and_at_no_others(
        outcomes in prop::collection::vec(any::<bool>(), 1..80), limits in limits(),
    ) {
        // All within one part of the window, so that none is forgotten.
        let limits = Limits { window: Duration::from_secs(3_600), ..limits };
        let mut breaker = Breaker::default();
        let (mut calls, mut failures, mut in_a_row) = (0_u32, 0_u32, 0_u32);
        for success in outcomes {
            calls += 1;
            let outcome = if success {
                in_a_row = 0;
                Outcome::Success
            } else {
                failures += 1;
                in_a_row += 1;
                Outcome::Failure
            };
            let row = in_a_row >= limits.failures_in_a_row.max(1);
            let share = calls >= limits.min_calls
                && failures * 100 >= calls * limits.failure_percent;
            let opened = call(&mut breaker, &limits, START, outcome).is_some();
            prop_assert_eq!(opened, !success && (row || share));
            if opened {
                break;
            }
        }
    }
}
