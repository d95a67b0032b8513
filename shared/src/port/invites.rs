use super::{Fault, Written};
use crate::invite::Invite;
use crate::sign_up::{Held, SignUp};
use async_trait::async_trait;
use usher_events::{InviteId, PoolId, SignUpKey, Sub, Time};

/// What became of writing an invite under its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InviteWritten {
    /// Written.
    Now,
    /// Somebody else wrote since it was read, and this is what is there now; `None` if nothing is.
    Overtaken(Option<Box<Invite>>),
}

/// Invites, and the sign-ups that hold their uses.
#[async_trait]
pub trait Invites: Send + Sync {
    /// Reads an invite, consistently. `None` if there is none of this id in this pool.
    async fn invite(&self, pool: &PoolId, id: &InviteId) -> Result<Option<Invite>, Fault>;

    /// Writes an invite if the stored one still has the version below; version 1 makes one. May be
    /// repeated: the second is overtaken by the first.
    async fn write_invite(&self, invite: &Invite) -> Result<InviteWritten, Fault>;

    /// Lists the invites of a pool, oldest first, those made at one instant in any order: at most
    /// `most` of them, and, where there may be more, where to go on. `after` is where the last list
    /// ended. Read consistently, each invite as it was at some moment of the call.
    async fn invites(
        &self,
        pool: &PoolId,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<Invite>, Option<String>), Fault>;

    /// Reads what is kept of a sign-up, consistently. `None` if there is nothing any more.
    async fn sign_up(&self, key: &SignUpKey) -> Result<Option<SignUp>, Fault>;

    /// Keeps this of a sign-up, and nothing of what was kept before. May be repeated.
    async fn put_sign_up(&self, sign_up: &SignUp) -> Result<(), Fault>;

    /// Writes down who has redeemed what a sign-up holds, if it still holds it from the same attempt.
    /// [`Written::Overtaken`] means that it does not. May be repeated.
    async fn stamp_sign_up(
        &self,
        key: &SignUpKey,
        held: &Held,
        sub: &Sub,
    ) -> Result<Written, Fault>;

    /// Writes down that a sign-up's use is held until `until`, on the same terms, and keeps the sign-up
    /// until `expires_at`.
    async fn extend_sign_up(
        &self,
        key: &SignUpKey,
        held: &Held,
        until: Time,
        expires_at: Time,
    ) -> Result<Written, Fault>;
}
