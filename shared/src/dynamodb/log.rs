//! Reading the whole log, piece by piece.

use super::fault::{Item, fault};
use super::items::Key;
use super::keys::{self, KEY, PK, SK, USER};
use super::{Table, record, users};
use crate::disposition::FaultKind;
use crate::port::{Fault, Found, Inspected, Log, Page, Position, Segment, StreamPage, What};
use crate::user::StoredUser;
use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_dynamo::aws_sdk_dynamodb_1 as dynamo;
use usher_events::{Sub, Subject};

const SCAN: &str = "dynamodb.scan";
const QUERY: &str = "dynamodb.query";

#[async_trait]
impl Log for Table {
    async fn read_on(
        &self,
        segment: Segment,
        after: Option<&Position>,
        most: u32,
    ) -> Result<Page, Fault> {
        // Said only where there are several: the embedded database reads a table in one part by
        // its primary key, and sorts it for every page of one in several.
        let parallel = segment.of() > 1;
        let number = |number: u32| parallel.then(|| i32::try_from(number).unwrap_or(i32::MAX));
        let request = self
            .client
            .scan()
            .table_name(self.name())
            .set_segment(number(segment.number()))
            .set_total_segments(number(segment.of()))
            .set_exclusive_start_key(after.map(key_at))
            .limit(limit(most));
        let page = request.send().await.map_err(|error| fault(SCAN, &error))?;
        let items = page.items.unwrap_or_default();
        let read = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let next = page.last_evaluated_key.map(|key| position(SCAN, &key));
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            found.extend(found_in(item)?);
        }
        Ok(Page {
            found,
            read,
            next: next.transpose()?,
        })
    }

    async fn read_stream(
        &self,
        subject: &Subject,
        after: Option<&Position>,
        most: u32,
    ) -> Result<StreamPage, Fault> {
        let request = self
            .stream_request(subject)
            .set_exclusive_start_key(after.map(key_at))
            .limit(limit(most));
        let page = request.send().await.map_err(|error| fault(QUERY, &error))?;
        let next = page.last_evaluated_key.map(|key| position(QUERY, &key));
        let mut commits = Vec::new();
        for item in page.items.unwrap_or_default() {
            let at = position(QUERY, &item)?;
            commits.push(record::from_item(QUERY, item).map_err(|_unreadable| at.sk));
        }
        Ok(StreamPage {
            commits,
            next: next.transpose()?,
        })
    }

    async fn inspect(&self, sub: &Sub) -> Result<Inspected, Fault> {
        let request = self
            .client
            .query()
            .table_name(self.name())
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :key AND :user")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", text(keys::user(sub)))
            .expression_attribute_values(":key", text(KEY))
            .expression_attribute_values(":user", text(USER))
            .consistent_read(true);
        let page = request.send().await.map_err(|error| fault(QUERY, &error))?;
        let mut inspected = Inspected::default();
        for item in page.items.unwrap_or_default() {
            match found_in(item)?.map(|found| found.what) {
                Some(What::Key(key)) => inspected.key = key,
                Some(What::User(user)) => inspected.user = Some(*user),
                Some(What::Commit(_) | What::Unreadable(_)) | None => {}
            }
        }
        Ok(inspected)
    }
}

/// What of a stream an item is; `None` if it belongs to none, or to its application.
fn found_in(item: Item) -> Result<Option<Found>, Fault> {
    let at = position(SCAN, &item)?;
    let Some(subject) = keys::subject(&at.pk) else {
        return Ok(None);
    };
    let what = match (at.sk.as_str(), subject.sub()) {
        (sk, _) if sk.starts_with(keys::event_prefix()) => match record::from_item(SCAN, item) {
            Ok(commit) => What::Commit(Box::new(commit)),
            Err(_unreadable) => What::Unreadable(at.sk.clone()),
        },
        (KEY, Some(_)) => What::Key(users::key_of(SCAN, item).ok()),
        (USER, Some(sub)) => What::User(Box::new(stored(sub.clone(), item))),
        _ => return Ok(None),
    };
    Ok(Some(Found { subject, at, what }))
}

/// A user item with nothing of it left out.
fn stored(sub: Sub, mut item: Item) -> StoredUser {
    item.remove(PK);
    item.remove(SK);
    let version = item.remove("version");
    let version = version.and_then(|version| version.as_n().ok()?.parse().ok());
    let claims = item.remove("claims").map(dynamo::from_attribute_value);
    StoredUser {
        sub,
        version,
        claims: claims.transpose().ok().map(Option::unwrap_or_default),
        folded: dynamo::from_item(item).unwrap_or_default(),
    }
}

fn position(operation: &'static str, key: &Key) -> Result<Position, Fault> {
    let part = |name| {
        let text = key.get(name).and_then(|value| value.as_s().ok());
        text.cloned()
            .ok_or(Fault::new(operation, FaultKind::Corrupt))
    };
    Ok(Position {
        pk: part(PK)?,
        sk: part(SK)?,
    })
}

fn key_at(position: &Position) -> Key {
    Key::from([
        (PK.to_owned(), text(&position.pk)),
        (SK.to_owned(), text(&position.sk)),
    ])
}

fn limit(most: u32) -> i32 {
    i32::try_from(most).unwrap_or(i32::MAX).max(1)
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}
