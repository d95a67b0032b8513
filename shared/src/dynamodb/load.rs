//! Reading user items and keys, many users at once.

use super::Table;
use super::fault::{Item, fault};
use super::items::{BATCH, BATCH_GET};
use super::keys::{self, KEY, PK, SK, USER};
use super::users::{key, key_of, user_of};
use crate::disposition::FaultKind;
use crate::port::{Fault, Loaded};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use usher_events::Sub;

/// How many users one call reads: two items of each.
const USERS: usize = BATCH as usize / 2;

/// How many calls are under way at once. The largest batch that SQS gives is 200 of them.
const CALLS: usize = 8;

type Answers = BTreeMap<Sub, Result<Loaded, Fault>>;

impl Table {
    pub(super) async fn load_user(&self, sub: &Sub) -> Result<Loaded, Fault> {
        let mut answers = self.load_some(std::slice::from_ref(sub)).await;
        answers.remove(sub).unwrap_or(Err(unread()))
    }

    pub(super) async fn load_users(&self, subs: &[Sub]) -> Vec<Result<Loaded, Fault>> {
        // DynamoDB refuses to read one item twice in one call.
        let distinct: BTreeSet<&Sub> = subs.iter().collect();
        let distinct: Vec<Sub> = distinct.into_iter().cloned().collect();
        // Made before they are streamed: a closure within the stream would keep it from being `Send`.
        let calls: Vec<_> = distinct
            .chunks(USERS)
            .map(|some| self.load_some(some))
            .collect();
        let mut answers = Answers::new();
        let mut calls = stream::iter(calls).buffer_unordered(CALLS);
        while let Some(some) = calls.next().await {
            answers.extend(some);
        }
        let answer = |sub| answers.get(sub).cloned().unwrap_or(Err(unread()));
        subs.iter().map(answer).collect()
    }

    /// Loads at most [`USERS`] different users, in one call.
    async fn load_some(&self, subs: &[Sub]) -> Answers {
        let all = |fault: Fault| subs.iter().map(|sub| (sub.clone(), Err(fault))).collect();
        let keys = subs.iter().flat_map(|sub| [key(sub, USER), key(sub, KEY)]);
        let wanted = KeysAndAttributes::builder()
            .consistent_read(true)
            .set_keys(Some(keys.collect()))
            .build();
        let Ok(wanted) = wanted else {
            return all(Fault::new(BATCH_GET, FaultKind::Refused));
        };
        let request = self.client.batch_get_item();
        let request = request.request_items(self.name(), wanted);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return all(fault(BATCH_GET, &error)),
        };
        let mut found = BTreeMap::<String, Vec<Item>>::new();
        let items = answer.responses.unwrap_or_default().remove(self.name());
        for item in items.unwrap_or_default() {
            // An item of nobody knows whom may be the one that is missing.
            let Some(pk) = text(&item, PK) else {
                return all(Fault::new(BATCH_GET, FaultKind::Corrupt));
            };
            found.entry(pk.to_owned()).or_default().push(item);
        }
        let left = answer.unprocessed_keys.unwrap_or_default();
        let left = left.get(self.name()).map(KeysAndAttributes::keys);
        let left: BTreeSet<&str> = left
            .unwrap_or_default()
            .iter()
            .filter_map(|key| text(key, PK))
            .collect();
        let mut answers = Answers::new();
        for sub in subs {
            let pk = keys::user(sub);
            let items = found.remove(&pk).unwrap_or_default();
            // What the service leaves unread, it leaves for want of capacity, and half of a pair is
            // of no use.
            let answer = if left.contains(pk.as_str()) {
                Err(unread())
            } else {
                loaded(sub, items)
            };
            answers.insert(sub.clone(), answer);
        }
        if found.is_empty() {
            answers
        } else {
            all(Fault::new(BATCH_GET, FaultKind::Corrupt))
        }
    }
}

fn loaded(sub: &Sub, items: Vec<Item>) -> Result<Loaded, Fault> {
    let mut loaded = Loaded::default();
    for item in items {
        match text(&item, SK) {
            Some(USER) => loaded.user = Some(user_of(BATCH_GET, sub, item)?),
            Some(KEY) => loaded.key = Some(key_of(BATCH_GET, item)?),
            _ => return Err(Fault::new(BATCH_GET, FaultKind::Corrupt)),
        }
    }
    Ok(loaded)
}

fn unread() -> Fault {
    Fault::new(BATCH_GET, FaultKind::Throttled)
}

fn text<'a>(
    item: &'a std::collections::HashMap<String, AttributeValue>,
    name: &str,
) -> Option<&'a str> {
    let value = item.get(name)?;
    value.as_s().ok().map(String::as_str)
}
