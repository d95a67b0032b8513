//! Invites as they are shown: never with a code, an address or a name, because they hold none.

use serde::Serialize;
use usher_events::{AccountType, InviteId, OrganizationId, PoolId, Role, Sub, Time};
use usher_shared::invite::{Invite, State};

/// One invite.
#[derive(Debug, Serialize)]
pub struct Shown<'a> {
    pub id: &'a InviteId,
    pub pool: &'a PoolId,
    pub state: State,
    pub uses: u32,
    /// How many wait for a confirmation.
    pub reserved: usize,
    pub redeemed: usize,
    pub expires_at: Option<Time>,
    /// Whether it is for one address alone. Which one cannot be had from it.
    pub bound: bool,
    pub role: Option<&'a Role>,
    pub organization: Option<&'a OrganizationId>,
    pub account_type: Option<&'a AccountType>,
    pub label: Option<&'a str>,
    pub created_at: Time,
    pub revoked_at: Option<Time>,
}

/// One invite with who has used it.
#[derive(Debug, Serialize)]
pub struct InFull<'a> {
    #[serde(flatten)]
    pub invite: Shown<'a>,
    pub redemptions: Vec<Redeemed<'a>>,
    pub reservations: Vec<Reserved>,
}

/// A use that is gone.
#[derive(Debug, Serialize)]
pub struct Redeemed<'a> {
    pub sub: &'a Sub,
    pub confirmed_at: Time,
}

/// A use that waits for a confirmation.
#[derive(Debug, Serialize)]
pub struct Reserved {
    pub at: Time,
    pub until: Time,
}

impl<'a> Shown<'a> {
    pub fn of(invite: &'a Invite, now: Time) -> Self {
        let terms = &invite.terms;
        Self {
            id: &invite.id,
            pool: &invite.pool,
            state: invite.state(now),
            uses: terms.uses,
            reserved: invite.taken(now) - invite.redemptions.len(),
            redeemed: invite.redemptions.len(),
            expires_at: terms.expires_at,
            bound: terms.bound_to.is_some(),
            role: terms.grants.role.as_ref(),
            organization: terms.grants.organization.as_ref(),
            account_type: terms.grants.account_type.as_ref(),
            label: terms.label.as_deref(),
            created_at: invite.created_at,
            revoked_at: invite.revoked_at,
        }
    }

    /// What it brings, in a few words.
    pub fn brings(&self) -> String {
        let parts = [
            self.role.map(|role| format!("role {role}")),
            self.organization.map(|id| format!("organization {id}")),
            self.account_type.map(|kind| format!("a {kind} account")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() {
            "nothing but the way in".to_owned()
        } else {
            parts.join(", ")
        }
    }

    /// The lines of a text.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("Invite", self.id.to_string()),
            ("State", self.state.as_str().to_owned()),
            (
                "Uses",
                format!(
                    "{} of {} redeemed, {} waiting for a confirmation",
                    self.redeemed, self.uses, self.reserved
                ),
            ),
            ("Brings", self.brings()),
        ];
        let end = self
            .expires_at
            .map_or("never".to_owned(), |at| at.to_string());
        lines.push(("Ends", end));
        if self.bound {
            lines.push(("Bound", "to one address".to_owned()));
        }
        lines.extend(self.label.map(|label| ("Label", label.to_owned())));
        lines.push(("Made", self.created_at.to_string()));
        lines.extend(self.revoked_at.map(|at| ("Revoked", at.to_string())));
        lines
    }
}

/// Prints lines with their names in one column.
pub fn print(lines: &[(&'static str, String)]) {
    for (name, value) in lines {
        anstream::println!("{name:<9}{value}");
    }
}

/// Prints one JSON object on one line.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    anstream::println!("{}", serde_json::to_string(value)?);
    Ok(())
}
