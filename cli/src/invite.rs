//! `usher invite`: makes invites, shows them and takes them back.

mod create;
mod list;
mod progress;
mod revoke;
mod row;
mod select;
mod show;
mod shown;
mod until;

pub use until::length;

use crate::patience::{TRIES, deadline};
use crate::place::{Opened, Place};
use anyhow::Context;
use std::path::PathBuf;
use std::process::ExitCode;
use usher_events::{InviteId, PoolId};
use usher_shared::digest::Secret;
use usher_shared::invite::Code;

/// Makes invites, shows them and takes them back
///
/// An invite is a code that lets so many people sign up, and may bring them a role, an organization
/// or a kind of account. What asks for one is the policy: see sign_up.invite in usher.toml.
#[derive(clap::Subcommand)]
pub enum Verb {
    Create(create::Create),
    List(list::List),
    Show(show::Show),
    Revoke(revoke::Revoke),
}

/// What every verb about invites asks for.
#[derive(clap::Args)]
#[group(skip)]
pub struct About {
    /// The user pool, such as eu-west-1_AbCdEfGhI; a code counts in its own pool alone
    #[arg(long, value_name = "ID", value_parser = pool)]
    pool: PoolId,
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Prints one JSON object a line instead of text
    #[arg(long)]
    json: bool,
}

/// How many invites are worked on at once.
const AT_ONCE: usize = 16;

/// Runs `usher invite`.
pub async fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Create(create) => create.run().await,
        Verb::List(list) => list.run().await,
        Verb::Show(show) => show.run().await,
        Verb::Revoke(revoke) => revoke.run().await,
    }
}

/// An invite as somebody names it: by its id, or by its code.
#[derive(Clone, Debug)]
pub enum Named {
    Id(InviteId),
    Code(Code),
}

impl Named {
    fn id(&self, secret: &Secret, pool: &PoolId) -> InviteId {
        match self {
            Self::Id(id) => id.clone(),
            Self::Code(code) => secret.invite_id(pool, code),
        }
    }
}

/// Reads an id or a code. What it says of a text that is neither does not quote it.
fn named(text: &str) -> Result<Named, String> {
    if let Some(code) = Code::read(text) {
        return Ok(Named::Code(code));
    }
    let id = InviteId::new(text.trim().to_lowercase());
    id.map(Named::Id)
        .map_err(|_error| "is neither the id nor the code of an invite".to_owned())
}

fn pool(text: &str) -> Result<PoolId, String> {
    PoolId::new(text).map_err(|error| error.to_string())
}

impl About {
    async fn open(&self) -> anyhow::Result<Opened> {
        let (policy, _) = crate::policy_file::read(self.policy.as_deref())?;
        let opened = self.place.open(&policy).await;
        opened.context("the table cannot be opened")
    }
}
