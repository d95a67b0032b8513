//! Files in which a run notes how far it is, so that the next goes on there.

use crate::private;
use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Reads notes; `None` if there are none. `remedy` is what may be done about a file that holds
/// something else.
pub fn read<T: DeserializeOwned>(file: &Path, remedy: &str) -> anyhow::Result<Option<T>> {
    let shown = file.display();
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("{shown} cannot be read")),
    };
    let notes = serde_json::from_slice(&text)
        .with_context(|| format!("{shown} does not say how far a run was; {remedy}"));
    notes.map(Some)
}

/// Writes beside the file and puts it in its place, so that it is whole whenever the command ends.
/// Only its owner reads it.
pub fn write(file: &Path, notes: &impl Serialize) -> anyhow::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = || {
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut open = private::create(&beside)?;
        open.write_all(&serde_json::to_vec(notes)?)?;
        open.sync_data()?;
        fs::rename(&beside, file)?;
        Ok(())
    };
    let written: anyhow::Result<()> = written();
    written.with_context(|| format!("{} cannot be written", file.display()))
}

/// Forgets notes: all is done. None are no error.
pub fn forget(file: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", file.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
