use super::shown::Shown;
use super::{About, TRIES, deadline, print_json};
use std::process::ExitCode;
use usher_shared::dependency::Dependency;
use usher_shared::port::{Breakers, Fault};
use usher_shared::retry::retry;

/// Lists the breakers: state, since and until when, how often tripped, why, and who says so
///
/// An open one lets one call by when its time is over, which shows whether the service is back. Who is
/// a worker by its name, or an operator.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  usher breaker list\n  \
    usher breaker list --aws --json | jq 'select(.state != \"closed\")'\n\n\
    Exit status: 0 they are listed, 1 something failed.")]
pub struct List {
    #[command(flatten)]
    about: About,
}

impl List {
    /// Lists them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, _policy) = self.about.open().await?;
        let read = || opened.table.breakers();
        let read = retry(&TRIES, deadline(), Fault::disposition, read).await;
        opened.close().await;
        let records = read?;
        if !self.about.json {
            Shown::head();
        }
        for of in Dependency::ALL {
            let shown = Shown::of(of, records.get(&of));
            match self.about.json {
                true => print_json(&shown)?,
                false => shown.print(),
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
