//! Following a log by reading all of it again and again, where nobody tells what changes.

use async_trait::async_trait;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{EventId, Subject, Time};
use usher_shared::clock::{Clock, WallClock};
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Fault, Fed, Feed, Log, Page, Position, Segment, Turn, What};
use usher_shared::seal::SealedCommit;

use super::local::Local;

/// How many items are read at a time.
const PIECE: u32 = 300;
/// How much later a commit may be in the table than it says that it was recorded: tries that fail
/// included, and a worker that was stopped for a while.
const LATE: Duration = Duration::from_secs(120);
/// Between two readings at least.
const PAUSE: Duration = Duration::from_millis(500);
/// Between two readings, by how long one takes: two thirds of the time the database is left alone.
const SHARE: u32 = 2;

/// What was seen, and what is news. Pure.
///
/// Nothing is held of what was recorded longer ago than [`LATE`] before the last reading began.
#[derive(Debug)]
struct News {
    /// What was recorded before is old.
    from: Time,
    /// What was recorded before has been seen, if it is there.
    floor: Time,
    seen: BTreeSet<(Time, Subject, EventId)>,
    unreadable: BTreeSet<String>,
    /// Whether the log was read once: only then is what is new to us new.
    is_known: bool,
}

impl News {
    fn new(from: Time) -> Self {
        Self {
            from,
            floor: before(from, LATE),
            seen: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            is_known: false,
        }
    }

    /// Whether a commit is news, which it is once.
    fn is_new(&mut self, commit: &SealedCommit) -> bool {
        let (at, envelope) = (commit.recorded_at, &commit.envelope);
        at >= self.floor
            && self
                .seen
                .insert((at, envelope.subject.clone(), envelope.id))
            && (self.is_known || at >= self.from)
    }

    /// Whether a commit that cannot be read is, of which no time is known.
    fn is_new_unreadable(&mut self, name: &str) -> bool {
        self.unreadable.insert(name.to_owned()) && self.is_known
    }

    /// All was read; the reading began then.
    fn end(&mut self, began: Time) {
        self.is_known = true;
        self.floor = before(began, LATE);
        self.seen.retain(|(at, _, _)| *at >= self.floor);
    }
}

fn before(at: Time, length: Duration) -> Time {
    let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    Time::from_unix_millis(at.unix_millis().saturating_sub(length)).unwrap_or(at)
}

/// One reading of the log.
struct Reading {
    began: Time,
    since: Instant,
    next: Option<Position>,
}

/// The commits of a log that is read over and over.
pub struct Polled {
    of: Local,
    news: News,
    reading: Option<Reading>,
}

impl Polled {
    /// Follows from now on, or from an earlier instant of recording.
    pub fn new(of: Local, now: Time, since: Option<Time>) -> Self {
        Self {
            of,
            news: News::new(since.unwrap_or(now)),
            reading: None,
        }
    }

    fn sort(&mut self, page: Page) -> Vec<Fed> {
        let mut commits = Vec::new();
        let mut fed = Vec::new();
        for found in page.found {
            match found.what {
                What::Commit(commit) if self.news.is_new(&commit) => commits.push(commit),
                What::Unreadable(name) if self.news.is_new_unreadable(&name) => {
                    fed.push(Fed::Unreadable(name));
                }
                What::Commit(_) | What::Unreadable(_) | What::Key(_) | What::User(_) => {}
            }
        }
        // As they came, as far as one piece tells.
        commits.sort_by_key(|commit| commit.recorded_at);
        fed.extend(commits.into_iter().map(Fed::Commit));
        fed
    }
}

#[async_trait]
impl Feed for Polled {
    async fn next(&mut self) -> Result<Turn, Fault> {
        let Some(table) = self.of.table() else {
            return Err(Fault::new("embedded.endpoint", FaultKind::Unavailable));
        };
        let Some(segment) = Segment::all(1).next() else {
            unreachable!("the whole is one part");
        };
        let reading = self.reading.get_or_insert_with(|| Reading {
            began: WallClock.now(),
            since: Instant::now(),
            next: None,
        });
        let mut page = table.read_on(segment, reading.next.as_ref(), PIECE).await?;
        let mut wait = Duration::ZERO;
        reading.next = page.next.take();
        if reading.next.is_none() {
            wait = PAUSE.max(reading.since.elapsed() * SHARE);
        }
        let began = reading.began;
        let fed = self.sort(page);
        if !wait.is_zero() {
            self.news.end(began);
            self.reading = None;
        }
        Ok(Turn { fed, wait })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use usher_events::{Envelope, PoolId, Sub};
    use usher_shared::commit::Ledger;
    use usher_shared::seal::StoredEvent;
    use uuid::Uuid;

    fn at(seconds: i64) -> Time {
        Time::from_unix_seconds(1_780_000_000 + seconds).unwrap()
    }

    fn commit(number: u128, seconds: i64) -> SealedCommit {
        SealedCommit {
            envelope: Envelope {
                id: EventId::from_uuid(Uuid::from_u128(number)),
                source: PoolId::new("eu-west-1_A").unwrap(),
                subject: Subject::User(Sub::new("3f0c").unwrap()),
                time: at(seconds),
                correlation_id: None,
                causation_id: None,
                event: StoredEvent {
                    name: "signed_in".to_owned(),
                    version: 1,
                    data: json!({}),
                },
            },
            sealed_person: None,
            decided: Vec::new(),
            ledger: Ledger::default(),
            lease: None,
            recorded_at: at(seconds),
        }
    }

    #[test]
    fn each_commit_is_news_once_and_what_is_old_never() {
        let mut news = News::new(at(0));
        assert!(!news.is_new(&commit(1, -3600)), "it was there");
        assert!(!news.is_new(&commit(2, -1)), "it was there, just so");
        assert!(news.is_new(&commit(3, 0)));
        news.end(at(1));
        assert!(!news.is_new(&commit(2, -1)) && !news.is_new(&commit(3, 0)));
        assert!(news.is_new(&commit(4, -30)), "it came late into the table");
        assert!(news.is_new(&commit(5, 9000)), "by a clock that is ahead");
        news.end(at(2));
        assert!(!news.is_new(&commit(4, -30)) && !news.is_new(&commit(5, 9000)));
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_log() {
        let mut news = News::new(at(0));
        for round in 0..1000 {
            for number in 0..3 {
                let seconds = round * 60;
                let number = u128::try_from(round * 3 + number).unwrap();
                assert!(news.is_new(&commit(number, seconds)));
            }
            news.end(at(round * 60));
            assert!(news.seen.len() <= 9, "{}", news.seen.len());
        }
        assert!(!news.is_new(&commit(0, 0)), "it was long ago");
    }

    #[test]
    fn who_asks_for_what_came_before_has_it_once() {
        let mut news = News::new(at(-600));
        assert!(!news.is_new(&commit(1, -601)));
        assert!(news.is_new(&commit(2, -600)));
        news.end(at(0));
        assert!(!news.is_new(&commit(2, -600)));
    }
}
