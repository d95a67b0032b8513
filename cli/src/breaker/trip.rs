use super::shown::Shown;
use super::{About, OPERATOR, now, print_json, read, write};
use crate::invite::length;
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;
use usher_shared::breaker::{LONGEST_HOLD, Record};
use usher_shared::dependency::Dependency;
use usher_shared::dynamodb::Table;
use usher_shared::policy::Policy;

/// Holds a breaker open: no worker calls that service until the time is over, or it is reset
///
/// What is owed there waits and is done afterwards; mails that have waited longer than
/// deferral.last_age_h of the policy are not sent any more. When the time is over, one call shows
/// whether the service answers. Tripping one that is open already gives it this time.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  usher breaker trip mail --for 2h\n  \
    usher breaker trip mail --for 2h --confirm --aws\n\n\
    Exit status: 0 it is open (or would be), 1 something failed.")]
pub struct Trip {
    /// mail, bus or lookup
    #[arg(value_name = "BREAKER")]
    breaker: Dependency,
    /// For how long: a number and m, h or d, at most 7d
    #[arg(long = "for", value_name = "LENGTH", default_value = "1h", value_parser = hold)]
    length: Duration,
    /// Does it; without, only says what would be done
    #[arg(long)]
    confirm: bool,
    #[command(flatten)]
    about: About,
}

fn hold(text: &str) -> Result<Duration, String> {
    let read = length(text.trim()).filter(|length| *length <= LONGEST_HOLD);
    read.ok_or_else(|| "must be a length such as 30m, 12h or 2d, at most 7d".to_owned())
}

/// What came of it, for scripts.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    breaker: Shown<'a>,
    dry_run: bool,
}

impl Trip {
    /// Holds it open, or says what that would come to.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (opened, policy) = self.about.open().await?;
        let done = self.act(&opened.table, &policy).await;
        opened.close().await;
        done
    }

    async fn act(&self, table: &Table, policy: &Policy) -> anyhow::Result<ExitCode> {
        let now = now();
        let until = now + self.length;
        let held = |before: Option<&Record>| Record::hold(before, now, until, OPERATOR);
        let after = match self.confirm {
            true => write(table, self.breaker, |before| Some(held(before))).await?,
            false => Some(held(read(table, self.breaker).await?.as_ref())),
        };
        let shown = Shown::of(self.breaker, after.as_ref());
        if self.about.json {
            print_json(&Told {
                breaker: shown,
                dry_run: !self.confirm,
            })?;
            return Ok(ExitCode::SUCCESS);
        }
        Shown::head();
        shown.print();
        match self.confirm {
            true => anstream::println!(
                "Workers go by it within {} s; `usher breaker reset {}` ends it.",
                policy.breakers.cache.as_secs(),
                self.breaker
            ),
            false => anstream::println!(
                "So it would be, and no worker would call it. Nothing is changed; --confirm does it."
            ),
        }
        let last_age = policy.deferral.last_age;
        if self.breaker == Dependency::Mail && self.length > last_age {
            anstream::eprintln!(
                "What is owed is given up after {} h (deferral.last_age_h); a mail that waits that \
                 long is not sent any more.",
                last_age.as_secs() / 3600
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_a_length_of_a_week_at_most() {
        for (text, seconds) in [("30m", 1_800), ("12h", 43_200), ("7d", 604_800)] {
            assert_eq!(hold(text), Ok(Duration::from_secs(seconds)));
        }
        for bad in ["", "8d", "0h", "1", "forever", "2026-12-31"] {
            assert!(hold(bad).is_err(), "{bad}");
        }
    }
}
