use super::difference::{self, Field};
use super::fold::Fold;
use crate::commit::EffectKind;
use crate::user::{StoredUser, User, UserItem};
use std::collections::BTreeMap;
use usher_events::{EventId, Sub};

/// Why a once-effect is given up whose claim was lost with the user item: nobody knows whether it was
/// performed.
pub const USER_ITEM_LOST: &str = "user_item_lost";

/// What came of comparing a user item with the log.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is what the log says.
    Equal,
    /// A worker is about to make it so: ask again in a while.
    InFlight,
    /// It is not.
    Differs(Box<Difference>),
}

/// How an item is not what the log says.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// In which way.
    pub kind: Kind,
    /// Where, in order; empty if there is nothing to compare.
    pub fields: Vec<Field>,
    /// Commits that cannot be read, by name.
    pub unreadable: Vec<String>,
    /// What would mend it; `None` where nothing may be written, and [`Kind`] says why.
    pub mended: Option<Mended>,
}

/// In which way an item is not what the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It says something else.
    Differs,
    /// There is none.
    Missing,
    /// The log has nothing of the user. It is left alone: it may be all that is left of them.
    NoLog,
    /// A commit cannot be read. The item is left alone: folded without that commit, it would forget
    /// what it may have held.
    Unreadable,
    /// Its version is no number, so no write of it can be told from a worker's.
    NoVersion,
}

impl Kind {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::Missing => "missing",
            Self::NoLog => "no_log",
            Self::Unreadable => "unreadable",
            Self::NoVersion => "no_version",
        }
    }
}

/// What an item has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// The item, with the claims that it had, under the version after its own.
    pub item: UserItem,
    /// Once-effects that the commits with their claims still owe. Nobody knows whether they were
    /// under way when the item was lost, so they are given up before it is written.
    pub given_up: Vec<(EffectKind, EventId)>,
}

/// Compares a user item with its stream. The item must have been read before the stream was, so that
/// the stream holds whatever the item does.
pub fn judge(fold: &Fold<'_>, sub: &Sub, stored: Option<&StoredUser>) -> Verdict {
    let nothing = Vec::new;
    match stored {
        _ if !fold.unreadable.is_empty() => differs(fold, Kind::Unreadable, nothing(), None),
        None if fold.user == User::default() && fold.claims.is_empty() => Verdict::Equal,
        None if fold.awaited || is_new(fold) => Verdict::InFlight,
        None => {
            let (claims, given_up) = claims_of_a_lost_item(fold);
            let item = UserItem {
                sub: sub.clone(),
                user: fold.user.clone(),
                claims,
                version: 1,
            };
            let mended = Mended { item, given_up };
            differs(fold, Kind::Missing, nothing(), Some(mended))
        }
        Some(stored) => judge_stored(fold, stored),
    }
}

/// Whether all that the log says may be in a worker's hand.
fn is_new(fold: &Fold<'_>) -> bool {
    fold.settled == User::default() && fold.user != User::default()
}

fn judge_stored(fold: &Fold<'_>, stored: &StoredUser) -> Verdict {
    let mut fields = difference::between(&stored.folded, &StoredUser::folded(&fold.user));
    let claims = stored.claims.clone().unwrap_or_default();
    let lost = |(kind, _): &(&EffectKind, _)| !claims.contains_key(kind);
    fields.extend(fold.claims.iter().filter(lost).map(|(kind, id)| Field {
        path: format!("claims.{}", kind.as_str()),
        stored: None,
        folded: Some(id.to_string().into()),
    }));
    if stored.claims.is_none() {
        fields.push(Field {
            path: "claims".to_owned(),
            stored: None,
            folded: None,
        });
    }
    if fields.is_empty() {
        return Verdict::Equal;
    }
    if fold.commits == 0 {
        return differs(fold, Kind::NoLog, fields, None);
    }
    if is_in_flight(fold, stored) {
        return Verdict::InFlight;
    }
    let Some(version) = stored.version else {
        return differs(fold, Kind::NoVersion, fields, None);
    };
    let mut carried = fold.claims.clone();
    carried.extend(claims);
    let item = UserItem {
        sub: stored.sub.clone(),
        user: fold.user.clone(),
        claims: carried,
        version: version + 1,
    };
    let given_up = Vec::new();
    differs(fold, Kind::Differs, fields, Some(Mended { item, given_up }))
}

fn differs(fold: &Fold<'_>, kind: Kind, fields: Vec<Field>, mended: Option<Mended>) -> Verdict {
    Verdict::Differs(Box::new(Difference {
        kind,
        fields,
        unreadable: fold.unreadable.clone(),
        mended,
    }))
}

/// Whether the item holds all that must be in it by now and nothing that the log does not hold, so
/// that only commits are lacking which a worker may have in hand.
fn is_in_flight(fold: &Fold<'_>, stored: &StoredUser) -> bool {
    let Some(user) = stored.user() else {
        return false;
    };
    let is_whole = stored.folded == StoredUser::folded(&user);
    let holds_enough = user.clone().join(fold.settled.clone()) == user;
    let holds_no_more = fold.user.clone().join(user) == fold.user;
    let claims = stored.claims.as_ref();
    let has_claims = claims.is_some_and(|claims| {
        let mut known = fold.claims.keys();
        known.all(|kind| claims.contains_key(kind))
    });
    is_whole && holds_enough && holds_no_more && has_claims
}

/// The claims of an item that is gone, as ledgers tell, so that no effect is performed by a second
/// commit. Where the commit that has a claim still owes the effect, or nobody has the claim, it goes
/// to one that gives it up.
fn claims_of_a_lost_item(
    fold: &Fold<'_>,
) -> (BTreeMap<EffectKind, EventId>, Vec<(EffectKind, EventId)>) {
    let mut claims = fold.claims.clone();
    let mut given_up = Vec::new();
    for (kind, owing) in &fold.open {
        let first = owing.first().copied();
        let Some(holder) = claims.get(kind).copied().or(first) else {
            continue;
        };
        claims.insert(*kind, holder);
        if owing.contains(&holder) {
            given_up.push((*kind, holder));
        }
    }
    (claims, given_up)
}
