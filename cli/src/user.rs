//! `usher user`: what an operator does to one user, and how the user is shown.

mod change;
mod find;
mod pool;
pub mod record;
mod reinstate;
mod role;
mod show;
mod story;
mod suspend;

use crate::patience::{TRIES, deadline};
use crate::place::{Opened, Place, Pools};
use anyhow::Context;
use serde::Serialize;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use usher_events::{PoolId, Sub};
use usher_shared::policy::Policy;

/// Suspends a user, lets the user in again, gives a role, and shows what is known
///
/// A user is named by the `sub` of the pool, which show also finds by e-mail or user name. What is
/// done is one more event of the user's log; if the command dies right after it was recorded, the
/// worker finishes it within minutes.
#[derive(clap::Subcommand)]
pub enum Verb {
    Suspend(suspend::Suspend),
    Reinstate(reinstate::Reinstate),
    Role(role::SetRole),
    Show(show::Show),
}

/// What every verb about users asks for.
#[derive(clap::Args)]
#[group(skip)]
pub struct About {
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// The user pool, in place of USHER_POOL
    #[arg(long, value_name = "ID", value_parser = pool_id)]
    pool: Option<PoolId>,
    /// Prints one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// What every verb that changes a user asks for.
#[derive(clap::Args)]
#[group(skip)]
pub struct Acting {
    /// The user, by the `sub` attribute: an address or a name may be another's by now
    #[arg(value_name = "SUB", value_parser = sub)]
    sub: Sub,
    #[command(flatten)]
    about: About,
    /// Also if nothing is recorded of the user yet
    #[arg(long, requires = "pool")]
    unseen: bool,
}

/// Runs `usher user`.
pub async fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Suspend(suspend) => suspend.run().await,
        Verb::Reinstate(reinstate) => reinstate.run().await,
        Verb::Role(role) => role.run().await,
        Verb::Show(show) => show.run().await,
    }
}

/// Reads a `sub`. What it says of a text that is none does not quote it: it may be an address.
pub fn sub(text: &str) -> Result<Sub, String> {
    // A sub never looks like that, and an address would find nobody.
    if text.contains('@') {
        return Err(
            "is an address; name the user by the sub attribute, which `usher user show` finds"
                .to_owned(),
        );
    }
    Sub::new(text).map_err(|error| error.to_string())
}

/// Reads a pool's id.
pub fn pool_id(text: &str) -> Result<PoolId, String> {
    PoolId::new(text).map_err(|error| error.to_string())
}

impl About {
    async fn open(&self) -> anyhow::Result<(Opened, Policy)> {
        let (policy, _) = crate::policy_file::read(self.policy.as_deref())?;
        self.place.check_state()?;
        let opened = self.place.open(&policy).await;
        Ok((opened.context("the table cannot be opened")?, policy))
    }

    /// The pool in which things are done as well, and what reaches it: the one that is named here,
    /// else the one that is configured. On this machine there is none.
    fn pool_of<'o>(&'o self, opened: &'o Opened) -> Option<(&'o Pools, &'o PoolId)> {
        let pools = opened.pools.as_ref()?;
        let named = self.pool.as_ref().or(pools.configured.as_ref())?;
        Some((pools, named))
    }
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}
