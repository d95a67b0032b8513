//! Changing letters: by a JSON Patch, or one of them as a whole. What was changed is recorded in the log
//! before it is sent. Pure, but for reading the file.

use super::letter::Letter;
use anyhow::{Context, bail};
use json_patch::Patch;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::Path;
use usher_events::{
    EditedText, Envelope, Fact, LetterEdited, LifecycleEvent, OperatorEvent, Personal, Subject,
    Time, identity,
};
use usher_shared::commit::{Commit, Ledger, Recorded};
use usher_shared::digest::sha_256;

/// The most bytes of a letter before and after that one record holds, sealed; an item of the table has
/// 400 KB.
const LARGEST: usize = 300_000;

/// What is to be done to a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Edit {
    /// A JSON Patch (RFC 6902), on each letter that is chosen.
    Patch(Patch),
    /// Another text, for one letter.
    Text(String),
}

/// A letter, changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The text that is sent.
    pub after: String,
    /// The places that were changed, as JSON Pointers.
    pub changed: Vec<String>,
}

/// Why a letter is not changed. Quotes nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEdited {
    /// It is not JSON, which a patch needs.
    NotJson,
    /// An operation of the patch does not fit it: a place is missing, or a `test` does not hold.
    DoesNotFit,
    /// It is as the edit would make it already.
    NothingChanged,
    /// It is too large to be recorded before and after.
    TooLarge,
    /// It would be no event that can be read.
    NoEvent,
    /// It would be about another user, with whose key it must not be sealed.
    AnotherUser,
    /// The log has its event already, as it was before the edit or after another.
    Recorded,
}

impl NotEdited {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "edit_needs_json",
            Self::DoesNotFit => "edit_does_not_fit",
            Self::NothingChanged => "edit_changes_nothing",
            Self::TooLarge => "too_large_to_record",
            Self::NoEvent => "edit_makes_no_event",
            Self::AnotherUser => "edit_changes_user",
            Self::Recorded => "recorded_already",
        }
    }
}

impl Edit {
    /// Reads a JSON Patch from a file.
    pub fn read_patch(file: &Path) -> anyhow::Result<Self> {
        let shown = file.display();
        let text = fs::read(file).with_context(|| format!("{shown} cannot be read"))?;
        let patch: Patch = serde_json::from_slice(&text).with_context(|| {
            format!(
                "{shown} is no JSON Patch (RFC 6902), such as \
                 [{{\"op\":\"replace\",\"path\":\"/data/client\",\"value\":\"web\"}}]"
            )
        })?;
        if patch.is_empty() {
            bail!("{shown} changes nothing; a JSON Patch has operations");
        }
        Ok(Self::Patch(patch))
    }

    /// Reads another text for one letter from a file.
    pub fn read_text(file: &Path) -> anyhow::Result<Self> {
        let shown = file.display();
        let text = fs::read_to_string(file);
        let text = text.with_context(|| format!("{shown} cannot be read as text"))?;
        Ok(Self::Text(text.trim_end().to_owned()))
    }

    /// The letter as it is to be.
    pub fn apply(&self, before: &str) -> Result<Edited, NotEdited> {
        let edited = match self {
            Self::Text(text) if text == before => return Err(NotEdited::NothingChanged),
            Self::Text(text) => Edited {
                after: text.clone(),
                changed: vec![String::new()],
            },
            Self::Patch(patch) => {
                let mut json: Value =
                    serde_json::from_str(before).map_err(|_not_json| NotEdited::NotJson)?;
                let was = json.clone();
                json_patch::patch(&mut json, patch).map_err(|_error| NotEdited::DoesNotFit)?;
                if json == was {
                    return Err(NotEdited::NothingChanged);
                }
                let difference = json_patch::diff(&was, &json);
                let places = difference.iter().map(|op| op.path().to_string());
                Edited {
                    after: json.to_string(),
                    changed: places.collect(),
                }
            }
        };
        // As it is written into the record.
        let bytes = serde_json::to_string(&(before, &edited.after, &edited.changed))
            .map_or(usize::MAX, |text| text.len());
        if bytes > LARGEST {
            return Err(NotEdited::TooLarge);
        }
        Ok(edited)
    }
}

/// The record of a change, in the stream of whom the letter is about as it was sent. A repeat is the
/// same record. It owes nothing, not even its publication: what a letter said is nobody else's.
///
/// `sent` is the text that was sent.
///
/// Errors: the letter is about another user than it was.
pub fn record(
    letter: &Letter,
    edited: &Edited,
    event: &Envelope<LifecycleEvent>,
    sent: &str,
    now: Time,
) -> Result<Commit, NotEdited> {
    let was = letter.about.subject.as_ref().and_then(Subject::sub);
    let is = event.subject.sub();
    if was.is_some() && was != is {
        return Err(NotEdited::AnotherUser);
    }
    let mut said = LetterEdited {
        letter: letter.id.clone(),
        before_sha256: letter.sha_256(),
        after_sha256: sha_256(sent),
        changed: edited.changed.clone(),
        person: None,
    };
    let name = serde_json::to_string(&said).expect("its texts are always JSON");
    said.person = is.map(|_sub| EditedText {
        before: Personal::new(letter.body.clone()),
        after: Personal::new(sent),
    });
    let said = OperatorEvent::from(said);
    Ok(Commit {
        envelope: Envelope {
            id: identity::decided(event.id, said.name(), &name),
            source: event.source.clone(),
            subject: event.subject.clone(),
            time: now,
            correlation_id: None,
            causation_id: Some(event.id),
            event: Recorded::Operator(said),
        },
        decided: Vec::new(),
        ledger: Ledger::default(),
        lease: None,
        recorded_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patch(operations: Value) -> Edit {
        Edit::Patch(serde_json::from_value(operations).unwrap())
    }

    #[test]
    fn a_patch_changes_what_it_names_and_says_where() {
        let edit = patch(json!([
            { "op": "test", "path": "/data/client", "value": "old" },
            { "op": "replace", "path": "/data/client", "value": "new" },
            { "op": "remove", "path": "/data/extra" },
        ]));
        let edited = edit.apply(r#"{"id":"x","data":{"client":"old","extra":1}}"#);
        let edited = edited.unwrap();
        assert_eq!(edited.after, r#"{"id":"x","data":{"client":"new"}}"#);
        let mut changed = edited.changed;
        changed.sort();
        assert_eq!(changed, ["/data/client", "/data/extra"]);
    }

    #[test]
    fn a_letter_that_the_edit_does_not_fit_stays_as_it_is() {
        let edit = patch(json!([{ "op": "replace", "path": "/a", "value": 1 }]));
        for (before, why) in [
            ("not json", NotEdited::NotJson),
            (r#"{"b":1}"#, NotEdited::DoesNotFit),
            (r#"{"a":1}"#, NotEdited::NothingChanged),
        ] {
            assert_eq!(edit.apply(before), Err(why), "{before}");
        }
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(LARGEST));
        assert_eq!(edit.apply(&large), Err(NotEdited::TooLarge));
        let text = Edit::Text("same".to_owned());
        assert_eq!(text.apply("same"), Err(NotEdited::NothingChanged));
        assert_eq!(text.apply("other").unwrap().after, "same");
    }

    #[test]
    fn an_edit_reads_back_from_a_plan() {
        let edit = patch(json!([{ "op": "remove", "path": "/a" }]));
        for edit in [edit, Edit::Text("[not a patch".to_owned())] {
            let text = serde_json::to_string(&edit).unwrap();
            assert_eq!(serde_json::from_str::<Edit>(&text).unwrap(), edit);
        }
    }
}
