//! `usher policy explain`: which rule decides one event, and why.

mod report;
mod text;

use crate::policy_file::{self, Loaded};
use crate::user::record::Record;
use anyhow::{Context, bail};
use report::{Afterwards, Report};
use serde_json::value::RawValue;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use usher_events::{Envelope, LifecycleEvent, Sub, Subject, Time};
use usher_shared::clock::{Clock, WallClock};
use usher_shared::commit::{Commit, Ledger, Recorded};
use usher_shared::digest::Secret;
use usher_shared::dynamodb::Table;
use usher_shared::embedded::Database;
use usher_shared::policy::{Findings, Policy, person, react};
use usher_shared::port::Store;
use usher_shared::user::UserItem;
use usher_trigger::cognito::Call;
use usher_trigger::{explained, facts};
use usher_worker::project;

/// Says which rule decides an event and why, what Cognito gets, and what the worker then does
///
/// The trigger's own code decides, on a table that knows nobody but the user of --user; nothing is
/// published and nothing is kept. The event is one as Cognito sends it. The user is one as `usher user
/// show --json` prints it; without, nothing is recorded of the user yet. All of a user may be left
/// out: {"status": "suspended"} or {"role": "manager", "organization": "acme"} will do.
///
/// No password, code or validation data of the event is shown.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher policy explain --event event.json\n  \
    usher policy explain --event event.json --at 2026-12-24T13:00:00Z --verbose\n  \
    usher user show 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e --json --reveal |\n    \
    usher policy explain --event event.json --user - --json | jq .decision\n\n\
    Exit status: 0 the decision is explained, whatever it is, 1 something cannot be read, 2 the \
    command was not understood."
)]
pub struct Explain {
    /// The event, or - for standard input
    #[arg(long, value_name = "FILE")]
    event: PathBuf,
    /// The user's record, or - for standard input
    #[arg(long, value_name = "FILE")]
    user: Option<PathBuf>,
    /// When it is, as in 2026-12-24T13:00:00Z; else now
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Time>,
    /// The policy file; else usher.toml here, else the example that comes with usher
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Shows rules that do not hold here as well
    #[arg(long)]
    verbose: bool,
    /// Prints one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Hides names in an explanation, which shows none of the digests that it makes.
const SECRET: [u8; 32] = [0; 32];

fn time(text: &str) -> Result<Time, String> {
    text.parse()
        .map_err(|_problem| "is no instant; write one as 2026-12-24T13:00:00Z".to_owned())
}

impl Explain {
    /// Explains the event.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let stdin = Path::new("-");
        if self.event == stdin && self.user.as_deref() == Some(stdin) {
            bail!("--event and --user cannot both be standard input");
        }
        let loaded = policy_file::load(self.policy.as_deref())?;
        let now = self.at.unwrap_or_else(|| WallClock.now());
        let event = read(&self.event, "the event")?;
        let event: Box<RawValue> =
            serde_json::from_str(&event).with_context(|| not_json(&self.event))?;
        let record = self.user.as_deref().map(record).transpose()?;
        let report = report(&loaded, &event, record, now).await?;
        if self.json {
            anstream::println!("{}", report.to_json());
        } else {
            anstream::print!("{}", report.to_text(self.verbose));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read(path: &Path, what: &str) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        let done = std::io::stdin().read_to_string(&mut text);
        done.with_context(|| format!("{what} cannot be read from standard input"))?;
        return Ok(text);
    }
    std::fs::read_to_string(path)
        .with_context(|| format!("{what} {} cannot be read", path.display()))
}

fn not_json(path: &Path) -> String {
    format!("{} is not JSON", path.display())
}

fn record(path: &Path) -> anyhow::Result<Record> {
    let text = read(path, "the user")?;
    serde_json::from_str(&text).with_context(|| {
        let path = path.display();
        format!("{path} is no record of a user, as `usher user show --json` prints one")
    })
}

/// Decides an event as trigger and worker do, and keeps why.
async fn report(
    loaded: &Loaded,
    event: &RawValue,
    record: Option<Record>,
    now: Time,
) -> anyhow::Result<Report> {
    let policy = &loaded.policy;
    let hidden = record.as_ref().is_some_and(Record::is_hidden);
    let sub = Call::read(event).and_then(|call| facts::sub(&call));
    let item = match (record, sub) {
        (Some(record), Some(sub)) => Some(item(record, sub, now)?),
        (Some(_), None) => bail!("the event names no user by sub, so there is nobody for --user"),
        (None, _) => None,
    };
    let database = Database::memory().await?;
    let table = Table::new(&database.clients(), "usher");
    table.create().await?;
    if let Some(item) = &item {
        table.write_user(item).await?;
    }
    let secret = Secret::new(&SECRET);
    let explained = explained::explain(event, policy, &secret, &table, now).await;
    database.close().await;
    let fact = explained
        .as_ref()
        .and_then(|explained| explained.verdict.fact.clone());
    Ok(Report {
        policy: loaded.shown.clone(),
        lines: loaded.lines.clone(),
        now,
        is_known: item.is_some(),
        hidden,
        afterwards: fact.map(|fact| afterwards(policy, fact, item, now)),
        explained,
    })
}

fn item(record: Record, sub: Sub, now: Time) -> anyhow::Result<UserItem> {
    if let Some(own) = record.sub.as_ref()
        && *own != sub
    {
        bail!("the record is of {own}, and the event is about {sub}");
    }
    Ok(UserItem {
        user: record.into_user(now),
        version: 1,
        ..UserItem::new(sub)
    })
}

/// What the worker makes of a fact: what it decides, by the functions that it decides with, and the
/// user as it is then.
fn afterwards(
    policy: &Policy,
    mut fact: Envelope<LifecycleEvent>,
    item: Option<UserItem>,
    now: Time,
) -> Afterwards {
    if let Some(person) = fact.event.person_mut() {
        person::normalize(person);
    }
    let findings = Findings::default();
    let steps = react::explain(policy, &fact.event, &findings);
    let reaction = react::react(policy, &fact.event, &findings);
    let user = match &fact.subject {
        Subject::SignUp(_) => None,
        Subject::User(sub) => {
            let before = item.unwrap_or_else(|| UserItem::new(sub.clone()));
            let commit = Commit {
                envelope: fact.clone().map(Recorded::Lifecycle),
                decided: reaction.decided.clone(),
                ledger: Ledger::owing(reaction.owes.iter().copied()),
                lease: None,
                recorded_at: now,
            };
            Some(project::next(policy, before, &commit, &[]).user)
        }
    };
    let announces = matches!(
        fact.event,
        LifecycleEvent::SignUpConfirmed(_) | LifecycleEvent::FirstSeen(_)
    );
    let kept = announces && policy.profile.create;
    Afterwards {
        fact,
        steps,
        reaction,
        user,
        gives_settings: kept,
        on_bus: policy.bus.publish,
    }
}
