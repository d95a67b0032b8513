use super::Acting;
use super::change::Words;
use anyhow::bail;
use std::process::ExitCode;
use usher_events::{Role, RoleSet};
use usher_shared::policy::Policy;

/// Gives a user a role, or takes back the one that operators gave
///
/// An operator's role goes before every other: that of an invite, a domain or the policy. It is in
/// the next token; a token that was issued before keeps the role that it has.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher user role 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e manager\n  \
    usher user role 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e --clear\n\n\
    Exit status: 0 it is so (or would be), 1 there is no such user or role, or something failed."
)]
pub struct SetRole {
    #[command(flatten)]
    acting: Acting,
    /// The role, one of roles.permissions in the policy
    #[arg(value_name = "ROLE", value_parser = role, required_unless_present = "clear")]
    role: Option<Role>,
    /// Takes back what operators gave, so that the other sources count again
    #[arg(long, conflicts_with = "role")]
    clear: bool,
    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
}

fn role(text: &str) -> Result<Role, String> {
    Role::new(text).map_err(|error| error.to_string())
}

impl SetRole {
    /// Gives the role or takes it back.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, policy) = self.acting.about.open().await?;
        if let Err(error) = check(&policy, self.role.as_ref()) {
            opened.close().await;
            return Err(error);
        }
        let words = match &self.role {
            Some(role) => Words {
                done: format!("has the role {role} from the next token on."),
                planned: format!("would have the role {role}.\nNothing is changed."),
                already: "has that role from an operator already",
            },
            None => Words {
                done: "has no role from operators any more; the other sources count.".to_owned(),
                planned: "would have no role from operators any more.\nNothing is changed."
                    .to_owned(),
                already: "has no role from operators",
            },
        };
        let event = RoleSet { role: self.role };
        let acting = &self.acting;
        let done = acting
            .act(&opened, &policy, event.into(), self.dry_run, &words)
            .await;
        opened.close().await;
        done
    }
}

/// A role that the policy does not declare would permit nothing.
fn check(policy: &Policy, role: Option<&Role>) -> anyhow::Result<()> {
    let declared = &policy.roles.permissions;
    if let Some(role) = role
        && !declared.contains_key(role)
    {
        let known: Vec<&str> = declared.keys().map(Role::as_str).collect();
        bail!("the policy has no role {role}; it has {}", known.join(", "));
    }
    Ok(())
}
