use super::shown::Shown;
use super::{About, missing, named, print_json, read};
use std::process::ExitCode;
use usher_events::OrganizationId;

/// Shows one organization that a user founded
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  usher organization show acme.example\n  \
    usher organization show n3cf5z5p47aq956j40e0e5x3f4 --json | jq .plan\n\n\
    Exit status: 0 it is shown, 1 there is none or something failed.")]
pub struct Show {
    /// Its id, or the domain that it was founded for
    #[arg(value_name = "ORGANIZATION", value_parser = named)]
    organization: OrganizationId,
    #[command(flatten)]
    about: About,
}

impl Show {
    /// Shows it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, policy) = self.about.open().await?;
        let found = read(&opened.table, &self.organization).await;
        opened.close().await;
        let Some(found) = found? else {
            return Ok(missing(&self.organization, &policy));
        };
        let shown = Shown::of(&found);
        if self.about.json {
            print_json(&shown)?;
        } else {
            shown.print();
        }
        Ok(ExitCode::SUCCESS)
    }
}
