//! `usher replay show`: one dead letter.

use super::at::At;
use super::letter::Letter;
use super::list::Told;
use super::pass::Ended;
use super::standing::Reading;
use crate::patience::{TRIES, deadline};
use anyhow::{Context, bail};
use serde_json::Value;
use std::process::ExitCode;
use usher_events::{PersonRevealed, Subject, wire};
use usher_shared::chance;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::operator::Act;
use usher_shared::policy::Policy;
use usher_shared::port::{Fault, Store};
use usher_shared::retry::retry;
use usher_shared::seal;
use usher_shared::user::User;
use usher_worker::message::Work;

/// Shows one dead letter
///
/// What it says of a person is left out, and so is all of it where it is no event that can be read: it may
/// say anything. With --reveal it is shown as it came, and where it is about a user, that is recorded in the
/// log first.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher replay show 5fea7756-0ea4-451a-a703-a558b933e274\n  \
    usher replay show 5fea7756-0ea4-451a-a703-a558b933e274 --aws --reveal --json | jq -r .body\n\n\
    Exit status: 0 it is shown; 1 there is none, or something failed; 2 the command was not understood."
)]
pub struct Show {
    /// The letter, by the queue's id of it; `usher replay list` shows it
    #[arg(value_name = "ID")]
    letter: String,
    /// Shows it as it came, which is recorded
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    at: At,
    /// Prints one JSON object instead of text
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Shows it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let found = self.find().await?;
        let (found, ended) = found;
        let Some(letter) = found else {
            anstream::eprintln!("There is no dead letter {}.", self.letter);
            super::looked(ended, "were not looked at");
            return Ok(ExitCode::from(1));
        };
        if self.reveal {
            self.record(&letter).await?;
        }
        let mut told = serde_json::to_value(Told::of(&letter))?;
        told["sha256"] = letter.sha_256().into();
        told["body"] = match self.reveal {
            true => letter.body.clone().into(),
            false => without_person(&letter).unwrap_or(Value::Null),
        };
        if self.json {
            anstream::println!("{told}");
            return Ok(ExitCode::SUCCESS);
        }
        let Value::Object(told) = told else {
            unreachable!("what is told of a letter has names");
        };
        for (name, value) in told {
            let value = match value {
                Value::String(text) => text,
                Value::Null if name == "body" => "hidden; --reveal shows it".to_owned(),
                value if name == "body" => format!("\n{value:#}"),
                value => value.to_string(),
            };
            anstream::println!("{name:<10}{value}");
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn find(&self) -> anyhow::Result<(Option<Letter>, Ended)> {
        let opened = self.at.open().await?;
        let (mut pass, bar) = self.at.pass(&opened).await?;
        let mut found = None;
        while found.is_none() {
            let letters = pass.next().await?;
            if letters.is_empty() {
                break;
            }
            bar.inc(letters.len() as u64);
            for letter in letters {
                pass.keep(&letter);
                if letter.id == self.letter {
                    found = Some(letter);
                }
            }
        }
        pass.end().await?;
        bar.finish_and_clear();
        opened.close().await;
        Ok((found, pass.ended()))
    }

    /// Records that it is shown, where it is known of whom it speaks.
    async fn record(&self, letter: &Letter) -> anyhow::Result<()> {
        let about = &letter.about;
        let Some(Subject::User(sub)) = &about.subject else {
            return Ok(());
        };
        let Some(pool) = &about.pool else {
            bail!(
                "the letter names a user and no pool, so it cannot be recorded that it is shown; \
                 `usher replay export` writes it to a file of yours"
            );
        };
        let (policy, _) = crate::policy_file::read(self.at.policy.as_deref())?;
        let act = Act {
            id: chance::event_id(),
            pool: pool.clone(),
            sub: sub.clone(),
            event: PersonRevealed { history: false }.into(),
        };
        let opened = self.at.place.open_log(&policy).await;
        let opened = opened.context("what cannot be recorded is not revealed")?;
        let recorded = append(&opened.table, &policy, act).await;
        opened.close().await;
        recorded.context("what cannot be recorded is not revealed")
    }
}

async fn append(store: &impl Store, policy: &Policy, act: Act) -> anyhow::Result<()> {
    let Some(commit) = act.commit(policy, &User::default(), WallClock.now()) else {
        unreachable!("each time that somebody looks is an event of its own");
    };
    let sealed = seal::seal(&commit, None, chance::bytes())?;
    let append = || store.append(&sealed);
    retry(&TRIES, deadline(), Fault::disposition, append).await?;
    Ok(())
}

/// What it says but for the person, as far as it is known to be an event; nothing of what is none, as
/// that may say anything anywhere.
fn without_person(letter: &Letter) -> Option<Value> {
    let text = match super::standing::read(&letter.body) {
        Reading::Work { work, .. } => match work {
            Work::Event(event) => wire::encode_without_person(&event),
            Work::Resume(resume) => resume.encode(),
        },
        Reading::Never(_) | Reading::NotYet(_) => return None,
    };
    serde_json::from_str(&text).ok()
}
