use super::{About, TRIES, deadline, print_json};
use serde::Serialize;
use std::process::ExitCode;
use usher_events::{AccountType, OrganizationId, Personal, Role, RoleSource, Sub, Time};
use usher_shared::port::{Fault, Store};
use usher_shared::retry::retry;
use usher_shared::user::{Profile, User};

/// Shows what is known of a user
///
/// It is the fold as it is now: status, role and who gave it, organization, kind of account, and
/// times. What says who the user is stays hidden, unless it is asked for with --reveal.
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

/// A user, as shown. What is not known is left out.
#[derive(Serialize)]
struct Shown<'a> {
    sub: &'a Sub,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_set_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_source: Option<RoleSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_assigned_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a OrganizationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_type: Option<&'a AccountType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_login_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_activity_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_password_reset_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    phone_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    department: Option<String>,
}

impl Show {
    /// Shows the user.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, _policy) = self.about.open().await?;
        let sub = &self.about.sub;
        let load = || opened.table.load(sub);
        let loaded = retry(&TRIES, deadline(), Fault::disposition, load).await;
        opened.close().await;
        let Some(item) = loaded?.user else {
            anstream::eprintln!("Nothing is known of {sub}.");
            return Ok(ExitCode::from(1));
        };
        let profile = Profile::of(&item.user);
        let shown = Shown::of(sub, &item.user, &profile, self.reveal);
        if self.about.json {
            print_json(&shown)?;
        } else {
            for (name, value) in shown.lines() {
                anstream::println!("{name:<17}{value}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl<'a> Shown<'a> {
    fn of(sub: &'a Sub, user: &User, profile: &'a Profile, reveal: bool) -> Self {
        let personal = |value: &Option<Personal>| {
            value.as_ref().map(|value| {
                if reveal {
                    value.expose().to_owned()
                } else {
                    value.to_string()
                }
            })
        };
        Self {
            sub,
            status: profile.status.as_str(),
            status_set_at: user.standing.as_ref().map(|register| register.at),
            role: profile.role.as_ref(),
            role_source: profile.role_source,
            role_assigned_at: profile.role_assigned_at,
            organization: profile.organization_id.as_ref(),
            account_type: profile.account_type.as_ref(),
            created_at: profile.created_at,
            last_login_at: profile.last_login_at,
            last_activity_at: profile.last_activity_at,
            last_password_reset_at: profile.last_password_reset_at,
            email: personal(&profile.email),
            email_verified: profile.email_verified,
            first_name: personal(&profile.first_name),
            last_name: personal(&profile.last_name),
            phone_number: personal(&profile.phone_number),
            phone_verified: profile.phone_verified,
            department: personal(&profile.department),
        }
    }

    /// The lines of a text; what is not known has none.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let since = |at: Option<Time>| at.map_or(String::new(), |at| format!(", since {at}"));
        let time = |at: Option<Time>| at.map(|at| at.to_string());
        let verified = |value: &Option<String>, verified: bool| {
            let word = if verified { "verified" } else { "not verified" };
            value.as_ref().map(|value| format!("{value}, {word}"))
        };
        let role = self.role.map(|role| {
            let by = self.role_source.map_or("nobody", RoleSource::as_str);
            format!("{role}, by {by}{}", since(self.role_assigned_at))
        });
        let lines = [
            ("User", Some(self.sub.to_string())),
            (
                "Status",
                Some(format!("{}{}", self.status, since(self.status_set_at))),
            ),
            ("Role", role),
            ("Organization", self.organization.map(ToString::to_string)),
            ("Account type", self.account_type.map(ToString::to_string)),
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
