//! `usher export`: the events of the log as CloudEvents, one JSON object a line.

pub mod filter;
pub mod lines;
mod output;
mod run;

use crate::bar;
use crate::place::Place;
use crate::since::Since;
use crate::user;
use anyhow::Context;
use filter::Filter;
use indicatif::ProgressBar;
use output::{Output, Scope};
use run::Run;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use usher_events::{PoolId, Sub};
use usher_shared::clock::{Clock, WallClock};

/// The exit status where a commit cannot be read and is left out.
const LEFT_OUT: u8 = 3;

/// Writes events as CloudEvents, one JSON object a line, for a warehouse to load
///
/// Each event that was recorded and each decision is a line of its own, as the bus has it, with the same
/// id: a line that comes twice is the same event. They come user by user, and of one user in no order of
/// time. What says who a user is is left out, unless it is asked for with --include-person.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher export --since 24h > events.ndjson\n  \
    usher export --aws --out events.ndjson --type signed_in --type sign_up_confirmed\n  \
    usher export --user 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e --include-person | jq .data\n\n\
    With --out, a run that was interrupted goes on where it was when it is given the same scope. What is\n\
    recorded while it runs may be among the lines or not; --until with an instant of the past says what\n\
    is.\n\n\
    Exit status: 0 all is written; 3 all but commits that cannot be read, which are named; 1 something\n\
    failed; 2 the command was not understood."
)]
pub struct Export {
    /// Only events of this type, such as signed_in; may be given more than once
    #[arg(long = "type", value_name = "NAME", value_parser = filter::type_name)]
    types: Vec<String>,
    /// Only events of one user, by the `sub` attribute
    #[arg(long, value_name = "SUB", value_parser = user::sub)]
    user: Option<Sub>,
    /// Only events of one user pool
    #[arg(long, value_name = "ID", value_parser = user::pool_id)]
    pool: Option<PoolId>,
    /// Only what was recorded since: a length as 24h or 7d, or an instant
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Only what was recorded before: a length as 24h or 7d, or an instant
    #[arg(long, value_name = "TIME")]
    until: Option<Since>,
    /// Writes what says who the users are as well
    #[arg(long)]
    include_person: bool,
    /// The file to write; else standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes the file anew, whatever is there
    #[arg(long, requires = "out")]
    fresh: bool,
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Prints one JSON object about the run at its end, on standard error
    #[arg(long)]
    json: bool,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Counts {
    /// Lines written.
    pub events: u64,
    /// Commits read.
    pub commits: u64,
    /// Commits that cannot be read.
    pub left_out: u64,
}

impl Export {
    /// Writes the events.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (policy, _) = crate::policy_file::read(self.policy.as_deref())?;
        let now = WallClock.now();
        let opened = self.place.open_log(&policy).await;
        let opened = opened.context("nothing can be exported")?;
        let scope = Scope {
            table: opened.table.name().to_owned(),
            directory: (!self.place.is_aws()).then(|| self.place.directory().to_owned()),
            types: self.types.clone(),
            pool: self.pool.clone(),
            user: self.user.clone(),
            since: self.since.map(|since| since.to_string()),
            until: self.until.map(|until| until.to_string()),
            include_person: self.include_person,
        };
        let mut output = match &self.out {
            Some(file) => Output::file(file, scope, now, self.fresh)?,
            None => Output::stdout(now),
        };
        // A length counts from when the run began, however often it was interrupted.
        let filter = Filter {
            types: self.types,
            pool: self.pool,
            user: self.user.clone(),
            since: self.since.map(|since| since.before(output.began())),
            until: self.until.map(|until| until.before(output.began())),
        };
        let run = Run {
            table: &opened.table,
            filter,
            include_person: self.include_person,
            bar: match (&self.out, &self.user) {
                (Some(_), None) => bar::over(opened.items),
                (None, _) | (_, Some(_)) => ProgressBar::hidden(),
            },
        };
        let done = match &self.user {
            Some(sub) => run.one(sub, &mut output).await,
            None => run.all(&mut output).await,
        };
        run.bar.finish_and_clear();
        opened.close().await;
        let hint = output.hint();
        match done {
            // Whoever reads it has read enough.
            Err(error) if is_broken_pipe(&error) => return Ok(ExitCode::SUCCESS),
            done => done.with_context(|| format!("the export was interrupted{hint}"))?,
        }
        let counts = output.finish()?;
        if self.json {
            anstream::eprintln!("{}", serde_json::to_string(&counts)?);
        } else if let Some(file) = &self.out {
            let (events, commits) = (counts.events, counts.commits);
            anstream::eprintln!(
                "{events} events of {commits} commits are in {}.",
                file.display()
            );
        }
        Ok(match counts.left_out {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::from(LEFT_OUT),
        })
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let of = error.downcast_ref::<std::io::Error>();
    of.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
