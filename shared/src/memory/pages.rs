//! The log as a whole, page by page.

use super::log::Record;
use super::table::{Kept, Table};
use super::users::Holder;
use crate::port::{Fault, Found, Inspected, Log, Page, Position, Segment, StreamPage, What};
use async_trait::async_trait;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
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
        self.read(SCAN, |kept| kept.page(segment, after, most.max(1)))
            .await
    }

    async fn read_stream(
        &self,
        subject: &Subject,
        after: Option<&Position>,
        most: u32,
    ) -> Result<StreamPage, Fault> {
        self.read(QUERY, |kept| kept.stream_page(subject, after, most.max(1)))
            .await
    }

    async fn inspect(&self, sub: &Sub) -> Result<Inspected, Fault> {
        self.read(QUERY, |kept| kept.inspect(sub)).await
    }
}

impl Kept {
    fn page(&self, segment: Segment, after: Option<&Position>, most: u32) -> Page {
        let from = after.map_or("", |position| &position.pk);
        let here = |(subject, _): &(&Arc<Subject>, &Holder)| {
            is_in(segment, subject) && subject.as_str() >= from
        };
        let mut holders: Vec<(&Arc<Subject>, &Holder)> = self.holders.iter().filter(here).collect();
        holders.sort_by_key(|(subject, _)| subject.as_str());
        let all = holders.into_iter();
        let all = all.flat_map(|(subject, holder)| holder.found(subject));
        let mut rest = all.filter(|found| after.is_none_or(|after| is_after(&found.at, after)));
        let found: Vec<Found> = rest.by_ref().take(most as usize).collect();
        let last = found.last().map(|found| found.at.clone());
        Page {
            read: u32::try_from(found.len()).unwrap_or(most),
            next: rest.next().and(last),
            found,
        }
    }

    fn stream_page(&self, subject: &Subject, after: Option<&Position>, most: u32) -> StreamPage {
        let holder = self.holders.get(subject);
        let commits = holder.into_iter().flat_map(|holder| holder.commits.iter());
        let commits = commits.map(|(id, record)| commit(subject, *id, record));
        let mut rest = commits.filter(|found| after.is_none_or(|after| is_after(&found.at, after)));
        let mut page = StreamPage {
            commits: Vec::new(),
            next: None,
        };
        let mut last = None;
        for Found { at, what, .. } in rest.by_ref().take(most as usize) {
            last = Some(at);
            if let What::Commit(commit) = what {
                page.commits.push(Ok(*commit));
            }
        }
        page.next = rest.next().and(last);
        page
    }

    fn inspect(&self, sub: &Sub) -> Inspected {
        let holder = self.holders.get(&Subject::User(sub.clone()));
        holder.map_or_else(Inspected::default, |holder| Inspected {
            user: holder.stored(sub),
            key: holder.key().cloned(),
        })
    }
}

impl Holder {
    /// Everything of a stream, in the order in which DynamoDB has it.
    fn found(&self, subject: &Subject) -> Vec<Found> {
        let commits = self.commits.iter();
        let commits = commits.map(|(id, record)| commit(subject, *id, record));
        let key = self.key().map(|key| What::Key(Some(key.clone())));
        let key = key.map(|what| found(subject, "KEY".to_owned(), what));
        let user = subject.sub().and_then(|sub| self.stored(sub));
        let user = user.map(|user| What::User(Box::new(user)));
        let user = user.map(|what| found(subject, "USER".to_owned(), what));
        commits.chain(key).chain(user).collect()
    }
}

fn commit(subject: &Subject, id: usher_events::EventId, record: &Record) -> Found {
    let commit = Box::new(record.read(subject, id));
    found(subject, format!("E#{id}"), What::Commit(commit))
}

fn found(subject: &Subject, sk: String, what: What) -> Found {
    let at = Position {
        pk: subject.as_str().to_owned(),
        sk,
    };
    Found {
        subject: subject.clone(),
        at,
        what,
    }
}

fn is_after(at: &Position, other: &Position) -> bool {
    (&at.pk, &at.sk) > (&other.pk, &other.sk)
}

fn is_in(segment: Segment, subject: &Subject) -> bool {
    let mut hasher = DefaultHasher::new();
    subject.as_str().hash(&mut hasher);
    hasher.finish() % u64::from(segment.of()) == u64::from(segment.number())
}
