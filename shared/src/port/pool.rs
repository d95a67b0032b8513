use super::Fault;
use async_trait::async_trait;
use usher_events::{Personal, PoolId, Sub};

/// A user as the user pool has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolUser {
    /// The name under which the pool knows the user. Of an outside provider's user it is not the sub.
    pub name: Personal,
    /// Whether the user may sign in, as far as the pool is asked.
    pub is_enabled: bool,
    /// What the pool calls the user's state: `CONFIRMED`, `EXTERNAL_PROVIDER`.
    pub status: String,
}

/// A user whom a pool knows by a name that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namesake {
    /// The sub.
    pub sub: Sub,
    /// Whether the user may sign in, as far as the pool is asked.
    pub is_enabled: bool,
    /// What the pool calls the user's state.
    pub status: String,
}

/// User pools, as an operator reaches them.
#[async_trait]
pub trait UserPools: Send + Sync {
    /// Looks a user up. May be repeated. `None` if the pool has no user of this sub. A user who was
    /// made a moment ago may not be found yet.
    async fn user(&self, pool: &PoolId, sub: &Sub) -> Result<Option<PoolUser>, Fault>;

    /// Looks up by e-mail, user name or preferred user name, in whatever case. May be repeated. There
    /// may be several: whoever has not verified an e-mail may have anybody's, and an outside provider's
    /// user that of a native one. A user who was made a moment ago may not be found yet.
    async fn named(&self, pool: &PoolId, name: &Personal) -> Result<Vec<Namesake>, Fault>;

    /// Lets nobody sign in as this user any more. May be repeated. `None` if there is no such user.
    async fn disable(&self, pool: &PoolId, name: &Personal) -> Result<Option<()>, Fault>;

    /// Lets the user sign in again. May be repeated. `None` if there is no such user.
    async fn enable(&self, pool: &PoolId, name: &Personal) -> Result<Option<()>, Fault>;

    /// Ends every session of the user: no refresh token that was issued before is good any more. May
    /// be repeated. `None` if there is no such user.
    async fn revoke_sessions(&self, pool: &PoolId, name: &Personal) -> Result<Option<()>, Fault>;
}
