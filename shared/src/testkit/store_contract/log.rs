//! Promises about the log.

use super::{Stored, at, commit, crowd, id, sign_up, sub, user, with_data};
use crate::commit::{EffectKind, Lease, Ledger};
use crate::port::Appended;
use crate::preferences::{Defaults, Preferences};
use crate::seal::{SealedCommit, StoredEvent, UserKey};
use crate::user::UserItem;
use serde_json::json;
use usher_events::{Envelope, Person, Subject};

/// Everything that a commit can hold comes back, whatever its names and values.
pub async fn a_commit_is_read_back_as_it_was_appended(store: impl Stored) {
    let odd = with_data(
        commit(&user(), 1),
        json!({
            "name": "reserved", "status": "reserved", "data": "reserved", "user": "reserved",
            "size": 9_007_199_254_740_993_i64, "count": -1, "half": 0.5, "none": null, "yes": true,
            "text": "", "ünïcödé ☃": "Zoë 🙂\u{0}\n", "list": [1, "a", [], {}], "a.b": { "#c": ":d" },
        }),
    );
    let odd = SealedCommit {
        envelope: Envelope {
            causation_id: Some(id(7)),
            ..odd.envelope
        },
        lease: Some(Lease {
            owner: "w".to_owned(),
            until: at(30),
        }),
        ..odd
    };
    assert_eq!(store.append(&odd).await, Ok(Appended::Now));
    assert_eq!(store.commit(&user(), id(1)).await, Ok(Some(odd)));
}

/// So does one with nothing in it.
pub async fn an_operators_commit_is_read_back_as_it_was_appended(store: impl Stored) {
    let bare = commit(&user(), 1);
    let event = StoredEvent {
        name: "user_reinstated".to_owned(),
        version: 1,
        data: json!({}),
    };
    let bare = SealedCommit {
        envelope: Envelope {
            correlation_id: None,
            ..bare.envelope
        }
        .map(|_| event),
        sealed_person: None,
        decided: Vec::new(),
        ledger: Ledger::default(),
        lease: None,
        recorded_at: at(2),
    };
    store.append(&bare).await.unwrap();
    assert_eq!(store.commit(&user(), id(1)).await, Ok(Some(bare)));
}

/// Nothing there is an answer.
pub async fn a_commit_that_was_never_appended_is_none(store: impl Stored) {
    store.append(&commit(&user(), 1)).await.unwrap();
    assert_eq!(store.commit(&user(), id(2)).await, Ok(None));
    assert_eq!(store.commit(&sign_up(), id(1)).await, Ok(None));
}

/// The second neither replaces the first nor is an error.
pub async fn of_two_commits_with_one_id_the_first_is_the_fact(store: impl Stored) {
    let first = commit(&user(), 1);
    let second = SealedCommit {
        recorded_at: at(99),
        ledger: Ledger::default(),
        ..first.clone()
    };
    assert_eq!(store.append(&first).await, Ok(Appended::Now));
    assert_eq!(store.append(&second).await, Ok(Appended::AlreadyThere));
    assert_eq!(store.append(&first).await, Ok(Appended::AlreadyThere));
    assert_eq!(store.commit(&user(), id(1)).await, Ok(Some(first)));
}

/// Whoever is told that it is the fact finds it in the log.
pub async fn of_twenty_appends_at_once_one_is_now(store: impl Stored) {
    let outcomes = crowd(|number| {
        let (store, mine) = (store.clone(), number_of(number));
        async move { (store.append(&mine).await.unwrap(), mine) }
    });
    let outcomes = outcomes.await;
    let mut now = outcomes
        .into_iter()
        .filter(|(appended, _)| *appended == Appended::Now);
    let (_, winner) = now.next().expect("one of them is the fact");
    assert!(now.next().is_none(), "two were told that they are the fact");
    assert_eq!(store.commit(&user(), id(1)).await, Ok(Some(winner)));
}

fn number_of(number: usize) -> SealedCommit {
    let recorded_at = at(i64::try_from(number).unwrap());
    SealedCommit {
        recorded_at,
        ..commit(&user(), 1)
    }
}

/// An id names a fact within its stream.
pub async fn one_id_in_two_streams_is_two_commits(store: impl Stored) {
    for subject in [user(), sign_up(), Subject::User(sub("other"))] {
        assert_eq!(
            store.append(&commit(&subject, 1)).await,
            Ok(Appended::Now),
            "{subject}"
        );
        assert_eq!(store.stream(&subject).await.unwrap().len(), 1, "{subject}");
    }
}

/// Order is that of ids, however they were appended.
pub async fn a_stream_is_whole_and_in_order_of_id(store: impl Stored) {
    for number in [3, 1, 2] {
        store.append(&commit(&user(), number)).await.unwrap();
    }
    let stream = store.stream(&user()).await.unwrap();
    assert_eq!(stream, [1, 2, 3].map(|number| commit(&user(), number)));
}

/// A page of DynamoDB's ends at a megabyte; a stream does not.
pub async fn a_stream_longer_than_a_page_is_whole(store: impl Stored) {
    for number in 0..6 {
        store.append(&large(number)).await.unwrap();
    }
    let stream = store.stream(&user()).await.unwrap();
    assert_eq!(stream.len(), 6);
    assert!(
        stream
            .iter()
            .zip(0..)
            .all(|(commit, number)| *commit == large(number))
    );
}

fn large(number: u128) -> SealedCommit {
    with_data(
        commit(&user(), number),
        json!({ "text": "é".repeat(150_000) }),
    )
}

/// The user's other items stand beside the commits and are none.
pub async fn a_stream_holds_nothing_but_commits(store: impl Stored) {
    let sub = user().sub().unwrap().clone();
    store
        .ensure_key(&sub, &UserKey::new([1; 32]))
        .await
        .unwrap();
    store
        .write_user(&UserItem {
            version: 1,
            ..UserItem::new(sub.clone())
        })
        .await
        .unwrap();
    let settings = Preferences::initial(&Defaults::default(), &Person::default(), at(0));
    store.ensure_preferences(&sub, &settings).await.unwrap();
    store.append(&commit(&user(), 1)).await.unwrap();
    assert_eq!(store.stream(&user()).await, Ok(vec![commit(&user(), 1)]));
}

/// Nobody has no facts, which is no failure.
pub async fn a_stream_of_nobody_is_empty(store: impl Stored) {
    assert_eq!(store.stream(&user()).await, Ok(Vec::new()));
}

/// DynamoDB's limit for an item is 400 KB; ours lies below it.
pub async fn a_large_commit_is_kept_whole(store: impl Stored) {
    let mut commit = large(1);
    commit.ledger = Ledger::owing([EffectKind::WelcomeMail, EffectKind::Publication]);
    store.append(&commit).await.unwrap();
    assert_eq!(store.commit(&user(), id(1)).await, Ok(Some(commit)));
}
