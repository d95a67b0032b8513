//! Users, their keys and their preferences.

use super::OURS;
use super::log::Commits;
use super::table::{Kept, follows};
use crate::commit::EffectKind;
use crate::port::{Loaded, Written};
use crate::preferences::Preferences;
use crate::seal::UserKey;
use crate::user::{Marks, Profile, StoredUser, User, UserItem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use usher_events::{EventId, Sub, Subject};

/// What an item's keys and attribute names take beside its values, in bytes.
const NAMES: usize = 60;

/// All that is kept of one subject.
#[derive(Default)]
pub(super) struct Holder {
    pub(super) commits: Commits,
    user: Option<KeptUser>,
    key: Option<UserKey>,
    preferences: Option<Arc<[u8]>>,
}

/// A user item, as JSON.
struct KeptUser {
    version: u64,
    text: Box<[u8]>,
}

/// What a user item says.
#[derive(Serialize, Deserialize)]
struct Said<'a> {
    claims: Cow<'a, BTreeMap<EffectKind, EventId>>,
    profile: Profile,
    marks: Marks,
}

impl Holder {
    pub(super) fn key(&self) -> Option<&UserKey> {
        self.key.as_ref()
    }

    /// The user item with nothing of it left out.
    pub(super) fn stored(&self, sub: &Sub) -> Option<StoredUser> {
        let kept = self.user.as_ref()?;
        let said: Said<'_> = serde_json::from_slice(&kept.text).expect(OURS);
        Some(StoredUser {
            sub: sub.clone(),
            version: Some(kept.version),
            claims: Some(said.claims.into_owned()),
            folded: json!({ "profile": said.profile, "marks": said.marks }),
        })
    }
}

impl Kept {
    /// What is kept of a subject, made if there is nothing, and the name that it is kept under.
    pub(super) fn holder(&mut self, subject: &Subject) -> (Arc<Subject>, &mut Holder) {
        let name = match self.holders.get_key_value(subject) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::new(subject.clone()),
        };
        let holder = self.holders.entry(Arc::clone(&name)).or_default();
        (name, holder)
    }

    fn of(&self, sub: &Sub) -> Option<&Holder> {
        self.holders.get(&Subject::User(sub.clone()))
    }

    pub(super) fn forget(&mut self, subject: &Subject) {
        let Some((name, holder)) = self.holders.remove_entry(subject) else {
            return;
        };
        for (id, due) in holder.commits.due() {
            self.set_due((&name, id), Some(due), None);
        }
    }

    pub(super) fn user(&self, sub: &Sub) -> Option<UserItem> {
        self.of(sub)?.user.as_ref().map(|user| user.read(sub))
    }

    pub(super) fn load(&self, sub: &Sub) -> Loaded {
        let Some(holder) = self.of(sub) else {
            return Loaded::default();
        };
        Loaded {
            user: holder.user.as_ref().map(|user| user.read(sub)),
            key: holder.key.clone(),
        }
    }

    pub(super) fn ensure_key(&mut self, sub: &Sub, fresh: &UserKey) -> UserKey {
        self.units.write(0);
        let (_, holder) = self.holder(&Subject::User(sub.clone()));
        holder.key.get_or_insert_with(|| fresh.clone()).clone()
    }

    pub(super) fn write_user(&mut self, item: &UserItem) -> Written {
        let (_, holder) = self.holder(&Subject::User(item.sub.clone()));
        let stored = holder.user.as_ref().map(|user| user.version);
        let before = holder.user.as_ref().map_or(0, |user| user.text.len());
        if !follows(stored, item.version) {
            self.units.write(NAMES + before);
            return Written::Overtaken;
        }
        let user = KeptUser::of(item);
        let bytes = NAMES + user.text.len().max(before);
        holder.user = Some(user);
        self.units.write(bytes);
        Written::Now
    }

    pub(super) fn ensure_preferences(&mut self, sub: &Sub, initial: &Preferences) {
        let text = serde_json::to_vec(initial).expect("settings are always JSON");
        let made = self.alike.keep(text);
        let (_, holder) = self.holder(&Subject::User(sub.clone()));
        let bytes = holder.preferences.get_or_insert(made).len();
        self.units.write(NAMES + bytes);
    }

    pub(super) fn preferences(&self, sub: &Sub) -> Option<Preferences> {
        let text = self.of(sub)?.preferences.as_ref()?;
        Some(serde_json::from_slice(text).expect(OURS))
    }
}

impl KeptUser {
    fn of(item: &UserItem) -> Self {
        let (profile, marks) = item.user.to_parts();
        let said = Said {
            claims: Cow::Borrowed(&item.claims),
            profile,
            marks,
        };
        let text = serde_json::to_vec(&said).expect("a user is always JSON");
        Self {
            version: item.version,
            text: text.into(),
        }
    }

    fn read(&self, sub: &Sub) -> UserItem {
        let said: Said<'_> = serde_json::from_slice(&self.text).expect(OURS);
        UserItem {
            sub: sub.clone(),
            user: User::from_parts(said.profile, said.marks).expect(OURS),
            claims: said.claims.into_owned(),
            version: self.version,
        }
    }
}
