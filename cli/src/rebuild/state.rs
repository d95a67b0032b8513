//! How far a run is, so that the next goes on there.

use super::report::Counts;
use crate::notes;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use usher_events::Time;
use usher_shared::port::{Position, Segment};

/// What may be done about notes that are none.
const REMEDY: &str = "--fresh begins anew, --state names another";

/// What a run is about. Only one that is about the same goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    pub table: String,
    pub directory: Option<PathBuf>,
    pub since: Option<String>,
    pub confirmed: bool,
    pub profiles: bool,
    pub segments: u32,
}

/// How far one segment is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reached {
    /// The last of it that was looked at.
    pub after: Option<Position>,
    /// Whether that was the end.
    pub done: bool,
    /// What came out until then.
    pub counts: Counts,
}

#[derive(Serialize, Deserialize)]
struct Notes {
    scope: Scope,
    began: Time,
    segments: Vec<Reached>,
}

/// How far a run is; in a file, where there is one.
pub struct State {
    file: Option<PathBuf>,
    notes: Notes,
}

impl State {
    /// Goes on with what the file says, if that was about the same, or begins.
    pub fn open(
        file: Option<PathBuf>,
        scope: Scope,
        now: Time,
        fresh: bool,
    ) -> anyhow::Result<Self> {
        let kept = match &file {
            Some(file) if !fresh => notes::read::<Notes>(file, REMEDY)?,
            Some(_) | None => None,
        };
        if let Some(notes) = kept {
            if notes.scope == scope && notes.segments.len() == scope.segments as usize {
                anstream::eprintln!(
                    "Going on with the run that began at {}; --fresh begins anew.",
                    notes.began
                );
                return Ok(Self { file, notes });
            }
            anstream::eprintln!("A run of another scope was interrupted; this one begins anew.");
        }
        let segments = vec![Reached::default(); scope.segments as usize];
        let notes = Notes {
            scope,
            began: now,
            segments,
        };
        Ok(Self { file, notes })
    }

    /// When the run began.
    pub fn began(&self) -> Time {
        self.notes.began
    }

    /// The segments, and how far each is.
    pub fn segments(&self) -> Vec<(Segment, Reached)> {
        let all = Segment::all(self.notes.scope.segments);
        all.zip(self.notes.segments.iter().cloned()).collect()
    }

    /// Remembers how far a segment is.
    pub fn reach(&mut self, segment: Segment, reached: Reached) -> anyhow::Result<()> {
        self.notes.segments[segment.number() as usize] = reached;
        match &self.file {
            Some(file) => notes::write(file, &self.notes),
            None => Ok(()),
        }
    }

    /// What came out in all segments until now.
    pub fn counts(&self) -> Counts {
        let mut all = Counts::default();
        for reached in &self.notes.segments {
            all.join(&reached.counts);
        }
        all
    }

    /// How to go on, where that is known.
    pub fn hint(&self) -> String {
        let hint = "; the same command goes on where it was".to_owned();
        self.file.as_ref().map_or_else(String::new, |_file| hint)
    }

    /// Forgets it: all is done.
    pub fn finish(self) -> anyhow::Result<()> {
        let Some(file) = self.file else {
            return Ok(());
        };
        notes::forget(&file)
    }
}
