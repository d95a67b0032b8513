//! What is kept of a sign-up until there is a user: where it came from, and the use of an invite that
//! waits for it.
//!
//! Kept under the user name, which is given anew when a user is deleted. So every pre sign-up writes
//! it whole, and what it holds serves only the person for whom it was reserved.

use crate::digest::{AddressKey, SignInKey};
use crate::invite::{Applicant, Grants, Invite, Reservation};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use usher_events::{InviteId, SignUpContext, SignUpKey, Sub, Time};

/// How long a sign-up is kept beyond its reservation: a confirmation so late still finds out where
/// its user came from, and may take a use that is free.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// One sign-up, as the table keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignUp {
    /// The digest of pool and user name.
    pub key: SignUpKey,
    /// Where it came from, as its client said.
    pub context: SignUpContext,
    /// The use of an invite that was reserved for it.
    pub held: Option<Held>,
    /// When it may be forgotten.
    pub expires_at: Time,
}

/// A use of an invite, as the sign-up shows it that holds it. The invite itself decides; this spares
/// the first token a look at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Which invite.
    pub invite: InviteId,
    /// Under which sign-in name.
    pub sign_in: SignInKey,
    /// When it was reserved; tells one attempt from another.
    pub at: Time,
    /// Until when a confirmation is in time.
    pub until: Time,
    /// What it brings.
    #[serde(default)]
    pub grants: Grants,
    /// The one address that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<AddressKey>,
    /// Who has redeemed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redeemed_by: Option<Sub>,
}

impl SignUp {
    /// A sign-up that holds nothing, asked for now.
    pub fn new(key: SignUpKey, context: SignUpContext, now: Time) -> Self {
        Self {
            key,
            context,
            held: None,
            expires_at: now.plus(KEPT),
        }
    }

    /// The same with a use of an invite.
    #[must_use]
    pub fn holding(self, invite: &Invite, who: &Applicant, reservation: &Reservation) -> Self {
        Self {
            held: Some(Held {
                invite: invite.id.clone(),
                sign_in: who.sign_in.clone(),
                at: reservation.at,
                until: reservation.until,
                grants: invite.terms.grants.clone(),
                bound_to: invite.terms.bound_to.clone(),
                redeemed_by: None,
            }),
            expires_at: reservation.until.plus(KEPT),
            ..self
        }
    }

    /// The same with its reservation held until then.
    #[must_use]
    pub fn extended(mut self, until: Time) -> Self {
        if let Some(held) = &mut self.held {
            held.until = until;
            self.expires_at = until.plus(KEPT);
        }
        self
    }

    /// Whether anybody would miss it.
    pub fn is_empty(&self) -> bool {
        self.held.is_none() && self.context == SignUpContext::default()
    }
}

impl Held {
    /// Whether it was reserved for this person, and nobody else has redeemed it. The person is known
    /// by the sign-in name: under one user name there may be another by now.
    pub fn is_for(&self, sub: &Sub, sign_in: &SignInKey) -> bool {
        let redeemed_by = self.redeemed_by.as_ref();
        self.sign_in == *sign_in && redeemed_by.is_none_or(|by| by == sub)
    }

    /// What it brings to a user of whom nothing is recorded yet. `verified` is the address, if it
    /// counts as verified.
    pub fn grants_now(
        &self,
        sub: &Sub,
        sign_in: &SignInKey,
        verified: Option<&AddressKey>,
        now: Time,
    ) -> Option<&Grants> {
        let bound_to = self.bound_to.as_ref();
        let open = bound_to.is_none_or(|bound_to| verified == Some(bound_to));
        (self.is_for(sub, sign_in) && open && now <= self.until).then_some(&self.grants)
    }
}

#[cfg(test)]
mod tests;
