//! What a refused sign-up is counted for: how often its name, and the invite that was tried, were
//! refused within the hour, and whether that is suspicious.

use crate::invite::Arrival;
use crate::story::Again;
use crate::{TRIES, Worker, fault};
use tokio::time::Instant;
use usher_events::{
    DecidedEvent, Envelope, InviteId, LifecycleEvent, Subject, SuspiciousSignUp, identity,
};
use usher_shared::tally::{self, Counted};

impl Worker {
    /// Counts a refused sign-up, and adds to it what that makes suspicious.
    ///
    /// Counted only after a consistent read has found no commit: anybody can have one refusal told a
    /// thousand times, and a repeat must cost no write. From there to the append everything may be
    /// repeated, because one event is counted once and says the same each time.
    pub(crate) async fn refused_sign_up(
        &self,
        envelope: Envelope<LifecycleEvent>,
        deadline: Instant,
    ) -> Result<Arrival, Again> {
        let LifecycleEvent::SignUpRefused(event) = &envelope.event else {
            return Ok(Arrival::New(Box::new(envelope), Vec::new()));
        };
        let recorded = self.recorded(&envelope.subject, envelope.id, None, deadline);
        if let Some(commit) = recorded.await? {
            return Ok(Arrival::Recorded(Box::new(commit)));
        }
        let mut suspicions = Vec::new();
        for (of, invite) in counted(&envelope, event.invite.as_ref()) {
            let hour = identity::refusal_hour(envelope.time);
            let one = (envelope.id, event.reason);
            let after = self.policy.sign_up.suspicious_after;
            let said = tally::count(&*self.store, (&of, hour), one, after, &TRIES, deadline);
            if let Some(attempts) = said.await? {
                let reason = event.reason;
                suspicions.push(DecidedEvent::from(SuspiciousSignUp {
                    reason,
                    attempts,
                    invite,
                }));
            }
            fault::point("counted", envelope.subject.as_str());
        }
        Ok(Arrival::New(Box::new(envelope), suspicions))
    }
}

/// Whose refusals this is one of: the name's, and the invite's if one was tried.
fn counted(
    envelope: &Envelope<LifecycleEvent>,
    invite: Option<&InviteId>,
) -> impl Iterator<Item = (Counted, Option<InviteId>)> + use<> {
    let name = match &envelope.subject {
        Subject::SignUp(key) => Some((Counted::Name(key.clone()), None)),
        Subject::User(_) => None,
    };
    let invite = invite.map(|id| {
        let of = Counted::Invite(envelope.source.clone(), id.clone());
        (of, Some(id.clone()))
    });
    name.into_iter().chain(invite)
}
