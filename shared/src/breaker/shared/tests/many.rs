//! Many processes whose steps are interleaved in every way: clocks that differ, reads that are behind,
//! a table that fails or does what it does not say, processes that die at any moment.

use super::{LIFETIME, LIMITS, SECOND, START};
use crate::breaker::{CLOCKS_DIFFER, Need, Outcome, Permit, Record, Shared, State};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::time::Duration;

/// How many calls one process makes at once.
const AT_ONCE: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Net {
    Fine,
    /// A read shows what was there before.
    Behind,
    /// Nothing is done, and nothing is known of it.
    Fails,
    /// A write is done, and nothing is known of it.
    Loses,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Passes(u64),
    /// Somebody sees to the table, once.
    Syncs(usize, Net),
    /// Somebody wants to make a call.
    Asks(usize),
    /// Somebody's oldest call ends.
    Ends(usize, f64),
    /// Somebody is gone, and another is there in its place.
    Dies(usize),
    /// Whom they call goes down, or comes back.
    Turns(bool),
}

struct One {
    shared: Shared,
    clock: i64,
    /// A probe that waits for its election.
    waiting: Option<Permit>,
    under_way: VecDeque<Permit>,
    /// Calls that were begun while it was closed.
    calls: usize,
}

struct World {
    now: Duration,
    ones: Vec<One>,
    /// Every record there was, with the true time since which it is so.
    written: Vec<(Duration, Record)>,
    is_down: bool,
    lives: usize,
}

impl World {
    fn new(clocks: &[i64]) -> Self {
        let mut world = Self {
            now: START,
            ones: Vec::new(),
            written: Vec::new(),
            is_down: true,
            lives: 0,
        };
        for clock in clocks {
            let one = world.one(*clock);
            world.ones.push(one);
        }
        world
    }

    fn one(&mut self, clock: i64) -> One {
        self.lives += 1;
        One {
            shared: Shared::new(format!("w{}", self.lives)),
            clock,
            waiting: None,
            under_way: VecDeque::new(),
            calls: 0,
        }
    }

    /// What somebody's clock shows.
    fn at(&self, which: usize) -> Duration {
        shift(self.now, self.ones[which].clock)
    }

    fn write(&mut self, which: usize, record: &Record) -> bool {
        let there = self.written.last().map_or(0, |(_, there)| there.version);
        let is_next = record.version == there + 1;
        if is_next {
            let since = shift(record.since, -self.ones[which].clock);
            self.written.push((since, record.clone()));
        }
        is_next
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Passes(millis) => self.now += Duration::from_millis(millis),
            Step::Turns(is_down) => self.is_down = is_down,
            Step::Dies(which) => {
                let which = which % self.ones.len();
                let clock = self.ones[which].clock;
                self.ones[which] = self.one(clock);
            }
            Step::Syncs(which, net) => self.sync(which % self.ones.len(), net),
            Step::Asks(which) => self.ask(which % self.ones.len()),
            Step::Ends(which, draw) => self.end(which % self.ones.len(), draw),
        }
    }

    fn sync(&mut self, which: usize, net: Net) {
        let now = self.at(which);
        let last = self.written.last().map(|(_, record)| record.clone());
        match self.ones[which].shared.need(&LIMITS, LIFETIME, now) {
            None => {}
            Some(Need::Read) => {
                let shared = &mut self.ones[which].shared;
                match net {
                    Net::Fine => shared.read(last, &LIMITS, now),
                    Net::Behind => {
                        let behind = self.written.len().checked_sub(2);
                        let found = behind.map(|at| self.written[at].1.clone());
                        shared.read(found, &LIMITS, now)
                    }
                    Net::Fails | Net::Loses => {
                        shared.unread(now);
                        None
                    }
                };
            }
            Some(Need::Write(bid)) => {
                let is_done = !matches!(net, Net::Fails) && self.write(which, &bid.record);
                let shared = &mut self.ones[which].shared;
                match net {
                    Net::Fails | Net::Loses => shared.unwritten(&bid, now),
                    Net::Fine | Net::Behind if is_done => shared.written(&bid, now),
                    Net::Fine | Net::Behind => shared.overtaken(&bid, last, &LIMITS, now),
                };
            }
        }
        let one = &mut self.ones[which];
        if let Some(permit) = one.waiting.take()
            && one.shared.is_good(&permit)
        {
            one.under_way.push_back(permit);
        }
    }

    fn ask(&mut self, which: usize) {
        let now = self.at(which);
        let one = &mut self.ones[which];
        if one.under_way.len() + one.waiting.iter().len() >= AT_ONCE {
            return;
        }
        let Ok(permit) = one.shared.admit(&LIMITS, now) else {
            return;
        };
        if one.shared.is_probe() {
            one.waiting = Some(permit);
        } else {
            one.calls += 1;
            one.under_way.push_back(permit);
        }
    }

    fn end(&mut self, which: usize, draw: f64) {
        let (now, is_down) = (self.at(which), self.is_down);
        let one = &mut self.ones[which];
        let outcome = match is_down {
            true => Outcome::Failure,
            false => Outcome::Success,
        };
        if let Some(permit) = one.under_way.pop_front() {
            let why = "unavailable";
            one.shared.report(permit, outcome, why, &LIMITS, now, draw);
        }
    }

    /// No second probe within a probe's time, and none before a cool-down is over but for what the
    /// clocks differ; and each record under the version above the one before.
    fn check(&self) -> Result<(), TestCaseError> {
        for pair in self.written.windows(2) {
            let ((then, before), (now, after)) = (&pair[0], &pair[1]);
            prop_assert_eq!(before.version + 1, after.version);
            if after.state != State::HalfOpen {
                continue;
            }
            match before.state {
                State::HalfOpen => prop_assert!(*now >= *then + LIMITS.probe, "{pair:?}"),
                State::Open => {
                    let cool_down = before.until - before.since;
                    prop_assert!(*now + CLOCKS_DIFFER >= *then + cool_down, "{pair:?}");
                }
                State::Closed => {}
            }
        }
        Ok(())
    }
}

fn shift(instant: Duration, millis: i64) -> Duration {
    let by = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 {
        instant - by
    } else {
        instant + by
    }
}

/// Clocks that differ by no more than is allowed.
fn clocks() -> impl Strategy<Value = Vec<i64>> {
    let most = i64::try_from(CLOCKS_DIFFER.as_millis()).unwrap() / 2;
    prop::collection::vec(-most..=most, 1..5)
}

fn steps(net: impl Strategy<Value = Net> + Clone + 'static) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0_u64..8_000).prop_map(Step::Passes),
        1 => (0_u64..120_000).prop_map(Step::Passes),
        8 => (0_usize..5, net).prop_map(|(which, net)| Step::Syncs(which, net)),
        8 => (0_usize..5).prop_map(Step::Asks),
        6 => (0_usize..5, 0.0..=1.0).prop_map(|(which, draw)| Step::Ends(which, draw)),
        1 => (0_usize..5).prop_map(Step::Dies),
    ];
    prop::collection::vec(step, 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happened before, and whoever is left of them: once whom they call is back, and the
    /// table is there, all are closed within the longest cool-down and one probe.
    #[test]
    fn probes_are_one_at_a_time_and_a_recovery_is_noticed_by_all(
        clocks in clocks(),
        steps in steps(prop_oneof![
            6 => Just(Net::Fine), 2 => Just(Net::Behind), 1 => Just(Net::Fails), 1 => Just(Net::Loses),
        ]),
        turns in prop::collection::vec((0_usize..300, any::<bool>()), 0..6),
    ) {
        let mut world = World::new(&clocks);
        for (at, step) in steps.into_iter().enumerate() {
            for (_, is_down) in turns.iter().filter(|(when, _)| *when == at) {
                world.take(Step::Turns(*is_down));
            }
            world.take(step);
            world.check()?;
        }
        world.take(Step::Turns(false));
        let bound = LIMITS.max_cool_down + LIMITS.probe + LIFETIME + 2 * CLOCKS_DIFFER;
        let end = world.now + bound;
        while world.now <= end {
            for which in 0..world.ones.len() {
                world.sync(which, Net::Fine);
                world.ask(which);
                world.sync(which, Net::Fine);
                while !world.ones[which].under_way.is_empty() {
                    world.end(which, 0.5);
                }
                world.sync(which, Net::Fine);
            }
            world.check()?;
            world.now += 2 * SECOND;
        }
        for one in &world.ones {
            prop_assert_eq!(one.shared.state(), State::Closed);
        }
    }

    /// As long as whom they call is down, each of them finds out for itself at most once; all other
    /// calls are probes, of which there is one for each time that it turned half-open.
    #[test]
    fn an_outage_costs_each_as_many_calls_as_open_it_and_everybody_together_the_probes(
        clocks in clocks(),
        steps in steps(prop_oneof![3 => Just(Net::Fine), 1 => Just(Net::Behind)]),
    ) {
        let mut world = World::new(&clocks);
        for step in steps {
            world.take(step);
            world.check()?;
            let opens_it = LIMITS.failures_in_a_row as usize + AT_ONCE - 1;
            for one in &world.ones {
                prop_assert!(one.calls <= opens_it, "{}", one.calls);
            }
            let of = |state| world.written.iter().filter(|(_, record)| record.state == state).count();
            prop_assert_eq!(of(State::Closed), 0);
            // It opens once, and then again after each probe that was heard of.
            prop_assert!(of(State::Open) <= of(State::HalfOpen) + 1, "{:?}", world.written);
        }
    }
}
