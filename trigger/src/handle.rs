//! The way of one call.

use crate::budget::Budget;
use crate::cognito::Call;
use crate::decide::{Verdict, decide, when_broken};
use crate::facts::Witness;
use crate::fault;
use crate::fence::{self, Broken};
use crate::publish::{Publisher, Route};
use crate::refusal::Refusal;
use serde_json::value::RawValue;
use std::fmt;
use std::sync::Arc;
use tokio::time::Instant;
use usher_events::{Envelope, Fact, LifecycleEvent, RefusalReason, Time};
use usher_shared::clock::Clock;
use usher_shared::digest::Secret;
use usher_shared::organization::Cache;
use usher_shared::policy::Policy;
use usher_shared::secret::Kept;

/// Answers Cognito, by one policy. Cheap to clone: each invocation has one of its own, under the
/// policy that is in force when it begins.
#[derive(Clone)]
pub struct Trigger {
    /// Decides.
    pub policy: Arc<Policy>,
    /// Hides user names. What has to be hidden is not told while there is none.
    pub secret: Kept<Secret>,
    /// Takes events; its table is also the one that is read.
    pub publisher: Publisher,
    /// Organizations that were read a short while ago.
    pub organizations: Cache,
    /// Tells the time of facts.
    pub clock: Arc<dyn Clock>,
}

/// What was decided, for logs and for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Given back as it came.
    Passed,
    /// Given back with a response.
    Answered,
    /// Refused by the policy.
    Refused(RefusalReason),
    /// Nothing that usher acts on.
    Unknown,
    /// Handling broke or was too slow, and the answer is the one for that.
    Broken,
}

impl Decision {
    /// The name in log fields.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Answered => "answered",
            Self::Refused(_) => "refused",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }
}

/// One call, handled.
pub struct Handled {
    /// What Cognito gets.
    pub answer: Result<Box<RawValue>, Refusal>,
    /// How it came about.
    pub decision: Decision,
    /// What was published, and where it is.
    pub published: Option<(Envelope<LifecycleEvent>, Route)>,
}

impl Trigger {
    /// Answers one call within the budget, whatever is broken.
    pub async fn handle(&self, event: &RawValue, request_id: &str) -> Handled {
        let start = Instant::now();
        let budget = Budget::new(start, self.policy.trigger.budget);
        let call = Call::read(event);
        let handled = match &call {
            Some(call) => self.act(event, call, request_id, budget).await,
            None => Handled {
                answer: Ok(event.to_owned()),
                decision: Decision::Unknown,
                published: None,
            },
        };
        let published = handled.published.as_ref();
        tracing::info!(
            trigger.source = call.as_ref().map(|call| call.source.as_str()),
            decision = handled.decision.as_str(),
            reason = handled.reason().map(RefusalReason::as_str),
            severity = handled.reason().map(|reason| reason.severity().as_str()),
            event.id = published.map(|(envelope, _)| tracing::field::display(envelope.id)),
            route = published.map(|(_, route)| route.as_str()),
            duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            "Answered a trigger"
        );
        handled
    }

    /// Decides, then publishes. What becomes of publishing changes no answer: who was refused stays
    /// refused.
    async fn act(
        &self,
        event: &RawValue,
        call: &Call<'_>,
        request_id: &str,
        budget: Budget,
    ) -> Handled {
        let decided = fence::within(budget.deadline(), self.decide(call, request_id, budget));
        let (verdict, now) = match decided.await {
            Ok(decided) => decided,
            Err(broken) => return self.broken(event, call, broken),
        };
        let published = match verdict.fact {
            Some(fact) => {
                let route = self.publisher.publish(&fact, now, budget).await;
                Some((fact, route))
            }
            None => None,
        };
        let decision = match (&verdict.answer, verdict.reason) {
            (Err(_), Some(reason)) => Decision::Refused(reason),
            (Ok(Some(_)), _) => Decision::Answered,
            (Ok(None) | Err(_), _) => Decision::Passed,
        };
        let answer = verdict.answer;
        Handled {
            answer: answer.map(|answer| answer.unwrap_or_else(|| event.to_owned())),
            decision,
            published,
        }
    }

    async fn decide(&self, call: &Call<'_>, request_id: &str, budget: Budget) -> (Verdict, Time) {
        let now = self.clock.now();
        let secret = if call.source.needs_secret() {
            budget.look(self.secret.get()).await.flatten()
        } else {
            self.secret.current()
        };
        let witness = Witness {
            policy: &self.policy,
            secret: secret.as_deref(),
            now,
            request_id,
            trace: None,
        };
        fault::point("decide");
        let store = self.publisher.store.as_ref();
        let verdict = decide(call, witness, store, &self.organizations, budget).await;
        (verdict, now)
    }

    fn broken(&self, event: &RawValue, call: &Call<'_>, broken: Broken) -> Handled {
        tracing::error!(
            trigger.source = call.source.as_str(),
            "Deciding a trigger {broken}; answered as the policy says for that"
        );
        let answer = when_broken(call, &self.policy);
        Handled {
            answer: answer.map(|answer| answer.unwrap_or_else(|| event.to_owned())),
            decision: Decision::Broken,
            published: None,
        }
    }
}

impl fmt::Debug for Handled {
    /// Shows what was decided and published, and not the event that goes back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let published = self.published.as_ref();
        f.debug_struct("Handled")
            .field("decision", &self.decision)
            .field(
                "published",
                &published.map(|(fact, route)| (fact.event.name(), route)),
            )
            .finish_non_exhaustive()
    }
}

impl Handled {
    /// Why the policy refused, where it did.
    pub fn reason(&self) -> Option<RefusalReason> {
        match self.decision {
            Decision::Refused(reason) => Some(reason),
            Decision::Passed | Decision::Answered | Decision::Unknown | Decision::Broken => None,
        }
    }
}
