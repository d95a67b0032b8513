//! `usher rebuild`: folds streams again, says where a user item is not what the log says, and mends
//! it.

mod gather;
mod look;
mod mend;
mod report;
mod run;
mod state;

use crate::bar;
use crate::pace::Pace;
use crate::place::Place;
use crate::since::Since;
use crate::user;
use anyhow::Context;
use indicatif::ProgressBar;
use report::{Counts, Writer};
use run::Run;
use state::{Scope, State};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use usher_events::Sub;
use usher_shared::clock::{Clock, WallClock};

/// The exit status where a user item is not what the log says, and stays so.
const DIFFERENCES: u8 = 3;

/// How many parts of a table on AWS are read beside each other, unless it is said.
const SEGMENTS: u32 = 4;

/// Folds users' streams again, and compares what comes of it with their items
///
/// Nothing is written unless --confirm is given: then each item that is not what the log says is
/// replaced by what it says, under its version, with its claims carried over. Workers may go on
/// meanwhile: whoever loses a race reads and folds again, and nothing of either is lost. A commit that
/// a worker is about to fold is no difference.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  usher rebuild --verify --aws --json\n  \
    usher rebuild --user 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e\n  \
    usher rebuild --since 24h --rate 200 --aws --confirm\n\n\
    A run that was interrupted goes on where it was when it is given the same scope; --verify begins\n\
    anew each time. Of what may be personal it is told that it differs, and not what it is: `usher user\n\
    show --reveal` shows that.\n\n\
    Exit status: 0 every item is what the log says, or is by now; 3 some are not, and are named;\n\
    1 something failed; 2 the command was not understood.")]
pub struct Rebuild {
    /// One user alone, by the `sub` attribute
    #[arg(long, value_name = "SUB", value_parser = user::sub)]
    user: Option<Sub>,
    /// Only users of whom something was recorded since: a length as 24h or 7d, or an instant
    #[arg(long, value_name = "TIME", conflicts_with = "user")]
    since: Option<Since>,
    /// Only checks, and from the beginning: for every night, with an alarm on the exit status
    #[arg(long, conflicts_with = "confirm")]
    verify: bool,
    /// Replaces the items that are not what the log says
    #[arg(long)]
    confirm: bool,
    /// How many parts of the table to read beside each other [default: 4 on AWS, 1 on this machine]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=64))]
    segments: Option<u32>,
    /// At most so many users a second [default: as fast as it goes]
    #[arg(long, value_name = "USERS")]
    rate: Option<NonZeroU32>,
    /// Where to remember how far it is [default: rebuild.json in the directory of --dir]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["verify", "user"])]
    state: Option<PathBuf>,
    /// Begins anew, whatever was interrupted
    #[arg(long)]
    fresh: bool,
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Prints one JSON object a line, one for each user that differs and one for all, instead of text
    #[arg(long)]
    json: bool,
}

impl Rebuild {
    /// Compares, and mends what it may.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (policy, shown) = crate::policy_file::read(self.policy.as_deref())?;
        let opened = self.place.open_log(&policy).await;
        let opened = opened.context("nothing can be rebuilt")?;
        let now = WallClock.now();
        let mut state = self.state(opened.table.name(), &policy, now)?;
        let writer = Writer {
            json: self.json,
            confirmed: self.confirm,
            bar: match &self.user {
                Some(_) => ProgressBar::hidden(),
                None => bar::over(opened.items),
            },
        };
        let profiles = if policy.profile.create {
            "kept"
        } else {
            "not kept"
        };
        writer.say(&format!("By {shown}, profiles are {profiles}."));
        let since = self.since.map(|since| since.before(state.began()));
        let run = Run {
            table: &opened.table,
            policy: &policy,
            since,
            confirmed: self.confirm,
            pace: Pace::new(self.rate),
            writer: &writer,
        };
        let done = match &self.user {
            Some(sub) => run.one(sub).await,
            None => run.all(&mut state).await,
        };
        writer.bar.finish_and_clear();
        let counts = match done {
            Ok(counts) => counts,
            Err(error) => {
                opened.close().await;
                let hint = state.hint();
                return Err(error.context(format!("the rebuild was interrupted{hint}")));
            }
        };
        opened.close().await;
        state.finish()?;
        writer.finish(&counts)?;
        Ok(status(&counts))
    }

    fn state(
        &self,
        table: &str,
        policy: &usher_shared::policy::Policy,
        now: usher_events::Time,
    ) -> anyhow::Result<State> {
        let default = if self.place.is_aws() { SEGMENTS } else { 1 };
        let scope = Scope {
            table: table.to_owned(),
            directory: (!self.place.is_aws()).then(|| self.place.directory().to_owned()),
            since: self.since.map(|since| since.to_string()),
            confirmed: self.confirm,
            profiles: policy.profile.create,
            segments: self.segments.unwrap_or(default),
        };
        // What is checked at night has to be all of it, as it is now.
        let file = (!self.verify && self.user.is_none()).then(|| {
            let named = self.state.clone();
            named.unwrap_or_else(|| self.place.directory().join("rebuild.json"))
        });
        State::open(file, scope, now, self.fresh)
    }
}

fn status(counts: &Counts) -> ExitCode {
    if counts.left() > 0 {
        ExitCode::from(DIFFERENCES)
    } else {
        ExitCode::SUCCESS
    }
}
