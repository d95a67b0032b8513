//! The sweep: nothing is enqueued twice, no lane holds up another, and a service that comes back is
//! not run over.

use crate::common::{World, at, pool, sub};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use usher_events::{EventId, Subject, SuspensionReason, Time, UserSuspended};
use usher_shared::breaker::{Record, State};
use usher_shared::clock::Clock;
use usher_shared::commit::{EffectKind, Entry, Lane, Ledger};
use usher_shared::dependency::Dependency;
use usher_shared::disposition::FaultKind;
use usher_shared::memory::Table;
use usher_shared::operator::Act;
use usher_shared::policy::Policy;
use usher_shared::port::{Appended, Breakers, Delayed, Fault, Outgoing, Queue, Store};
use usher_shared::testkit::StepClock;
use usher_shared::user::User;
use usher_shared::{chance, seal};
use usher_worker::sweep::{LaneSwept, PROBES, Pace, Sweeper, UNTIL_NEXT};

const MOST: u32 = 60;
const MINUTE: Duration = Duration::from_secs(60);

fn id(number: u64) -> EventId {
    let text = format!("00000000-0000-4000-8000-{number:012x}");
    text.parse().unwrap()
}

/// A queue that nobody reads. It fails in one way while it is told to, and has taken what it was
/// sent all the same where that is a lost answer.
#[derive(Default)]
struct Pile {
    sent: Mutex<Vec<Delayed>>,
    calls: Mutex<Vec<usize>>,
    failing: Mutex<Option<FaultKind>>,
}

#[async_trait]
impl Queue for Pile {
    async fn send(&self, _: &Outgoing) -> Result<(), Fault> {
        panic!("a sweep sends many at once")
    }

    async fn send_many(&self, messages: &[Delayed]) -> Vec<Result<(), Fault>> {
        self.calls.lock().unwrap().push(messages.len());
        let failing = *self.failing.lock().unwrap();
        if failing.is_none_or(|kind| kind == FaultKind::TimedOut) {
            self.sent.lock().unwrap().extend_from_slice(messages);
        }
        let result = failing.map_or(Ok(()), |kind| Err(Fault::new("pile.send", kind)));
        vec![result; messages.len()]
    }
}

impl Pile {
    /// How often each message was sent.
    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for delayed in self.sent.lock().unwrap().iter() {
            *counts.entry(delayed.message.body.clone()).or_default() += 1;
        }
        counts
    }
}

/// A table, a queue that nobody reads, and a clock.
struct Stage {
    table: Table,
    pile: Arc<Pile>,
    clock: Arc<StepClock>,
}

impl Stage {
    fn new() -> Self {
        Self {
            table: Table::default(),
            pile: Arc::default(),
            clock: Arc::new(StepClock::at(at(1000))),
        }
    }

    fn sweeper(&self) -> Sweeper {
        Sweeper {
            store: Arc::new(self.table.clone()),
            queue: Arc::clone(&self.pile) as Arc<_>,
            clock: Arc::clone(&self.clock) as Arc<_>,
            most_a_minute: MOST,
        }
    }

    /// Sets an effect of a new commit aside.
    async fn defer(&self, number: u64, kind: EffectKind, due: Time) -> EventId {
        let id = id(number);
        let act = Act {
            id,
            pool: pool(),
            sub: sub(&format!("user-{number}")),
            event: UserSuspended {
                reason: SuspensionReason::Operator,
            }
            .into(),
        };
        let mut commit = act
            .commit(&Policy::default(), &User::default(), at(0))
            .unwrap();
        commit.ledger = Ledger::default();
        commit.ledger.set(kind, Entry::later(due));
        let sealed = seal::seal(&commit, None, chance::bytes()).unwrap();
        assert_eq!(self.table.append(&sealed).await, Ok(Appended::Now));
        id
    }

    async fn lanes(&self) -> [LaneSwept; 3] {
        let swept = self.sweeper().sweep().await.unwrap();
        swept.lanes.try_into().unwrap()
    }

    async fn sent(&self) -> [u32; 3] {
        self.lanes().await.map(|lane| lane.sent)
    }

    /// What the table says of a breaker, whoever wrote it.
    async fn breaker(&self, of: Dependency, state: State, since: Time, until: Time) {
        let before = self.table.breaker(of).await.unwrap();
        let instant = |time: Time| Duration::from_millis(time.unix_millis().try_into().unwrap());
        let mut record = Record::reset(before.as_ref(), instant(since), "test");
        record.state = state;
        record.until = instant(until);
        self.table.write_breaker(of, &record).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_due_is_on_the_queue_once_an_hour_however_often_two_sweep_at_once() {
    let stage = Stage::new();
    let all = 3 * u64::from(MOST);
    for number in 0..all {
        stage.defer(number, EffectKind::Publication, at(0)).await;
    }
    let (one, other) = (stage.sweeper(), stage.sweeper());
    for minute in 0..60 {
        let (one, other) = tokio::join!(one.sweep(), other.sweep());
        for sent in [one.unwrap().sent(), other.unwrap().sent()] {
            assert!(sent <= MOST && (minute < 3 || sent == 0), "minute {minute}");
        }
        stage.clock.advance(MINUTE);
    }
    let counts = stage.pile.counts();
    assert_eq!(counts.len() as u64, all);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    for _ in 60..120 {
        let (one, other) = tokio::join!(one.sweep(), other.sweep());
        assert!(one.unwrap().sent().max(other.unwrap().sent()) <= MOST);
        stage.clock.advance(MINUTE);
    }
    let counts = stage.pile.counts();
    assert!(counts.values().all(|count| *count == 2), "once for a move");
}

#[tokio::test]
async fn a_full_lane_holds_up_no_other_and_the_oldest_go_first() {
    let stage = Stage::new();
    for number in 0..200 {
        let due = at(number * 7 % 200);
        stage.defer(number, EffectKind::Publication, due).await;
    }
    let mail = stage.defer(1000, EffectKind::WelcomeMail, at(900)).await;
    let spill = id(2000);
    stage.table.spill(spill, "{}", at(950)).await.unwrap();
    assert_eq!(stage.sent().await, [1, MOST, 1]);
    let left = stage.table.due(Lane::Bus, at(1000), 1000).await.unwrap();
    assert_eq!(left.len(), 140);
    assert!(left.iter().all(|due| due.at() >= at(60)), "the oldest went");
    let counts = stage.pile.counts();
    assert!(counts.keys().any(|body| body.contains(&mail.to_string())));
    assert_eq!(counts.get("{}"), Some(&1));
    assert_eq!(stage.table.spilled(spill).await, Ok(None));
}

#[tokio::test]
async fn a_lane_is_spread_evenly_over_the_minute_in_few_calls() {
    let stage = Stage::new();
    for number in 0..u64::from(MOST) {
        stage.defer(number, EffectKind::WelcomeMail, at(0)).await;
    }
    assert_eq!(stage.sent().await, [MOST, 0, 0]);
    let sent = stage.pile.sent.lock().unwrap();
    let mut delays: Vec<u64> = sent.iter().map(|sent| sent.delay.as_secs()).collect();
    delays.sort_unstable();
    assert_eq!(delays, (0..60).collect::<Vec<_>>());
    assert_eq!(*stage.pile.calls.lock().unwrap(), [10; 6]);
}

#[tokio::test]
async fn what_the_queue_did_not_take_is_due_at_the_next_sweep_and_what_it_may_have_an_hour_later() {
    for (kind, again) in [
        (FaultKind::Unavailable, MINUTE),
        (FaultKind::Throttled, MINUTE),
        (FaultKind::Refused, MINUTE),
        (FaultKind::TimedOut, UNTIL_NEXT),
    ] {
        let stage = Stage::new();
        stage.defer(1, EffectKind::WelcomeMail, at(0)).await;
        let spill = id(2);
        stage.table.spill(spill, "{}", at(0)).await.unwrap();
        *stage.pile.failing.lock().unwrap() = Some(kind);
        let lanes = stage.lanes().await;
        let told = lanes.map(|lane| (lane.sent, lane.left, lane.failed));
        assert_eq!(told, [(0, 1, true), (0, 0, false), (0, 1, true)], "{kind}");
        *stage.pile.failing.lock().unwrap() = None;
        stage.clock.advance(again - Duration::from_secs(1));
        assert_eq!(stage.sent().await, [0, 0, 0], "{kind}");
        stage.clock.advance(Duration::from_secs(1));
        assert_eq!(stage.sent().await, [1, 0, 1], "{kind}");
    }
}

/// Where ten at a time are refused, forty have been tried, and not a thousand.
#[tokio::test]
async fn a_sweep_ends_at_the_first_sign_that_the_queue_is_in_trouble() {
    let stage = Stage::new();
    for number in 0..u64::from(MOST) {
        stage.defer(number, EffectKind::WelcomeMail, at(0)).await;
    }
    *stage.pile.failing.lock().unwrap() = Some(FaultKind::Unavailable);
    let [mail, _, _] = stage.lanes().await;
    assert_eq!((mail.sent, mail.left, mail.failed), (0, MOST, true));
    let calls = stage.pile.calls.lock().unwrap().len();
    assert!(calls <= 4, "{calls} calls");
}

#[tokio::test]
async fn nothing_of_a_lane_is_touched_while_its_breaker_is_open_but_what_probes_it() {
    let stage = Stage::new();
    for number in 0..200_u64 {
        stage.defer(number, EffectKind::WelcomeMail, at(0)).await;
        let bus = stage.defer(1000 + number, EffectKind::Publication, at(0));
        bus.await;
    }
    let now = stage.clock.now();
    let until = now.plus(2 * MINUTE);
    stage
        .breaker(Dependency::Mail, State::Open, now, until)
        .await;
    for _ in 0..2 {
        let before = stage.table.units();
        let [mail, bus, _] = stage.lanes().await;
        assert_eq!((mail.pace, mail.sent), (Pace::Held, 0));
        assert_eq!(bus.sent, MOST, "the other lane goes on");
        let writes = stage.table.units().writes - before.writes;
        assert_eq!(writes, u64::from(MOST), "nothing of the lane is written");
        stage.clock.advance(MINUTE);
    }
    let [mail, _, _] = stage.lanes().await;
    assert_eq!((mail.pace, mail.sent), (Pace::Probing, PROBES));

    let now = stage.clock.now();
    stage
        .breaker(Dependency::Mail, State::Closed, now, now)
        .await;
    let mut paces = Vec::new();
    for _ in 0..7 {
        paces.push(stage.sent().await[0]);
        stage.clock.advance(MINUTE);
    }
    assert_eq!(paces, [3, 3, 7, 15, 30, MOST, MOST], "it grows");
}

/// What one due thing costs the sweep; the resume that follows costs what it performs.
#[tokio::test]
async fn a_due_thing_costs_one_write_and_two_in_the_index_and_a_tenth_of_a_call() {
    let stage = Stage::new();
    let before = stage.table.units();
    assert_eq!(stage.sent().await, [0, 0, 0]);
    let reads = stage.table.units().reads - before.reads;
    for number in 0..u64::from(MOST) {
        stage.defer(number, EffectKind::WelcomeMail, at(0)).await;
    }
    let before = stage.table.units();
    assert_eq!(stage.sent().await, [MOST, 0, 0]);
    let after = stage.table.units();
    let (units, writes) = (after.written - before.written, after.writes - before.writes);
    let calls = stage.pile.calls.lock().unwrap().len();
    println!(
        "a sweep that finds nothing: {reads} calls that read in memory (8 queries a lane in DynamoDB)\n\
         {MOST} due commits: {writes} writes, {units} WRU, {calls} calls to the queue"
    );
    assert_eq!(writes, u64::from(MOST));
    assert_eq!(units, 3 * u64::from(MOST));
    assert_eq!(calls, 6);
}

/// A resume that is late finds nothing to do, on the worker's own way.
#[tokio::test]
async fn a_resume_whose_commit_is_done_meanwhile_drops_itself() {
    let world = World::new().await;
    let worker = world.worker();
    let id = id(7);
    let act = Act {
        id,
        pool: pool(),
        sub: sub("ada"),
        event: UserSuspended {
            reason: SuspensionReason::Operator,
        }
        .into(),
    };
    let commit = act
        .commit(&Policy::default(), &User::default(), at(0))
        .unwrap();
    let sealed = seal::seal(&commit, None, chance::bytes()).unwrap();
    world.here.stack.store.append(&sealed).await.unwrap();
    worker.sweep().await.unwrap();
    let subject = Subject::User(sub("ada"));
    let done = Entry::Done {
        at: at(1),
        receipt: None,
    };
    let kind = EffectKind::Publication;
    let write = world
        .here
        .stack
        .store
        .write_entry(&subject, id, kind, &done, None, None);
    write.await.unwrap();
    let outcomes = world.drain(&worker).await;
    assert_eq!(outcomes, [usher_worker::story::Outcome::NothingToResume]);
    assert_eq!(world.told().len(), 0);
}
