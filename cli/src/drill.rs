//! `usher drill`: plays outages on virtual time, through the real worker.

mod chart;
mod check;
pub mod clock;
mod dice;
mod lambda;
mod people;
mod post;
mod report;
mod scenario;
mod service;
mod stage;

use crate::policy_file;
use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use report::Drilled;
use scenario::{Kind, Scenario};
use serde_json::{Value, json};
use stage::Settings;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Plays an outage of mail, of the bus and of the table, and shows what becomes of the sign-ups
///
/// Everything runs on virtual time and in memory: sign-ups arrive, each as the three events that the
/// trigger tells of it, and the real worker, breakers and sweep work on them as Lambda would call them.
/// Then a service is out. Nothing may be lost, nothing done twice, nothing end in the dead letters.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher drill\n  usher drill --scenario mail --rate 100 --svg outage.svg\n  \
    usher drill --policy usher.toml --json | jq '.scenarios[].violations'\n\n\
    Exit status: 0 nothing was lost, done twice or set aside; 1 not so."
)]
pub struct Drill {
    /// Whose outage; each of them, if not said
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// Sign-ups a second
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rate: u32,
    /// Where chance begins: who arrives when, how long a call takes and how it fails
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many workers run at once at most; as many as sign-ups a second and at least ten, if not said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    workers: Option<u32>,
    /// Minutes before the outage
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1440))]
    before: u32,
    /// Minutes of the outage, if not the two hours of mail and bus and the twenty minutes of the table
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=1440))]
    outage: Option<u32>,
    /// Minutes for which people go on signing up after the outage
    #[arg(long, value_name = "MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1440))]
    after: u32,
    /// How the service answers while it is out
    #[arg(long, value_enum, default_value_t = Kind::Mixed)]
    kind: Kind,
    /// The most that a sweep may send of one lane; the policy's `sweep.most_a_minute`, if not said, or as
    /// many as people sign up a minute, where that is more
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sweep: Option<u32>,
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Draws what waited and who called, minute by minute, into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Prints one JSON object instead of the table
    #[arg(long)]
    json: bool,
}

impl Drill {
    /// Plays.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (mut policy, shown) = policy_file::read(self.policy.as_deref())?;
        policy.sweep.most_a_minute = self
            .sweep
            .unwrap_or(policy.sweep.most_a_minute.max(60 * self.rate));
        let minutes = |minutes: u32| Duration::from_secs(60 * u64::from(minutes));
        let settings = Settings {
            policy: Arc::new(policy),
            rate: self.rate,
            seed: self.seed,
            workers: self.workers.unwrap_or(self.rate.max(10)),
            before: minutes(self.before),
            outage: self.outage.map(minutes),
            after: minutes(self.after),
            kind: self.kind,
            past_the_guard: false,
        };
        let scenarios = if self.scenario.is_empty() {
            Scenario::ALL.to_vec()
        } else {
            self.scenario.clone()
        };
        let drilled = play(&settings, &scenarios)?;
        let well = drilled.iter().all(|it| it.violations.is_empty());
        if let Some(file) = &self.svg {
            fs::write(file, chart::svg(&drilled)?)
                .with_context(|| format!("{} cannot be written", file.display()))?;
        }
        if self.json {
            anstream::println!("{}", self.to_json(&shown, &settings, &drilled));
        } else {
            anstream::println!("{}", report::table(&drilled));
        }
        for it in &drilled {
            for (what, times) in &it.violations {
                let (scenario, what) = (it.scenario.as_str(), what.as_str());
                anstream::eprintln!("usher: {scenario}: {what}, {times} times");
            }
        }
        Ok(ExitCode::from(u8::from(!well)))
    }

    fn to_json(&self, policy: &str, settings: &Settings, drilled: &[Drilled]) -> Value {
        let scenarios: Vec<Value> = drilled.iter().map(Drilled::to_json).collect();
        json!({
            "policy": policy,
            "rate": self.rate,
            "seed": self.seed,
            "workers": settings.workers,
            "sweep_most_a_minute": settings.policy.sweep.most_a_minute,
            "scenarios": scenarios,
        })
    }
}

/// Plays one scenario after the other, as each fills memory, on a thread without a runtime of its own.
fn play(settings: &Settings, scenarios: &[Scenario]) -> anyhow::Result<Vec<Drilled>> {
    let play = || {
        let played = scenarios.iter().map(|scenario| {
            let bar = bar(settings, *scenario);
            let drilled = stage::play(settings, *scenario, &bar);
            bar.finish_and_clear();
            drilled
        });
        played.collect()
    };
    thread::scope(|scope| scope.spawn(play).join())
        .map_err(|_panic| anyhow!("a scenario ended in a panic"))?
}

/// A bar on standard error; nothing where that is no terminal.
fn bar(settings: &Settings, scenario: Scenario) -> ProgressBar {
    let minutes = settings.outage(scenario).ends.as_secs() / 60 + settings.after.as_secs() / 60;
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} min");
    ProgressBar::new(minutes).with_style(style.expect("the template is one"))
}

#[cfg(test)]
mod tests;
