use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use thiserror::Error;
use usher_shared::breaker::{Breaker, Outcome, Permit, State, Transition};
use usher_shared::chance;
use usher_shared::clock::Clock;
use usher_shared::disposition::{Disposition, FaultKind};
use usher_shared::policy::LookupRules;
use usher_shared::policy::lookup::Url;
use usher_shared::port::{Answer, Fault, Lookup, Question};

/// The lookup behind its breaker. Cheap to clone; clones share the breaker, whatever policy they are
/// under.
#[derive(Clone)]
pub struct Guarded {
    lookup: Arc<dyn Lookup>,
    breaker: Arc<Mutex<Watched>>,
}

/// A breaker, and whom it watches: another policy may ask somebody else, of whom nothing is known.
#[derive(Default)]
struct Watched {
    url: Option<Url>,
    breaker: Breaker,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unanswered {
    /// Nobody answered, or not in a way that can be read.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The breaker is open, so that nobody was asked.
    #[error("the breaker is open")]
    Open,
}

impl Unanswered {
    /// What to do about it: an open breaker does not close within one invocation.
    pub(crate) fn disposition(&self) -> Disposition {
        match self {
            Self::Fault(fault) => fault.disposition(),
            Self::Open => Disposition::Defer,
        }
    }
}

impl Guarded {
    /// Puts a breaker before this lookup, closed.
    pub fn new(lookup: Arc<dyn Lookup>) -> Self {
        Self {
            lookup,
            breaker: Arc::default(),
        }
    }

    /// Asks once, if the breaker lets the question by, and tells it how that went.
    pub(crate) async fn ask(
        &self,
        rules: &LookupRules,
        question: &Question,
        clock: &dyn Clock,
    ) -> Result<Answer, Unanswered> {
        let permit = self.admit(rules, clock).ok_or(Unanswered::Open)?;
        let answer = self.lookup.ask(&rules.endpoint, question).await;
        self.report(permit, &answer, rules, clock);
        Ok(answer?)
    }

    fn admit(&self, rules: &LookupRules, clock: &dyn Clock) -> Option<Permit> {
        let mut watched = self.watched();
        if watched.url.as_ref() != Some(&rules.endpoint.url) {
            *watched = Watched {
                url: Some(rules.endpoint.url.clone()),
                breaker: Breaker::default(),
            };
        }
        let admitted = watched.breaker.admit(&rules.breaker, reading(clock));
        drop(watched);
        let admitted = admitted.ok()?;
        tell(admitted.transition, None);
        Some(admitted.permit)
    }

    fn report(
        &self,
        permit: Permit,
        answer: &Result<Answer, Fault>,
        rules: &LookupRules,
        clock: &dyn Clock,
    ) {
        let fault = answer.as_ref().err().copied();
        let outcome = outcome(fault.map(|fault| fault.kind));
        let (now, draw) = (reading(clock), chance::fraction());
        let mut watched = self.watched();
        // Somebody else is watched by now.
        if watched.url.as_ref() != Some(&rules.endpoint.url) {
            return;
        }
        let transition = watched
            .breaker
            .report(permit, outcome, &rules.breaker, now, draw);
        drop(watched);
        tell(transition, fault);
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        // Nothing can panic while the lock is held.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an answer says of whoever gave it. Who refuses a question is there, and may like the next.
fn outcome(fault: Option<FaultKind>) -> Outcome {
    match fault {
        None | Some(FaultKind::Refused) => Outcome::Success,
        Some(
            FaultKind::TimedOut
            | FaultKind::Unavailable
            | FaultKind::Throttled
            | FaultKind::Corrupt,
        ) => Outcome::Failure,
    }
}

fn reading(clock: &dyn Clock) -> Duration {
    let millis = clock.now().unix_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// One line for each change of the breaker, and a count.
fn tell(transition: Option<Transition>, fault: Option<Fault>) {
    let Some(Transition {
        from,
        to,
        failures_in_a_row,
        cool_down,
    }) = transition
    else {
        return;
    };
    let (from, state) = (from.as_str(), to.as_str());
    let cool_down_ms = u64::try_from(cool_down.as_millis()).unwrap_or(u64::MAX);
    match to {
        State::Open => {
            let fault = fault.map(|fault| fault.kind.as_str());
            tracing::warn!(
                breaker.name = "lookup",
                breaker.from = from,
                breaker.state = state,
                breaker.failures_in_a_row = failures_in_a_row,
                breaker.cool_down_ms = cool_down_ms,
                fault,
                breaker_opened = 1,
                "The lookup is not asked for a while"
            );
        }
        State::HalfOpen => tracing::info!(
            breaker.name = "lookup",
            breaker.from = from,
            breaker.state = state,
            "The lookup is asked once, to see whether it is back"
        ),
        State::Closed => tracing::info!(
            breaker.name = "lookup",
            breaker.from = from,
            breaker.state = state,
            breaker_closed = 1,
            "The lookup is back"
        ),
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.watched().breaker.state();
        f.debug_struct("Guarded")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
