//! Invites, their list, and the sign-ups that hold their uses.

use super::table::{Kept, follows};
use crate::invite::Invite;
use crate::port::{InviteWritten, Written};
use crate::sign_up::{Held, SignUp};
use std::collections::{BTreeMap, BTreeSet};
use usher_events::{InviteId, PoolId, SignUpKey, Sub, Time};

/// The longest list that one call gives.
pub(super) const LONGEST: u32 = 100;

/// Uses of an invite stand in its one item.
const USE: usize = 60;
/// What an invite or a sign-up takes without them.
const ITEM: usize = 300;

#[derive(Default)]
pub(super) struct InviteTables {
    invites: BTreeMap<(PoolId, InviteId), Invite>,
    /// By pool, under names that sort by age.
    listed: BTreeMap<PoolId, BTreeSet<(String, InviteId)>>,
    sign_ups: BTreeMap<SignUpKey, SignUp>,
}

impl InviteTables {
    pub(super) fn get(&self, pool: &PoolId, id: &InviteId) -> Option<Invite> {
        self.invites.get(&(pool.clone(), id.clone())).cloned()
    }

    pub(super) fn list(
        &self,
        pool: &PoolId,
        after: Option<&str>,
        most: u32,
    ) -> (Vec<Invite>, Option<String>) {
        let listed = self.listed.get(pool).into_iter().flatten();
        let (ids, next) = page(listed, after, most);
        let there = ids.iter().filter_map(|id| self.get(pool, id));
        (there.collect(), next)
    }

    pub(super) fn sign_up(&self, key: &SignUpKey) -> Option<SignUp> {
        self.sign_ups.get(key).cloned()
    }
}

/// One page of a list, and where the next one begins.
pub(super) fn page<'a, I: Clone + 'a>(
    listed: impl Iterator<Item = &'a (String, I)>,
    after: Option<&str>,
    most: u32,
) -> (Vec<I>, Option<String>) {
    let most = most.clamp(1, LONGEST) as usize;
    let mut left = listed.filter(|(name, _)| after.is_none_or(|after| name.as_str() > after));
    let page: Vec<_> = left.by_ref().take(most).collect();
    let last = page.last().map(|(name, _)| name.clone());
    let next = last.filter(|_| left.next().is_some());
    (page.into_iter().map(|(_, id)| id.clone()).collect(), next)
}

impl Kept {
    pub(super) fn write_invite(&mut self, invite: &Invite) -> InviteWritten {
        let tables = &mut self.invites;
        let uses = invite.reservations.len() + invite.redemptions.len();
        self.units.write(ITEM + USE * uses);
        if invite.version <= 1 {
            self.units.write(0);
            let listed = tables.listed.entry(invite.pool.clone()).or_default();
            let name = format!("{}#{}", invite.created_at, invite.id);
            listed.insert((name, invite.id.clone()));
        }
        let place = (invite.pool.clone(), invite.id.clone());
        let stored = tables.invites.get(&place);
        if !follows(stored.map(|stored| stored.version), invite.version) {
            return InviteWritten::Overtaken(stored.cloned().map(Box::new));
        }
        tables.invites.insert(place, invite.clone());
        InviteWritten::Now
    }

    pub(super) fn put_sign_up(&mut self, sign_up: &SignUp) {
        self.units.write(ITEM);
        let mut kept = sign_up.clone();
        kept.expires_at = to_the_second(kept.expires_at);
        self.invites.sign_ups.insert(kept.key.clone(), kept);
    }

    pub(super) fn stamp_sign_up(&mut self, key: &SignUpKey, from: &Held, sub: &Sub) -> Written {
        let Some(kept) = self.same_attempt(key, from) else {
            return Written::Overtaken;
        };
        let stamped = kept.held.as_mut().map(|held| &mut held.redeemed_by);
        match stamped {
            Some(by) if by.as_ref().is_none_or(|by| by == sub) => {
                *by = Some(sub.clone());
                Written::Now
            }
            Some(_) | None => Written::Overtaken,
        }
    }

    pub(super) fn extend_sign_up(
        &mut self,
        key: &SignUpKey,
        from: &Held,
        until: Time,
        expires_at: Time,
    ) -> Written {
        let Some(kept) = self.same_attempt(key, from) else {
            return Written::Overtaken;
        };
        kept.expires_at = to_the_second(expires_at);
        if let Some(held) = &mut kept.held {
            held.until = until;
        }
        Written::Now
    }

    /// The sign-up, if it still holds what it held in this attempt.
    fn same_attempt(&mut self, key: &SignUpKey, from: &Held) -> Option<&mut SignUp> {
        self.units.write(ITEM);
        let kept = self.invites.sign_ups.get_mut(key)?;
        let held = kept.held.as_ref()?;
        let is_same =
            held.invite == from.invite && held.sign_in == from.sign_in && held.at == from.at;
        is_same.then_some(kept)
    }
}

/// The table's own expiry counts in seconds.
fn to_the_second(at: Time) -> Time {
    Time::from_unix_seconds(at.unix_seconds()).unwrap_or(at)
}
