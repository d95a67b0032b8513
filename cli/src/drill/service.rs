//! A service that takes time, is out for a while, and counts who calls it.

use super::clock::VirtualClock;
use super::dice::Dice;
use super::scenario::{Kind, Outage};
use async_trait::async_trait;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use usher_shared::aws::Timeouts;
use usher_shared::breaker::{Record, State};
use usher_shared::clock::{Clock, sleep};
use usher_shared::dependency::Dependency;
use usher_shared::disposition::FaultKind;
use usher_shared::memory::{Passed, Table, Way};
use usher_shared::port::Breakers;

/// How long it takes to hear that nobody is there.
const REFUSAL: Duration = Duration::from_millis(5);

/// How long it takes at most until each worker has heard that a breaker has opened, and whatever it
/// was about to call then has been called.
const NEWS: Duration = Duration::from_secs(15);

/// What calls of a service that is well take, on average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Store,
    Queue,
    Bus,
    Mail,
}

impl Role {
    fn takes(self) -> Duration {
        Duration::from_millis(match self {
            Self::Store => 5,
            Self::Queue => 8,
            Self::Bus => 20,
            Self::Mail => 80,
        })
    }

    /// Whether a call that nobody answers may have been carried out. Of a mail that would be one more
    /// mail than the drill could tell from a fault of the worker's, so that never is.
    fn loses_answers(self) -> bool {
        match self {
            Self::Store | Self::Queue | Self::Bus => true,
            Self::Mail => false,
        }
    }
}

/// The way to one service.
pub struct Service {
    role: Role,
    clock: VirtualClock,
    dice: Dice,
    outage: Option<Outage>,
    /// Where all workers read what has become of the breaker before this service.
    breaker: OnceLock<(Table, Dependency)>,
    book: Mutex<Book>,
}

/// Who called when.
#[derive(Clone, Debug, Default)]
pub struct Book {
    calls: u64,
    /// Calls by minute of the drill.
    pub by_minute: Vec<u64>,
    pub before: u64,
    pub during: u64,
    pub after: u64,
    /// Calls begun while the breaker was open, as all workers can know, or half-open.
    pub while_open: u64,
    /// Those of them that were begun long after it had opened, and were not the one probe.
    pub unheeding: u64,
    /// How often the breaker was half-open.
    pub probes: u64,
    /// The record of the last probe.
    probed: u64,
}

impl Service {
    /// A service that is out during `outage`, if that is its own.
    pub fn new(role: Role, clock: VirtualClock, dice: Dice, outage: Option<Outage>) -> Self {
        Self {
            role,
            clock,
            dice: dice.of(role as u64),
            outage,
            breaker: OnceLock::new(),
            book: Mutex::default(),
        }
    }

    /// Says which breaker is before it.
    pub fn watch(&self, table: Table, breaker: Dependency) {
        // It is said once.
        let _ = self.breaker.set((table, breaker));
    }

    /// What it has seen so far.
    pub fn book(&self) -> Book {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call of a service that nobody should call.
    fn note_open(&self, record: &Record) {
        let now = Duration::from_millis(self.clock.now().unix_millis().unsigned_abs());
        let mut book = self.lock();
        match record.state {
            State::Closed => {}
            State::Open => {
                book.while_open += 1;
                let long_ago = now.saturating_sub(record.since) > NEWS;
                book.unheeding += u64::from(long_ago && now < record.until);
            }
            State::HalfOpen => {
                book.while_open += 1;
                // One call was elected, under a record of its own.
                if book.probed == record.version {
                    book.unheeding += 1;
                } else {
                    book.probed = record.version;
                    book.probes += 1;
                }
            }
        }
    }

    /// Notes a call, and gives its throw and how the service is.
    fn note(&self) -> (u64, Option<Kind>) {
        let now = self.clock.elapsed();
        let minute = usize::try_from(now.as_secs() / 60).unwrap_or(usize::MAX);
        let mut book = self.lock();
        let throw = book.calls;
        book.calls += 1;
        if book.by_minute.len() <= minute {
            book.by_minute.resize(minute + 1, 0);
        }
        book.by_minute[minute] += 1;
        let out = match &self.outage {
            Some(outage) if now < outage.begins => {
                book.before += 1;
                None
            }
            Some(outage) if now < outage.ends => {
                book.during += 1;
                Some(outage.kind)
            }
            Some(_) => {
                book.after += 1;
                None
            }
            None => None,
        };
        (throw, out)
    }
}

#[async_trait]
impl Way for Service {
    async fn pass(&self, _operation: &'static str) -> Passed {
        let (throw, out) = self.note();
        if let Some((table, of)) = self.breaker.get()
            && let Ok(Some(record)) = table.breaker(*of).await
        {
            self.note_open(&record);
        }
        let draw = self.dice.fraction(throw);
        let Some(kind) = out else {
            sleep(self.role.takes().mul_f64(0.5 + draw)).await;
            return Passed::Through;
        };
        match kind.of_call(draw) {
            FaultKind::TimedOut => {
                sleep(Timeouts::WORKER.operation).await;
                let lost = self.role.loses_answers() && self.dice.of(1).fraction(throw) < 0.5;
                if lost {
                    Passed::AnswerLost(FaultKind::TimedOut)
                } else {
                    Passed::Stopped(FaultKind::TimedOut)
                }
            }
            other => {
                sleep(REFUSAL).await;
                Passed::Stopped(other)
            }
        }
    }
}
