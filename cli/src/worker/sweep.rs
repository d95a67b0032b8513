use crate::patience::{TRIES, deadline};
use crate::place::{Place, Sweepable};
use anyhow::Context;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use usher_events::Time;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::commit::Lane;
use usher_shared::port::{Due, Fault};
use usher_shared::retry::retry;
use usher_worker::sweep::{LaneSwept, Pace, Sweeper};

/// The most of one lane that is counted; whoever has more due knows enough.
const COUNTED: u32 = 10_000;

/// Puts what is due back on the work queue, once, as the worker's schedule does each minute
///
/// Mails and entries for the bus that failed wait in the table, and so do events that no queue took.
/// What is due is sent in lanes, one for each service: nothing of a lane whose breaker is open, and
/// of one that closed a short while ago less than `sweep.most_a_minute`. It may run beside the
/// schedule: nothing is sent twice.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher worker sweep --dry-run\n  usher worker sweep --aws --json | jq .sent\n\n\
    Exit status: 0 it swept, 1 the table or the queue failed at something; what is due stays due."
)]
pub struct Sweep {
    /// Shows what is due and how much of it may go, and sends nothing
    #[arg(long)]
    dry_run: bool,
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Prints one JSON object a line, one for each lane, instead of text
    #[arg(long)]
    json: bool,
}

/// What is due in one lane.
#[derive(Serialize)]
struct Waiting {
    lane: Lane,
    pace: Pace,
    due: usize,
    /// Whether there is more than was counted.
    more: bool,
    oldest: Option<Time>,
    age_s: Option<u64>,
}

impl Sweep {
    /// Sweeps, or shows what a sweep would find.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (policy, _) = crate::policy_file::read(self.policy.as_deref())?;
        let opened = self.place.open_to_sweep(&policy).await;
        let opened = opened.context("the table and the queue cannot be opened")?;
        let sweeper = Sweeper {
            store: Arc::clone(&opened.store),
            queue: Arc::clone(&opened.queue),
            clock: Arc::new(WallClock),
            most_a_minute: policy.sweep.most_a_minute,
        };
        let done = if self.dry_run {
            self.look(&opened, &sweeper).await
        } else {
            self.sweep(&sweeper).await
        };
        drop(sweeper);
        opened.close().await;
        done
    }

    async fn sweep(&self, sweeper: &Sweeper) -> anyhow::Result<ExitCode> {
        let swept = sweeper.sweep().await;
        let swept = swept.context("what is due cannot be read now")?;
        if !self.json {
            anstream::println!("{:<8}{:<22}{:>8}{:>8}", "LANE", "PACE", "SENT", "LEFT");
        }
        for lane in &swept.lanes {
            self.say(lane, || {
                let LaneSwept { sent, left, .. } = lane;
                let (name, pace) = (lane.lane.as_str(), shown(lane.pace));
                format!("{name:<8}{pace:<22}{sent:>8}{left:>8}")
            })?;
        }
        let failed = swept.lanes.iter().any(|lane| lane.failed);
        if failed {
            anstream::eprintln!("The table or the queue failed at some of it; that stays due.");
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    async fn look(&self, opened: &Sweepable, sweeper: &Sweeper) -> anyhow::Result<ExitCode> {
        let now = WallClock.now();
        if !self.json {
            anstream::println!("{:<8}{:<22}{:>8}{:>12}", "LANE", "PACE", "DUE", "OLDEST");
        }
        for (lane, pace) in sweeper.paces(now).await {
            let read = || opened.store.due(lane, now, COUNTED);
            let due = retry(&TRIES, deadline(), Fault::disposition, read).await?;
            let oldest = due.first().map(Due::at);
            let waiting = Waiting {
                lane,
                pace,
                due: due.len(),
                more: due.len() >= COUNTED as usize,
                oldest,
                age_s: oldest.map(|oldest| now.since(oldest).as_secs()),
            };
            self.say(&waiting, || waiting.line())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn say(&self, what: &impl Serialize, line: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json {
            anstream::println!("{}", serde_json::to_string(what)?);
        } else {
            anstream::println!("{}", line());
        }
        Ok(())
    }
}

impl Waiting {
    fn line(&self) -> String {
        let (lane, pace) = (self.lane.as_str(), shown(self.pace));
        let due = format!("{}{}", self.due, if self.more { "+" } else { "" });
        let age = self
            .age_s
            .map_or("-".to_owned(), |age_s| format!("{age_s} s"));
        format!("{lane:<8}{pace:<22}{due:>8}{age:>12}")
    }
}

fn shown(pace: Pace) -> String {
    match pace {
        Pace::Held => "breaker open".to_owned(),
        Pace::Probing => "a probe".to_owned(),
        Pace::Flowing { most } => format!("{most} a minute"),
    }
}
