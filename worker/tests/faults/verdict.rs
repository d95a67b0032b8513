//! What must hold when everything is done, read from log, table, queues, bus and mail service.

use crate::history::History;
use crate::place::Place;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use usher_events::{EventId, Fact, LifecycleEvent, Subject, identity};
use usher_shared::commit::{Commit, Entry};
use usher_shared::port::Store;
use usher_shared::seal;
use usher_shared::user::User;

/// Nothing is lost and nothing is there twice: log, users, settings, ledgers, bus and queues.
pub async fn nothing_lost_and_nothing_twice(place: &Place, history: &History) {
    let streams = streams(place, history).await;
    let items = items(place).await;
    let recorded = items.keys().filter(|(_, sk)| sk.starts_with("E#")).count();
    assert_eq!(recorded, history.facts.len(), "commits in the whole table");
    for (subject, commits) in &streams {
        let Some(sub) = subject.sub() else {
            continue;
        };
        let stored = &items[&(format!("U#{sub}"), "USER".to_owned())];
        same_fold(place, sub, commits, stored).await;
        let announced = commits.iter().any(is_confirmation);
        let settings = items.contains_key(&(format!("U#{sub}"), "PREFS".to_owned()));
        assert_eq!(settings, announced, "settings of a user");
    }
    let commits: Vec<&Commit> = streams.values().flatten().collect();
    for commit in &commits {
        for (kind, entry) in commit.ledger.entries() {
            let done = matches!(entry, Entry::Done { .. });
            assert!(
                done,
                "{} of {}: {entry:?}",
                kind.as_str(),
                commit.envelope.id
            );
        }
    }
    let said: BTreeSet<String> = commits.iter().flat_map(|commit| said(commit)).collect();
    assert_eq!(place.carried().await, said, "what the bus carried");
    assert_eq!(place.backlog().await, (0, 0), "messages that are left");
    assert_eq!(place.dead().await, 0, "messages that were set aside");
    let forever = "9999-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(place.due(forever).await, [], "still due");
}

/// Each mail that is owed was accepted once, and the log names it by the mail service's own id. A mail
/// that no log names is one to which the answer was lost: nobody knows that it went out, so that it goes
/// out once more after a while, and that is the one window there is. `lost` is how many answers were.
pub async fn each_mail_was_sent_once(place: &Place, history: &History, prefix: &str, lost: u64) {
    let mut accepted = place.mails(prefix).await;
    let mut owing = BTreeMap::new();
    for commit in streams(place, history).await.values().flatten() {
        let once = commit.ledger.entries().filter(|(kind, _)| kind.is_once());
        for (kind, entry) in once {
            let Entry::Done { receipt, .. } = entry else {
                panic!("{} is not performed: {entry:?}", kind.as_str());
            };
            let to = accepted.remove(receipt.as_ref().unwrap());
            let to = to.expect("the log names mails that were accepted, and each one time");
            owing.insert(commit.envelope.id, to);
        }
    }
    assert_eq!(
        owing, history.owing,
        "which events brought a mail, and to whom"
    );
    let unheard = accepted.len() as u64;
    assert!(
        unheard <= lost,
        "{lost} answers were lost, and sent again were {accepted:?}"
    );
    println!(
        "{} mails were owed, {unheard} were sent again for {lost} lost answers",
        owing.len()
    );
}

/// Every stream, opened, and in each of them the facts about its subject and nothing else.
async fn streams(place: &Place, history: &History) -> BTreeMap<Subject, Vec<Commit>> {
    let mut streams = BTreeMap::new();
    for (subject, facts) in history.subjects() {
        let key = match subject.sub() {
            Some(sub) => place.table.load(sub).await.unwrap().key,
            None => None,
        };
        let sealed = place.table.stream(&subject).await.unwrap();
        let opened = sealed.iter().map(|sealed| seal::open(sealed, key.as_ref()));
        let commits: Vec<Commit> = opened.collect::<Result<_, _>>().unwrap();
        let ids: Vec<EventId> = commits.iter().map(|commit| commit.envelope.id).collect();
        assert_eq!(ids, Vec::from_iter(facts), "the log of {subject}");
        streams.insert(subject, commits);
    }
    streams
}

type Item = HashMap<String, AttributeValue>;

/// Every item of the table, as it is stored, by its keys.
async fn items(place: &Place) -> BTreeMap<(String, String), Item> {
    let scan = place.dynamodb().scan().table_name(place.table.name());
    let pages = scan.consistent_read(true).into_paginator().items().send();
    let items: Vec<Item> = pages.collect::<Result<_, _>>().await.unwrap();
    let key = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
    let keyed = items
        .into_iter()
        .map(|item| ((key(&item, "PK"), key(&item, "SK")), item));
    keyed.collect()
}

/// The folded part of a user item is, byte for byte, what a fold of the log would write.
async fn same_fold(place: &Place, sub: &usher_events::Sub, commits: &[Commit], stored: &Item) {
    let again = User::fold(commits);
    let item = place.table.load(sub).await.unwrap().user.unwrap();
    assert_eq!(again, item.user, "the log of {sub} says something else");
    let (profile, marks) = again.to_parts();
    for (name, folded) in [
        ("profile", serde_json::to_value(profile).unwrap()),
        ("marks", serde_json::to_value(marks).unwrap()),
    ] {
        let value = plain(&stored[name]);
        assert_eq!(value, folded, "{name} of {sub}, as it is stored");
    }
}

/// A stored value as JSON.
fn plain(value: &AttributeValue) -> serde_json::Value {
    match value {
        AttributeValue::S(text) => text.as_str().into(),
        AttributeValue::N(number) => serde_json::from_str(number).unwrap(),
        AttributeValue::Bool(flag) => (*flag).into(),
        AttributeValue::Null(_) => serde_json::Value::Null,
        AttributeValue::L(values) => values.iter().map(plain).collect(),
        AttributeValue::M(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect(),
        other => panic!("no user item holds {other:?}"),
    }
}

fn is_confirmation(commit: &Commit) -> bool {
    use usher_shared::commit::Recorded;
    matches!(
        &commit.envelope.event,
        Recorded::Lifecycle(LifecycleEvent::SignUpConfirmed(_))
    )
}

/// The ids under which the bus is told of a commit.
fn said(commit: &Commit) -> Vec<String> {
    let id = commit.envelope.id;
    let decided = commit.decided.iter();
    let decided =
        decided.map(|event| identity::decided(id, event.name(), &event.to_data().to_string()));
    std::iter::once(id)
        .chain(decided)
        .map(|id| id.to_string())
        .collect()
}
