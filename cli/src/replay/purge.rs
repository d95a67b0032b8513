//! `usher replay purge`: deletes dead letters that were exported.

use super::at::At;
use super::export::Line;
use super::mark;
use anyhow::{Context, bail};
use serde_json::json;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use usher_shared::digest::sha_256;

/// Deletes dead letters that an export holds
///
/// A letter is deleted only if the file has it with the very text that it has in the queue. Nothing is
/// deleted unless --confirm is given.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  usher replay purge --exported letters.ndjson\n  \
    usher replay purge --aws --exported letters.ndjson --confirm\n\n\
    Exit status: 0 what was exported is gone, or would be; 3 some of it could not be deleted, or\n\
    was hidden by another reader; 1 something failed or was interrupted; 2 the command was not understood."
)]
pub struct Purge {
    /// A file that `usher replay export` wrote
    #[arg(long, value_name = "FILE")]
    exported: PathBuf,
    /// Deletes
    #[arg(long)]
    confirm: bool,
    #[command(flatten)]
    at: At,
    /// Prints one JSON object instead of text
    #[arg(long)]
    json: bool,
}

impl Purge {
    /// Deletes them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let exported = read(&self.exported)?;
        let opened = self.at.open().await?;
        let (mut pass, bar) = self.at.pass(&opened).await?;
        let (mut purged, mut left, mut failed) = (0_u64, 0_u64, 0_u64);
        loop {
            let letters = pass.next().await?;
            if letters.is_empty() {
                break;
            }
            bar.inc(letters.len() as u64);
            let (ours, others): (Vec<_>, Vec<_>) = letters.iter().partition(|letter| {
                exported.get(&mark::of(&letter.id)) == Some(&mark::of(letter.sha_256()))
            });
            for letter in others {
                left += 1;
                pass.keep(letter);
            }
            if !self.confirm {
                purged += ours.len() as u64;
                ours.into_iter().for_each(|letter| pass.keep(letter));
                continue;
            }
            let deleted = pass.delete(&ours).await;
            for (letter, deleted) in ours.into_iter().zip(deleted) {
                match deleted {
                    Ok(()) => purged += 1,
                    Err(_) => {
                        failed += 1;
                        pass.keep(letter);
                    }
                }
            }
        }
        pass.end().await?;
        bar.finish_and_clear();
        opened.close().await;
        let confirmed = self.confirm;
        let missing = (exported.len() as u64).saturating_sub(purged + failed);
        if self.json {
            let told = json!({
                "confirmed": confirmed, "purged": purged, "left": left, "failed": failed,
                "missing": missing, "queue": pass.ended(),
            });
            anstream::println!("{told}");
        } else {
            let file = self.exported.display();
            anstream::println!(
                "{}",
                match confirmed {
                    true =>
                        format!("{purged} letters were deleted, which are in {file}; {left} stay."),
                    false => format!(
                        "{purged} letters are in {file} and would be deleted, {left} would stay; \
                     --confirm deletes."
                    ),
                }
            );
        }
        if missing > 0 && !self.json {
            anstream::eprintln!("{missing} letters of the file were not seen in the queue.");
        }
        if failed > 0 {
            anstream::eprintln!("{failed} could not be deleted; the same command tries again.");
            return Ok(ExitCode::from(super::STAYS));
        }
        Ok(super::looked(pass.ended(), "were not compared with it"))
    }
}

/// Reads which letters an export holds, and that it holds them whole.
fn read(path: &Path) -> anyhow::Result<HashMap<u64, u64>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("{shown} cannot be read"))?;
    let mut exported = HashMap::new();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.with_context(|| format!("{shown} cannot be read"))?;
        // What the parser says may quote the line.
        let Ok(line) = serde_json::from_str::<Line>(&line) else {
            bail!("{shown}, line {number}, is no exported letter");
        };
        if sha_256(&line.body) != line.sha256 {
            bail!("{shown}, line {number}, does not hold the letter that it names");
        }
        exported.insert(mark::of(&line.letter), mark::of(line.sha256));
    }
    Ok(exported)
}
