//! How a user came to be so, as text and as JSON.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write;
use usher_events::wire::PERSON_KEY;
use usher_events::{EventId, Fact, Personal, Time};
use usher_shared::commit::{Commit, EffectKind, Entry};
use usher_shared::timeline::{self, Change, Keeps, Step};
use usher_shared::user::User;

/// What is to be told of a user: told anew each time, because its steps take far more memory than
/// what they are made of.
pub struct Past {
    pub commits: Vec<Commit>,
    pub keeps: Keeps,
    /// Whether personal values are shown.
    pub reveal: bool,
}

impl Past {
    /// The story, step by step.
    pub fn told(&self) -> impl Iterator<Item = Told> {
        timeline::tell(&self.commits, self.keeps).map(|step| Told::of(&step, self.reveal))
    }

    /// The user as all of it tells; nobody if there is nothing.
    pub fn user(&self) -> Option<User> {
        let last = self.commits.iter().map(|commit| commit.recorded_at).max()?;
        Some(timeline::as_of(&self.commits, last, self.keeps))
    }
}

impl Serialize for Past {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.told())
    }
}

/// One step of the story.
#[derive(Serialize)]
pub struct Told {
    pub id: EventId,
    /// When it was recorded.
    pub recorded_at: Time,
    /// When it happened.
    pub time: Time,
    pub event: &'static str,
    pub version: u16,
    /// What the event says, other than of the person.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// What the policy decided from it, in that order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decided: Vec<Decided>,
    /// What it changed of what applications read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Changed>,
    /// What it owed, and what became of that. A publication is listed only once it has failed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub effects: BTreeMap<&'static str, Entry>,
}

/// One decision.
#[derive(Serialize)]
pub struct Decided {
    pub event: &'static str,
    pub data: Value,
}

/// One field, before and after; a personal value is hidden unless it is to be revealed.
#[derive(Serialize)]
pub struct Changed {
    pub field: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl Told {
    /// Tells one step.
    pub fn of(step: &Step<'_>, reveal: bool) -> Self {
        let commit = step.commit;
        let event = &commit.envelope.event;
        let mut data = match event.to_data() {
            Value::Object(data) => data,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Map::new(),
        };
        data.remove(PERSON_KEY);
        let decided = commit.decided.iter().map(|decided| Decided {
            event: decided.name(),
            data: decided.to_data(),
        });
        let changed = step
            .changes
            .iter()
            .map(|change| Changed::of(change, reveal));
        let effects = commit.ledger.entries();
        let effects =
            effects.map(|(kind, entry): (EffectKind, &Entry)| (kind.as_str(), entry.clone()));
        Self {
            id: commit.envelope.id,
            recorded_at: commit.recorded_at,
            time: commit.envelope.time,
            event: event.name(),
            version: event.version(),
            data,
            decided: decided.collect(),
            changed: changed.collect(),
            effects: effects.collect(),
        }
    }

    /// The step as lines, without a newline at the end.
    pub fn text(&self) -> String {
        let mut text = format!("{}  {}", self.time, self.event);
        let data = said(&self.data);
        if !data.is_empty() {
            let _infallible = write!(text, "  {data}");
        }
        let mut line = |name: &str, value: &str| {
            let _infallible = write!(text, "\n    {name:<9} {value}");
        };
        if self.recorded_at != self.time {
            line("recorded", &self.recorded_at.to_string());
        }
        for decided in &self.decided {
            let data = decided.data.as_object().map(said).unwrap_or_default();
            line("decided", format!("{} {data}", decided.event).trim_end());
        }
        for changed in &self.changed {
            let (before, after) = (
                shown(changed.before.as_ref()),
                shown(changed.after.as_ref()),
            );
            line("changed", &format!("{}: {before} → {after}", changed.field));
        }
        for (kind, entry) in &self.effects {
            line("effect", &format!("{kind} {}", fate(entry)));
        }
        text
    }
}

impl Changed {
    fn of(change: &Change, reveal: bool) -> Self {
        let hides = change.is_personal() && !reveal;
        let shown = |value: &Option<Value>| match value {
            Some(_) if hides => Some(Value::String(Personal::new("").to_string())),
            value => value.clone(),
        };
        Self {
            field: change.field.clone(),
            before: shown(&change.before),
            after: shown(&change.after),
        }
    }
}

/// Names and values in a line; what is null is left out.
fn said(data: &Map<String, Value>) -> String {
    let said = data.iter().filter(|(_, value)| !value.is_null());
    let said = said.map(|(name, value)| format!("{name}={}", shown(Some(value))));
    said.collect::<Vec<_>>().join(" ")
}

/// A value as a person reads it. A text from outside cannot move the cursor: what is no plain
/// character is escaped.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "–".to_owned(),
        Some(Value::String(text)) => text.chars().flat_map(plain).collect(),
        Some(value) => value.to_string(),
    }
}

fn plain(c: char) -> Vec<char> {
    match c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    {
        true => c.escape_unicode().collect(),
        false => vec![c],
    }
}

/// What became of an effect, as a person reads it.
fn fate(entry: &Entry) -> String {
    match entry {
        Entry::Owed => "owed".to_owned(),
        Entry::Done { at, receipt: None } => format!("done {at}"),
        Entry::Done {
            at,
            receipt: Some(receipt),
        } => format!("done {at}, {receipt}"),
        Entry::Deferred {
            due,
            attempts: 0,
            fault,
            since: _,
        } => format!("waits until {due}: {fault}"),
        Entry::Deferred {
            due,
            attempts,
            fault,
            since: _,
        } => format!("waits until {due}: {fault}, tried {attempts} times"),
        Entry::Failed {
            at,
            fault,
            last_error,
        } => {
            let last = last_error.as_ref().map(|last| format!(", last {last}"));
            format!("given up {at}: {fault}{}", last.unwrap_or_default())
        }
        Entry::Anothers { commit } => format!("another event's: {commit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_from_outside_moves_no_cursor() {
        let text = Value::String("a\u{1b}[2J\nb\u{202e}c".to_owned());
        assert_eq!(shown(Some(&text)), "a\\u{1b}[2J\\u{a}b\\u{202e}c");
    }

    #[test]
    fn a_personal_value_is_hidden_unless_it_is_to_be_revealed() {
        let change = |field: &str| Change {
            field: field.to_owned(),
            before: None,
            after: Some(json!("canary")),
        };
        let after = |field, reveal| Changed::of(&change(field), reveal).after;
        assert_eq!(after("email", false), Some(json!("[personal]")));
        assert_eq!(after("email", true), Some(json!("canary")));
        assert_eq!(after("role", false), Some(json!("canary")));
        assert_eq!(Changed::of(&change("email"), false).before, None);
    }
}
