//! `usher replay --from-log`: effects that were given up are owed again, from the log and not from
//! messages.

mod report;
mod run;
mod tally;

use crate::bar;
use crate::pace::Pace;
use crate::place::Place;
use crate::since::Since;
use anyhow::Context;
use indicatif::ProgressBar;
use report::Report;
use run::Run;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use usher_events::{PoolId, Sub};
use usher_shared::clock::{Clock, WallClock};
use usher_shared::commit::EffectKind;
use usher_shared::re_owe::Meant;

/// The exit status where something is left as it was.
const LEFT: u8 = 3;

/// How many parts of a table on AWS are read beside each other.
const SEGMENTS: u32 = 4;

/// Owes again what was given up.
pub struct FromLog {
    /// Kinds of effects; none is all.
    pub effects: Vec<EffectKind>,
    /// Why they were given up; none is all.
    pub causes: Vec<String>,
    /// Types of the events that owe them; none is all.
    pub types: Vec<String>,
    pub user: Option<Sub>,
    pub pool: Option<PoolId>,
    /// Given up since.
    pub since: Option<Since>,
    /// Given up before.
    pub until: Option<Since>,
    /// At most so many commits a second.
    pub rate: Option<NonZeroU32>,
    pub policy: Option<PathBuf>,
    pub place: Place,
    pub confirm: bool,
    pub json: bool,
}

impl FromLog {
    /// Shows what would be owed again, or makes it so.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (policy, _) = crate::policy_file::read(self.policy.as_deref())?;
        let opened = self.place.open_log(&policy).await;
        let opened = opened.context("nothing can be owed again")?;
        let now = WallClock.now();
        let meant = Meant {
            effects: self.effects,
            causes: self.causes,
            since: self.since.map(|since| since.before(now)),
            until: self.until.map(|until| until.before(now)),
            pool: self.pool,
            types: self.types,
        };
        let bar = match &self.user {
            Some(_) => ProgressBar::hidden(),
            None => bar::over(opened.items),
        };
        let segments = if self.place.is_aws() { SEGMENTS } else { 1 };
        let pace = Pace::new(self.rate);
        let run = Run::new(&opened.table, meant, self.confirm.then_some(pace), bar);
        let done = match &self.user {
            Some(sub) => run.one(sub).await,
            None => run.all(segments).await,
        };
        let tally = run.end();
        opened.close().await;
        if let Err(error) = done {
            let owed = tally.owed();
            return Err(error.context(format!(
                "interrupted, with {owed} owed again; the same command goes on with the rest"
            )));
        }
        let report = Report {
            tally: &tally,
            confirmed: self.confirm,
            most_a_minute: policy.sweep.most_a_minute,
        };
        if self.json {
            anstream::println!("{}", serde_json::to_string(&report.json())?);
        } else {
            for line in report.text() {
                anstream::println!("{line}");
            }
        }
        Ok(match tally.left() {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::from(LEFT),
        })
    }
}

/// Reads a kind of effect.
pub fn effect(text: &str) -> Result<EffectKind, String> {
    let mut all = EffectKind::ALL.into_iter();
    all.find(|kind| kind.as_str() == text).ok_or_else(|| {
        let names = EffectKind::ALL.map(EffectKind::as_str);
        format!("must be one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_has_the_name_that_the_ledger_has() {
        for kind in EffectKind::ALL {
            assert_eq!(effect(kind.as_str()), Ok(kind));
        }
        for text in ["", "mail", "WelcomeMail", "welcome_mail "] {
            let said = effect(text).unwrap_err();
            assert!(said.contains("welcome_mail, "), "{said}");
        }
    }
}
