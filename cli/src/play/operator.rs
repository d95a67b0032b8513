//! What an operator does in a play.

use super::sample::Deed;
use crate::machine::Machine;
use anyhow::{Context, bail};
use usher_events::{
    OperatorEvent, PoolId, Role, Sub, SuspensionReason, Time, UserReinstated, UserSuspended,
};
use usher_shared::chance;
use usher_shared::invite::{Code, Grants, Invite, Terms};
use usher_shared::operator::Act;
use usher_shared::port::{Invites, Store};
use usher_shared::seal;
use usher_shared::user::User;

/// The role that the sample's invite brings, where the policy has it.
const INVITED: &str = "manager";

/// Makes an invite and gives its code.
pub async fn invite(machine: &Machine, pool: &PoolId, now: Time) -> anyhow::Result<String> {
    let roles = &machine.worker.policy.roles.permissions;
    let role = Role::new(INVITED).context("a role's name")?;
    let code = Code::draw(&chance::bytes());
    let id = machine.stack.secret.invite_id(pool, &code);
    let terms = Terms {
        uses: 1,
        expires_at: None,
        bound_to: None,
        grants: Grants {
            role: roles.contains_key(&role).then_some(role),
            ..Grants::default()
        },
        label: Some("sample".to_owned()),
    };
    let invite = Invite::new(pool.clone(), id, terms, now);
    machine.stack.store.write_invite(&invite).await?;
    Ok(code.expose())
}

/// Suspends or reinstates: records it, and leaves the rest to the sweep, as a command does that is
/// cut off right after.
pub async fn act(
    machine: &Machine,
    deed: Deed,
    pool: &PoolId,
    sub: &Sub,
    now: Time,
) -> anyhow::Result<()> {
    let event: OperatorEvent = match deed {
        Deed::Suspend => UserSuspended {
            reason: SuspensionReason::Operator,
        }
        .into(),
        Deed::Reinstate => UserReinstated {}.into(),
        Deed::Invite => bail!("an invite is about nobody yet"),
    };
    let loaded = machine.stack.store.load(sub).await?;
    let user = loaded.user.map_or_else(User::default, |item| item.user);
    let act = Act {
        id: chance::event_id(),
        pool: pool.clone(),
        sub: sub.clone(),
        event,
    };
    let commit = act
        .commit(&machine.worker.policy, &user, now)
        .context("the user is like that already")?;
    let sealed = seal::seal(&commit, None, chance::bytes())?;
    machine.stack.store.append(&sealed).await?;
    machine.worker.sweep().await?;
    Ok(())
}
