use super::select::Selection;
use super::shown::{Shown, print_json};
use super::{AT_ONCE, About, Named, TRIES, deadline, named, progress};
use anyhow::bail;
use futures::{StreamExt, stream};
use std::process::ExitCode;
use usher_events::{InviteId, Time};
use usher_shared::clock::{Clock, WallClock};
use usher_shared::dynamodb::Table;
use usher_shared::invite::{self, Invite};
use usher_shared::port::Fault;

/// Takes invites back: nobody can sign up with them any more
///
/// Who is confirmed already keeps what the invite brought. Who has signed up and is confirmed later
/// gets nothing of it. Taking back again changes nothing.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher invite revoke --pool eu-west-1_AbCdEfGhI K7QM-2XWV-9FHD-3RTB\n  \
    usher invite revoke --pool eu-west-1_AbCdEfGhI --label summer --state open --dry-run\n\n\
    Exit status: 0 they are revoked (or would be), 1 one is not there or something failed."
)]
pub struct Revoke {
    /// Ids or codes; without any, say which with --state, --label, --role and --organization
    #[arg(value_name = "INVITE", value_parser = named)]
    invites: Vec<Named>,
    #[command(flatten)]
    selection: Selection,
    /// Shows which would be revoked, and revokes none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    about: About,
}

impl Revoke {
    /// Takes them back.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match (self.invites.is_empty(), self.selection.is_everything()) {
            (true, true) => bail!(
                "say which: name ids or codes, or choose with --state, --label, --role or \
                 --organization"
            ),
            (false, false) => bail!("name invites or choose them by what they are, not both"),
            (true, false) | (false, true) => {}
        }
        let opened = self.about.open().await?;
        let now = WallClock.now();
        let pool = &self.about.pool;
        let mut ids: Vec<InviteId> = self
            .invites
            .iter()
            .map(|named| named.id(&opened.secret, pool))
            .collect();
        if ids.is_empty() {
            let take = |invite: Invite| {
                if invite.revoked_at.is_none() {
                    ids.push(invite.id);
                }
                Ok(())
            };
            self.selection.each(&opened.table, pool, now, take).await?;
        }
        let bar = progress::bar(ids.len(), "Revoking");
        // Made before they are streamed, as in the worker: a closure within would not be general
        // enough.
        let revoked: Vec<_> = ids
            .iter()
            .map(|id| self.revoke(&opened.table, id, now))
            .collect();
        let mut revoked = stream::iter(revoked).buffered(AT_ONCE);
        let (mut done, mut missing, mut failed) = (0, 0, None);
        while let Some(result) = revoked.next().await {
            bar.inc(1);
            match result {
                Ok(Some(invite)) => {
                    done += 1;
                    bar.suspend(|| self.say(&invite, now))?;
                }
                Ok(None) => missing += 1,
                Err(fault) => failed = Some(fault),
            }
        }
        drop(revoked);
        bar.finish_and_clear();
        opened.close().await;
        if missing > 0 {
            anstream::eprintln!("{missing} of {} are no invites of {pool}.", ids.len());
        }
        if let Some(fault) = failed {
            bail!("not all are revoked ({fault}); the same command again revokes the rest");
        }
        if !self.about.json {
            let verb = if self.dry_run { "would be" } else { "are" };
            anstream::println!("{done} {verb} revoked.");
        }
        Ok(ExitCode::from(u8::from(missing > 0)))
    }

    async fn revoke(
        &self,
        table: &Table,
        id: &InviteId,
        now: Time,
    ) -> Result<Option<Invite>, Fault> {
        let revoke = |invite: &mut Invite| {
            if !self.dry_run {
                invite.revoke(now);
            }
            invite.clone()
        };
        let place = (&self.about.pool, id);
        invite::change(table, place, &TRIES, deadline(), revoke).await
    }

    fn say(&self, invite: &Invite, now: Time) -> anyhow::Result<()> {
        let shown = Shown::of(invite, now);
        if self.about.json {
            return print_json(&shown);
        }
        anstream::println!("{}  {}", shown.id, shown.brings());
        Ok(())
    }
}
