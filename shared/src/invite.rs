//! Invites: who is let in by a code, how often, and what that brings.
//!
//! Pure, but for [`change`]. An [`Invite`] is a value; each decision takes the time as an argument and
//! changes the value or leaves it. Whoever stores it does so under its version, so that of a hundred
//! sign-ups at once each decides on what the one before it has left.
//!
//! A use is first *reserved*, at pre sign-up, under the sign-in name; the confirmation *redeems* it
//! for good. Nothing in an invite says who somebody is: names and addresses are keyed digests.

mod applicant;
mod change;
mod code;
mod redeem;
mod reserve;

pub use applicant::Applicant;
pub use change::change;
pub use code::Code;
pub(crate) use code::base_32;
pub use redeem::Redemption;
pub use reserve::Reservation;

use crate::digest::{AddressKey, SignInKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use usher_events::{AccountType, InviteId, OrganizationId, PoolId, Role, Sub, Time};

/// How long a reservation still holds its use after it has run out: as long as the queue may keep a
/// confirmation that came in time. Only then may another sign-up have it.
pub const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// The most uses of one invite. Everybody who has used it stands in its one item, some sixty bytes
/// each, and every reservation writes that item anew.
pub const MOST_USES: u32 = 1000;

/// What an invite says of itself; never changed once it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How many may use it; 1 to [`MOST_USES`].
    pub uses: u32,
    /// When nobody can sign up with it any more. What was reserved before may still be confirmed.
    pub expires_at: Option<Time>,
    /// The one address that may use it, and only if it is verified by then.
    pub bound_to: Option<AddressKey>,
    /// What it brings.
    pub grants: Grants,
    /// The operator's own word for it; never about a person.
    pub label: Option<String>,
}

/// What an invite brings to whoever redeems it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grants {
    /// A role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// A membership.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// A kind of account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_type: Option<AccountType>,
}

/// One invite, and who has a use of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The pool it lets into.
    pub pool: PoolId,
    /// The digest of its code.
    pub id: InviteId,
    /// What it says.
    pub terms: Terms,
    /// When it was made.
    pub created_at: Time,
    /// When an operator took it back.
    pub revoked_at: Option<Time>,
    /// How often it has been written.
    pub version: u64,
    /// Uses that wait for a confirmation; one for each sign-in name.
    pub reservations: BTreeMap<SignInKey, Reservation>,
    /// Uses that are gone.
    pub redemptions: BTreeMap<Sub, Redemption>,
}

/// What an invite is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Somebody may sign up with it.
    Open,
    /// Every use is reserved or redeemed.
    Used,
    /// Its time is over.
    Expired,
    /// An operator took it back.
    Revoked,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Used, Self::Expired, Self::Revoked];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl Invite {
    /// A new invite, not yet written anywhere.
    pub fn new(pool: PoolId, id: InviteId, terms: Terms, created_at: Time) -> Self {
        Self {
            pool,
            id,
            terms,
            created_at,
            revoked_at: None,
            version: 1,
            reservations: BTreeMap::new(),
            redemptions: BTreeMap::new(),
        }
    }

    /// What it is good for at that instant.
    pub fn state(&self, now: Time) -> State {
        match () {
            () if self.revoked_at.is_some_and(|at| at <= now) => State::Revoked,
            () if self.terms.expires_at.is_some_and(|at| at <= now) => State::Expired,
            () if self.taken(now) >= self.terms.uses as usize => State::Used,
            () => State::Open,
        }
    }

    /// How many uses nobody else can have at that instant.
    pub fn taken(&self, now: Time) -> usize {
        let held = |reservation: &&Reservation| !reservation.is_reclaimable(now);
        self.redemptions.len() + self.reservations.values().filter(held).count()
    }

    /// Takes it back: nobody can sign up with it from now on, and what is confirmed later lapses. A
    /// repeat changes nothing.
    pub fn revoke(&mut self, now: Time) {
        self.revoked_at.get_or_insert(now);
    }

    /// Whether there is a use that nobody else has: beside what is somebody's own already.
    fn has_room_beside(
        &self,
        is_own: impl Fn(&SignInKey, &Reservation) -> bool,
        now: Time,
    ) -> bool {
        let others = self.reservations.iter();
        let others = others.filter(|(name, held)| !is_own(name, held) && !held.is_reclaimable(now));
        self.redemptions.len() + others.count() < self.terms.uses as usize
    }

    /// Gives back every use whose reservation is over for good.
    fn reclaim(&mut self, now: Time) {
        self.reservations
            .retain(|_, reservation| !reservation.is_reclaimable(now));
    }
}

#[cfg(test)]
mod tests;
