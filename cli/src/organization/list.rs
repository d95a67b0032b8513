use super::shown::Shown;
use super::{About, TRIES, deadline, print_json};
use std::process::ExitCode;
use usher_events::Plan;
use usher_shared::dynamodb::Table;
use usher_shared::organization::Organization;
use usher_shared::port::{Fault, Organizations};
use usher_shared::retry::retry;

/// How many are read at once.
const PAGE: u32 = 100;

/// Lists the organizations that users founded, oldest first
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  usher organization list\n  \
    usher organization list --inactive --json | jq .domain\n\n\
    Exit status: 0 they are listed, 1 something failed.")]
pub struct List {
    /// Only those that are switched off
    #[arg(long)]
    inactive: bool,
    /// Only those with this plan
    #[arg(long)]
    plan: Option<String>,
    #[command(flatten)]
    about: About,
}

impl List {
    /// Lists them as they are read.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, _policy) = self.about.open().await?;
        let listed = self.each(&opened.table).await;
        opened.close().await;
        let count = listed?;
        if !self.about.json && count == 0 {
            anstream::println!("There is no such organization.");
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn each(&self, table: &Table) -> anyhow::Result<usize> {
        let (mut count, mut after) = (0, None::<String>);
        loop {
            let read = || table.organizations(after.as_deref(), PAGE);
            let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
            for found in page.0.iter().filter(|found| self.holds(found)) {
                self.say(&Shown::of(found), count == 0)?;
                count += 1;
            }
            match page.1 {
                Some(last) => after = Some(last),
                None => return Ok(count),
            }
        }
    }

    fn holds(&self, organization: &Organization) -> bool {
        let terms = &organization.terms;
        let plan = terms.plan.as_ref().map(Plan::as_str);
        let wanted = self.plan.as_deref();
        (!self.inactive || !terms.active) && wanted.is_none_or(|wanted| plan == Some(wanted))
    }

    fn say(&self, shown: &Shown<'_>, is_first: bool) -> anyhow::Result<()> {
        if self.about.json {
            return print_json(shown);
        }
        if is_first {
            anstream::println!(
                "{:<28}{:<10}{:<12}{:<26}{:<30}NAME",
                "ORGANIZATION",
                "STATE",
                "PLAN",
                "FOUNDED",
                "DOMAIN"
            );
        }
        anstream::println!(
            "{:<28}{:<10}{:<12}{:<26}{:<30}{}",
            shown.id.as_str(),
            shown.state(),
            shown.plan.map_or("-", Plan::as_str),
            shown.founded_at.to_string(),
            shown.domain,
            shown.name
        );
        Ok(())
    }
}
