//! The table of a directory, whoever serves it just now.

use std::path::{Path, PathBuf};
use usher_shared::dynamodb::Table;
use usher_shared::embedded::Stack;

/// The table on this machine, while somebody serves it. One who looks on for hours does not open it:
/// who does serves it to the others, and takes it with it when it ends.
pub struct Local {
    directory: PathBuf,
    /// The one that was found last, and where.
    last: Option<(String, Table)>,
}

impl Local {
    /// That of this directory.
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            last: None,
        }
    }

    /// The table; `None` while nobody says that it is served.
    pub fn table(&mut self) -> Option<Table> {
        let database = Stack::served(&self.directory)?;
        match &self.last {
            Some((at, table)) if at == database.endpoint() => Some(table.clone()),
            Some(_) | None => {
                let table = Stack::table(&database);
                self.last = Some((database.endpoint().to_owned(), table.clone()));
                Some(table)
            }
        }
    }
}
