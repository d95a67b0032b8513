use super::*;
use std::cell::{Cell, RefCell};

const SCHEDULE: Schedule = Schedule {
    first_wait: Duration::from_millis(100),
    max_wait: Duration::from_millis(400),
    attempts: 6,
};

const LONG: Duration = Duration::from_secs(3600);

/// Fails with each disposition in turn, then succeeds; gives the result and when each try began.
async fn run(
    schedule: Schedule,
    within: Duration,
    failures: &[Disposition],
) -> (Result<(), Disposition>, Vec<Duration>) {
    let begun = Instant::now();
    let tries = RefCell::new(Vec::new());
    let result = retry(
        &schedule,
        begun + within,
        |disposition| *disposition,
        || {
            let number = tries.borrow().len();
            tries.borrow_mut().push(begun.elapsed());
            let failure = failures.get(number).copied();
            async move { failure.map_or(Ok(()), Err) }
        },
    )
    .await;
    (result, tries.into_inner())
}

#[tokio::test(start_paused = true)]
async fn success_ends_it() {
    let (result, tries) = run(SCHEDULE, LONG, &[Disposition::Retry; 2]).await;
    assert_eq!((result, tries.len()), (Ok(()), 3));
}

#[tokio::test(start_paused = true)]
async fn only_what_may_succeed_is_tried_again() {
    for hopeless in [Disposition::Defer, Disposition::DeadLetter] {
        let (result, tries) = run(SCHEDULE, LONG, &[Disposition::Retry, hopeless]).await;
        assert_eq!((result, tries.len()), (Err(hopeless), 2));
    }
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_tries_than_scheduled() {
    for (attempts, expected) in [(0, 1), (1, 1), (2, 2), (6, 6)] {
        let schedule = Schedule {
            attempts,
            ..SCHEDULE
        };
        let (result, tries) = run(schedule, LONG, &[Disposition::Retry; 99]).await;
        assert_eq!((result, tries.len()), (Err(Disposition::Retry), expected));
    }
}

#[tokio::test(start_paused = true)]
async fn each_wait_is_drawn_evenly_below_its_limit() {
    let mut waits = vec![Vec::new(); 5];
    for _ in 0..400 {
        let (_, tries) = run(SCHEDULE, LONG, &[Disposition::Retry; 99]).await;
        for (at, pair) in tries.windows(2).enumerate() {
            waits[at].push((pair[1] - pair[0]).as_secs_f64() * 1000.0);
        }
    }
    // A timer of tokio's rings up to a millisecond late.
    for (waits, limit) in waits.iter().zip([100.0, 200.0, 400.0, 400.0, 400.0]) {
        assert!(
            waits.iter().all(|wait| *wait <= limit + 2.0),
            "limit {limit}"
        );
        let quarter = |from: f64| {
            let inside = waits
                .iter()
                .filter(|wait| (from..from + limit / 4.0).contains(*wait));
            inside.count()
        };
        for part in [0.0, 0.25, 0.5, 0.75] {
            let count = quarter(part * limit);
            assert!(
                (50..=150).contains(&count),
                "{count} of 400 in {part} of {limit}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_wait_goes_beyond_the_deadline() {
    for within in (0..500).map(Duration::from_millis) {
        let begun = Instant::now();
        let (result, tries) = run(SCHEDULE, within, &[Disposition::Retry; 99]).await;
        assert_eq!(result, Err(Disposition::Retry));
        assert!(!tries.is_empty(), "the first try is made in any case");
        assert!(
            begun.elapsed() <= within,
            "{:?} of {within:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_try_that_is_under_way_is_not_cut_off() {
    let finished = Cell::new(false);
    let slow = || async {
        clock::sleep(Duration::from_secs(9)).await;
        finished.set(true);
        Ok::<(), Disposition>(())
    };
    let result = retry(&SCHEDULE, Instant::now(), |disposition| *disposition, slow).await;
    assert!(result.is_ok() && finished.get());
}
