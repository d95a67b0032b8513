//! What a confirmation owes to the sign-up before it: where its user came from, and the invite.

use crate::story::Again;
use crate::{TRIES, Worker, fault};
use tokio::time::Instant;
use usher_events::{
    DecidedEvent, Envelope, InviteLapsed, InviteRedeemed, LapseReason, LifecycleEvent,
    SignUpConfirmed, SignUpContext, SignUpKey, Sub,
};
use usher_shared::commit::Commit;
use usher_shared::disposition::FaultKind;
use usher_shared::invite::{self, Applicant, Invite};
use usher_shared::policy::invited;
use usher_shared::port::Fault;
use usher_shared::retry::retry;
use usher_shared::seal::UserKey;
use usher_shared::sign_up::{Held, SignUp};

/// What an event is that this try has not found recorded.
pub(crate) enum Arrival {
    /// New; with what its invite has brought.
    New(Box<Envelope<LifecycleEvent>>, Vec<DecidedEvent>),
    /// Recorded after all, by somebody else.
    Recorded(Box<Commit>),
}

/// The deployment's secret is not to be had.
const NO_SECRET: Fault = Fault {
    operation: "secret.get",
    kind: FaultKind::Unavailable,
};

impl Worker {
    /// Adds to a confirmation what is kept of its sign-up, and redeems the invite that it holds.
    ///
    /// An invite is redeemed only after a consistent read has found no commit: what was decided once
    /// is not decided again. From there to the append everything may be repeated, because one user
    /// redeems one invite once, however often.
    pub(crate) async fn sign_up(
        &self,
        mut envelope: Envelope<LifecycleEvent>,
        sub: &Sub,
        key: &UserKey,
        deadline: Instant,
    ) -> Result<Arrival, Again> {
        let LifecycleEvent::SignUpConfirmed(event) = &mut envelope.event else {
            return Ok(Arrival::New(Box::new(envelope), Vec::new()));
        };
        let sign_up = match &event.sign_up {
            Some(key) => self.kept(key, deadline).await?,
            None => None,
        };
        let Some(sign_up) = sign_up else {
            return Ok(Arrival::New(Box::new(envelope), Vec::new()));
        };
        event.context = joined(&sign_up.context, &event.context);
        let Some(held) = sign_up.held else {
            return Ok(Arrival::New(Box::new(envelope), Vec::new()));
        };
        let recorded = self.recorded(&envelope.subject, envelope.id, Some(key), deadline);
        if let Some(commit) = recorded.await? {
            return Ok(Arrival::Recorded(Box::new(commit)));
        }
        let invited = self.redeem(&envelope, sub, &sign_up.key, &held, deadline);
        let invited = invited.await?;
        Ok(Arrival::New(Box::new(envelope), invited))
    }

    async fn kept(&self, key: &SignUpKey, deadline: Instant) -> Result<Option<SignUp>, Again> {
        let read = || self.store.sign_up(key);
        Ok(retry(&TRIES, deadline, Fault::disposition, read).await?)
    }

    /// Redeems what a sign-up holds, and gives what is to be recorded of it.
    async fn redeem(
        &self,
        envelope: &Envelope<LifecycleEvent>,
        sub: &Sub,
        key: &SignUpKey,
        held: &Held,
        deadline: Instant,
    ) -> Result<Vec<DecidedEvent>, Again> {
        let LifecycleEvent::SignUpConfirmed(SignUpConfirmed { person, .. }) = &envelope.event
        else {
            return Ok(Vec::new());
        };
        let pool = &envelope.source;
        let secret = self.secret.get().await.ok_or(NO_SECRET)?;
        let who = Applicant::confirmed(&self.policy, &secret, pool, key.clone(), person);
        // Somebody else has the user name by now: to this person nothing was promised.
        if !held.is_for(sub, &who.sign_in) {
            return Ok(Vec::new());
        }
        let (confirmed_at, now) = (envelope.time, self.clock.now());
        let redeem = |invite: &mut Invite| invite.redeem(&who, sub, confirmed_at, now);
        let place = (pool, &held.invite);
        let said = invite::change(&*self.store, place, &TRIES, deadline, redeem).await?;
        let invite = held.invite.clone();
        if let Err(reason) = said.unwrap_or(Err(LapseReason::Gone)) {
            return Ok(vec![InviteLapsed { invite, reason }.into()]);
        }
        fault::point("redeemed", sub.as_str());
        // A newer attempt under the name may have taken its place; then there is nothing to stamp.
        let stamp = || self.store.stamp_sign_up(key, held, sub);
        retry(&TRIES, deadline, Fault::disposition, stamp).await?;
        fault::point("stamped", sub.as_str());
        let redeemed = InviteRedeemed { invite }.into();
        let brought = invited::decided(&self.policy, &held.grants);
        Ok([redeemed].into_iter().chain(brought).collect())
    }
}

/// Where a user came from: as the sign-up said, and where it said nothing, as the confirmation does.
fn joined(sign_up: &SignUpContext, confirmation: &SignUpContext) -> SignUpContext {
    let or = |first: &Option<String>, second: &Option<String>| first.clone().or(second.clone());
    SignUpContext {
        source: or(&sign_up.source, &confirmation.source),
        campaign: or(&sign_up.campaign, &confirmation.campaign),
        referrer: or(&sign_up.referrer, &confirmation.referrer),
    }
}
