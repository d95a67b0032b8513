use super::pool::look;
use super::record::{InPool, Record};
use super::{About, TRIES, deadline, print_json};
use std::process::ExitCode;
use usher_events::{PoolId, RoleSource, Time};
use usher_shared::port::{Fault, PoolUser, Store};
use usher_shared::retry::retry;
use usher_shared::user::Status;

/// Shows what is known of a user
///
/// It is the fold as it is now: status, role and who gave it, organization, kind of account, and
/// times. What says who the user is stays hidden, unless it is asked for with --reveal. With --aws,
/// and a pool that USHER_POOL or --pool names, it also says whether the user is enabled there. The JSON
/// form says what each source has said as well; `usher policy explain --user` reads it.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher user show 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e\n  \
    usher user show 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e --json | jq .role\n\n\
    Exit status: 0 the user is shown, 1 there is none or something failed."
)]
pub struct Show {
    #[command(flatten)]
    about: About,
    /// Shows personal values as well
    #[arg(long)]
    reveal: bool,
}

impl Show {
    /// Shows the user.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, _policy) = self.about.open().await?;
        let sub = &self.about.sub;
        let load = || opened.table.load(sub);
        let loaded = retry(&TRIES, deadline(), Fault::disposition, load).await;
        let in_pool = match self.about.pool_of(&opened) {
            Some((pools, id)) => Some((
                id.clone(),
                look(pools.service.as_ref(), id, sub, deadline()).await,
            )),
            None => None,
        };
        opened.close().await;
        let Some(item) = loaded?.user else {
            anstream::eprintln!("Nothing is known of {sub}.");
            return Ok(ExitCode::from(1));
        };
        let mut shown = Record::of(sub, &item.user, self.reveal);
        let mut unasked = None;
        match in_pool {
            Some((pool, Ok(user))) => shown.in_pool = Some(InPool::of(pool, user)),
            Some((pool, Err(fault))) => unasked = Some((pool, fault)),
            None => {}
        }
        if self.about.json {
            print_json(&shown)?;
        } else {
            for (name, value) in shown.lines() {
                anstream::println!("{name:<17}{value}");
            }
        }
        if let Some((pool, fault)) = unasked {
            anstream::eprintln!("{pool} cannot be asked ({fault}).");
            return Ok(ExitCode::from(1));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl InPool {
    fn of(pool: PoolId, user: Option<PoolUser>) -> Self {
        Self {
            pool,
            found: user.is_some(),
            enabled: user.as_ref().map(|user| user.is_enabled),
            status: user.map(|user| user.status),
        }
    }

    fn line(&self) -> String {
        let state = match self.enabled {
            Some(true) => "enabled",
            Some(false) => "disabled",
            None => "not known",
        };
        let status = self.status.iter().map(|status| format!(", {status}"));
        format!("{state} in {}{}", self.pool, status.collect::<String>())
    }
}

impl Record {
    /// The lines of a text; what is not known has none.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let since = |at: Option<Time>| at.map_or(String::new(), |at| format!(", since {at}"));
        let time = |at: Option<Time>| at.map(|at| at.to_string());
        let verified = |value: &Option<String>, verified: bool| {
            let word = if verified { "verified" } else { "not verified" };
            value.as_ref().map(|value| format!("{value}, {word}"))
        };
        let role = self.role.as_ref().map(|role| {
            let by = self.role_source.map_or("nobody", RoleSource::as_str);
            format!("{role}, by {by}{}", since(self.role_assigned_at))
        });
        let status = self.status.map(Status::as_str);
        let status = status.map(|status| format!("{status}{}", since(self.status_set_at)));
        let lines = [
            ("User", self.sub.as_ref().map(ToString::to_string)),
            ("Status", status),
            ("Pool", self.in_pool.as_ref().map(InPool::line)),
            ("Role", role),
            (
                "Organization",
                self.organization.as_ref().map(ToString::to_string),
            ),
            (
                "Account type",
                self.account_type.as_ref().map(ToString::to_string),
            ),
            ("Created", time(self.created_at)),
            ("Last sign-in", time(self.last_login_at)),
            ("Last activity", time(self.last_activity_at)),
            ("Password reset", time(self.last_password_reset_at)),
            ("Address", verified(&self.email, self.email_verified)),
            ("First name", self.first_name.clone()),
            ("Last name", self.last_name.clone()),
            ("Phone", verified(&self.phone_number, self.phone_verified)),
            ("Department", self.department.clone()),
        ];
        let lines = lines.into_iter();
        lines
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}
