//! Going through the log.

use super::filter::Filter;
use super::lines::{Keys, lines};
use super::output::Output;
use crate::patience::{TRIES, deadline};
use indicatif::ProgressBar;
use usher_events::{Sub, Subject};
use usher_shared::dynamodb::Table;
use usher_shared::port::{Fault, Log, Segment, What};
use usher_shared::retry::retry;
use usher_shared::seal::{self, SealedCommit};

/// How many items are read at a time. What is held does not grow with the log, but with this.
const PIECE: u32 = 300;

/// One run.
pub struct Run<'r> {
    pub table: &'r Table,
    pub filter: Filter,
    pub include_person: bool,
    pub bar: ProgressBar,
}

impl Run<'_> {
    /// Writes what a table holds, from where the output is.
    pub async fn all(&self, output: &mut Output) -> anyhow::Result<()> {
        let Some(segment) = Segment::all(1).next() else {
            unreachable!("the whole is one part");
        };
        let mut keys = Keys::default();
        let mut next = output.reached().cloned();
        loop {
            let read = || self.table.read_on(segment, next.as_ref(), PIECE);
            let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
            self.bar.inc(page.read.into());
            for found in page.found {
                match found.what {
                    What::Commit(commit) => self.write(&commit, &mut keys, output).await?,
                    What::Unreadable(name) => leave_out(&name, output),
                    What::Key(_) | What::User(_) => {}
                }
            }
            next = page.next;
            output.reach(next.clone())?;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Writes one user's stream.
    pub async fn one(&self, sub: &Sub, output: &mut Output) -> anyhow::Result<()> {
        let subject = Subject::User(sub.clone());
        let mut keys = Keys::default();
        let mut next = output.reached().cloned();
        loop {
            let read = || self.table.read_stream(&subject, next.as_ref(), PIECE);
            let page = retry(&TRIES, deadline(), Fault::disposition, read).await?;
            for commit in page.commits {
                match commit {
                    Ok(commit) => self.write(&commit, &mut keys, output).await?,
                    Err(name) => leave_out(&name, output),
                }
            }
            next = page.next;
            output.reach(next.clone())?;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    async fn write(
        &self,
        sealed: &SealedCommit,
        keys: &mut Keys,
        output: &mut Output,
    ) -> anyhow::Result<()> {
        if !self.filter.wants(sealed) {
            return Ok(());
        }
        output.counts.commits += 1;
        let opened = match self.include_person {
            true => keys.open(self.table, sealed).await?,
            false => seal::open_without_person(sealed),
        };
        match opened {
            Ok(commit) => {
                for line in lines(&commit, &self.filter, self.include_person) {
                    output.line(&line.json)?;
                }
            }
            Err(error) => {
                output.counts.left_out += 1;
                anstream::eprintln!("{error}; it is left out.");
            }
        }
        Ok(())
    }
}

fn leave_out(name: &str, output: &mut Output) {
    output.counts.left_out += 1;
    anstream::eprintln!("{name} cannot be read; it is left out.");
}
