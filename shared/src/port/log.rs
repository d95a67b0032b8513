use super::Fault;
use crate::seal::{SealedCommit, UserKey};
use crate::user::StoredUser;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use usher_events::{Sub, Subject};

/// One part of the table, which may be read beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    number: u32,
    of: u32,
}

impl Segment {
    /// The whole table as so many parts; zero is read as one.
    pub fn all(of: u32) -> impl Iterator<Item = Self> {
        let of = of.max(1);
        (0..of).map(move |number| Self { number, of })
    }

    /// Which part it is, from zero.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many parts there are.
    pub fn of(self) -> u32 {
        self.of
    }
}

/// Where in a segment an item stands. Means something to the store that gave it alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

/// One item that belongs to a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Whose stream.
    pub subject: Subject,
    /// Where it stands.
    pub at: Position,
    /// What it is.
    pub what: What,
}

/// What an item of a stream is. A commit that cannot be read is one of them, so that it is not
/// passed over.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A commit.
    Commit(Box<SealedCommit>),
    /// A commit that cannot be read, by its name in the table.
    Unreadable(String),
    /// The user's key; `None` if it cannot be read.
    Key(Option<UserKey>),
    /// The user item, as it is stored.
    User(Box<StoredUser>),
}

/// A piece of a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// What of it belongs to streams: those of one stream follow each other, commits first and in
    /// order of event id, then the key, then the user item.
    pub found: Vec<Found>,
    /// How many items were read for it, of every kind.
    pub read: u32,
    /// Where to go on; `None` at the segment's end.
    pub next: Option<Position>,
}

/// A piece of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamPage {
    /// Its commits, in order of event id; of one that cannot be read, the name in the table.
    pub commits: Vec<Result<SealedCommit, String>>,
    /// Where to go on; `None` at the stream's end.
    pub next: Option<Position>,
}

/// What is kept of a user beside the log, as it is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspected {
    /// The user item, if there is one, whether or not it can be read as one.
    pub user: Option<StoredUser>,
    /// The key, if there is one that can be read.
    pub key: Option<UserKey>,
}

/// The log as a whole, piece by piece: for whoever reads all of it. What is held of it at a time
/// does not grow with it.
#[async_trait]
pub trait Log: Send + Sync {
    /// Reads on in a segment after this position, or from its beginning: at most so many items, and
    /// at least one unless it ends there. Any item's position may be gone on from, also one that
    /// is no longer there. Reads what was written a moment ago or not: whoever finds something
    /// amiss looks again with [`Log::inspect`] and [`Log::read_stream`].
    async fn read_on(
        &self,
        segment: Segment,
        after: Option<&Position>,
        most: u32,
    ) -> Result<Page, Fault>;

    /// Reads on in a stream after this position, or from its beginning: at most so many commits, each
    /// consistently. Nobody's stream is empty.
    async fn read_stream(
        &self,
        subject: &Subject,
        after: Option<&Position>,
        most: u32,
    ) -> Result<StreamPage, Fault>;

    /// Reads user item and key consistently, whatever state they are in. Nothing is an answer.
    async fn inspect(&self, sub: &Sub) -> Result<Inspected, Fault>;
}
