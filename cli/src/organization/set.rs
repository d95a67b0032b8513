use super::shown::Shown;
use super::{About, TRIES, deadline, missing, named, print_json, read};
use anyhow::bail;
use serde::Serialize;
use std::process::ExitCode;
use usher_events::{OrganizationId, Plan};
use usher_shared::dynamodb::Table;
use usher_shared::organization::Organization;
use usher_shared::policy::{self, Policy};
use usher_shared::port::{Fault, Organizations, Written};
use usher_shared::retry::retry;

/// How often another writer may be ahead of us.
const RACES: usize = 10;

/// Longest name, in characters; as in the policy.
const LONGEST_NAME: usize = 100;

/// Changes an organization that a user founded: name, plan, and whether it is active
///
/// Members of an inactive one are refused sign-in, tokens and refreshes, as soon as the triggers read
/// it anew: within founding.cache_s of the policy. Access tokens that were issued before stay good
/// until they expire.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher organization set acme.example --plan pro --name 'Acme Ltd.'\n  \
    usher organization set acme.example --inactive --confirm\n\n\
    Exit status: 0 it is so (or would be), 1 there is no such organization or plan, or something failed."
)]
pub struct Set {
    /// Its id, or the domain that it was founded for
    #[arg(value_name = "ORGANIZATION", value_parser = named)]
    organization: OrganizationId,
    #[command(flatten)]
    changes: Changes,
    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Does it; needed where it shuts members out
    #[arg(long, conflicts_with = "dry_run")]
    confirm: bool,
    #[command(flatten)]
    about: About,
}

/// What is changed; everything else stays.
#[derive(clap::Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// What it is called
    #[arg(long, value_parser = name)]
    name: Option<String>,
    /// What it pays for, one of `plans` in the policy
    #[arg(long, value_parser = plan)]
    plan: Option<Plan>,
    /// It pays for nothing, and has no features
    #[arg(long, conflicts_with = "plan")]
    no_plan: bool,
    /// Lets its members in
    #[arg(long)]
    active: bool,
    /// Shuts its members out
    #[arg(long, conflicts_with = "active")]
    inactive: bool,
}

fn plan(text: &str) -> Result<Plan, String> {
    Plan::new(text).map_err(|error| error.to_string())
}

fn name(text: &str) -> Result<String, String> {
    let problem = match () {
        () if text.trim().is_empty() => "is empty",
        () if text.chars().any(char::is_control) => "holds control characters",
        () if text.trim() != text => "begins or ends with a space",
        () if text.chars().count() > LONGEST_NAME => "is longer than 100 characters",
        () => return Ok(text.to_owned()),
    };
    Err(problem.to_owned())
}

impl Changes {
    fn of(&self, terms: &policy::Organization) -> policy::Organization {
        let plan = match &self.plan {
            Some(plan) => Some(plan.clone()),
            None => terms.plan.clone().filter(|_| !self.no_plan),
        };
        policy::Organization {
            name: self.name.clone().unwrap_or_else(|| terms.name.clone()),
            account_type: terms.account_type.clone(),
            active: (terms.active || self.active) && !self.inactive,
            plan,
        }
    }
}

/// What came of it, for scripts.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    organization: Shown<'a>,
    changed: bool,
    dry_run: bool,
}

impl Set {
    /// Changes it, or says what it would come to.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, policy) = self.about.open().await?;
        let done = self.act(&opened.table, &policy).await;
        opened.close().await;
        done
    }

    async fn act(&self, table: &Table, policy: &Policy) -> anyhow::Result<ExitCode> {
        if let Some(plan) = &self.changes.plan
            && !policy.plans.contains_key(plan)
        {
            let known: Vec<&str> = policy.plans.keys().map(Plan::as_str).collect();
            bail!("the policy has no plan {plan}; it has {}", known.join(", "));
        }
        let Some(before) = read(table, &self.organization).await? else {
            return Ok(missing(&self.organization, policy));
        };
        let wanted = self.changes.of(&before.terms);
        let shuts_out = before.terms.active && !wanted.active;
        let is_planned = self.dry_run || (shuts_out && !self.confirm);
        let after = match is_planned {
            true => Some(Organization {
                terms: wanted,
                ..before.clone()
            }),
            false => self.write(table, before.clone()).await?,
        };
        let Some(after) = after else {
            return Ok(missing(&self.organization, policy));
        };
        let differs = before.terms != after.terms;
        let shown = Shown::of(&after);
        if self.about.json {
            print_json(&Told {
                organization: shown,
                changed: differs && !is_planned,
                dry_run: is_planned,
            })?;
            return Ok(ExitCode::SUCCESS);
        }
        shown.print();
        let seconds = policy.founding.cache.as_secs();
        match (differs, is_planned) {
            (false, _) => anstream::println!("It is like that already; nothing is changed."),
            (true, false) => anstream::println!("Trigger and worker go by it within {seconds} s."),
            (true, true) if shuts_out && !self.dry_run => anstream::println!(
                "So it would be, and its members would be refused sign-ins, tokens and \
                 refreshes.\nNothing is changed; --confirm does it."
            ),
            (true, true) => anstream::println!("So it would be. Nothing is changed."),
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Writes what is wanted over whatever is there by then.
    async fn write(
        &self,
        table: &Table,
        known: Organization,
    ) -> anyhow::Result<Option<Organization>> {
        let mut known = Some(known);
        for _ in 0..RACES {
            let Some(before) = known else {
                return Ok(None);
            };
            let after = Organization {
                terms: self.changes.of(&before.terms),
                version: before.version + 1,
                ..before.clone()
            };
            if after.terms == before.terms {
                return Ok(Some(before));
            }
            let write = || table.write_organization(&after);
            match retry(&TRIES, deadline(), Fault::disposition, write).await? {
                Written::Now => return Ok(Some(after)),
                // Or our own first try was carried out, and its answer lost: then it is like that now.
                Written::Overtaken => known = read(table, &self.organization).await?,
            }
        }
        bail!("the organization is being written by too many others at once")
    }
}
