//! `usher worker`: does by hand what the worker does by itself.

mod sweep;

use std::process::ExitCode;

/// Does by hand what the worker does by itself
#[derive(clap::Subcommand)]
pub enum Verb {
    Sweep(sweep::Sweep),
}

/// Runs `usher worker`.
pub async fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Sweep(sweep) => sweep.run().await,
    }
}
