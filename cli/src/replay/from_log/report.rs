//! What is told at the end.

use super::tally::{Group, Tally};
use serde_json::{Value, json};
use std::cmp::Reverse;
use usher_shared::commit::EffectKind;
use usher_shared::re_owe::Cause;

/// What a run came to.
pub struct Report<'r> {
    pub tally: &'r Tally,
    pub confirmed: bool,
    /// How much of one lane a sweep sends.
    pub most_a_minute: u32,
}

impl Report<'_> {
    /// One JSON object.
    pub fn json(&self) -> Value {
        let tally = self.tally;
        let groups = self.groups().map(|((kind, cause), group)| {
            json!({
                "effect": kind, "cause": cause.fault, "last_error": cause.last_error,
                "effects": group.effects, "owed": group.owed, "changed": group.changed,
                "held": group.held, "oldest": group.oldest, "newest": group.newest,
            })
        });
        json!({
            "confirmed": self.confirmed,
            "commits": tally.commits,
            "unreadable": tally.unreadable,
            "effects": tally.effects(),
            "owed": tally.owed(),
            "changed": tally.changed(),
            "held": tally.held(),
            "unsure": tally.unsure,
            "not_chosen": tally.other,
            "groups": groups.collect::<Vec<_>>(),
        })
    }

    /// Lines of text.
    pub fn text(&self) -> Vec<String> {
        let tally = self.tally;
        let effects = tally.effects();
        let mut lines = Vec::new();
        if effects > 0 {
            lines.push(line(
                ["EFFECT", "CAUSE", "EFFECTS", "OWED", "OLDEST", "NEWEST"],
                self.confirmed,
            ));
        }
        lines.extend(self.groups().map(|((kind, cause), group)| {
            let (cause, effects, owed) = (
                cause.to_string(),
                group.effects.to_string(),
                group.owed.to_string(),
            );
            let (oldest, newest) = (group.oldest.to_string(), group.newest.to_string());
            let columns = [kind.as_str(), &cause, &effects, &owed, &oldest, &newest];
            line(columns, self.confirmed)
        }));
        let mut say = |count: u64, text: &str| {
            if count > 0 {
                lines.push(format!("{count} {text}"));
            }
        };
        say(
            tally.other,
            "other effects that were given up are not chosen.",
        );
        say(
            tally.unsure,
            "were given up because their user item was lost, and may have been performed; only \
             --cause user_item_lost chooses them.",
        );
        say(
            tally.changed(),
            "were no longer as they were read, and are left; look again.",
        );
        say(
            tally.held(),
            "are left because a worker had their event in hand until a moment ago; try again in a \
             few minutes.",
        );
        say(tally.unreadable, "commits cannot be read, and are left.");
        lines.push(match (effects, self.confirmed) {
            (0, _) => "There is nothing to owe again.".to_owned(),
            (_, false) => format!(
                "{effects} effects would be owed again. Nothing was changed; --confirm does it."
            ),
            (_, true) => format!(
                "{} effects are owed again; the sweep sends them to workers, at most {} a minute to \
                 each service.",
                tally.owed(),
                self.most_a_minute
            ),
        });
        lines
    }

    /// Most effects first.
    fn groups(&self) -> impl Iterator<Item = (&(EffectKind, Cause), &Group)> {
        let mut groups: Vec<_> = self.tally.groups.iter().collect();
        groups.sort_by_key(|(key, group)| (Reverse(group.effects), *key));
        groups.into_iter()
    }
}

fn line([effect, cause, effects, owed, oldest, newest]: [&str; 6], confirmed: bool) -> String {
    let owed = match confirmed {
        true => format!("{owed:>9}"),
        false => String::new(),
    };
    format!("{effect:<25}{cause:<30}{effects:>9}{owed}  {oldest:<24}  {newest}")
        .trim_end()
        .to_owned()
}
