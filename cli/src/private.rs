//! Files for their owner alone.

use anyhow::{Context, bail};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// Makes a file that nobody else reads, or empties one that is left of a run.
pub fn create(path: &Path) -> anyhow::Result<File> {
    open(
        path,
        File::options().write(true).create(true).truncate(true),
    )
}

/// Makes a file that nobody else reads, where there is none.
pub fn create_new(path: &Path) -> anyhow::Result<File> {
    open(path, File::options().write(true).create_new(true))
}

fn open(path: &Path, options: &mut std::fs::OpenOptions) -> anyhow::Result<File> {
    let shown = path.display();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{shown} is there already; name another file")
        }
        opened => opened.with_context(|| format!("{shown} cannot be written")),
    }
}
