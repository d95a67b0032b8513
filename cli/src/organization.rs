//! `usher organization`: lists and shows organizations that users founded, and changes them.

mod list;
mod set;
mod show;
mod shown;

use crate::patience::{TRIES, deadline};
use crate::place::{Opened, Place};
use anyhow::Context;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use usher_events::OrganizationId;
use usher_shared::dynamodb::Table;
use usher_shared::organization::{Organization, id_of};
use usher_shared::policy::{Domain, Policy};
use usher_shared::port::{Fault, Organizations};
use usher_shared::retry::retry;

/// Lists and shows organizations that users founded, and changes them
///
/// Users found them where `founding` in the policy says so. Those that the policy itself declares
/// are in its `organizations`, and are changed there.
#[derive(clap::Subcommand)]
pub enum Verb {
    List(list::List),
    Show(show::Show),
    Set(set::Set),
}

/// What every verb about organizations asks for.
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

/// Runs `usher organization`.
pub async fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::List(list) => list.run().await,
        Verb::Show(show) => show.run().await,
        Verb::Set(set) => set.run().await,
    }
}

/// Reads an id, or the domain that an organization was founded for. What it says of a text that is
/// neither does not quote it: it may be an address.
fn named(text: &str) -> Result<OrganizationId, String> {
    let neither = || "is neither the id nor the domain of an organization".to_owned();
    if text.contains('.') {
        return Domain::new(text)
            .map(|domain| id_of(&domain))
            .map_err(|_error| neither());
    }
    match text.contains('@') {
        true => Err(neither()),
        false => OrganizationId::new(text).map_err(|_error| neither()),
    }
}

impl About {
    async fn open(&self) -> anyhow::Result<(Opened, Policy)> {
        let (policy, _) = crate::policy_file::read(self.policy.as_deref())?;
        let opened = self.place.open(&policy).await;
        Ok((opened.context("the table cannot be opened")?, policy))
    }
}

async fn read(table: &Table, id: &OrganizationId) -> Result<Option<Organization>, Fault> {
    let read = || table.organization(id);
    retry(&TRIES, deadline(), Fault::disposition, read).await
}

/// Says that nobody founded such an organization.
fn missing(id: &OrganizationId, policy: &Policy) -> ExitCode {
    if policy.organizations.contains_key(id) {
        anstream::eprintln!("{id} is the policy's own: it is changed in [organizations.{id}].");
    } else {
        anstream::eprintln!("There is no such organization.");
    }
    ExitCode::from(1)
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    anstream::println!("{}", serde_json::to_string(value)?);
    Ok(())
}
