//! Which queue, and how it is looked at.

use super::pass::{Ended, Pass};
use crate::invite;
use crate::place::{OpenedLetters, Place};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The exit status where some of what was chosen stays, or was not seen.
pub const STAYS: u8 = 3;

/// Which queue, and how it is looked at.
#[derive(clap::Args)]
pub struct At {
    /// How long letters are hidden from other readers at a time, and at most if this is killed, as 15m or
    /// 1h
    #[arg(long, value_name = "LENGTH", default_value = "15m", value_parser = hold)]
    hold: Duration,
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}

impl At {
    /// Opens the dead letters alone.
    pub async fn open(&self) -> anyhow::Result<OpenedLetters> {
        let (policy, _) = crate::policy_file::read(self.policy.as_deref())?;
        let opened = self.place.open_dead_letters(&policy).await;
        opened.context("there are no dead letters to look at")
    }

    /// Begins a pass through the letters, and a bar for it.
    pub async fn pass(&self, letters: &OpenedLetters) -> anyhow::Result<(Pass, ProgressBar)> {
        let (inbox, directory) = (Arc::clone(&letters.inbox), self.place.directory());
        let pass = Pass::begin(inbox, directory, &letters.name, self.hold).await?;
        let waiting = pass.waiting().await;
        let waiting = waiting.with_context(|| format!("{} cannot be read", letters.name))?;
        let bar = ProgressBar::new(waiting.shown + waiting.hidden);
        let style =
            ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} letters {eta}");
        Ok((pass, bar.with_style(style.expect("the template is one"))))
    }
}

/// Says which letters a look has not seen, what they are not, and gives the exit status of a look.
pub fn looked(ended: Ended, what: &str) -> ExitCode {
    let why = match ended {
        Ended::Whole => return ExitCode::SUCCESS,
        Ended::Interrupted => {
            anstream::eprintln!("Interrupted.");
            return ExitCode::from(1);
        }
        Ended::Hidden(letters) => format!("About {letters} more are hidden by another reader"),
        Ended::Unseen(letters) => {
            format!("About {letters} more are in the queue than it shows at once")
        }
    };
    anstream::eprintln!("{why}, and {what}.");
    ExitCode::from(STAYS)
}

/// Reads how long letters are hidden: at least as long as a few slow calls take, and SQS hides for twelve
/// hours at most.
fn hold(text: &str) -> Result<Duration, String> {
    invite::length(text)
        .filter(|it| (Duration::from_mins(1)..=Duration::from_hours(12)).contains(it))
        .ok_or_else(|| "must be a length from 1m to 12h, such as 15m".to_owned())
}
