//! The letters that a run keeps from other readers while it looks at the queue, in a file: their number
//! has no bound, and whoever comes after a run that was killed shows them again at once.

use crate::patience::{TRIES, deadline};
use anyhow::{Context, bail};
use futures::future::join_all;
use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use usher_shared::digest;
use usher_shared::port::{DeadLetterInbox, Fault, Hidden};
use usher_shared::retry::retry;

/// How many are hidden or shown with one call.
const TOGETHER: usize = 10;

/// How many calls are under way at once.
const AT_ONCE: usize = 16;

/// Letters that are hidden and are to be shown again.
pub struct Held {
    file: File,
    path: PathBuf,
    /// Where the letters that were noted last begin.
    last: u64,
}

impl Held {
    /// Opens the file of one queue, and shows again what an earlier run left hidden.
    ///
    /// Errors: another run has it.
    pub async fn open(
        directory: &Path,
        queue: &str,
        inbox: &dyn DeadLetterInbox,
    ) -> anyhow::Result<Self> {
        let path = directory.join(format!("replay-{}.held", digest::name_of(queue)));
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
                "another `usher replay` looks at this queue, and {shown} is its; wait until it ends"
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{shown} cannot be locked"));
            }
        }
        let mut held = Self {
            file,
            path,
            last: 0,
        };
        held.show(inbox).await?;
        Ok(held)
    }

    /// Notes letters, after all that were noted before.
    pub fn note<'r>(&mut self, receipts: impl Iterator<Item = &'r str>) -> anyhow::Result<()> {
        let at = self.file.seek(SeekFrom::End(0));
        self.last = at.with_context(|| format!("{} cannot be written", self.path.display()))?;
        self.append(receipts)
    }

    /// Forgets those that were noted last, but for these.
    pub fn keep<'r>(&mut self, receipts: impl Iterator<Item = &'r str>) -> anyhow::Result<()> {
        let cut = self.file.set_len(self.last);
        cut.with_context(|| format!("{} cannot be written", self.path.display()))?;
        self.append(receipts)
    }

    fn append<'r>(&mut self, receipts: impl Iterator<Item = &'r str>) -> anyhow::Result<()> {
        let lines: String = receipts.map(|receipt| format!("{receipt}\n")).collect();
        let end = self.file.seek(SeekFrom::End(0));
        let written = end.and_then(|_| self.file.write_all(lines.as_bytes()));
        written.with_context(|| format!("{} cannot be written", self.path.display()))
    }

    /// Hides all of them for so long from now.
    pub async fn renew(
        &mut self,
        inbox: &dyn DeadLetterInbox,
        hold: Duration,
    ) -> anyhow::Result<()> {
        self.hide(inbox, hold).await
    }

    /// Shows all of them again, and forgets them.
    pub async fn show(&mut self, inbox: &dyn DeadLetterInbox) -> anyhow::Result<()> {
        self.hide(inbox, Duration::ZERO).await?;
        self.file.set_len(0)?;
        self.last = 0;
        Ok(())
    }

    /// One that cannot be hidden was shown, or is shown when its time is over.
    async fn hide(&mut self, inbox: &dyn DeadLetterInbox, hold: Duration) -> anyhow::Result<()> {
        let shown = self.path.display();
        self.file.seek(SeekFrom::Start(0))?;
        let mut lines = BufReader::new(&self.file).lines();
        loop {
            let some = lines.by_ref().take(TOGETHER * AT_ONCE);
            let some: Result<Vec<String>, _> = some.collect();
            let some = some.with_context(|| format!("{shown} cannot be read"))?;
            if some.is_empty() {
                return Ok(());
            }
            let receipts = some.into_iter().filter(|receipt| !receipt.is_empty());
            let hidden = receipts.map(|receipt| Hidden {
                receipt,
                duration: hold,
            });
            let hidden: Vec<Hidden> = hidden.collect();
            let calls = hidden.chunks(TOGETHER).map(|some| async move {
                let hide = || inbox.hide_many(some);
                retry(&TRIES, deadline(), Fault::disposition, hide).await
            });
            let _ = join_all(calls).await;
        }
    }
}
