//! What is told: the letters by cause, and what became of them.

use super::tally::{Group, Outcome, Tally};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "end")]
pub enum End {
    /// It saw the queue to its end.
    Whole,
    /// About so many letters are hidden by another reader.
    Hidden { letters: u64 },
    /// About so many letters are more than the queue shows at once.
    Unseen { letters: u64 },
    /// So many failed as were allowed.
    Failures,
    /// Somebody ended it.
    Interrupted,
    /// Something else did.
    Broken,
}

/// What a run came to.
pub struct Report<'r> {
    pub tally: &'r Tally,
    pub confirmed: bool,
    pub resumed: bool,
    pub end: End,
    /// Letters that an earlier run had in hand, and of which nobody knows yet.
    pub unresolved: u64,
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
            "queue": self.end,
            "letters": self.tally.letters(),
            "outcomes": Map::from_iter(outcomes),
            "edited": self.tally.edited,
            "lifted": self.tally.lifted,
            "unresolved": self.unresolved,
            "groups": groups_json(self.tally),
        })
    }

    /// Lines of text.
    pub fn text(&self) -> Vec<String> {
        let tally = self.tally;
        let heads = match self.confirmed {
            true => ["SENT", "REMOVED", "LEFT"],
            false => ["SEND", "REMOVE", "LEFT"],
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
        if self.unresolved > 0 {
            lines.push(format!(
                "{:>8}  {:<12}were in hand when an earlier run ended, and have not shown since",
                self.unresolved, "unresolved"
            ));
        }
        lines.push(match (self.end, self.confirmed) {
            (End::Whole, _) if tally.letters() == 0 => "There are no letters.".to_owned(),
            (End::Whole, _) if tally.letters() == tally.count(Outcome::NotChosen) => {
                "None of them was chosen; `usher replay list` shows what they are.".to_owned()
            }
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
            (End::Hidden { letters }, _) => format!(
                "About {letters} more are hidden by another reader. {}",
                self.again()
            ),
            (End::Unseen { letters }, _) => format!(
                "About {letters} more are in the queue than it shows at once. {}",
                self.again()
            ),
            (End::Failures, _) => format!("Stopped, as too many failed. {}", self.again()),
            (End::Interrupted, _) => format!("Interrupted. {}", self.again()),
            (End::Broken, _) => format!("Broken off. {}", self.again()),
        });
        lines
    }

    /// What may be done about a run that saw less than all.
    fn again(&self) -> &'static str {
        match self.confirmed {
            true => "The same command goes on where it was.",
            false => "Nothing was changed; the same command looks again.",
        }
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
            Outcome::NotEdited => {
                "the edit does not fit them, or makes no event of them; --plan says of each"
                    .to_owned()
            }
            Outcome::Again => {
                "of an event that was in hand: a second copy, or it came back".to_owned()
            }
            Outcome::NotPlanned => "left alone by the plan".to_owned(),
            Outcome::Changed => "not as they were when they were planned".to_owned(),
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
