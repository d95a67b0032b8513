//! A plan: what would become of each letter, one JSON object a line, for somebody to review before it is
//! done. A line whose `act` is changed to `leave` is left alone.

use super::edit::Edit;
use super::filter::Filter;
use super::letter::{About, Letter};
use super::mark;
use super::tally::{Counted, Outcome};
use crate::private;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use usher_events::Time;

/// The version of the file's shape.
const SHAPE: u32 = 1;

/// The first line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the file's shape.
    pub usher_replay_plan: u32,
    /// When the queue was looked at.
    pub made: Time,
    /// Which queue.
    pub queue: String,
    /// Which letters were meant.
    pub filter: Filter,
    /// What is to be done to each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
}

impl Header {
    /// Of a plan that is made now.
    pub fn new(now: Time, queue: &str, filter: &Filter, edit: Option<&Edit>) -> Self {
        Self {
            usher_replay_plan: SHAPE,
            made: now,
            queue: queue.to_owned(),
            filter: filter.clone(),
            edit: edit.cloned(),
        }
    }
}

/// What is to be done with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Send it to the work queue, and then delete it.
    Send,
    /// Delete it: it is done.
    Remove,
    /// Nothing.
    Leave,
}

/// A line for a letter.
#[derive(Serialize)]
struct Line<'a> {
    letter: &'a str,
    sha256: String,
    act: Act,
    why: &'a str,
    cause: &'a str,
    #[serde(flatten)]
    about: &'a About,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    edited: &'a [String],
    lifted: bool,
}

/// What of a line counts.
#[derive(Deserialize)]
struct Planned {
    letter: String,
    sha256: String,
    act: Act,
}

/// The last line, without which a plan is not whole.
#[derive(Serialize, Deserialize)]
struct Trailer {
    letters: u64,
}

impl From<Outcome> for Act {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Sent => Self::Send,
            Outcome::Done => Self::Remove,
            Outcome::NotChosen
            | Outcome::Unreadable
            | Outcome::NotYet
            | Outcome::NotEdited
            | Outcome::Again
            | Outcome::NotPlanned
            | Outcome::Changed
            | Outcome::Failed => Self::Leave,
        }
    }
}

/// Writes a plan.
pub struct Writing {
    file: BufWriter<File>,
    beside: PathBuf,
    path: PathBuf,
    letters: u64,
}

impl Writing {
    /// Begins a plan in a file that is not there yet, for its owner alone: an edit may say anything. It
    /// is there once it is whole.
    pub fn begin(path: &Path, header: &Header) -> anyhow::Result<Self> {
        let shown = path.display();
        if path.exists() {
            bail!("{shown} is there already; --confirm does what it says, or name another file");
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let file = private::create(&beside)?;
        let mut writing = Self {
            file: BufWriter::new(file),
            beside,
            path: path.to_owned(),
            letters: 0,
        };
        writing.line(header)?;
        Ok(writing)
    }

    /// Writes down what would become of a letter, unless it was not chosen.
    pub fn letter(
        &mut self,
        letter: &Letter,
        counted: &Counted,
        why: &str,
        edited: &[String],
    ) -> anyhow::Result<()> {
        if counted.outcome == Outcome::NotChosen {
            return Ok(());
        }
        self.letters += 1;
        self.line(&Line {
            letter: &letter.id,
            sha256: letter.sha_256(),
            act: counted.outcome.into(),
            why,
            cause: letter.cause_kind(),
            about: &letter.about,
            edited,
            lifted: counted.lifted,
        })
    }

    /// Ends it.
    pub fn end(mut self) -> anyhow::Result<()> {
        let letters = self.letters;
        self.line(&Trailer { letters })?;
        let ended = self.file.flush();
        let ended = ended.and_then(|()| self.file.get_ref().sync_data());
        let ended = ended.and_then(|()| fs::rename(&self.beside, &self.path));
        ended.with_context(|| format!("{} cannot be written", self.path.display()))
    }

    fn line(&mut self, line: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string(line)?;
        let written = writeln!(self.file, "{text}");
        written.with_context(|| format!("{} cannot be written", self.path.display()))
    }
}

/// A plan that was reviewed.
#[derive(Debug)]
pub struct Plan {
    /// Its first line.
    pub header: Header,
    acts: HashMap<u64, (u64, Act)>,
    digest: u64,
}

impl Plan {
    /// Reads one. What is held does not grow with what its letters say.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let file = File::open(path).with_context(|| format!("{shown} cannot be read"))?;
        let mut lines = BufReader::new(file).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let Ok(header) = serde_json::from_str::<Header>(&first) else {
            bail!("{shown} is no plan of `usher replay --plan`");
        };
        if header.usher_replay_plan != SHAPE {
            bail!("{shown} is a plan of another version of usher; make it again");
        }
        let mut acts = HashMap::new();
        let mut digest = 0;
        let (mut count, mut end) = (0, None);
        for (number, line) in (2..).zip(lines) {
            let line = line.with_context(|| format!("{shown} cannot be read"))?;
            digest = mark::of((digest, &line));
            if let Ok(trailer) = serde_json::from_str::<Trailer>(&line) {
                end = Some(trailer.letters);
                continue;
            }
            // What the parser says may quote the line.
            let Ok(planned) = serde_json::from_str::<Planned>(&line) else {
                bail!("{shown}, line {number}, says of no letter what to do");
            };
            count += 1;
            let act = (mark::of(&planned.sha256), planned.act);
            acts.insert(mark::of(&planned.letter), act);
        }
        // Lines may be taken out by whoever reviews it; they are left alone then.
        if end.is_none_or(|end| count > end) {
            bail!("{shown} is not whole; make it again");
        }
        Ok(Self {
            header,
            acts,
            digest,
        })
    }

    /// Another one if a line of it is changed.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// What becomes of a letter by it.
    pub fn judge(&self, letter: &Letter, outcome: Outcome) -> Outcome {
        let Some((digest, act)) = self.acts.get(&mark::of(&letter.id)) else {
            return match outcome {
                Outcome::NotChosen => outcome,
                Outcome::Sent
                | Outcome::Done
                | Outcome::Unreadable
                | Outcome::NotYet
                | Outcome::NotEdited
                | Outcome::Again
                | Outcome::NotPlanned
                | Outcome::Changed
                | Outcome::Failed => Outcome::NotPlanned,
            };
        };
        let is_same = *digest == mark::of(letter.sha_256());
        match (outcome, act) {
            (Outcome::Sent | Outcome::Done, Act::Leave) => Outcome::NotPlanned,
            // What was to be sent may have been done since.
            (Outcome::Sent | Outcome::Done, Act::Send) | (Outcome::Done, Act::Remove)
                if is_same =>
            {
                outcome
            }
            (Outcome::Sent | Outcome::Done, Act::Send | Act::Remove) => Outcome::Changed,
            (
                Outcome::NotChosen
                | Outcome::Unreadable
                | Outcome::NotYet
                | Outcome::NotEdited
                | Outcome::Again
                | Outcome::NotPlanned
                | Outcome::Changed
                | Outcome::Failed,
                Act::Send | Act::Remove | Act::Leave,
            ) => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_shared::port::{DeadLetter, Received};

    fn letter(id: &str, body: &str) -> Letter {
        DeadLetter {
            message: Received {
                id: id.to_owned(),
                receipt: String::new(),
                body: body.to_owned(),
                receive_count: 1,
                first_received: None,
            },
            sent: None,
            cause: None,
        }
        .into()
    }

    fn header() -> Header {
        Header {
            usher_replay_plan: SHAPE,
            made: Time::from_unix_seconds(1_780_000_000).unwrap(),
            queue: "dead".to_owned(),
            filter: Filter::default(),
            edit: Some(Edit::Text("x".to_owned())),
        }
    }

    fn write(path: &Path, outcomes: &[(&str, Outcome)]) {
        let mut writing = Writing::begin(path, &header()).unwrap();
        for (id, outcome) in outcomes {
            let letter = letter(id, "body");
            let counted = Counted::of(&letter, *outcome);
            writing.letter(&letter, &counted, "why", &[]).unwrap();
        }
        writing.end().unwrap();
    }

    #[test]
    fn a_plan_allows_what_it_says_of_the_letter_as_it_was_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plan");
        let planned = [
            ("a", Outcome::Sent),
            ("b", Outcome::Done),
            ("c", Outcome::Unreadable),
            ("d", Outcome::NotChosen),
        ];
        write(&path, &planned);
        let plan = Plan::read(&path).unwrap();
        assert_eq!(plan.header, header());
        let judge = |id, body, outcome| plan.judge(&letter(id, body), outcome);
        assert_eq!(judge("a", "body", Outcome::Sent), Outcome::Sent);
        assert_eq!(judge("a", "body", Outcome::Done), Outcome::Done);
        assert_eq!(judge("a", "other", Outcome::Sent), Outcome::Changed);
        assert_eq!(judge("b", "body", Outcome::Done), Outcome::Done);
        assert_eq!(judge("b", "body", Outcome::Sent), Outcome::Changed);
        assert_eq!(judge("c", "body", Outcome::Sent), Outcome::NotPlanned);
        assert_eq!(judge("d", "body", Outcome::Sent), Outcome::NotPlanned);
        assert_eq!(judge("e", "body", Outcome::Sent), Outcome::NotPlanned);
        assert_eq!(judge("e", "body", Outcome::NotYet), Outcome::NotPlanned);
        assert_eq!(judge("e", "body", Outcome::NotChosen), Outcome::NotChosen);
        assert_eq!(judge("c", "body", Outcome::Unreadable), Outcome::Unreadable);
    }

    #[test]
    fn a_line_that_is_changed_to_leave_or_taken_out_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plan");
        write(&path, &[("a", Outcome::Sent), ("b", Outcome::Sent)]);
        let text = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.remove(1);
        let reviewed = lines
            .join("\n")
            .replace(r#""act":"send""#, r#""act":"leave""#);
        fs::write(&path, reviewed).unwrap();
        let plan = Plan::read(&path).unwrap();
        for id in ["a", "b"] {
            let judged = plan.judge(&letter(id, "body"), Outcome::Sent);
            assert_eq!(judged, Outcome::NotPlanned, "{id}");
        }
    }

    #[test]
    fn half_a_plan_is_none_and_a_plan_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plan");
        write(&path, &[("a", Outcome::Sent)]);
        let error = Writing::begin(&path, &header()).map(drop).unwrap_err();
        assert!(error.to_string().contains("is there already"), "{error}");
        let text = fs::read_to_string(&path).unwrap();
        let half: Vec<&str> = text.lines().take(2).collect();
        fs::write(&path, half.join("\n")).unwrap();
        let error = Plan::read(&path).unwrap_err();
        assert!(error.to_string().contains("not whole"), "{error}");
    }
}
