//! What became of letters, counted by outcome and by cause. Pure.

use super::letter::Letter;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use usher_events::Time;

/// The most causes that are told apart. Ours are a dozen; a queue may hold what others wrote.
const CAUSES: usize = 100;

/// What the rest is counted under.
const OTHERS: &str = "other causes";

/// What became of a letter, or would become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Sent to the work queue, and then deleted.
    Sent,
    /// Deleted: the log has it, all that it owes is closed, and folding it again changes nothing.
    Done,
    /// Left: it is not among those that were chosen.
    NotChosen,
    /// Left: no program reads it. It has to be edited, or exported and purged.
    Unreadable,
    /// Left: a newer usher may read it.
    NotYet,
    /// Left: the edit does not fit it.
    NotEdited,
    /// Left: another letter of the same event was in this run's hand.
    Again,
    /// Left: the plan does not have it, or says to leave it.
    NotPlanned,
    /// Left: it is not as it was when it was planned.
    Changed,
    /// Left: table or queue failed.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 10] = [
        Self::Sent,
        Self::Done,
        Self::NotChosen,
        Self::Unreadable,
        Self::NotYet,
        Self::NotEdited,
        Self::Again,
        Self::NotPlanned,
        Self::Changed,
        Self::Failed,
    ];

    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Done => "done",
            Self::NotChosen => "not_chosen",
            Self::Unreadable => "unreadable",
            Self::NotYet => "not_yet",
            Self::NotEdited => "not_edited",
            Self::Again => "again",
            Self::NotPlanned => "not_planned",
            Self::Changed => "changed",
            Self::Failed => "failed",
        }
    }

    /// Whether the letter leaves the queue.
    pub fn leaves(self) -> bool {
        match self {
            Self::Sent | Self::Done => true,
            Self::NotChosen
            | Self::Unreadable
            | Self::NotYet
            | Self::NotEdited
            | Self::Again
            | Self::NotPlanned
            | Self::Changed
            | Self::Failed => false,
        }
    }

    /// Whether it stays although it was meant.
    pub fn stays(self) -> bool {
        match self {
            Self::Unreadable
            | Self::NotYet
            | Self::NotEdited
            | Self::Again
            | Self::Changed
            | Self::Failed => true,
            Self::Sent | Self::Done | Self::NotChosen | Self::NotPlanned => false,
        }
    }
}

/// A letter's cause, as letters are grouped by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CauseKey {
    /// The kind.
    pub cause: String,
    /// What failed, where a service did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
}

/// One letter, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The queue's id of it.
    pub letter: String,
    /// Its cause.
    #[serde(flatten)]
    pub key: CauseKey,
    /// When it was set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether it was edited.
    pub edited: bool,
    /// Whether it came in an older version.
    pub lifted: bool,
}

impl Counted {
    /// Counts a letter that is sent as it is, or not at all.
    pub fn of(letter: &Letter, outcome: Outcome) -> Self {
        Self {
            letter: letter.id.clone(),
            key: CauseKey {
                cause: letter.cause_kind().to_owned(),
                operation: letter.operation().map(ToOwned::to_owned),
            },
            at: letter.at(),
            outcome,
            edited: false,
            lifted: false,
        }
    }
}

/// The letters of one cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// All of them.
    pub letters: u64,
    /// When the oldest was set aside.
    pub oldest: Option<Time>,
    /// When the latest was.
    pub latest: Option<Time>,
    /// What became of them.
    pub outcomes: BTreeMap<Outcome, u64>,
}

/// All letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// By cause.
    #[serde(with = "pairs")]
    pub groups: BTreeMap<CauseKey, Group>,
    /// Sent after an edit.
    pub edited: u64,
    /// Sent in a newer version than they came in.
    pub lifted: u64,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, counted: &Counted) {
        let mut key = counted.key.clone();
        if self.groups.len() >= CAUSES && !self.groups.contains_key(&key) {
            key = CauseKey {
                cause: OTHERS.to_owned(),
                operation: None,
            };
        }
        let group = self.groups.entry(key).or_default();
        group.letters += 1;
        *group.outcomes.entry(counted.outcome).or_default() += 1;
        group.oldest = group.oldest.into_iter().chain(counted.at).min();
        group.latest = group.latest.into_iter().chain(counted.at).max();
        if counted.outcome == Outcome::Sent {
            self.edited += u64::from(counted.edited);
            self.lifted += u64::from(counted.lifted);
        }
    }

    /// Counts what others counted as well.
    pub fn join(&mut self, other: &Self) {
        for (key, theirs) in &other.groups {
            let ours = self.groups.entry(key.clone()).or_default();
            ours.letters += theirs.letters;
            ours.oldest = ours.oldest.into_iter().chain(theirs.oldest).min();
            ours.latest = ours.latest.into_iter().chain(theirs.latest).max();
            for (outcome, count) in &theirs.outcomes {
                *ours.outcomes.entry(*outcome).or_default() += count;
            }
        }
        self.edited += other.edited;
        self.lifted += other.lifted;
    }

    /// How many there are.
    pub fn letters(&self) -> u64 {
        self.groups.values().map(|group| group.letters).sum()
    }

    /// How many came out so.
    pub fn count(&self, outcome: Outcome) -> u64 {
        let groups = self.groups.values();
        groups
            .filter_map(|group| group.outcomes.get(&outcome))
            .sum()
    }

    /// How many stay although they were meant.
    pub fn stay(&self) -> u64 {
        let staying = Outcome::ALL.into_iter().filter(|outcome| outcome.stays());
        staying.map(|outcome| self.count(outcome)).sum()
    }
}

/// Groups as a list: JSON has no such keys.
mod pairs {
    use super::{CauseKey, Group};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    #[derive(Serialize, Deserialize)]
    struct Pair {
        #[serde(flatten)]
        key: CauseKey,
        #[serde(flatten)]
        group: Group,
    }

    pub fn serialize<S: Serializer>(
        groups: &BTreeMap<CauseKey, Group>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let pairs = groups.iter().map(|(key, group)| Pair {
            key: key.clone(),
            group: group.clone(),
        });
        serializer.collect_seq(pairs)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<CauseKey, Group>, D::Error> {
        let pairs = Vec::<Pair>::deserialize(deserializer)?;
        Ok(pairs
            .into_iter()
            .map(|pair| (pair.key, pair.group))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(cause: &str, seconds: i64, outcome: Outcome) -> Counted {
        Counted {
            letter: String::new(),
            key: CauseKey {
                cause: cause.to_owned(),
                operation: None,
            },
            at: Time::from_unix_seconds(seconds),
            outcome,
            edited: true,
            lifted: false,
        }
    }

    #[test]
    fn every_letter_is_counted_once_and_the_counts_add_up() {
        let mut tally = Tally::default();
        for (number, outcome) in (0..).zip(Outcome::ALL.into_iter().cycle().take(500)) {
            tally.add(&counted(
                &format!("cause {}", number % 200),
                number,
                outcome,
            ));
        }
        let counts = Outcome::ALL.map(|outcome| tally.count(outcome));
        assert_eq!((tally.letters(), counts.iter().sum::<u64>()), (500, 500));
        assert_eq!(tally.edited, tally.count(Outcome::Sent));
        assert_eq!(tally.groups.len(), CAUSES + 1, "and the rest is one group");
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
    }

    #[test]
    fn what_was_not_chosen_does_not_stay_behind() {
        let mut tally = Tally::default();
        tally.add(&counted("a", 7, Outcome::NotChosen));
        assert_eq!(tally.stay(), 0);
        tally.add(&counted("a", 3, Outcome::Unreadable));
        assert_eq!(tally.stay(), 1);
        let group = tally.groups.values().next().unwrap();
        assert_eq!(group.oldest, Time::from_unix_seconds(3));
        assert_eq!(group.latest, Time::from_unix_seconds(7));
    }
}
