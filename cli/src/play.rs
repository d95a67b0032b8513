//! `usher play`: sends events the whole way and shows what becomes of each.

mod report;
mod sample;
mod show;

use crate::machine::{self, Machine};
use crate::policy_file;
use anyhow::{Context, bail};
use report::{Act, Afterwards, Report};
use sample::Scene;
use serde_json::value::RawValue;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::Sub;
use usher_shared::port::{Inbox, Store};
use usher_shared::user::Profile;
use usher_shared::{config, telemetry};
use usher_worker::poll;

/// Sends events through trigger, queue and worker, and shows what becomes of each
///
/// Without a file it plays the sample that comes with usher: a refused sign-up, then a user's
/// sign-up, confirmation, sign-in, token and password reset. A file holds one Cognito event, as the
/// pool sends it; a directory is played file by file, in order of name.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher play\n  usher play --json | jq .claims\n  \
    usher play my-events/ --policy usher.toml\n\n\
    Exit status: 0 every event was handled and, of the sample, decided as it should be; 1 not so."
)]
pub struct Play {
    /// Files and directories of events
    #[arg(value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where the played state is kept; emptied before each play
    #[arg(long, value_name = "DIR", default_value = ".usher/play")]
    dir: PathBuf,
    /// Prints one JSON object instead of text
    #[arg(long)]
    json: bool,
}

impl Play {
    /// Plays.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::init(&config::log_filter(), telemetry::Format::None)?;
        let scenes = if self.paths.is_empty() {
            sample::life()
        } else {
            read_all(&self.paths)?
        };
        let (policy, policy_name) = policy_file::read(self.policy.as_deref())?;
        machine::start_over(&self.dir).await?;
        let machine = Machine::open(&self.dir, policy).await?;
        let mut report = Report {
            policy: policy_name,
            ..Report::default()
        };
        let mut sub = None;
        for scene in scenes {
            let act = play(&machine, &scene).await?;
            sub = act.sub.clone().or(sub);
            if !self.json {
                show::act(report.acts.len() + 1, &act);
            }
            report.acts.push(act);
        }
        report.afterwards = Some(afterwards(&machine, sub).await?);
        let well = report.went_well();
        if self.json {
            anstream::println!("{}", report.to_json());
        } else {
            show::afterwards(&report);
        }
        Ok(if well {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
    }
}

/// One event's whole way: the trigger, then the worker until the queue is empty.
async fn play(machine: &Machine, scene: &Scene) -> anyhow::Result<Act> {
    let event: &RawValue = serde_json::from_str(&scene.event)
        .with_context(|| format!("{} does not hold a JSON value", scene.name))?;
    let start = Instant::now();
    let handled = machine.trigger.handle(event, "usher-play").await;
    let took = start.elapsed();
    let mut outcomes = Vec::new();
    loop {
        let received = machine.stack.queue.receive(10, Duration::ZERO).await?;
        if received.is_empty() {
            break;
        }
        outcomes.extend(poll::take(&machine.worker, &machine.stack.queue, &received).await);
    }
    Ok(Act::new(scene, handled, took, outcomes))
}

/// What there is when the play is over.
async fn afterwards(machine: &Machine, sub: Option<Sub>) -> anyhow::Result<Afterwards> {
    let mut after = Afterwards {
        mails: files(machine.stack.outbox.directory())?,
        bus: machine.stack.bus.file().to_path_buf(),
        ..Afterwards::default()
    };
    if let Some(sub) = sub {
        let loaded = machine.stack.store.load(&sub).await?;
        after.profile = loaded.user.map(|item| Profile::of(&item.user));
        after.preferences = machine.stack.store.preferences(&sub).await?;
        after.sub = Some(sub);
    }
    Ok(after)
}

fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<Scene>> {
    let mut scenes = Vec::new();
    for path in paths {
        let inside = if path.is_dir() {
            files(path)?
        } else {
            vec![path.clone()]
        };
        let events = inside
            .into_iter()
            .filter(|file| !path.is_dir() || file.extension().is_some_and(|e| e == "json"));
        let before = scenes.len();
        for file in events {
            let event = std::fs::read_to_string(&file)
                .with_context(|| format!("the event file {} cannot be read", file.display()))?;
            scenes.push(Scene {
                name: file.display().to_string(),
                event,
                expected: None,
            });
        }
        if scenes.len() == before {
            bail!(
                "{} holds no event; an event is a file that ends in .json",
                path.display()
            );
        }
    }
    Ok(scenes)
}

/// The files of a directory in order of name; none where there is no directory.
fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("the directory {} cannot be read", directory.display()))?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    Ok(files)
}
