//! Which of a pool's invites are meant, where they are not named.

use super::{TRIES, deadline};
use usher_events::{OrganizationId, PoolId, Role, Time};
use usher_shared::dynamodb::Table;
use usher_shared::invite::{Invite, State};
use usher_shared::port::{Fault, Invites};
use usher_shared::retry::retry;

/// How many are read at once.
const PAGE: u32 = 100;

/// Only those to which all of this applies.
#[derive(clap::Args, Debug, Default)]
#[group(skip)]
pub struct Selection {
    /// Only those that are open, used, expired or revoked; may be given several times
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Vec<State>,
    /// Only those with this label
    #[arg(long, value_name = "WORD")]
    label: Option<String>,
    /// Only those that bring this role
    #[arg(long)]
    role: Option<String>,
    /// Only those that bring this organization
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
}

fn state(text: &str) -> Result<State, String> {
    let known = State::ALL.into_iter().find(|state| state.as_str() == text);
    known.ok_or_else(|| "must be open, used, expired or revoked".to_owned())
}

impl Selection {
    /// Whether it leaves anything out.
    pub fn is_everything(&self) -> bool {
        let Self {
            state,
            label,
            role,
            organization,
        } = self;
        state.is_empty() && label.is_none() && role.is_none() && organization.is_none()
    }

    fn holds(&self, invite: &Invite, now: Time) -> bool {
        let grants = &invite.terms.grants;
        let is = |wanted: &Option<String>, has: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| has == Some(wanted))
        };
        (self.state.is_empty() || self.state.contains(&invite.state(now)))
            && is(&self.label, invite.terms.label.as_deref())
            && is(&self.role, grants.role.as_ref().map(Role::as_str))
            && is(
                &self.organization,
                grants.organization.as_ref().map(OrganizationId::as_str),
            )
    }

    /// Reads those of a pool, oldest first, and gives each page of them to `take`.
    pub async fn each(
        &self,
        table: &Table,
        pool: &PoolId,
        now: Time,
        mut take: impl FnMut(Invite) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut after: Option<String> = None;
        loop {
            let read = || table.invites(pool, after.as_deref(), PAGE);
            let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
            for invite in page.0 {
                if self.holds(&invite, now) {
                    take(invite)?;
                }
            }
            match page.1 {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }
}
