//! `usher replay export`: dead letters as NDJSON, as they came, before anything is purged.

use super::at::At;
use super::filter::Choice;
use super::letter::Letter;
use crate::private;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use usher_events::Time;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::port::Cause;

/// Writes dead letters to a file, one JSON object a line, as they came
///
/// The file holds what the letters hold, personal data too, and only its owner can read it. Nothing is
/// moved. `usher replay purge` deletes what such a file holds, and nothing else.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher replay export --out letters.ndjson\n  \
    usher replay export --aws --cause not_an_envelope --until 30d --out old.ndjson\n\n\
    Exit status: 0 they are written; 3 some were hidden by another reader, or too many for one look;\n\
    1 something failed or was interrupted; 2 the command was not understood."
)]
pub struct Export {
    /// The file to write; it must not be there yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    at: At,
    /// Prints one JSON object about the run
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    choice: Choice,
}

/// A line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    /// The queue's id of the letter.
    pub letter: String,
    /// SHA-256 of its text.
    pub sha256: String,
    /// When it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Time>,
    /// How often it was delivered in vain.
    pub receives: u32,
    /// Why it was set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Its text.
    pub body: String,
}

impl Export {
    /// Writes them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let shown = self.out.display();
        let opened = self.at.open().await?;
        let file = private::create_new(&self.out)?;
        let mut file = BufWriter::new(file);
        let (mut pass, bar) = self.at.pass(&opened).await?;
        let filter = self.choice.at(WallClock.now());
        let mut written: u64 = 0;
        loop {
            let letters = pass.next().await?;
            if letters.is_empty() {
                break;
            }
            bar.inc(letters.len() as u64);
            for letter in letters {
                pass.keep(&letter);
                if filter.wants(&letter) {
                    written += 1;
                    let line = serde_json::to_string(&Line::of(letter))?;
                    let wrote = writeln!(file, "{line}");
                    wrote.with_context(|| format!("{shown} cannot be written"))?;
                }
            }
        }
        let ended = file.flush().and_then(|()| file.get_ref().sync_all());
        ended.with_context(|| format!("{shown} cannot be written"))?;
        pass.end().await?;
        bar.finish_and_clear();
        opened.close().await;
        match self.json {
            true => anstream::println!("{}", json!({ "letters": written, "queue": pass.ended() })),
            false => anstream::println!("{written} letters are in {shown}, as they came."),
        }
        Ok(super::looked(pass.ended(), "are not in it"))
    }
}

impl Line {
    fn of(letter: Letter) -> Self {
        Self {
            sha256: letter.sha_256(),
            letter: letter.id,
            sent: letter.sent,
            receives: letter.receives,
            cause: letter.cause,
            body: letter.body,
        }
    }
}
