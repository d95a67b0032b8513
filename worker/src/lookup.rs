//! The lookup: what another system says of an event's person, where the rules need it.
//!
//! Whatever becomes of the question, the event is recorded now: nobody waits in a queue for a system
//! that is down. What it gave before stays then, and the next event asks again.

use crate::story::Again;
use crate::{Worker, fault};
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{DecidedEvent, Envelope, LifecycleEvent};
use usher_shared::commit::Commit;
use usher_shared::disposition::FaultKind;
use usher_shared::policy::lookup::Inquiry;
use usher_shared::policy::{Findings, LookedUp, LookupRules, react};
use usher_shared::port::{Answer, Fault, Question};
use usher_shared::retry::{Schedule, retry};
use usher_shared::seal::UserKey;
use usher_shared::user::User;

/// One question more where the first may have met a connection that was closed meanwhile, or a moment
/// of trouble. Longer trouble is the breaker's.
const QUESTIONS: Schedule = Schedule {
    first_wait: Duration::from_millis(200),
    max_wait: Duration::from_millis(200),
    attempts: 2,
};

/// Of the time that is left for an event, which part may be spent on asking: the log, the fold and
/// the mail need theirs.
const SHARE: u32 = 4;

/// There was not time enough for one question.
const NO_TIME: Fault = Fault {
    operation: "lookup.begin",
    kind: FaultKind::TimedOut,
};

/// What the lookup of an event's person came to.
pub(crate) enum LookUp {
    /// This is found, as in [`Findings::lookup`].
    Found(Option<LookedUp>),
    /// Nothing is to be decided: the event is recorded already.
    Recorded(Box<Commit>),
}

impl Worker {
    /// Asks the other system about an event's person, if what was found and decided without it does
    /// not make that needless.
    ///
    /// It is asked only after a consistent read has found no commit: what was decided once is not
    /// decided again. From there to the append everything may be repeated, because the append takes
    /// one answer.
    pub(crate) async fn look_up(
        &self,
        envelope: &Envelope<LifecycleEvent>,
        findings: &Findings,
        invited: &[DecidedEvent],
        known: Option<&User>,
        key: &UserKey,
        deadline: Instant,
    ) -> Result<LookUp, Again> {
        let Some(rules) = &self.policy.lookup else {
            return Ok(LookUp::Found(None));
        };
        let mut decided = react::react(&self.policy, &envelope.event, findings).decided;
        decided.extend_from_slice(invited);
        let (question, unanswered) = match self.policy.inquiry(envelope, known, &decided) {
            Inquiry::Settled(found) => return Ok(LookUp::Found(found)),
            Inquiry::Ask {
                question,
                unanswered,
            } => (question, unanswered),
        };
        let recorded = self.recorded(&envelope.subject, envelope.id, Some(key), deadline);
        if let Some(commit) = recorded.await? {
            return Ok(LookUp::Recorded(Box::new(commit)));
        }
        let answer = self.ask(rules, &question, deadline).await;
        fault::point("looked_up", envelope.subject.as_str());
        Ok(LookUp::Found(match answer {
            Some(answer) => Some(heed(rules, answer)),
            None => unanswered,
        }))
    }

    /// Asks through retry, within the lookup's share of the time.
    async fn ask(
        &self,
        rules: &LookupRules,
        question: &Question,
        deadline: Instant,
    ) -> Option<Answer> {
        let now = Instant::now();
        let share = deadline.saturating_duration_since(now) / SHARE;
        // By then the last question begins, so that its own time is in the share as well.
        let asked = match share.checked_sub(rules.endpoint.timeout) {
            None => Err(NO_TIME),
            Some(left) => {
                let ask = || self.lookup.ask(&rules.endpoint, question);
                retry(&QUESTIONS, now + left, Fault::disposition, ask).await
            }
        };
        match asked {
            Ok(answer) => Some(answer),
            // Said once, when it opened.
            Err(fault) if fault.kind == FaultKind::Held => {
                tracing::debug!("Nobody was asked, because the lookup's breaker is open");
                None
            }
            Err(fault) => {
                tracing::warn!(fault = %fault, lookup_unanswered = 1, "A lookup was not answered; what it gave before stays");
                None
            }
        }
    }
}

/// What of an answer counts. One that goes too far is somebody's to mend, here or there.
fn heed(rules: &LookupRules, answer: Answer) -> LookedUp {
    let gives = answer.role.is_some();
    let heard = rules.heed(answer);
    if gives && heard.role.is_none() {
        tracing::warn!(
            lookup_not_allowed = 1,
            "A lookup gave a role that is not in lookup.roles; it counts as none"
        );
    }
    heard
}
