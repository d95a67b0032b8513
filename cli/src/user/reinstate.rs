use super::Acting;
use super::change::Words;
use std::process::ExitCode;
use usher_events::UserReinstated;

/// Lets a suspended user in again
///
/// With --aws, and a pool that USHER_POOL or --pool names, the user is enabled there as well. It is
/// recorded first. If the pool then fails, the command says so, and the same command again does what is
/// left.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher user reinstate 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e --dry-run\n  \
    usher user reinstate 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e\n\n\
    Exit status: 0 not suspended any more (or would not be), 1 there is no such user, or something \
    failed, in the pool perhaps."
)]
pub struct Reinstate {
    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    acting: Acting,
}

impl Reinstate {
    /// Reinstates the user.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, policy) = self.acting.about.open().await?;
        let words = Words {
            done: "is reinstated: nothing of the suspension is left.".to_owned(),
            planned: "would be reinstated.\nNothing is changed.".to_owned(),
            already: "is not suspended",
        };
        let event = UserReinstated {}.into();
        let acting = &self.acting;
        let done = acting
            .act(&opened, &policy, event, self.dry_run, &words)
            .await;
        opened.close().await;
        done
    }
}
