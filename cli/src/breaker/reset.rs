use super::shown::Shown;
use super::{About, OPERATOR, now, print_json, read, write};
use serde::Serialize;
use std::process::ExitCode;
use usher_shared::breaker::{Record, State};
use usher_shared::dependency::Dependency;
use usher_shared::dynamodb::Table;
use usher_shared::policy::Policy;

/// Closes a breaker: every worker calls that service again
///
/// Where the service is still down, its breaker opens again after a few failures of each worker.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  usher breaker reset mail\n  \
    usher breaker reset bus --aws --json\n\n\
    Exit status: 0 it is closed, 1 something failed.")]
pub struct Reset {
    /// mail, bus or lookup
    #[arg(value_name = "BREAKER")]
    breaker: Dependency,
    #[command(flatten)]
    about: About,
}

/// What came of it, for scripts.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    breaker: Shown<'a>,
    changed: bool,
}

impl Reset {
    /// Closes it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, policy) = self.about.open().await?;
        let done = self.act(&opened.table, &policy).await;
        opened.close().await;
        done
    }

    async fn act(&self, table: &Table, policy: &Policy) -> anyhow::Result<ExitCode> {
        let now = now();
        let written = write(table, self.breaker, |before| {
            let before = before.filter(|before| before.state != State::Closed)?;
            Some(Record::reset(Some(before), now, OPERATOR))
        });
        let written = written.await?;
        let changed = written.is_some();
        let after = match written {
            Some(record) => Some(record),
            None => read(table, self.breaker).await?,
        };
        let breaker = Shown::of(self.breaker, after.as_ref());
        if self.about.json {
            print_json(&Told { breaker, changed })?;
            return Ok(ExitCode::SUCCESS);
        }
        Shown::head();
        breaker.print();
        match changed {
            true => anstream::println!(
                "Workers go by it within {} s.",
                policy.breakers.cache.as_secs()
            ),
            false => anstream::println!("It is closed already; nothing is changed."),
        }
        Ok(ExitCode::SUCCESS)
    }
}
