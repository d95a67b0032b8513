//! What is told: each user that differs at once, and all of it at the end.

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use usher_events::Sub;
use usher_shared::rebuild::{Difference, Field, Kind};

/// The most fields of one user that a line of text names.
const NAMED: usize = 6;

/// How many users came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All that were looked at.
    pub users: u64,
    /// Their commits.
    pub commits: u64,
    /// Those whose item is what the log says.
    pub equal: u64,
    /// Those whose item said something else.
    pub differs: u64,
    /// Those who had none.
    pub missing: u64,
    /// Those of whom the log has nothing.
    pub no_log: u64,
    /// Those with a commit that cannot be read.
    pub unreadable: u64,
    /// Those whose item has no version.
    pub no_version: u64,
    /// Of all that differed, those whose item is by now what the log says.
    pub mended: u64,
    /// Those with commits that a worker has in hand.
    pub in_flight: u64,
}

/// What one user came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Equal,
    InFlight,
    Found { kind: Kind, mended: bool },
}

impl Counts {
    /// Counts one user.
    pub fn add(&mut self, outcome: Outcome, commits: u64) {
        self.users += 1;
        self.commits += commits;
        match outcome {
            Outcome::Equal => self.equal += 1,
            Outcome::InFlight => self.in_flight += 1,
            Outcome::Found { kind, mended } => {
                *self.of(kind) += 1;
                self.mended += u64::from(mended);
            }
        }
    }

    /// Counts what others counted as well.
    pub fn join(&mut self, other: &Self) {
        self.users += other.users;
        self.commits += other.commits;
        self.equal += other.equal;
        self.differs += other.differs;
        self.missing += other.missing;
        self.no_log += other.no_log;
        self.unreadable += other.unreadable;
        self.no_version += other.no_version;
        self.mended += other.mended;
        self.in_flight += other.in_flight;
    }

    /// Those whose item is not what the log says, still.
    pub fn left(&self) -> u64 {
        self.found().saturating_sub(self.mended)
    }

    fn found(&self) -> u64 {
        self.differs + self.missing + self.no_log + self.unreadable + self.no_version
    }

    fn of(&mut self, kind: Kind) -> &mut u64 {
        match kind {
            Kind::Differs => &mut self.differs,
            Kind::Missing => &mut self.missing,
            Kind::NoLog => &mut self.no_log,
            Kind::Unreadable => &mut self.unreadable,
            Kind::NoVersion => &mut self.no_version,
        }
    }
}

/// Writes what is told.
pub struct Writer {
    pub json: bool,
    pub confirmed: bool,
    pub bar: ProgressBar,
}

impl Writer {
    /// Tells something in passing, where a person reads.
    pub fn say(&self, text: &str) {
        if !self.json {
            self.bar.suspend(|| anstream::eprintln!("{text}"));
        }
    }

    /// Tells of a user whose item is not what the log says.
    pub fn found(&self, sub: &Sub, difference: &Difference, mended: bool) -> anyhow::Result<()> {
        let line = if self.json {
            serde_json::to_string(&self.as_json(sub, difference, mended))?
        } else {
            self.as_text(sub, difference, mended)
        };
        self.bar.suspend(|| anstream::println!("{line}"));
        Ok(())
    }

    /// Tells of a user with commits that a worker has in hand.
    pub fn in_flight(&self, sub: &Sub) -> anyhow::Result<()> {
        let line = match self.json {
            true => serde_json::to_string(&json!({ "user": sub, "kind": "in_flight" }))?,
            false => format!(
                "{:<11}{sub}  a worker has a commit of it in hand",
                "in flight"
            ),
        };
        self.bar.suspend(|| anstream::println!("{line}"));
        Ok(())
    }

    fn as_json(&self, sub: &Sub, difference: &Difference, mended: bool) -> Value {
        let field = |field: &Field| match field.is_personal() {
            false => json!({ "path": field.path, "stored": field.stored, "folded": field.folded }),
            true => json!({ "path": field.path, "personal": true }),
        };
        let fields: Vec<Value> = difference.fields.iter().map(field).collect();
        let given_up = given_up(difference);
        json!({
            "user": sub, "kind": difference.kind.as_str(), "fields": fields, "mended": mended,
            "unreadable": difference.unreadable, "given_up": given_up,
        })
    }

    fn as_text(&self, sub: &Sub, difference: &Difference, mended: bool) -> String {
        let fields = &difference.fields;
        let named = fields.iter().take(NAMED).map(|field| {
            let (path, stored) = (&field.path, shown(&field.stored));
            match field.is_personal() {
                false => format!("{path} is {stored}, by the log {}", shown(&field.folded)),
                true => path.clone(),
            }
        });
        let mut named: Vec<String> = named.collect();
        if fields.len() > NAMED {
            named.push(format!("and {} more", fields.len() - NAMED));
        }
        let why = match difference.kind {
            Kind::Differs => named.join(", "),
            Kind::Missing => "there is no item".to_owned(),
            Kind::NoLog => "the log has nothing of this user; the item is left alone".to_owned(),
            Kind::Unreadable => {
                let names = difference.unreadable.join(", ");
                format!("cannot be read, so the item is left alone: {names}")
            }
            Kind::NoVersion => "the item has no version; delete it and rebuild the user".to_owned(),
        };
        let given_up = given_up(difference);
        let lost = match given_up.as_slice() {
            [] => String::new(),
            owed => format!("; owed and given up by a swap: {}", owed.join(", ")),
        };
        let state = if mended {
            "mended"
        } else {
            difference.kind.as_str()
        };
        format!("{state:<11}{sub}  {why}{lost}")
    }

    /// Tells what all of it came to.
    pub fn finish(&self, counts: &Counts) -> anyhow::Result<()> {
        if self.json {
            let mut all = serde_json::to_value(counts)?;
            all["left"] = counts.left().into();
            anstream::println!("{}", json!({ "summary": all }));
            return Ok(());
        }
        let lines = [
            ("Users", counts.users),
            ("Commits", counts.commits),
            ("Equal", counts.equal),
            ("Differing", counts.differs),
            ("Missing", counts.missing),
            ("Without a log", counts.no_log),
            ("Unreadable", counts.unreadable),
            ("Without version", counts.no_version),
            ("In flight", counts.in_flight),
            ("Mended", counts.mended),
        ];
        for (name, count) in lines {
            anstream::println!("{name:<17}{count:>10}");
        }
        let left = counts.left();
        let end = match (left, self.confirmed) {
            (0, _) => "Every item is what the log says.".to_owned(),
            (_, false) => format!("{left} are not what the log says; --confirm mends what can be."),
            (_, true) => format!("{left} are not what the log says, still."),
        };
        anstream::println!("{end}");
        Ok(())
    }
}

fn given_up(difference: &Difference) -> Vec<String> {
    let given_up = difference.mended.iter().flat_map(|mended| &mended.given_up);
    given_up
        .map(|(kind, id)| format!("{} of {id}", kind.as_str()))
        .collect()
}

fn shown(value: &Option<Value>) -> String {
    value
        .as_ref()
        .map_or("nothing".to_owned(), Value::to_string)
}
