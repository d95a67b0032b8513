//! Breakers before the services that the worker can do without for a while.
//!
//! A guarded service is one like any other: it answers [`FaultKind::Held`] without being called while
//! its breaker is open, and so nobody but the sweep needs to know of breakers. What a breaker has come
//! to is shared with all other workers by way of the table; what the rules of that are is said in
//! [`usher_shared::breaker`].
//!
//! While all goes well this costs each worker one read that may be a second behind, for each service
//! that it calls and each `breaker.cache_s`; the table is written on a change alone. No such read or
//! write takes longer than half a second: where the table is in trouble, each worker goes by what it has
//! seen itself.

mod bus;
mod lookup;
mod mail;
mod tell;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use usher_shared::breaker::{Bid, Limits, Need, News, Outcome, Permit, Shared, State};
use usher_shared::chance;
use usher_shared::clock::Clock;
use usher_shared::dependency::Dependency;
use usher_shared::disposition::FaultKind;
use usher_shared::held::Held;
use usher_shared::policy::BreakerRules;
use usher_shared::port::{BreakerWritten, Bus, Fault, Lookup, Mailer, Store};

/// The longest that the table is waited for. A mail's call is cut off after
/// [`crate::perform::MAIL_TIMEOUT`], three seconds after the mail service's own limit; a read and two
/// writes beside it must fit in, because whoever is cut off does not hear that the mail was taken.
const LOOK: Duration = Duration::from_millis(500);

/// How often a call looks again after it was overtaken: the others have closed the breaker, or one has
/// removed its record.
const ROUNDS: usize = 3;

/// The word for a call whose caller did not wait for its end.
const CUT_OFF: &str = "cut_off";

/// The breakers of one worker process. Cheap to clone; clones share them.
#[derive(Clone)]
pub struct Guards {
    mail: Arc<Guard>,
    bus: Arc<Guard>,
    lookup: Arc<Guard>,
    means: Arc<Means>,
}

/// What all of them need.
struct Means {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    rules: Held<BreakerRules>,
}

impl Guards {
    /// Closed breakers that share what they come to through this table, under a name that no other
    /// running worker has.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        owner: &str,
        rules: &BreakerRules,
    ) -> Self {
        let rules = Held::new(rules.clone());
        let means = Arc::new(Means {
            store,
            clock,
            rules,
        });
        let guard = |of| {
            Arc::new(Guard {
                of,
                means: Arc::clone(&means),
                shared: Mutex::new(Shared::new(owner)),
                asking: tokio::sync::Mutex::new(()),
            })
        };
        Self {
            mail: guard(Dependency::Mail),
            bus: guard(Dependency::Bus),
            lookup: guard(Dependency::Lookup),
            means,
        }
    }

    /// Goes by these rules from now on.
    pub fn heed(&self, rules: &BreakerRules) {
        if *self.means.rules.current() != *rules {
            self.means.rules.replace(rules.clone());
        }
    }

    /// This mail service, behind its breaker.
    pub fn mailer(&self, mailer: Arc<dyn Mailer>) -> Arc<dyn Mailer> {
        Arc::new(mail::Guarded {
            mailer,
            guard: Arc::clone(&self.mail),
        })
    }

    /// This bus, behind its breaker.
    pub fn bus(&self, bus: Arc<dyn Bus>) -> Arc<dyn Bus> {
        Arc::new(bus::Guarded {
            bus,
            guard: Arc::clone(&self.bus),
        })
    }

    /// This lookup, behind its breaker. Whom a policy did not ask before starts with a closed one.
    pub fn lookup(&self, lookup: Arc<dyn Lookup>) -> Arc<dyn Lookup> {
        Arc::new(lookup::Guarded {
            lookup,
            guard: Arc::clone(&self.lookup),
        })
    }

    /// What a call to this service would meet now: half-open where one may go, to see whether the
    /// service is back, or is under way.
    pub async fn peek(&self, of: Dependency) -> State {
        let guard = match of {
            Dependency::Mail => &self.mail,
            Dependency::Bus => &self.bus,
            Dependency::Lookup => &self.lookup,
        };
        guard.see_to_the_table().await;
        guard.shared().outlook(guard.now())
    }
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = |guard: &Guard| guard.shared().state();
        f.debug_struct("Guards")
            .field("mail", &state(&self.mail))
            .field("bus", &state(&self.bus))
            .field("lookup", &state(&self.lookup))
            .finish()
    }
}

/// One breaker, and the table that it is shared through.
struct Guard {
    of: Dependency,
    means: Arc<Means>,
    shared: Mutex<Shared>,
    /// Who has it reads or writes the table; the others wait for what comes of that.
    asking: tokio::sync::Mutex<()>,
}

impl Guard {
    /// Lets a call by, or not.
    async fn admit(&self) -> Option<Pass<'_>> {
        for _ in 0..ROUNDS {
            self.see_to_the_table().await;
            let limits = self.limits();
            let permit = {
                let mut shared = self.shared();
                let permit = shared.admit(&limits, self.now()).ok()?;
                if !shared.is_probe() {
                    return Some(Pass::new(self, permit));
                }
                permit
            };
            // The probe is whose write to half-open the table takes.
            self.see_to_the_table().await;
            if self.shared().is_good(&permit) {
                return Some(Pass::new(self, permit));
            }
        }
        None
    }

    fn report(&self, permit: Permit, outcome: Outcome, why: &str) {
        let (limits, now, draw) = (self.limits(), self.now(), chance::fraction());
        let mut shared = self.shared();
        shared.report(permit, outcome, why, &limits, now, draw);
    }

    /// Reads what is old, and writes what is new, as far as the table lets us.
    async fn see_to_the_table(&self) {
        if self.need().is_none() {
            return;
        }
        let _asking = self.asking.lock().await;
        for _ in 0..ROUNDS {
            match self.need() {
                None => return,
                Some(Need::Read) => self.read().await,
                Some(Need::Write(bid)) => self.write(&bid).await,
            }
        }
    }

    /// Writes what is new; what is old can wait for the next call.
    async fn publish(&self) {
        if matches!(self.need(), Some(Need::Write(_))) {
            self.see_to_the_table().await;
        }
    }

    fn need(&self) -> Option<Need> {
        let (limits, now) = (self.limits(), self.now());
        let lifetime = self.means.rules.current().cache;
        self.shared().need(&limits, lifetime, now)
    }

    async fn read(&self) {
        let read = timeout(LOOK, self.means.store.breaker(self.of)).await;
        let (limits, now) = (self.limits(), self.now());
        let news = match read {
            Ok(Ok(found)) => self.shared().read(found, &limits, now),
            Ok(Err(_)) | Err(_) => {
                let name = self.of.as_str();
                tracing::debug!(
                    breaker.name = name,
                    "A breaker goes by what it has seen itself"
                );
                self.shared().unread(now);
                None
            }
        };
        self.tell(news);
    }

    async fn write(&self, bid: &Bid) {
        let written = timeout(LOOK, self.means.store.write_breaker(self.of, &bid.record)).await;
        let (limits, now) = (self.limits(), self.now());
        let mut shared = self.shared();
        let news = match written {
            Ok(Ok(BreakerWritten::Now)) => shared.written(bid, now),
            Ok(Ok(BreakerWritten::Overtaken(found))) => {
                shared.overtaken(bid, found.map(|found| *found), &limits, now)
            }
            Ok(Err(_)) | Err(_) => shared.unwritten(bid, now),
        };
        drop(shared);
        self.tell(news);
    }

    fn tell(&self, news: Option<News>) {
        if let Some(news) = news {
            let why = self.shared().why().map(str::to_owned);
            tell::tell(self.of, news, why.as_deref());
        }
    }

    fn limits(&self) -> Limits {
        *self.means.rules.current().of(self.of)
    }

    fn now(&self) -> Duration {
        let millis = self.means.clock.now().unix_millis();
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // Nothing can panic while the lock is held.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a service answers that is not called.
    fn held(&self) -> Fault {
        let operation = match self.of {
            Dependency::Mail => "mail.send",
            Dependency::Bus => "bus.publish",
            Dependency::Lookup => "lookup.ask",
        };
        Fault::new(operation, FaultKind::Held)
    }
}

/// The right to make one call. A call that is cut off, or panics, has failed.
struct Pass<'a> {
    guard: &'a Guard,
    permit: Option<Permit>,
}

impl<'a> Pass<'a> {
    fn new(guard: &'a Guard, permit: Permit) -> Self {
        let permit = Some(permit);
        Self { guard, permit }
    }

    /// Says how the call went.
    async fn report(mut self, fault: Option<FaultKind>) {
        let permit = self.permit.take();
        if let (Some(permit), Some(outcome)) = (permit, outcome(fault)) {
            let why = fault.map_or("", FaultKind::as_str);
            self.guard.report(permit, outcome, why);
        }
        self.guard.publish().await;
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.guard.report(permit, Outcome::Failure, CUT_OFF);
        }
    }
}

/// What an answer says of whoever gave it. Who refuses one call is there, and may like the next. Who
/// was not called has said nothing.
fn outcome(fault: Option<FaultKind>) -> Option<Outcome> {
    match fault {
        None | Some(FaultKind::Refused) => Some(Outcome::Success),
        Some(
            FaultKind::TimedOut
            | FaultKind::Unavailable
            | FaultKind::Throttled
            | FaultKind::Corrupt,
        ) => Some(Outcome::Failure),
        Some(FaultKind::Held) => None,
    }
}
