use super::About;
use super::select::Selection;
use super::shown::{Shown, print_json};
use std::process::ExitCode;
use usher_events::OrganizationId;
use usher_shared::clock::{Clock, WallClock};

/// Lists a pool's invites, oldest first
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher invite list --pool eu-west-1_AbCdEfGhI\n  \
    usher invite list --pool eu-west-1_AbCdEfGhI --state open --label summer --json | jq .id\n\n\
    Exit status: 0 they are listed, 1 something failed."
)]
pub struct List {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    about: About,
}

impl List {
    /// Lists them as they are read.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let opened = self.about.open().await?;
        let (pool, json) = (&self.about.pool, self.about.json);
        let now = WallClock.now();
        let mut count = 0;
        let show = |invite| {
            let shown = Shown::of(&invite, now);
            if json {
                return print_json(&shown);
            }
            if count == 0 {
                anstream::println!(
                    "{:<28}{:<9}{:>9}  {:<25}{:<12}{:<14}LABEL",
                    "INVITE",
                    "STATE",
                    "USED",
                    "ENDS",
                    "ROLE",
                    "ORGANIZATION"
                );
            }
            count += 1;
            anstream::println!(
                "{:<28}{:<9}{:>9}  {:<25}{:<12}{:<14}{}",
                shown.id.as_str(),
                shown.state.as_str(),
                format!("{}/{}", shown.redeemed + shown.reserved, shown.uses),
                shown
                    .expires_at
                    .map_or("never".to_owned(), |at| at.to_string()),
                shown.role.map_or("-", |role| role.as_str()),
                shown.organization.map_or("-", OrganizationId::as_str),
                shown.label.unwrap_or("-")
            );
            Ok(())
        };
        let listed = self.selection.each(&opened.table, pool, now, show).await;
        opened.close().await;
        listed?;
        if !json && count == 0 {
            anstream::println!("There is no such invite in {pool}.");
        }
        Ok(ExitCode::SUCCESS)
    }
}
