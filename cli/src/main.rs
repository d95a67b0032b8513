//! `usher`: runs the whole thing on one machine, and looks after it in production.

mod bar;
mod breaker;
mod drill;
mod export;
mod invite;
mod local;
mod log;
mod machine;
mod notes;
mod organization;
mod pace;
mod patience;
mod place;
mod play;
mod policy;
mod policy_file;
mod private;
mod rebuild;
mod replay;
mod since;
mod unsubscribe;
mod user;
mod worker;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The user-lifecycle backend for Amazon Cognito user pools, on one machine.
///
/// Start with `usher play`: it sends a sample user's life through exactly the code that the
/// Lambdas run, and shows what becomes of each event.
#[derive(Parser)]
#[command(name = "usher", version, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 all went well, 1 something did not, 2 the command was not understood, 3 some was\n\
    left, where a verb's own help says so.\n\
    Colors are left out where standard output is not a terminal or NO_COLOR is set."
)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Play(play::Play),
    Local(local::Local),
    Drill(drill::Drill),
    Export(Box<export::Export>),
    #[command(subcommand)]
    Log(Box<log::Verb>),
    #[command(subcommand)]
    Policy(policy::Verb),
    #[command(subcommand)]
    Invite(Box<invite::Verb>),
    #[command(subcommand)]
    User(Box<user::Verb>),
    #[command(subcommand)]
    Organization(Box<organization::Verb>),
    #[command(subcommand)]
    Unsubscribe(Box<unsubscribe::Verb>),
    #[command(subcommand)]
    Breaker(Box<breaker::Verb>),
    #[command(subcommand)]
    Worker(Box<worker::Verb>),
    Rebuild(Box<rebuild::Rebuild>),
    Replay(Box<replay::Replay>),
}

fn main() -> ExitCode {
    let command = Command::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(async {
            match command.verb {
                Verb::Play(play) => play.run().await,
                Verb::Local(local) => local.run().await,
                Verb::Drill(drill) => drill.run(),
                Verb::Export(export) => Box::pin(export.run()).await,
                Verb::Log(verb) => Box::pin(log::run(*verb)).await,
                Verb::Policy(verb) => policy::run(verb).await,
                Verb::Invite(verb) => Box::pin(invite::run(*verb)).await,
                Verb::User(verb) => Box::pin(user::run(*verb)).await,
                Verb::Organization(verb) => Box::pin(organization::run(*verb)).await,
                Verb::Unsubscribe(verb) => Box::pin(unsubscribe::run(*verb)).await,
                Verb::Breaker(verb) => Box::pin(breaker::run(*verb)).await,
                Verb::Worker(verb) => Box::pin(worker::run(*verb)).await,
                Verb::Rebuild(rebuild) => Box::pin(rebuild.run()).await,
                Verb::Replay(replay) => Box::pin(replay.run()).await,
            }
        }),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            anstream::eprintln!("usher: {error:#}");
            ExitCode::from(1)
        }
    }
}

#[cfg(test)]
mod tests;
