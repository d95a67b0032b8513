//! What is told: the letters by cause, and what became of them.

use super::tally::{Group, Outcome, Tally};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It saw the queue to its end.
    Whole,
    /// So many failed as were allowed.
    Failures,
    /// Somebody ended it.
    Interrupted,
}

/// What a run came to.
pub struct Report<'r> {
    pub tally: &'r Tally,
    pub confirmed: bool,
    pub resumed: bool,
    pub end: End,
    /// What other readers have hidden, about.
    pub elsewhere: u64,
    /// Where the plan is that it wrote.
    pub plan: Option<&'r Path>,
}

impl Report<'_> {
    /// One JSON object.
    pub fn json(&self) -> Value {
        let outcomes = Outcome::ALL.map(|outcome| {
            (
                outcome.as_str().to_owned(),
                self.tally.count(outcome).into(),
            )
        });
        json!({
            "confirmed": self.confirmed,
            "resumed": self.resumed,
            "end": self.end,
            "letters": self.tally.letters(),
            "outcomes": Map::from_iter(outcomes),
            "edited": self.tally.edited,
            "lifted": self.tally.lifted,
            "hidden_elsewhere": self.elsewhere,
            "groups": groups_json(self.tally),
        })
    }

    /// Lines of text.
    pub fn text(&self) -> Vec<String> {
        let tally = self.tally;
        let heads = match self.confirmed {
            true => ["SENT", "REMOVED", "STAY"],
            false => ["SEND", "REMOVE", "STAY"],
        };
        let mut lines = table(tally, &heads, |group| {
            let of = |outcome| group.outcomes.get(&outcome).copied().unwrap_or_default();
            let (sent, done) = (of(Outcome::Sent), of(Outcome::Done));
            [sent, done, group.letters - sent - done]
        });
        lines.push(String::new());
        lines.push(format!("{} letters", tally.letters()));
        for outcome in Outcome::ALL {
            let count = tally.count(outcome);
            if count > 0 {
                let said = self.said(outcome);
                lines.push(format!("{count:>8}  {:<12}{said}", outcome.as_str()));
            }
        }
        if self.elsewhere > 0 {
            lines.push(format!(
                "About {} more are hidden by another reader, and show when its time is over.",
                self.elsewhere
            ));
        }
        lines.push(match (self.end, self.confirmed) {
            (End::Whole, false) => match self.plan {
                Some(plan) => format!(
                    "Nothing was changed; {0} says of each letter what would be, and --plan {0} \
                     --confirm does it.",
                    plan.display()
                ),
                None => "Nothing was changed; --plan FILE keeps this for review, and --confirm \
                         does it."
                    .to_owned(),
            },
            (End::Whole, true) => match tally.stay() {
                0 => "All that was chosen is done.".to_owned(),
                left => format!("{left} of those that were chosen are still there."),
            },
            (End::Failures, _) => {
                "Stopped, as too many failed; the same command goes on where it was.".to_owned()
            }
            (End::Interrupted, _) => {
                "Interrupted; the same command goes on where it was.".to_owned()
            }
        });
        lines
    }

    fn said(&self, outcome: Outcome) -> String {
        let (edited, lifted) = (self.tally.edited, self.tally.lifted);
        match outcome {
            Outcome::Sent => {
                let where_to = match self.confirmed {
                    true => "to the work queue",
                    false => "would be sent to the work queue",
                };
                let edited = match edited {
                    0 => String::new(),
                    _ => format!(", {edited} of them edited"),
                };
                let lifted = match lifted {
                    0 => String::new(),
                    _ => format!(", {lifted} in a newer version"),
                };
                format!("{where_to}{edited}{lifted}")
            }
            Outcome::Done if self.confirmed => "the log has them, so they were removed".to_owned(),
            Outcome::Done => "the log has them, so they would be removed".to_owned(),
            Outcome::NotChosen => "left alone".to_owned(),
            Outcome::Unreadable => {
                "no usher can read them: --edit them, or export and purge them".to_owned()
            }
            Outcome::NotYet => "of a type or version that a newer usher may know".to_owned(),
            Outcome::NotEdited => "the edit does not fit them".to_owned(),
            Outcome::Again => {
                "of an event that was just sent: a second copy, or it came back".to_owned()
            }
            Outcome::NotPlanned => "the plan does not have them so".to_owned(),
            Outcome::Failed => "table or queue failed; the same command tries again".to_owned(),
        }
    }
}

/// Groups, as a list.
pub fn groups_json(tally: &Tally) -> Value {
    let all = serde_json::to_value(tally).unwrap_or_default();
    all.get("groups").cloned().unwrap_or_default()
}

/// A line for each cause, most letters first, with these numbers of each.
pub fn table<const N: usize>(
    tally: &Tally,
    heads: &[&str; N],
    numbers: impl Fn(&Group) -> [u64; N],
) -> Vec<String> {
    let mut groups: Vec<_> = tally.groups.iter().collect();
    groups.sort_by_key(|(key, group)| (std::cmp::Reverse(group.letters), *key));
    let shown = |numbers: &[String]| {
        let all = numbers.iter().map(|number| format!("{number:>9}"));
        all.collect::<String>()
    };
    let heads: Vec<String> = heads.iter().map(ToString::to_string).collect();
    let mut lines = vec![format!(
        "{:<44}{:>9}{}  OLDEST",
        "CAUSE",
        "LETTERS",
        shown(&heads)
    )];
    for (key, group) in groups {
        let cause = match &key.operation {
            Some(operation) => format!("{} ({operation})", key.cause),
            None => key.cause.clone(),
        };
        let numbers = numbers(group).map(|number| number.to_string());
        let oldest = group.oldest.map_or("-".to_owned(), |at| at.to_string());
        lines.push(format!(
            "{cause:<44}{:>9}{}  {oldest}",
            group.letters,
            shown(&numbers)
        ));
    }
    lines
}
