//! What was found given up, by kind and cause, and what became of it. Pure.

use serde::Serialize;
use std::collections::BTreeMap;
use usher_events::Time;
use usher_shared::commit::EffectKind;
use usher_shared::re_owe::{Cause, Choice, GivenUp};

/// What became of an effect that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is owed again.
    Owed,
    /// It is no longer given up as it was read: another has made it owed, or it was tried again.
    Changed,
    /// A worker has the lease of its commit.
    Held,
}

/// Effects of one kind that were given up for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// How many are meant.
    pub effects: u64,
    /// How many of them are owed again.
    pub owed: u64,
    /// See [`Fate::Changed`].
    pub changed: u64,
    /// See [`Fate::Held`].
    pub held: u64,
    /// When the first of them was given up.
    pub oldest: Time,
    /// When the last was.
    pub newest: Time,
}

/// What a run has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Commits read.
    pub commits: u64,
    /// Commits that cannot be read.
    pub unreadable: u64,
    /// Effects that were given up and are not meant.
    pub other: u64,
    /// Effects that have to be asked for by their cause.
    pub unsure: u64,
    /// Those that are meant.
    pub groups: BTreeMap<(EffectKind, Cause), Group>,
}

impl Tally {
    /// Counts an effect as it was found.
    pub fn found(&mut self, effect: &GivenUp, choice: Choice) {
        match choice {
            Choice::Other => self.other += 1,
            Choice::Unsure => self.unsure += 1,
            Choice::Meant => {
                let group = self.group(effect);
                group.effects += 1;
                group.oldest = group.oldest.min(effect.at);
                group.newest = group.newest.max(effect.at);
            }
        }
    }

    /// Counts what became of an effect.
    pub fn became(&mut self, effect: &GivenUp, fate: Fate) {
        let group = self.group(effect);
        match fate {
            Fate::Owed => group.owed += 1,
            Fate::Changed => group.changed += 1,
            Fate::Held => group.held += 1,
        }
    }

    fn group(&mut self, effect: &GivenUp) -> &mut Group {
        let key = (effect.kind, effect.cause.clone());
        self.groups.entry(key).or_insert(Group {
            effects: 0,
            owed: 0,
            changed: 0,
            held: 0,
            oldest: effect.at,
            newest: effect.at,
        })
    }

    fn sum(&self, of: impl Fn(&Group) -> u64) -> u64 {
        self.groups.values().map(of).sum()
    }

    /// Effects that are meant.
    pub fn effects(&self) -> u64 {
        self.sum(|group| group.effects)
    }

    /// Effects that are owed again.
    pub fn owed(&self) -> u64 {
        self.sum(|group| group.owed)
    }

    /// See [`Fate::Changed`].
    pub fn changed(&self) -> u64 {
        self.sum(|group| group.changed)
    }

    /// See [`Fate::Held`].
    pub fn held(&self) -> u64 {
        self.sum(|group| group.held)
    }

    /// What is left as it was though it was, or may have been, meant.
    pub fn left(&self) -> u64 {
        self.changed() + self.held() + self.unreadable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(kind: EffectKind, fault: &str, seconds: i64) -> GivenUp {
        GivenUp {
            kind,
            at: Time::from_unix_seconds(1_780_000_000 + seconds).unwrap(),
            cause: Cause {
                fault: fault.to_owned(),
                last_error: None,
            },
        }
    }

    #[test]
    fn what_is_meant_is_counted_by_kind_and_cause_and_all_else_once() {
        let (mail, bus) = (EffectKind::WelcomeMail, EffectKind::Publication);
        let mut tally = Tally::default();
        let found = [
            (effect(mail, "rejected", 5), Choice::Meant, Some(Fate::Owed)),
            (effect(mail, "rejected", 3), Choice::Meant, Some(Fate::Held)),
            (
                effect(mail, "rejected", 9),
                Choice::Meant,
                Some(Fate::Changed),
            ),
            (effect(mail, "too_old", 1), Choice::Meant, Some(Fate::Owed)),
            (effect(bus, "rejected", 1), Choice::Meant, None),
            (effect(bus, "refused", 1), Choice::Other, None),
            (effect(mail, "user_item_lost", 1), Choice::Unsure, None),
        ];
        for (effect, choice, fate) in &found {
            tally.found(effect, *choice);
            if let Some(fate) = fate {
                tally.became(effect, *fate);
            }
        }
        let at = |seconds| effect(mail, "", seconds).at;
        let rejected = tally.groups[&(mail, effect(mail, "rejected", 0).cause)];
        let expected = Group {
            effects: 3,
            owed: 1,
            changed: 1,
            held: 1,
            oldest: at(3),
            newest: at(9),
        };
        assert_eq!((rejected, tally.groups.len()), (expected, 3));
        assert_eq!((tally.effects(), tally.owed()), (5, 2));
        assert_eq!((tally.other, tally.unsure, tally.left()), (1, 1, 2));
        tally.unreadable = 4;
        assert_eq!(tally.left(), 6);
    }
}
