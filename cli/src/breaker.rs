//! `usher breaker`: shows which services workers leave alone, stops calls to one, and lets them go on.

mod list;
mod reset;
mod shown;
mod trip;

use crate::patience::{TRIES, deadline};
use crate::place::{Opened, Place};
use anyhow::{Context, bail};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use usher_shared::breaker::Record;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::dependency::Dependency;
use usher_shared::dynamodb::Table;
use usher_shared::policy::Policy;
use usher_shared::port::{BreakerWritten, Breakers, Fault};
use usher_shared::retry::retry;

/// Who writes what an operator does. Whose hand it was the table is not told.
const OPERATOR: &str = "operator";

/// How often another writer may be ahead of us.
const RACES: usize = 10;

/// Shows which services workers leave alone, stops calls to one, and lets them go on
///
/// Mail service, bus and lookup each have a breaker that all workers share. It opens and closes by
/// itself, as `breaker` in the policy says; what is owed meanwhile waits and is done later.
#[derive(clap::Subcommand)]
pub enum Verb {
    List(list::List),
    Trip(trip::Trip),
    Reset(reset::Reset),
}

/// What every verb about breakers asks for.
#[derive(clap::Args)]
#[group(skip)]
pub struct About {
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Prints one JSON object a line instead of text
    #[arg(long)]
    json: bool,
}

/// Runs `usher breaker`.
pub async fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::List(list) => list.run().await,
        Verb::Trip(trip) => trip.run().await,
        Verb::Reset(reset) => reset.run().await,
    }
}

impl About {
    async fn open(&self) -> anyhow::Result<(Opened, Policy)> {
        let (policy, _) = crate::policy_file::read(self.policy.as_deref())?;
        let opened = self.place.open(&policy).await;
        Ok((opened.context("the table cannot be opened")?, policy))
    }
}

fn now() -> Duration {
    let millis = WallClock.now().unix_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

async fn read(table: &Table, of: Dependency) -> Result<Option<Record>, Fault> {
    let read = || table.breakers();
    let mut all = retry(&TRIES, deadline(), Fault::disposition, read).await?;
    Ok(all.remove(&of))
}

/// Writes what is wanted over whatever is there by then; `None` if nothing is wanted any more.
async fn write(
    table: &Table,
    of: Dependency,
    wanted: impl Fn(Option<&Record>) -> Option<Record>,
) -> anyhow::Result<Option<Record>> {
    let mut before = read(table, of).await?;
    for _ in 0..RACES {
        let Some(record) = wanted(before.as_ref()) else {
            return Ok(None);
        };
        let write = || table.write_breaker(of, &record);
        match retry(&TRIES, deadline(), Fault::disposition, write).await? {
            BreakerWritten::Now => return Ok(Some(record)),
            // Or our own first try was carried out, and its answer lost.
            BreakerWritten::Overtaken(found) => {
                before = found.map(|found| *found);
                if before.as_ref() == Some(&record) {
                    return Ok(before);
                }
            }
        }
    }
    bail!("the breaker {of} is being written by too many others at once; try again in a moment")
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    anstream::println!("{}", serde_json::to_string(value)?);
    Ok(())
}
