use super::EmbeddedError;
use crate::chance;
use crate::digest::Secret;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Reads the deployment's secret, and makes one if there is none.
pub(super) fn read_or_make(directory: &Path) -> Result<Secret, EmbeddedError> {
    let path = directory.join("secret");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = STANDARD.encode(chance::bytes::<32>());
            write_whole(&path, &text)?;
            text
        }
        Err(source) => return Err(EmbeddedError::file(&path, source)),
    };
    let bytes = STANDARD
        .decode(text.trim())
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes
        .map(|bytes| Secret::new(&bytes))
        .ok_or(EmbeddedError::BadSecret { path })
}

/// Writes a file that its owner alone may read, so that it is there whole or not at all.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<(), EmbeddedError> {
    let unfinished = path.with_extension("part");
    let written = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    written().map_err(|source| EmbeddedError::file(path, source))
}
