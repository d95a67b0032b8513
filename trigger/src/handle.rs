//! The way of one call.

use crate::budget::Budget;
use crate::cognito::Call;
use crate::decide::{Verdict, decide, when_broken};
use crate::facts::Witness;
use crate::fault;
use crate::publish::{Publisher, Route};
use crate::refusal::Refusal;
use futures::FutureExt;
use serde_json::value::RawValue;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};
use usher_events::{Envelope, LifecycleEvent, RefusalReason};
use usher_shared::clock::Clock;
use usher_shared::digest::Secret;
use usher_shared::policy::Policy;

/// Answers Cognito.
pub struct Trigger {
    /// Decides.
    pub policy: Arc<Policy>,
    /// Hides user names.
    pub secret: Secret,
    /// Takes events; its table is also the one that is read.
    pub publisher: Publisher,
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
#[derive(Debug)]
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
        let Some(call) = Call::read(event) else {
            tracing::debug!("A trigger that usher does not act on goes back as it came");
            return Handled {
                answer: Ok(event.to_owned()),
                decision: Decision::Unknown,
                published: None,
            };
        };
        let budget = Budget::new(start, self.policy.trigger.budget);
        let handled =
            AssertUnwindSafe(self.decide_and_publish(&call, request_id, budget)).catch_unwind();
        let handled = match timeout_at(budget.deadline(), handled).await {
            Ok(Ok((verdict, route))) => finish(event, verdict, route),
            Ok(Err(_)) => self.broken(event, &call, "Handling a trigger panicked"),
            Err(_) => self.broken(
                event,
                &call,
                "Handling a trigger took longer than its budget",
            ),
        };
        tracing::info!(
            trigger.source = call.source.as_str(),
            decision = handled.decision.as_str(),
            reason = handled.reason().map(RefusalReason::as_str),
            event.id = handled
                .published
                .as_ref()
                .map(|(envelope, _)| tracing::field::display(envelope.id)),
            route = handled.published.as_ref().map(|(_, route)| route.as_str()),
            duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            "Answered a trigger"
        );
        handled
    }

    async fn decide_and_publish(
        &self,
        call: &Call<'_>,
        request_id: &str,
        budget: Budget,
    ) -> (Verdict, Option<Route>) {
        let now = self.clock.now();
        let witness = Witness {
            policy: &self.policy,
            secret: &self.secret,
            now,
            request_id,
        };
        fault::point("decide");
        let verdict = decide(call, witness, self.publisher.store.as_ref(), budget).await;
        let route = match &verdict.fact {
            Some(fact) => Some(self.publisher.publish(fact, now, budget).await),
            None => None,
        };
        (verdict, route)
    }

    fn broken(&self, event: &RawValue, call: &Call<'_>, what: &'static str) -> Handled {
        tracing::error!(
            trigger.source = call.source.as_str(),
            "{what}; answered as the policy says for that"
        );
        let answer = when_broken(call, &self.policy);
        let answer = answer.map(|answer| answer.unwrap_or_else(|| event.to_owned()));
        Handled {
            answer,
            decision: Decision::Broken,
            published: None,
        }
    }
}

fn finish(event: &RawValue, verdict: Verdict, route: Option<Route>) -> Handled {
    let decision = match (&verdict.answer, verdict.reason) {
        (Err(_), Some(reason)) => Decision::Refused(reason),
        (Ok(Some(_)), _) => Decision::Answered,
        (Ok(None) | Err(_), _) => Decision::Passed,
    };
    Handled {
        answer: verdict
            .answer
            .map(|answer| answer.unwrap_or_else(|| event.to_owned())),
        decision,
        published: verdict.fact.zip(route),
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
