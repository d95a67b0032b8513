use super::shown::{InFull, Redeemed, Reserved, Shown, print, print_json};
use super::{About, Named, TRIES, deadline, named};
use std::process::ExitCode;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::port::{Fault, Invites};
use usher_shared::retry::retry;

/// Shows one invite and who has used it
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher invite show --pool eu-west-1_AbCdEfGhI K7QM-2XWV-9FHD-3RTB\n  \
    usher invite show --pool eu-west-1_AbCdEfGhI --json 5x0k… | jq .redemptions\n\n\
    Exit status: 0 it is shown, 1 there is none or something failed."
)]
pub struct Show {
    /// Its id, as `usher invite list` shows it, or its code
    #[arg(value_name = "INVITE", value_parser = named)]
    invite: Named,
    #[command(flatten)]
    about: About,
}

impl Show {
    /// Shows it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let opened = self.about.open().await?;
        let pool = &self.about.pool;
        let id = self.invite.id(&opened.secret, pool);
        let read = || opened.table.invite(pool, &id);
        let found = retry(&TRIES, deadline(), Fault::disposition, read).await?;
        opened.close().await;
        let Some(invite) = found else {
            anstream::eprintln!("There is no such invite in {pool}.");
            return Ok(ExitCode::from(1));
        };
        let shown = Shown::of(&invite, WallClock.now());
        let redemptions = invite.redemptions.iter().map(|(sub, redeemed)| Redeemed {
            sub,
            confirmed_at: redeemed.confirmed_at,
        });
        let reservations = invite.reservations.values().map(|held| Reserved {
            at: held.at,
            until: held.until,
        });
        let full = InFull {
            invite: shown,
            redemptions: redemptions.collect(),
            reservations: reservations.collect(),
        };
        if self.about.json {
            print_json(&full)?;
            return Ok(ExitCode::SUCCESS);
        }
        print(&full.invite.lines());
        for redeemed in &full.redemptions {
            anstream::println!("Redeemed {} by {}", redeemed.confirmed_at, redeemed.sub);
        }
        for held in &full.reservations {
            anstream::println!("Reserved {} until {}", held.at, held.until);
        }
        Ok(ExitCode::SUCCESS)
    }
}
