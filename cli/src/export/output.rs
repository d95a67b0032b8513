//! Where the lines go, and how far they are.

use super::Counts;
use crate::notes;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::{BufWriter, Error, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use usher_events::{PoolId, Sub, Time};
use usher_shared::port::Position;

/// What a run is about. Only one that is about the same goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    pub table: String,
    pub directory: Option<PathBuf>,
    pub types: Vec<String>,
    pub pool: Option<PoolId>,
    pub user: Option<Sub>,
    pub since: Option<String>,
    pub until: Option<String>,
    pub include_person: bool,
}

/// How far a file is: what stands behind `bytes` was written by a run that was interrupted, and is
/// written again.
#[derive(Serialize, Deserialize)]
struct Notes {
    scope: Scope,
    began: Time,
    after: Option<Position>,
    bytes: u64,
    counts: Counts,
}

/// A file and how far it is.
struct Kept {
    file: PathBuf,
    open: BufWriter<File>,
    notes: Notes,
}

enum Sink {
    Stdout(BufWriter<std::io::Stdout>),
    Kept(Box<Kept>),
}

/// Takes lines.
pub struct Output {
    sink: Sink,
    began: Time,
    pub counts: Counts,
}

impl Output {
    /// Standard output.
    pub fn stdout(now: Time) -> Self {
        Self {
            sink: Sink::Stdout(BufWriter::new(std::io::stdout())),
            began: now,
            counts: Counts::default(),
        }
    }

    /// A file: a new one, or one whose run was interrupted and was about the same.
    pub fn file(file: &Path, scope: Scope, now: Time, fresh: bool) -> anyhow::Result<Self> {
        let shown = file.display();
        let open = open(file).with_context(|| format!("{shown} cannot be written"))?;
        match open.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another `usher export` is writing {shown}; wait for it, or name another file"
                )
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{shown} cannot be locked"));
            }
        }
        let kept = match fresh {
            true => None,
            false => notes::read::<Notes>(&beside(file), "--fresh begins anew")?,
        };
        let notes = match kept {
            Some(notes) if notes.scope == scope => {
                let began = notes.began;
                anstream::eprintln!(
                    "Going on with the run that began at {began}; --fresh begins anew."
                );
                notes
            }
            Some(_) => bail!(
                "{shown} is of an export of another scope that was interrupted; --fresh writes it anew, --out names another"
            ),
            // One that holds nothing may be what is left of a run that wrote nothing, or be this one's.
            None if open.metadata()?.len() > 0 && !fresh => {
                bail!("{shown} is there already; --fresh writes it anew, --out names another")
            }
            None => Notes {
                scope,
                began: now,
                after: None,
                bytes: 0,
                counts: Counts::default(),
            },
        };
        // Before anything is in it: whatever ends the run, what is there is known to be ours.
        notes::write(&beside(file), &notes)?;
        let open = behind(open, notes.bytes);
        let open = open.with_context(|| format!("{shown} cannot be written"))?;
        let (began, counts) = (notes.began, notes.counts);
        let kept = Kept {
            file: file.to_owned(),
            open: BufWriter::new(open),
            notes,
        };
        Ok(Self {
            sink: Sink::Kept(Box::new(kept)),
            began,
            counts,
        })
    }

    /// When the run began.
    pub fn began(&self) -> Time {
        self.began
    }

    /// Where to go on.
    pub fn reached(&self) -> Option<&Position> {
        match &self.sink {
            Sink::Stdout(_) => None,
            Sink::Kept(kept) => kept.notes.after.as_ref(),
        }
    }

    /// Takes one line.
    pub fn line(&mut self, line: &str) -> anyhow::Result<()> {
        let written = match &mut self.sink {
            Sink::Stdout(open) => writeln!(open, "{line}"),
            Sink::Kept(kept) => writeln!(kept.open, "{line}"),
        };
        written.context("a line cannot be written")?;
        self.counts.events += 1;
        Ok(())
    }

    /// Remembers that all before this position is written, once it is on the disk.
    pub fn reach(&mut self, after: Option<Position>) -> anyhow::Result<()> {
        match &mut self.sink {
            Sink::Stdout(open) => open.flush().context("a line cannot be written"),
            Sink::Kept(kept) => {
                let flushed = kept.open.flush();
                let shown = kept.file.display().to_string();
                let written = flushed.and_then(|()| kept.open.get_ref().sync_data());
                written.with_context(|| format!("{shown} cannot be written"))?;
                let Some(after) = after else {
                    return Ok(());
                };
                kept.notes.bytes = kept.open.stream_position()?;
                kept.notes.after = Some(after);
                kept.notes.counts = self.counts;
                notes::write(&beside(&kept.file), &kept.notes)
            }
        }
    }

    /// How to go on, where that is known.
    pub fn hint(&self) -> &'static str {
        match &self.sink {
            Sink::Stdout(_) => "",
            Sink::Kept(_) => "; the same command goes on where it was",
        }
    }

    /// Ends it: all is written.
    pub fn finish(self) -> anyhow::Result<Counts> {
        if let Sink::Kept(kept) = self.sink {
            notes::forget(&beside(&kept.file))?;
        }
        Ok(self.counts)
    }
}

/// Opens a file, or makes one, and changes nothing of it. Only its owner reads it: it may say who people
/// are.
fn open(file: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// A file behind what counts of it; what stands there is cut off.
fn behind(mut open: File, bytes: u64) -> std::io::Result<File> {
    if open.metadata()?.len() < bytes {
        return Err(Error::other(
            "it is shorter than it was when its run was interrupted; --fresh writes it anew",
        ));
    }
    open.set_len(bytes)?;
    open.seek(SeekFrom::Start(bytes))?;
    Ok(open)
}

/// Where it is written down how far a file is.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".state");
    PathBuf::from(name)
}
