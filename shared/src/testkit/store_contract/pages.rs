//! Promises about reading the whole log, piece by piece.

use super::users::full;
use super::{Stored, at, commit, id, sign_up, sub, with_data};
use crate::port::{Found, Inspected, Log, Segment, What};
use crate::preferences::{Defaults, Preferences};
use crate::seal::UserKey;
use crate::user::{StoredUser, UserItem};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use usher_events::{EventId, Person, Sub, Subject};

/// How many users there are.
const USERS: u8 = 12;

/// Users with a few commits each, some with a key and an item; a sign-up; and what is no stream's.
async fn fill(store: &impl Stored) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for number in 0..USERS {
        let sub = user(number);
        let subject = Subject::User(sub.clone());
        for event in 0..u128::from(number % 4 + 1) {
            store.append(&commit(&subject, event)).await.unwrap();
            all.insert(name(&subject, &id(event).to_string()));
        }
        if number % 3 > 0 {
            let fresh = UserKey::new([number; 32]);
            store.ensure_key(&sub, &fresh).await.unwrap();
            all.insert(name(&subject, "key"));
        }
        let settings = Preferences::initial(&Defaults::default(), &Person::default(), at(0));
        store.ensure_preferences(&sub, &settings).await.unwrap();
        if number % 3 > 1 {
            let item = UserItem { sub, ..full(1) };
            store.write_user(&item).await.unwrap();
            all.insert(name(&subject, "user"));
        }
    }
    store.append(&commit(&sign_up(), 1)).await.unwrap();
    all.insert(name(&sign_up(), &id(1).to_string()));
    store.spill(id(9), "{}", at(0)).await.unwrap();
    all
}

fn user(number: u8) -> Sub {
    sub(&format!("user-{number}"))
}

fn name(subject: &Subject, what: &str) -> String {
    format!("{subject} {what}")
}

fn name_of(found: &Found) -> String {
    let what = match &found.what {
        What::Commit(commit) => commit.envelope.id.to_string(),
        What::Unreadable(name) => panic!("{name} is not readable"),
        What::Key(key) => {
            assert!(key.is_some(), "a key is not readable");
            "key".to_owned()
        }
        What::User(_) => "user".to_owned(),
    };
    name(&found.subject, &what)
}

/// All of a segment after a position, in pieces.
async fn rest(
    store: &impl Log,
    segment: Segment,
    after: Option<crate::port::Position>,
) -> Vec<Found> {
    let (mut all, mut next) = (Vec::new(), after);
    loop {
        let page = store.read_on(segment, next.as_ref(), 4).await.unwrap();
        assert!(page.read <= 4 && page.found.len() <= page.read as usize);
        all.extend(page.found);
        next = page.next;
        if next.is_none() {
            return all;
        }
    }
}

/// Nothing is left out and nothing is read twice, and a stream is all in one piece.
pub async fn the_whole_log_is_read_once_in_any_number_of_segments(store: impl Stored) {
    let all = fill(&store).await;
    for of in [1, 2, 5] {
        let mut read = Vec::new();
        for segment in Segment::all(of) {
            let found = rest(&store, segment, None).await;
            let mut subjects: Vec<&Subject> = found.iter().map(|found| &found.subject).collect();
            subjects.dedup();
            let distinct: BTreeSet<&Subject> = subjects.iter().copied().collect();
            assert_eq!(distinct.len(), subjects.len(), "a stream is torn apart");
            for pair in found
                .windows(2)
                .filter(|two| two[0].subject == two[1].subject)
            {
                assert!(order(&pair[0]) < order(&pair[1]), "{pair:?}");
            }
            read.extend(found.iter().map(name_of));
        }
        let distinct: BTreeSet<String> = read.iter().cloned().collect();
        assert_eq!(read.len(), distinct.len(), "something was read twice");
        assert_eq!(distinct, all, "in {of} segments");
    }
}

fn order(found: &Found) -> (u8, Option<EventId>) {
    match &found.what {
        What::Commit(commit) => (0, Some(commit.envelope.id)),
        What::Unreadable(_) => (0, None),
        What::Key(_) => (1, None),
        What::User(_) => (2, None),
    }
}

/// Whoever was interrupted goes on after whatever was done last.
pub async fn reading_goes_on_after_any_item(store: impl Stored) {
    fill(&store).await;
    for of in [1, 3] {
        for segment in Segment::all(of) {
            let all = rest(&store, segment, None).await;
            for (place, found) in all.iter().enumerate() {
                let left = rest(&store, segment, Some(found.at.clone())).await;
                assert_eq!(left, all[place + 1..], "after {found:?}");
            }
        }
    }
}

/// As it is everywhere else.
pub async fn what_is_read_is_what_was_written(store: impl Stored) {
    let item = UserItem {
        sub: user(1),
        ..full(1)
    };
    let (subject, key) = (Subject::User(user(1)), UserKey::new([7; 32]));
    store.append(&commit(&subject, 1)).await.unwrap();
    store.ensure_key(&user(1), &key).await.unwrap();
    store.write_user(&item).await.unwrap();
    let whole = Segment::all(1).next().unwrap();
    let found = rest(&store, whole, None).await;
    let what: Vec<What> = found.into_iter().map(|found| found.what).collect();
    let stored = StoredUser {
        sub: user(1),
        version: Some(1),
        claims: Some(item.claims.clone()),
        folded: StoredUser::folded(&item.user),
    };
    assert_eq!(stored.user(), Some(item.user));
    let expected = [
        What::Commit(Box::new(commit(&subject, 1))),
        What::Key(Some(key.clone())),
        What::User(Box::new(stored.clone())),
    ];
    assert_eq!(what, expected);
    let (user_item, key) = (Some(stored), Some(key));
    let inspected = Inspected {
        user: user_item,
        key,
    };
    assert_eq!(store.inspect(&user(1)).await, Ok(inspected));
}

/// Nothing there is an answer.
pub async fn of_nobody_there_is_nothing_to_read(store: impl Stored) {
    assert_eq!(store.inspect(&user(1)).await, Ok(Inspected::default()));
    let whole = Segment::all(1).next().unwrap();
    assert_eq!(rest(&store, whole, None).await, []);
    let page = store.read_stream(&Subject::User(user(1)), None, 3).await;
    let page = page.unwrap();
    assert!(page.commits.is_empty() && page.next.is_none());
}

/// However long it is, and whatever ends a piece of it.
pub async fn a_stream_is_read_piece_by_piece(store: impl Stored) {
    let subject = Subject::User(user(1));
    let large = |number| {
        let text = "é".repeat(100_000);
        with_data(commit(&subject, number), json!({ "text": text }))
    };
    for number in 0..9 {
        store.append(&large(number)).await.unwrap();
    }
    let fresh = UserKey::new([1; 32]);
    store.ensure_key(&user(1), &fresh).await.unwrap();
    for most in [1, 4, 100] {
        let (mut all, mut next) = (BTreeMap::new(), None);
        loop {
            let page = store.read_stream(&subject, next.as_ref(), most).await;
            let page = page.unwrap();
            assert!(page.commits.len() <= most as usize);
            for read in page.commits {
                let read = read.unwrap();
                let again = all.insert(read.envelope.id, read);
                assert!(again.is_none(), "a commit was read twice");
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        let all: Vec<_> = all.into_values().collect();
        assert!(all.into_iter().eq((0..9).map(large)), "{most} at a time");
    }
}
