mod many;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const START: Duration = Duration::from_secs(1_000_000);
const LIFETIME: Duration = Duration::from_secs(5);

const LIMITS: Limits = Limits {
    failures_in_a_row: 3,
    failure_percent: 50,
    min_calls: 10,
    window: Duration::from_secs(60),
    cool_down: Duration::from_secs(30),
    max_cool_down: Duration::from_secs(200),
    probe: Duration::from_secs(15),
};

/// A table of one record.
#[derive(Clone, Debug, Default)]
struct Table(Option<Record>);

impl Table {
    fn write(&mut self, record: &Record) -> bool {
        let version = self.0.as_ref().map_or(0, |there| there.version);
        let is_next = version + 1 == record.version;
        if is_next {
            self.0 = Some(record.clone());
        }
        is_next
    }
}

/// Sees to all that is needed, with a table that is there; what was told.
fn sync(shared: &mut Shared, table: &mut Table, now: Duration) -> Vec<News> {
    let mut told = Vec::new();
    while let Some(need) = shared.need(&LIMITS, LIFETIME, now) {
        told.extend(match need {
            Need::Read => shared.read(table.0.clone(), &LIMITS, now),
            Need::Write(bid) => match table.write(&bid.record) {
                true => shared.written(&bid, now),
                false => shared.overtaken(&bid, table.0.clone(), &LIMITS, now),
            },
        });
    }
    told
}

/// A call that goes like this, if one may be made.
fn call(
    shared: &mut Shared,
    table: &mut Table,
    now: Duration,
    outcome: Outcome,
) -> Option<Vec<News>> {
    let mut told = sync(shared, table, now);
    let permit = shared.admit(&LIMITS, now).ok()?;
    told.extend(sync(shared, table, now));
    if !shared.is_good(&permit) {
        return None;
    }
    shared.report(permit, outcome, "throttled", &LIMITS, now, 1.0);
    told.extend(sync(shared, table, now));
    Some(told)
}

/// Fails until it opens.
fn open(shared: &mut Shared, table: &mut Table, now: Duration) -> Vec<News> {
    let mut told = Vec::new();
    while shared.state() == State::Closed {
        told.extend(call(shared, table, now, Outcome::Failure).unwrap());
    }
    told
}

fn turned(news: &[News]) -> Vec<(&'static str, &'static str)> {
    let told = news.iter().map(|news| match news {
        News::Ours(transition) => ("ours", transition.to.as_str()),
        News::Alone(transition) => ("alone", transition.to.as_str()),
        News::Anothers(transition) => ("another's", transition.to.as_str()),
    });
    told.collect()
}

#[test]
fn one_opens_it_for_all_and_the_others_make_no_call() {
    let (mut here, mut there, mut table) =
        (Shared::new("here"), Shared::new("there"), Table::default());
    assert_eq!(
        turned(&open(&mut here, &mut table, START)),
        [("ours", "open")]
    );
    let record = table.0.clone().unwrap();
    assert_eq!((record.version, record.trips), (1, 1));
    assert_eq!(
        (record.by.as_str(), record.why.as_deref()),
        ("here", Some("throttled"))
    );
    assert_eq!((record.since, record.until), (START, START + 30 * SECOND));
    assert_eq!(call(&mut there, &mut table, START, Outcome::Failure), None);
    assert_eq!(there.state(), State::Open);
    assert_eq!(there.why(), Some("throttled"));
}

#[test]
fn of_two_that_open_at_once_one_writes_and_the_other_goes_by_that() {
    let (mut here, mut there, mut table) =
        (Shared::new("here"), Shared::new("there"), Table::default());
    for shared in [&mut here, &mut there] {
        shared.read(None, &LIMITS, START);
        for _ in 0..3 {
            let permit = shared.admit(&LIMITS, START).unwrap();
            shared.report(permit, Outcome::Failure, "throttled", &LIMITS, START, 0.0);
        }
    }
    assert_eq!(
        turned(&sync(&mut here, &mut table, START)),
        [("ours", "open")]
    );
    // It was open there as well, so nothing has changed there.
    assert_eq!(turned(&sync(&mut there, &mut table, START + SECOND)), []);
    assert_eq!(table.0.unwrap().version, 1);
    let refused = there.admit(&LIMITS, START + SECOND).unwrap_err();
    assert_eq!(refused.wait, 14 * SECOND);
}

#[test]
fn one_probes_for_all_and_closes_it_for_all() {
    let (mut here, mut there, mut table) =
        (Shared::new("here"), Shared::new("there"), Table::default());
    open(&mut here, &mut table, START);
    sync(&mut there, &mut table, START);
    let now = START + 30 * SECOND;
    assert_eq!(there.outlook(now - SECOND), State::Open);
    assert_eq!(there.outlook(now), State::HalfOpen);
    let probe = there.admit(&LIMITS, now).unwrap();
    assert!(there.is_probe());
    // Here it is not known yet that there is a probe under way.
    let rival = here.admit(&LIMITS, now).unwrap();
    assert_eq!(
        turned(&sync(&mut there, &mut table, now)),
        [("ours", "half_open")]
    );
    assert_eq!(turned(&sync(&mut here, &mut table, now)), []);
    assert!(there.is_good(&probe) && !here.is_good(&rival));
    assert!(here.admit(&LIMITS, now + SECOND).is_err());

    there.report(probe, Outcome::Success, "", &LIMITS, now, 1.0);
    assert_eq!(
        turned(&sync(&mut there, &mut table, now)),
        [("ours", "closed")]
    );
    let told = call(&mut here, &mut table, now + LIFETIME, Outcome::Success);
    assert_eq!(turned(&told.unwrap()), [("another's", "closed")]);
    let record = table.0.unwrap();
    assert_eq!((record.trips, record.why, record.since), (0, None, now));
}

#[test]
fn a_probe_that_fails_opens_it_for_all_for_twice_as_long() {
    let (mut here, mut there, mut table) =
        (Shared::new("here"), Shared::new("there"), Table::default());
    open(&mut here, &mut table, START);
    let mut now = START;
    for (at, expected) in [60, 120, 200, 200].into_iter().enumerate() {
        now = table.0.as_ref().unwrap().until;
        let prober = if at % 2 == 0 { &mut here } else { &mut there };
        let told = call(prober, &mut table, now, Outcome::Failure).unwrap();
        assert_eq!(turned(&told).last(), Some(&("ours", "open")));
        let record = table.0.as_ref().unwrap();
        assert_eq!((record.until - record.since).as_secs(), expected);
    }
    assert!(there.admit(&LIMITS, now + SECOND).is_err());
}

#[test]
fn a_probe_whose_process_died_is_followed_by_another_a_little_after_its_time() {
    let (mut here, mut table) = (Shared::new("here"), Table::default());
    open(&mut here, &mut table, START);
    let now = START + 30 * SECOND;
    let _dies = here.admit(&LIMITS, now).unwrap();
    sync(&mut here, &mut table, now);
    drop(here);

    let mut there = Shared::new("there");
    sync(&mut there, &mut table, now);
    let end = now + LIMITS.probe + CLOCKS_DIFFER;
    assert_eq!(there.admit(&LIMITS, end - SECOND).unwrap_err().wait, SECOND);
    let told = call(&mut there, &mut table, end, Outcome::Success).unwrap();
    assert_eq!(
        turned(&told),
        [("ours", "closed")],
        "it was half-open before"
    );
}

#[test]
fn a_probe_that_ends_after_another_was_made_changes_nothing() {
    let (mut here, mut there, mut table) =
        (Shared::new("here"), Shared::new("there"), Table::default());
    open(&mut here, &mut table, START);
    let now = START + 30 * SECOND;
    let late = here.admit(&LIMITS, now).unwrap();
    sync(&mut here, &mut table, now);
    let end = now + LIMITS.probe + CLOCKS_DIFFER;
    sync(&mut there, &mut table, end);
    let _probe = there.admit(&LIMITS, end).unwrap();
    sync(&mut there, &mut table, end);

    here.report(late, Outcome::Success, "", &LIMITS, end, 1.0);
    sync(&mut here, &mut table, end);
    let record = table.0.as_ref().unwrap();
    assert_eq!(
        (record.state, record.by.as_str()),
        (State::HalfOpen, "there")
    );
    assert_eq!(here.state(), State::HalfOpen);
}

#[test]
fn with_nothing_to_read_and_nowhere_to_write_it_opens_and_closes_by_itself() {
    let mut here = Shared::new("here");
    let mut told = Vec::new();
    let mut now = START;
    for outcome in [
        Outcome::Failure,
        Outcome::Failure,
        Outcome::Failure,
        Outcome::Success,
    ] {
        let down = |here: &mut Shared, now| match here.need(&LIMITS, LIFETIME, now) {
            Some(Need::Read) => {
                here.unread(now);
                None
            }
            Some(Need::Write(bid)) => here.unwritten(&bid, now),
            None => None,
        };
        down(&mut here, now);
        if let Err(refused) = here.admit(&LIMITS, now).map(|permit| {
            here.report(permit, outcome, "timed_out", &LIMITS, now, 1.0);
        }) {
            now += refused.wait;
            down(&mut here, now);
            let permit = here.admit(&LIMITS, now).unwrap();
            told.extend(down(&mut here, now));
            assert!(here.is_good(&permit));
            here.report(permit, outcome, "timed_out", &LIMITS, now, 1.0);
        }
        told.extend(down(&mut here, now));
        assert!(here.need(&LIMITS, LIFETIME, now + LIFETIME / 2).is_none());
    }
    let expected = [
        ("alone", "open"),
        ("alone", "half_open"),
        ("alone", "closed"),
    ];
    assert_eq!(turned(&told), expected);

    // The table is back, and is told once.
    let mut table = Table::default();
    assert_eq!(sync(&mut here, &mut table, now + LIFETIME), []);
    let record = table.0.unwrap();
    assert_eq!((record.version, record.state), (1, State::Closed));
}

#[test]
fn an_opening_that_could_not_be_written_in_time_is_not_written_later() {
    let (mut here, mut table) = (Shared::new("here"), Table::default());
    here.read(None, &LIMITS, START);
    for _ in 0..3 {
        let permit = here.admit(&LIMITS, START).unwrap();
        here.report(permit, Outcome::Failure, "throttled", &LIMITS, START, 1.0);
    }
    let Some(Need::Write(bid)) = here.need(&LIMITS, LIFETIME, START) else {
        panic!("it is to be written");
    };
    here.unwritten(&bid, START);
    // Meanwhile somebody has opened and closed it.
    let mut there = Shared::new("there");
    open(&mut there, &mut table, START);
    let now = START + 30 * SECOND;
    call(&mut there, &mut table, now, Outcome::Success).unwrap();
    let told = call(&mut here, &mut table, now, Outcome::Success).unwrap();
    assert_eq!(turned(&told), [("another's", "closed")]);
    assert_eq!(table.0.unwrap().by, "there");
}

#[test]
fn a_write_whose_answer_was_lost_is_known_for_our_own() {
    let (mut here, mut table) = (Shared::new("here"), Table::default());
    here.read(None, &LIMITS, START);
    for _ in 0..3 {
        let permit = here.admit(&LIMITS, START).unwrap();
        here.report(permit, Outcome::Failure, "throttled", &LIMITS, START, 1.0);
    }
    let Some(Need::Write(bid)) = here.need(&LIMITS, LIFETIME, START) else {
        panic!("it is to be written");
    };
    table.write(&bid.record);
    assert_eq!(
        turned(here.unwritten(&bid, START).as_slice()),
        [("alone", "open")]
    );
    assert_eq!(sync(&mut here, &mut table, START + LIFETIME), []);
    assert_eq!(table.0.clone().unwrap(), bid.record);
    let told = call(&mut here, &mut table, START + 30 * SECOND, Outcome::Success);
    let expected = [("ours", "half_open"), ("ours", "closed")];
    assert_eq!(turned(&told.unwrap()), expected);
}

#[test]
fn an_operator_holds_it_open_for_longer_than_any_cool_down_and_resets_it() {
    let (mut here, mut table) = (Shared::new("here"), Table::default());
    sync(&mut here, &mut table, START);
    let hour = 3_600 * SECOND;
    table.0 = Some(Record::hold(None, START, START + hour, "operator"));
    let now = START + LIFETIME;
    assert_eq!(
        turned(&sync(&mut here, &mut table, now)),
        [("another's", "open")]
    );
    assert_eq!(here.why(), Some("operator"));
    let refused = here.admit(&LIMITS, now).unwrap_err();
    assert_eq!(refused.wait, hour - LIFETIME);

    table.0 = Some(Record::reset(table.0.as_ref(), now, "operator"));
    let told = call(&mut here, &mut table, now + LIFETIME, Outcome::Success);
    assert_eq!(turned(&told.unwrap()), [("another's", "closed")]);
    assert_eq!(table.0.unwrap().version, 2);
}

#[test]
fn what_is_said_of_somebody_else_is_not_gone_by() {
    let (mut here, mut there, mut table) =
        (Shared::new("here"), Shared::new("there"), Table::default());
    here.aim("old.example");
    open(&mut here, &mut table, START);
    there.aim("new.example");
    assert!(call(&mut there, &mut table, START, Outcome::Success).is_some());
    assert_eq!(
        turned(&open(&mut there, &mut table, START)),
        [("ours", "open")]
    );
    let record = table.0.clone().unwrap();
    assert_eq!((record.version, record.target.as_str()), (2, "new.example"));
    // An operator speaks of whoever it is.
    table.0 = Some(Record::hold(
        Some(&record),
        START,
        START + 60 * SECOND,
        "operator",
    ));
    sync(&mut here, &mut table, START + LIFETIME);
    assert_eq!(here.why(), Some("operator"));
    table.0 = Some(record);
    // And whoever turns to it knows nothing of its own of it.
    here.aim("new.example");
    assert_eq!(here.state(), State::Closed);
    sync(&mut here, &mut table, START);
    assert_eq!(here.state(), State::Open);
}

#[test]
fn a_record_that_somebody_removed_is_begun_anew() {
    let (mut here, mut table) = (Shared::new("here"), Table::default());
    open(&mut here, &mut table, START);
    table.0 = None;
    let now = START + 30 * SECOND;
    let told = call(&mut here, &mut table, now, Outcome::Success).unwrap();
    assert_eq!(turned(&told), [("ours", "half_open"), ("ours", "closed")]);
    assert_eq!(table.0.unwrap().version, 2);
}

#[test]
fn a_record_from_a_clock_far_ahead_is_waited_for_no_longer_than_a_cool_down() {
    let (mut here, mut table) = (Shared::new("here"), Table::default());
    let mut ahead = Record::hold(None, START + 9_999 * SECOND, START + 99_999 * SECOND, "x");
    ahead.held = false;
    table.0 = Some(ahead);
    sync(&mut here, &mut table, START);
    let refused = here.admit(&LIMITS, START).unwrap_err();
    assert_eq!(refused.wait, LIMITS.max_cool_down);
    assert!(here.admit(&LIMITS, START + LIMITS.max_cool_down).is_ok());
}
