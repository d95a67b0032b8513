//! `usher log`: the event log, as it grows.

pub mod local;
pub mod poll;
mod tail;

use std::process::ExitCode;

/// Follows the event log
#[derive(clap::Subcommand)]
pub enum Verb {
    Tail(Box<tail::Tail>),
}

/// Runs `usher log`.
pub async fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Tail(tail) => tail.run().await,
    }
}
