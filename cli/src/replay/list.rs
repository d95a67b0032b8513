//! `usher replay list`: the dead letters, one a line, and by cause.

use super::at::At;
use super::filter::Choice;
use super::letter::{About, Letter};
use super::report;
use super::tally::{Counted, Outcome, Tally};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::json;
use std::process::ExitCode;
use usher_events::Time;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::port::Cause;

/// Lists dead letters, and counts them by cause
///
/// What a letter says is not shown, but for its type, whom it is about, and why it was set aside. Letters
/// that the queue moved by itself have no cause recorded. Nothing is moved.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  usher replay list\n  \
    usher replay list --aws --by-cause\n  \
    usher replay list --user 8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e --since 7d --json | jq .letter\n\n\
    Exit status: 0 they are listed; 3 some were hidden by another reader, or too many for one look;\n\
    1 something failed or was interrupted; 2 the command was not understood.")]
pub struct List {
    /// Only counts by cause
    #[arg(long)]
    by_cause: bool,
    #[command(flatten)]
    at: At,
    /// Prints one JSON object a line, one for each letter and one for all, instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    choice: Choice,
}

/// What is told of a letter.
#[derive(Serialize)]
pub struct Told<'a> {
    letter: &'a str,
    #[serde(flatten)]
    about: &'a About,
    receives: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Time>,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a Cause>,
}

impl<'a> Told<'a> {
    /// What is told of this one.
    pub fn of(letter: &'a Letter) -> Self {
        Self {
            letter: &letter.id,
            about: &letter.about,
            receives: letter.receives,
            sent: letter.sent,
            bytes: letter.body.len(),
            cause: letter.cause.as_ref(),
        }
    }
}

impl List {
    /// Lists them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let opened = self.at.open().await?;
        let (mut pass, bar) = self.at.pass(&opened).await?;
        let (json, by_cause) = (self.json, self.by_cause);
        let filter = self.choice.at(WallClock.now());
        let mut tally = Tally::default();
        if !json && !by_cause {
            let heads = ("LETTER", "SET ASIDE", "CAUSE", "TYPE", "RECEIVED", "ABOUT");
            say(&bar, &line(heads));
        }
        loop {
            let letters = pass.next().await?;
            if letters.is_empty() {
                break;
            }
            bar.inc(letters.len() as u64);
            for letter in &letters {
                pass.keep(letter);
                if !filter.wants(letter) {
                    continue;
                }
                tally.add(&Counted::of(letter, Outcome::NotChosen));
                match (by_cause, json) {
                    (true, _) => {}
                    (false, true) => say(&bar, &serde_json::to_string(&Told::of(letter))?),
                    (false, false) => say(&bar, &text(letter)),
                }
            }
        }
        pass.end().await?;
        bar.finish_and_clear();
        opened.close().await;
        if json {
            let all = json!({
                "letters": tally.letters(),
                "queue": pass.ended(),
                "groups": report::groups_json(&tally),
            });
            anstream::println!("{}", json!({ "summary": all }));
            return Ok(super::looked(pass.ended(), "are not among them"));
        }
        if !by_cause {
            anstream::println!();
        }
        for line in report::table(&tally, &[], |_| []) {
            anstream::println!("{line}");
        }
        Ok(super::looked(pass.ended(), "are not among them"))
    }
}

fn say(bar: &ProgressBar, line: &str) {
    bar.suspend(|| anstream::println!("{line}"));
}

fn text(letter: &Letter) -> String {
    let about = &letter.about;
    let at = letter.at().map_or("-".to_owned(), |at| at.to_string());
    let kind = match (&about.kind, about.version) {
        (Some(kind), Some(version)) => format!("{kind} v{version}"),
        (Some(kind), None) => kind.clone(),
        (None, _) => "-".to_owned(),
    };
    let subject = about
        .subject
        .as_ref()
        .map_or("-", |subject| subject.as_str());
    let received = letter.receives.to_string();
    line((
        &letter.id,
        &at,
        letter.cause_kind(),
        &kind,
        &received,
        subject,
    ))
}

fn line(
    (letter, at, cause, kind, received, about): (&str, &str, &str, &str, &str, &str),
) -> String {
    format!("{letter:<38}{at:<26}{cause:<20}{kind:<24}{received:>8}  {about}")
}
