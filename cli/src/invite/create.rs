use super::row::{self, Founded, Row};
use super::shown::{Shown, print};
use super::{AT_ONCE, About, TRIES, deadline, progress};
use anyhow::{Context, bail};
use futures::{StreamExt, stream};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use usher_events::{OrganizationId, Time};
use usher_shared::chance;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::digest::Secret;
use usher_shared::dynamodb::Table;
use usher_shared::invite::{Code, Invite, Terms};
use usher_shared::policy::Policy;
use usher_shared::port::{Fault, InviteWritten, Invites, Organizations};
use usher_shared::retry::retry;

/// The most that one command makes.
const MOST: u32 = 100_000;

/// Makes invites, and shows their codes this once
///
/// The table keeps a digest of a code and not the code, so nobody can show it again: send it, or
/// write it down. People may type it in any case, with or without its dashes. Where many are made,
/// they are written as CSV, each as soon as it counts.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher invite create --pool eu-west-1_AbCdEfGhI --uses 5 --expires 7d --role manager\n  \
    usher invite create --pool eu-west-1_AbCdEfGhI --address ada@example.com --organization acme\n  \
    usher invite create --pool eu-west-1_AbCdEfGhI --from people.csv --output codes.csv --label summer\n\n\
    The first line of a CSV file names its columns, any of: address, uses, expires, role, organization,\n\
    account_type, label. What a row leaves out the flags say. Every row is checked before the first is\n\
    made.\n\n\
    Exit status: 0 all are made, 1 not all are."
)]
pub struct Create {
    #[command(flatten)]
    row: Row,
    /// How many of the same to make
    #[arg(long, value_name = "NUMBER", default_value_t = 1, conflicts_with = "from",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    count: u32,
    /// Makes one for each row of a CSV file
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Writes the codes to a new file that only you can read, instead of to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    about: About,
}

/// An invite to be made.
struct Wanted {
    address: Option<String>,
    invite: Invite,
    code: Code,
}

/// An invite that was made, as it is written.
#[derive(Serialize)]
struct Made<'a> {
    code: String,
    id: &'a str,
    /// The operator's own, for whoever sends the codes; the table does not have it.
    address: Option<&'a str>,
    uses: u32,
    expires_at: Option<Time>,
    role: Option<&'a str>,
    organization: Option<&'a str>,
    account_type: Option<&'a str>,
    label: Option<&'a str>,
}

/// How invites are written.
enum Output {
    Text,
    Json(Box<dyn Write>),
    Csv(Box<csv::Writer<Box<dyn Write>>>),
}

impl Create {
    /// Makes them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (policy, _) = crate::policy_file::read(self.about.policy.as_deref())?;
        let opened = self.about.open().await?;
        let now = WallClock.now();
        let rows = self.rows()?;
        let founded = founded(&opened.table, &policy, &rows).await?;
        let terms = rows.into_iter().map(|(line, row)| {
            let terms = row.terms(&policy, &founded, &opened.secret, &self.about.pool, now);
            terms
                .map(|terms| (row.address, terms))
                .with_context(|| match line {
                    Some(line) => format!("line {line}"),
                    None => "the invite cannot be made".to_owned(),
                })
        });
        let terms: Vec<(Option<String>, Terms)> = terms.collect::<Result<_, _>>()?;
        let count = terms.len();
        let mut output = self.output(count)?;
        let bar = progress::bar(count, "Making");
        let stop = AtomicBool::new(false);
        // Made before they are streamed, as in the worker.
        let made: Vec<_> = terms
            .into_iter()
            .map(|(address, terms)| self.wanted(&opened.secret, address, terms, now))
            .map(|wanted| make(&opened.table, wanted, &stop))
            .collect();
        let mut made = stream::iter(made).buffered(AT_ONCE);
        let (mut done, mut failed) = (0, None);
        // Those under way when one fails are waited for, or their codes would be lost.
        while let Some(result) = made.next().await {
            match result {
                Ok(Some(wanted)) => {
                    done += 1;
                    bar.inc(1);
                    bar.suspend(|| output.write(&wanted, now))?;
                }
                Ok(None) => {}
                Err(fault) => failed = Some(fault),
            }
        }
        drop(made);
        bar.finish_and_clear();
        opened.close().await;
        if let Some(fault) = failed {
            bail!("{done} of {count} are made, and their codes are written ({fault})");
        }
        if let Some(path) = &self.output {
            anstream::eprintln!("{done} made; their codes are in {}.", path.display());
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What is to be made, each with the line that says so.
    fn rows(&self) -> anyhow::Result<Vec<(Option<u64>, Row)>> {
        let Some(path) = &self.from else {
            return Ok(vec![(None, self.row.clone()); self.count as usize]);
        };
        let rows = row::read(path)?;
        if rows.len() > MOST as usize {
            bail!("{} has more than {MOST} rows", path.display());
        }
        let filled = rows
            .into_iter()
            .map(|(line, row)| (Some(line), row.or(&self.row)));
        Ok(filled.collect())
    }

    fn wanted(&self, secret: &Secret, address: Option<String>, terms: Terms, now: Time) -> Wanted {
        let code = Code::draw(&chance::bytes());
        let id = secret.invite_id(&self.about.pool, &code);
        Wanted {
            address,
            invite: Invite::new(self.about.pool.clone(), id, terms, now),
            code,
        }
    }

    fn output(&self, count: usize) -> anyhow::Result<Output> {
        let writer: Box<dyn Write> = match &self.output {
            Some(path) => Box::new(new_file(path)?),
            None => Box::new(std::io::stdout()),
        };
        Ok(match (self.about.json, count) {
            (true, _) => Output::Json(writer),
            (false, 1) if self.output.is_none() => Output::Text,
            (false, _) => Output::Csv(Box::new(csv::Writer::from_writer(writer))),
        })
    }
}

/// What the table has of the organizations that these rows name and the policy does not declare.
async fn founded(
    table: &Table,
    policy: &Policy,
    rows: &[(Option<u64>, Row)],
) -> anyhow::Result<Founded> {
    let ids: BTreeSet<OrganizationId> = rows
        .iter()
        .filter_map(|(_, row)| row.maybe_founded(policy))
        .collect();
    let mut founded = Founded::new();
    for id in ids {
        let read = || table.organization(&id);
        let found = retry(&TRIES, deadline(), Fault::disposition, read).await;
        let found = found.context("the organization cannot be looked up")?;
        founded.extend(found.map(|found| (id, found.terms.account_type)));
    }
    Ok(founded)
}

/// Makes one, unless another has failed before it was begun.
async fn make(table: &Table, wanted: Wanted, stop: &AtomicBool) -> Result<Option<Wanted>, Fault> {
    if stop.load(Ordering::SeqCst) {
        return Ok(None);
    }
    let write = || table.write_invite(&wanted.invite);
    let written = retry(&TRIES, deadline(), Fault::disposition, write).await;
    match written {
        Ok(InviteWritten::Now) => Ok(Some(wanted)),
        // A try before this one whose answer was lost. No two codes of 80 random bits are one.
        Ok(InviteWritten::Overtaken(_)) => Ok(Some(wanted)),
        Err(fault) => {
            stop.store(true, Ordering::SeqCst);
            Err(fault)
        }
    }
}

/// A file that was not there before, for its owner alone: whoever has a code may use it.
fn new_file(path: &Path) -> anyhow::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path);
    file.with_context(|| {
        format!(
            "{} cannot be made; name a file that is not there",
            path.display()
        )
    })
}

impl Output {
    /// Writes one, whole, before the next: what was made and is not written is lost.
    fn write(&mut self, wanted: &Wanted, now: Time) -> anyhow::Result<()> {
        let (invite, terms) = (&wanted.invite, &wanted.invite.terms);
        let grants = &terms.grants;
        let made = Made {
            code: wanted.code.expose(),
            id: invite.id.as_str(),
            address: wanted.address.as_deref(),
            uses: terms.uses,
            expires_at: terms.expires_at,
            role: grants.role.as_ref().map(|role| role.as_str()),
            organization: grants.organization.as_ref().map(|id| id.as_str()),
            account_type: grants.account_type.as_ref().map(|kind| kind.as_str()),
            label: terms.label.as_deref(),
        };
        match self {
            Self::Text => {
                let mut lines = vec![("Code", made.code)];
                lines.extend(Shown::of(invite, now).lines());
                print(&lines);
                anstream::println!(
                    "\nThe code is shown this once: the table keeps a digest of it."
                );
            }
            Self::Json(writer) => {
                serde_json::to_writer(&mut *writer, &made)?;
                writer.write_all(b"\n")?;
                writer.flush()?;
            }
            Self::Csv(writer) => {
                writer.serialize(&made)?;
                writer.flush()?;
            }
        }
        Ok(())
    }
}
