//! Using a use up, once it is known who has it.

use super::{Applicant, Invite, Reservation};
use crate::digest::SignInKey;
use serde::{Deserialize, Serialize};
use usher_events::{LapseReason, SignUpKey, Sub, Time};

/// A use that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemption {
    /// When its user was confirmed.
    #[serde(rename = "c")]
    pub confirmed_at: Time,
}

impl Invite {
    /// Uses a use up for a user who was confirmed at `confirmed_at`. A repeat for the same user
    /// changes nothing and says the same.
    ///
    /// `who` carries the address only if it is verified. A confirmation in time has the use that was
    /// reserved, also where the invite has run out meanwhile. One that comes late, or finds its
    /// reservation given away, takes a use that is free – its own, as long as nobody else has it.
    /// Everything is judged by the confirmation's time; `now` says only what is free by now.
    ///
    /// # Errors
    ///
    /// Why the user gets nothing of it. Whatever was reserved for this sign-up is free then.
    pub fn redeem(
        &mut self,
        who: &Applicant,
        sub: &Sub,
        confirmed_at: Time,
        now: Time,
    ) -> Result<(), LapseReason> {
        if self.redemptions.contains_key(sub) {
            return Ok(());
        }
        let held = self.reservations.get(&who.sign_in);
        let in_time =
            held.is_some_and(|held| held.sign_up == who.sign_up && confirmed_at <= held.until);
        let judged = self.judge(who, confirmed_at, now, in_time);
        self.release(&who.sign_in, &who.sign_up);
        judged?;
        self.reclaim(now);
        self.redemptions
            .insert(sub.clone(), Redemption { confirmed_at });
        Ok(())
    }

    fn judge(
        &self,
        who: &Applicant,
        confirmed_at: Time,
        now: Time,
        in_time: bool,
    ) -> Result<(), LapseReason> {
        if self.revoked_at.is_some_and(|at| at <= confirmed_at) {
            return Err(LapseReason::Revoked);
        }
        if !self.is_open_to(who.address.as_ref()) {
            return Err(LapseReason::Foreign);
        }
        if in_time {
            return Ok(());
        }
        if self.terms.expires_at.is_some_and(|at| at <= confirmed_at) {
            return Err(LapseReason::Expired);
        }
        // A newer attempt under the same sign-in name has a use of its own, which is not ours.
        let is_own = |name: &SignInKey, held: &Reservation| {
            *name == who.sign_in && held.sign_up == who.sign_up
        };
        if self.has_room_beside(is_own, now) {
            Ok(())
        } else {
            Err(LapseReason::Used)
        }
    }

    /// Frees what is reserved for this very sign-up, if anything is.
    pub fn release(&mut self, sign_in: &SignInKey, sign_up: &SignUpKey) {
        let held = self.reservations.get(sign_in);
        if held.is_some_and(|held| held.sign_up == *sign_up) {
            self.reservations.remove(sign_in);
        }
    }
}
