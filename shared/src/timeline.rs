//! A user's story, from the log alone: what arrived, in that order, and what each of it changed.
//!
//! Pure. What stands last in it is what the fold gives, and what stands at any instant is what the
//! fold would have given then: both are the same fold, stopped earlier.

use crate::commit::Commit;
use crate::user::{Profile, User};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use usher_events::Time;

/// The fields of a [`Profile`] that say who somebody is.
const PERSONAL: [&str; 5] = [
    "email",
    "firstName",
    "lastName",
    "phoneNumber",
    "department",
];

/// One commit, and what it did to the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'a> {
    /// What arrived.
    pub commit: &'a Commit,
    /// The user after it.
    pub user: User,
    /// What it changed of what applications read, in the order of the fields' names. Nothing, where
    /// a later event or a stronger source has the last word already.
    pub changes: Vec<Change>,
}

/// One field of a [`Profile`], before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field, by the name that applications know.
    pub field: String,
    /// What it was; `None` where there was nothing.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
}

impl Change {
    /// Whether its values say who somebody is, and are shown only on request.
    pub fn is_personal(&self) -> bool {
        PERSONAL.contains(&self.field.as_str())
    }
}

/// What of a user the table keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// All of it.
    Profiles,
    /// What the user may do, and nothing of who the user is: `profile.create` is off.
    Rights,
}

impl Keeps {
    fn of(self, user: User) -> User {
        match self {
            Self::Profiles => user,
            Self::Rights => user.rights(),
        }
    }
}

/// Tells a stream in the order in which it arrived; what arrived within one millisecond, by id. One
/// step at a time: each holds the whole user.
pub fn tell(commits: &[Commit], keeps: Keeps) -> impl Iterator<Item = Step<'_>> {
    let mut arrived: Vec<&Commit> = commits.iter().collect();
    arrived.sort_by_key(|commit| (commit.recorded_at, commit.envelope.id));
    arrived
        .into_iter()
        .scan(User::default(), move |user, commit| {
            let before = user.clone();
            *user = before.clone().join(keeps.of(User::of(commit)));
            Some(Step {
                commit,
                user: user.clone(),
                changes: changes(&before, user),
            })
        })
}

/// The user as what had arrived by an instant tells, that instant included.
pub fn as_of(commits: &[Commit], at: Time, keeps: Keeps) -> User {
    let arrived = commits.iter().filter(|commit| commit.recorded_at <= at);
    arrived.fold(User::default(), |user, commit| {
        user.join(keeps.of(User::of(commit)))
    })
}

/// What of the profile differs.
fn changes(before: &User, after: &User) -> Vec<Change> {
    let (mut before, mut after) = (fields(before), fields(after));
    let names: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    let change = |field: String| {
        let (before, after) = (before.remove(&field), after.remove(&field));
        (before != after).then_some(Change {
            field,
            before,
            after,
        })
    };
    names.into_iter().filter_map(change).collect()
}

/// Nobody has a profile before anything is known of them.
fn fields(user: &User) -> Map<String, Value> {
    if *user == User::default() {
        return Map::new();
    }
    match serde_json::to_value(Profile::of(user)) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => unreachable!("a profile is a struct of texts, flags and instants"),
    }
}

#[cfg(test)]
mod tests;
