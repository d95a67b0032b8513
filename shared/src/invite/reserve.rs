//! Holding a use for somebody who has asked to sign up.

use super::{Applicant, Invite, PATIENCE};
use crate::digest::{AddressKey, SignInKey};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use usher_events::{RefusalReason, SignUpKey, Time};

/// A use that waits for a confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The user name that it serves, and no other.
    #[serde(rename = "u")]
    pub sign_up: SignUpKey,
    /// When it was made; tells an attempt from a later one.
    #[serde(rename = "a")]
    pub at: Time,
    /// Until when a confirmation is in time, by the confirmation's own time.
    #[serde(rename = "t")]
    pub until: Time,
}

impl Reservation {
    /// Whether its use is free again.
    pub fn is_reclaimable(&self, now: Time) -> bool {
        now > self.until.plus(PATIENCE)
    }
}

impl Invite {
    /// Holds a use for an applicant until `lifetime` from now.
    ///
    /// A name that holds one already holds the same one for the attempt that asks now, and the one
    /// before has none any more. Whoever has redeemed under that name is somebody who was there
    /// before: a new attempt needs a new use.
    ///
    /// # Errors
    ///
    /// Why not; the invite is unchanged then.
    pub fn reserve(
        &mut self,
        who: &Applicant,
        now: Time,
        lifetime: Duration,
    ) -> Result<Reservation, RefusalReason> {
        if self.revoked_at.is_some_and(|at| at <= now) {
            return Err(RefusalReason::InviteRevoked);
        }
        if self.terms.expires_at.is_some_and(|at| at <= now) {
            return Err(RefusalReason::InviteExpired);
        }
        if !self.is_open_to(who.address.as_ref()) {
            return Err(RefusalReason::InviteForeign);
        }
        if !self.has_room_beside(|name, _| *name == who.sign_in, now) {
            return Err(RefusalReason::InviteUsed);
        }
        self.reclaim(now);
        let reservation = Reservation {
            sign_up: who.sign_up.clone(),
            at: now,
            until: now.plus(lifetime),
        };
        self.reservations
            .insert(who.sign_in.clone(), reservation.clone());
        Ok(reservation)
    }

    /// Holds a reservation for longer: a new code was sent. `None`, and nothing changes, where this
    /// sign-up has no reservation any more; then its confirmation comes late and takes what is free.
    pub fn extend(
        &mut self,
        sign_in: &SignInKey,
        sign_up: &SignUpKey,
        now: Time,
        lifetime: Duration,
    ) -> Option<Reservation> {
        if self.revoked_at.is_some_and(|at| at <= now) {
            return None;
        }
        let reservation = self.reservations.get_mut(sign_in)?;
        if reservation.sign_up != *sign_up {
            return None;
        }
        reservation.until = reservation.until.max(now.plus(lifetime));
        Some(reservation.clone())
    }

    /// Whether it is for everybody or for this very address.
    pub(super) fn is_open_to(&self, address: Option<&AddressKey>) -> bool {
        let bound_to = self.terms.bound_to.as_ref();
        bound_to.is_none_or(|bound_to| address == Some(bound_to))
    }
}
