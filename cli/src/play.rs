//! `usher play`: sends events the whole way and shows what becomes of each.

mod clock;
mod operator;
mod report;
mod sample;
mod show;

use crate::machine::{self, Machine};
use crate::policy_file;
use anyhow::{Context, bail};
use clock::StageClock;
use report::{Act, Afterwards, Report};
use sample::{Deed, Scene, Step};
use serde_json::value::RawValue;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{PoolId, Sub};
use usher_shared::clock::{Clock, WallClock};
use usher_shared::port::{Inbox, Store};
use usher_shared::user::Profile;
use usher_shared::{config, telemetry};
use usher_worker::poll;

/// Sends events through trigger, queue and worker, and shows what becomes of each
///
/// Without a file it plays the sample that comes with usher, on the next Monday and Tuesday: refused
/// sign-ups, an invite, a sign-up with it, the code in the user's language, confirmation, sign-in and
/// token, a sign-in outside business hours, a suspension and its end, a password reset. That life has
/// a policy of its own, and --policy plays it under yours. A file holds one Cognito event, as the pool
/// sends it; a directory is played file by file, in order of name.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher play\n  usher play --json | jq .claims\n  \
    usher play my-events/ --policy usher.toml\n\n\
    Exit status: 0 every event was handled and, of the sample under its own policy, decided as it should\n\
    be; 1 not so."
)]
pub struct Play {
    /// Files and directories of events
    #[arg(value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// The policy file; else, for the sample, its own, and for files usher.toml here or the example
    /// that comes with usher
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
        let mut scenes = if self.paths.is_empty() {
            sample::life(WallClock.now())?
        } else {
            read_all(&self.paths)?
        };
        let (policy, policy_name) = match &self.policy {
            None if self.paths.is_empty() => sample::policy()?,
            named => policy_file::read(named.as_deref())?,
        };
        if self.policy.is_some() {
            // What another policy should decide only its owner knows.
            scenes.iter_mut().for_each(|scene| scene.expected = None);
        }
        machine::start_over(&self.dir).await?;
        let clock = Arc::new(StageClock::default());
        let machine = Machine::open(&self.dir, policy, clock.clone()).await?;
        let mut stage = Stage {
            machine,
            clock,
            invite: None,
            who: None,
        };
        let mut report = Report {
            policy: policy_name,
            ..Report::default()
        };
        for scene in scenes {
            let act = stage.play(&scene).await?;
            if !self.json {
                show::act(report.acts.len() + 1, &act);
            }
            report.acts.push(act);
        }
        let sub = stage.who.map(|(_, sub)| sub);
        let machine = stage.machine;
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

/// A machine, and what the scenes so far have brought.
struct Stage {
    machine: Machine,
    clock: Arc<StageClock>,
    /// The code of the invite that was made.
    invite: Option<String>,
    /// The pool and the user of whom an event spoke last.
    who: Option<(PoolId, Sub)>,
}

impl Stage {
    /// One scene to its end: trigger or operator, then the worker until the queue is empty.
    async fn play(&mut self, scene: &Scene) -> anyhow::Result<Act> {
        if let Some(at) = scene.at {
            self.clock.set(at);
        }
        let mut act = match &scene.step {
            Step::Event(event) => self.ask(scene, event).await?,
            Step::Deed(deed) => self.operate(scene, *deed).await?,
        };
        let machine = &self.machine;
        loop {
            let received = machine.stack.queue.receive(10, Duration::ZERO).await?;
            if received.is_empty() {
                return Ok(act);
            }
            let outcomes = poll::take(&machine.worker, &machine.stack.queue, &received).await;
            act.outcomes.extend(outcomes);
        }
    }

    /// Asks the trigger.
    async fn ask(&mut self, scene: &Scene, event: &str) -> anyhow::Result<Act> {
        let event = match &self.invite {
            Some(code) => event.replace("{invite}", code),
            None => event.to_owned(),
        };
        let raw: &RawValue = serde_json::from_str(&event)
            .with_context(|| format!("{} does not hold a JSON value", scene.name))?;
        let start = Instant::now();
        let handled = self.machine.trigger.handle(raw, "usher-play").await;
        let act = Act::asked(scene, &event, handled, start.elapsed());
        self.who = act.who.clone().or(self.who.take());
        Ok(act)
    }

    /// Does what an operator does, to the user of whom an event spoke last.
    async fn operate(&mut self, scene: &Scene, deed: Deed) -> anyhow::Result<Act> {
        let now = self.clock.now();
        let start = Instant::now();
        match deed {
            Deed::Invite => {
                let pool = PoolId::new(sample::POOL).context("the sample's pool")?;
                self.invite = Some(operator::invite(&self.machine, &pool, now).await?);
            }
            Deed::Suspend | Deed::Reinstate => {
                let (pool, sub) = self.who.as_ref().context("nobody was there yet")?;
                operator::act(&self.machine, deed, pool, sub, now).await?;
            }
        }
        Ok(Act::done(scene, deed, start.elapsed()))
    }
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
                at: None,
                step: Step::Event(event),
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
