use super::{Marks, Profile, User};
use crate::commit::EffectKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use usher_events::{EventId, Sub};

/// A user item as it is stored, whatever became of it: what no program of ours wrote is not lost in
/// the reading, and what cannot be read is there all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredUser {
    /// Whose it is.
    pub sub: Sub,
    /// Its version; `None` if it is no number.
    pub version: Option<u64>,
    /// Its claims; `None` if they cannot be read.
    pub claims: Option<BTreeMap<EffectKind, EventId>>,
    /// Everything else: the folded part.
    pub folded: Value,
}

impl StoredUser {
    /// The folded part of a user's item.
    pub fn folded(user: &User) -> Value {
        let (profile, marks) = user.to_parts();
        json!({ "profile": profile, "marks": marks })
    }

    /// The user that it tells of, if it can be read.
    pub fn user(&self) -> Option<User> {
        let part = |name| self.folded.get(name).cloned().unwrap_or_default();
        let profile: Profile = serde_json::from_value(part("profile")).ok()?;
        let marks: Marks = serde_json::from_value(part("marks")).ok()?;
        User::from_parts(profile, marks).ok()
    }
}
