use super::Acting;
use super::change::Words;
use std::process::ExitCode;
use usher_events::{SuspensionReason, UserSuspended};

/// Suspends a user: no sign-in, no token and no refresh any more
///
/// The triggers refuse, so it holds from the next sign-in or token on. With --aws, and a pool that
/// USHER_POOL or --pool names, the user is disabled there as well and every session is ended. An access
/// token that was issued before is good for whoever does not ask the pool, until it expires.
///
/// Where mail.suspension is on, in the policy here and in the worker's, a notice goes to the user's
/// address if it is verified, with the worker's next sweep.
///
/// It is recorded first. If the pool then fails, the command says what is left, and the same command
/// again does it.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher user suspend 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e\n  \
    usher user suspend 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e --confirm\n\n\
    Exit status: 0 suspended (or would be), 1 there is no such user, or something failed, in the pool \
    perhaps."
)]
pub struct Suspend {
    /// Does it; without, it is only said what would be done
    #[arg(long)]
    confirm: bool,
    /// Sends the user no notice, whatever the policy says
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    acting: Acting,
}

impl Suspend {
    /// Suspends the user.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, mut policy) = self.acting.about.open().await?;
        policy.mail.suspension &= !self.quiet;
        let event = UserSuspended {
            reason: SuspensionReason::Operator,
        };
        let words = Words {
            done: "is suspended: sign-ins, tokens and refreshes are refused.".to_owned(),
            planned: "would be suspended: sign-ins, tokens and refreshes would be refused; tokens \
                      issued before stay good until they expire.\nNothing is changed; --confirm \
                      does it."
                .to_owned(),
            already: "is suspended already",
        };
        let acting = &self.acting;
        let done = acting
            .act(&opened, &policy, event.into(), !self.confirm, &words)
            .await;
        opened.close().await;
        done
    }
}
