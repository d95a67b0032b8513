//! The pool's side of an act: the user is disabled or enabled there, once the act is recorded.

use super::TRIES;
use std::fmt;
use tokio::time::Instant;
use usher_events::{Personal, PoolId, Sub};
use usher_shared::port::{Fault, PoolUser, UserPools};
use usher_shared::retry::retry;

/// What has been done in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InPool {
    /// Disabled, and every session ended.
    Disabled,
    /// Enabled.
    Enabled,
    /// The pool has no such user.
    Absent,
}

/// What could not be done there; everything before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// At which step it ended.
    step: Step,
    /// Why.
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Find,
    Disable,
    Revoke,
    Enable,
}

impl InPool {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Absent => "absent",
        }
    }

    /// What a person is told.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Disabled => "is disabled, and no refresh token is good any more",
            Self::Enabled => "is enabled",
            Self::Absent => "is not known, so there is nothing to do",
        }
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, left) = match self.step {
            Step::Find => ("nothing is done", "look for the user, and all that follows"),
            Step::Disable => (
                "nothing is done",
                "disable the user and to end the sessions",
            ),
            Step::Revoke => ("the user is disabled", "end the sessions"),
            Step::Enable => ("nothing is done", "enable the user"),
        };
        let fault = self.fault;
        write!(f, "{done}; what is left is to {left} ({fault})")
    }
}

/// Has the pool do what is recorded. May be repeated: what is so already stays so.
///
/// The user is disabled first: who is disabled starts no session while the others are ended.
pub async fn follow(
    pools: &dyn UserPools,
    pool: &PoolId,
    sub: &Sub,
    is_suspended: bool,
    deadline: Instant,
) -> Result<InPool, Unfinished> {
    let failed = |step: Step| move |fault: Fault| Unfinished { step, fault };
    let found = look(pools, pool, sub, deadline).await;
    let Some(user) = found.map_err(failed(Step::Find))? else {
        return Ok(InPool::Absent);
    };
    let name: &Personal = &user.name;
    if !is_suspended {
        let enable = || pools.enable(pool, name);
        let enabled = retry(&TRIES, deadline, Fault::disposition, enable).await;
        let enabled = enabled.map_err(failed(Step::Enable))?;
        return Ok(enabled.map_or(InPool::Absent, |()| InPool::Enabled));
    }
    let disable = || pools.disable(pool, name);
    let disabled = retry(&TRIES, deadline, Fault::disposition, disable).await;
    if disabled.map_err(failed(Step::Disable))?.is_none() {
        return Ok(InPool::Absent);
    }
    let revoke = || pools.revoke_sessions(pool, name);
    let revoked = retry(&TRIES, deadline, Fault::disposition, revoke).await;
    let revoked = revoked.map_err(failed(Step::Revoke))?;
    Ok(revoked.map_or(InPool::Absent, |()| InPool::Disabled))
}

/// The user as the pool has it.
pub async fn look(
    pools: &dyn UserPools,
    pool: &PoolId,
    sub: &Sub,
    deadline: Instant,
) -> Result<Option<PoolUser>, Fault> {
    let find = || pools.user(pool, sub);
    retry(&TRIES, deadline, Fault::disposition, find).await
}
