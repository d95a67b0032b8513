//! The letters that a run keeps from other readers while it looks at the queue, in a file: their number
//! has no bound, and whoever comes after a run that was killed shows them again at once.

use anyhow::{Context, bail};
use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use usher_shared::port::{DeadLetterInbox, Hidden};

/// How many are hidden or shown with one call.
const TOGETHER: usize = 10;

/// Letters that are hidden and are to be shown again.
pub struct Held {
    file: File,
    path: PathBuf,
    /// How many are noted.
    pub count: u64,
}

impl Held {
    /// Opens the file, and shows again what an earlier run left hidden.
    ///
    /// Errors: another run has it.
    pub async fn open(directory: &Path, inbox: &dyn DeadLetterInbox) -> anyhow::Result<Self> {
        let path = directory.join("replay.held");
        let shown = path.display();
        let opened = || {
            fs::create_dir_all(directory)?;
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path)
        };
        let file = opened().with_context(|| format!("{shown} cannot be written"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another `usher replay` is at work with {shown}; wait for it, or name another directory with --dir"
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{shown} cannot be locked"));
            }
        }
        let count = 0;
        let mut held = Self { file, path, count };
        held.show(inbox).await?;
        Ok(held)
    }

    /// Notes a letter.
    pub fn note(&mut self, receipt: &str) -> anyhow::Result<()> {
        self.count += 1;
        let noted = self.file.write_all(format!("{receipt}\n").as_bytes());
        noted.with_context(|| format!("{} cannot be written", self.path.display()))
    }

    /// Hides all of them for so long from now.
    pub async fn renew(
        &mut self,
        inbox: &dyn DeadLetterInbox,
        hold: Duration,
    ) -> anyhow::Result<()> {
        self.hide(inbox, hold).await?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// Shows all of them again, and forgets them.
    pub async fn show(&mut self, inbox: &dyn DeadLetterInbox) -> anyhow::Result<()> {
        self.hide(inbox, Duration::ZERO).await?;
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.count = 0;
        Ok(())
    }

    /// One that cannot be hidden was shown, or is shown when its time is over.
    async fn hide(&mut self, inbox: &dyn DeadLetterInbox, hold: Duration) -> anyhow::Result<()> {
        let shown = self.path.display();
        self.file.seek(SeekFrom::Start(0))?;
        let mut lines = BufReader::new(&self.file).lines();
        loop {
            let together = lines.by_ref().take(TOGETHER);
            let together: Result<Vec<String>, _> = together.collect();
            let together = together.with_context(|| format!("{shown} cannot be read"))?;
            if together.is_empty() {
                return Ok(());
            }
            let receipts = together.into_iter().filter(|receipt| !receipt.is_empty());
            let hidden = receipts.map(|receipt| Hidden {
                receipt,
                duration: hold,
            });
            let hidden: Vec<Hidden> = hidden.collect();
            let _ = inbox.hide_many(&hidden).await;
        }
    }
}
