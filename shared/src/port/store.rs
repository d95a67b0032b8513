use super::{Breakers, Fault, Invites, Organizations, Tallies};
use crate::commit::{DueAt, EffectKind, Entry, Lane, Lease, Ledger};
use crate::preferences::Preferences;
use crate::seal::{SealedCommit, UserKey};
use crate::user::UserItem;
use async_trait::async_trait;
use usher_events::{EventId, Sub, Subject, Time};

/// What a worker needs to know before it records an event.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The user item, if there is one.
    pub user: Option<UserItem>,
    /// The user's key, if there is one.
    pub key: Option<UserKey>,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is the fact.
    Now,
    /// Another envelope with this id is the fact.
    AlreadyThere,
}

/// What became of a write under a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Written.
    Now,
    /// Somebody else wrote since it was read: read again and decide again.
    Overtaken,
}

/// What became of taking a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenLease {
    /// It is ours.
    Ours,
    /// Another holds it, and it has not expired.
    Anothers,
}

/// Something set aside whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// A commit with a deferred effect.
    Commit {
        /// Whose stream.
        subject: Subject,
        /// Which commit.
        id: EventId,
        /// When it was due.
        due: Time,
    },
    /// An event that neither queue nor bus took.
    Spill {
        /// The event.
        id: EventId,
        /// When it was due.
        due: Time,
    },
}

impl Due {
    /// When it was due.
    pub fn at(&self) -> Time {
        match self {
            Self::Commit { due, .. } | Self::Spill { due, .. } => *due,
        }
    }
}

/// The table: log, users, keys, preferences, spilled events and the index of what is due; as
/// [`Invites`] and [`Organizations`], invites, sign-ups and founded organizations; as
/// [`Tallies`], how often sign-ups were refused; and as [`Breakers`], who is not called for a while.
#[async_trait]
pub trait Store: Breakers + Invites + Organizations + Tallies {
    /// Reads a user item as it was a moment ago, for the trigger: cheap, and stale by less than a
    /// second. `None` if the user was never folded.
    async fn glance(&self, sub: &Sub) -> Result<Option<UserItem>, Fault>;

    /// Reads user item and key, consistently, in one call.
    async fn load(&self, sub: &Sub) -> Result<Loaded, Fault>;

    /// Reads user item and key of each of these users, consistently, in as few calls as there can be,
    /// and answers for each in their order. What cannot be read is the fault of that user alone; a
    /// user who was left unread for want of capacity is throttled, and may be asked for again after a
    /// wait.
    async fn load_many(&self, subs: &[Sub]) -> Vec<Result<Loaded, Fault>>;

    /// Makes `fresh` the user's key unless there is one, and gives the key that holds. May be
    /// repeated: of two writers, the loser gets the winner's key.
    async fn ensure_key(&self, sub: &Sub, fresh: &UserKey) -> Result<UserKey, Fault>;

    /// Appends a commit unless its id is in the stream already. May be repeated.
    async fn append(&self, commit: &SealedCommit) -> Result<Appended, Fault>;

    /// Reads one commit, consistently. `None` if it was never appended.
    async fn commit(&self, subject: &Subject, id: EventId) -> Result<Option<SealedCommit>, Fault>;

    /// Reads a whole stream, consistently, page after page, in order of event id.
    async fn stream(&self, subject: &Subject) -> Result<Vec<SealedCommit>, Fault>;

    /// Writes a user item if the stored one still has the version below `item.version`; version 1
    /// is a first write. May be repeated: the second is [`Written::Overtaken`].
    async fn write_user(&self, item: &UserItem) -> Result<Written, Fault>;

    /// Creates preferences unless there are any. May be repeated; never changes existing ones.
    async fn ensure_preferences(&self, sub: &Sub, initial: &Preferences) -> Result<(), Fault>;

    /// Reads preferences, consistently. `None` if there are none.
    async fn preferences(&self, sub: &Sub) -> Result<Option<Preferences>, Fault>;

    /// Gives this commit's lease to `lease.owner`, if nobody has it, the same owner has it, or the
    /// one who has it let it expire before `now`.
    async fn take_lease(
        &self,
        subject: &Subject,
        id: EventId,
        now: Time,
        lease: &Lease,
    ) -> Result<TakenLease, Fault>;

    /// Writes one entry of a commit's ledger, and `due` (the earliest of the whole ledger with its
    /// lane, or `None`) into the due index. `None` takes the commit out of the index only while no other entry is
    /// set aside: a writer that knew of less does not make the sweep forget what it did not know. With `owner`, only if that owner still has the lease; without,
    /// unconditionally. [`Written::Overtaken`] means that the lease is another's by now.
    async fn write_entry(
        &self,
        subject: &Subject,
        id: EventId,
        kind: EffectKind,
        entry: &Entry,
        due: Option<DueAt>,
        owner: Option<&str>,
    ) -> Result<Written, Fault>;

    /// Puts a whole ledger in the place of the one that was read, and what it says into the due index,
    /// in one write. [`Written::Overtaken`] means that the ledger is no longer exactly `was`, which a
    /// repeat finds as well. Where the entry of a once-effect changes, it also means that somebody has
    /// the lease at `now`; and where nobody has, the lease ends, so that whoever had it last writes
    /// nothing more.
    async fn replace_ledger(
        &self,
        subject: &Subject,
        id: EventId,
        was: &Ledger,
        ledger: &Ledger,
        now: Time,
    ) -> Result<Written, Fault>;

    /// Keeps an encoded envelope that nobody else would take, due then in [`Lane::Queue`]. May be
    /// repeated.
    async fn spill(&self, id: EventId, body: &str, due: Time) -> Result<(), Fault>;

    /// Reads a spilled envelope, consistently. `None` if it has been sent on.
    async fn spilled(&self, id: EventId) -> Result<Option<String>, Fault>;

    /// Forgets a spilled envelope that another durable place holds. May be repeated.
    async fn remove_spill(&self, id: EventId) -> Result<(), Fault>;

    /// Lists what was due in one lane at `now`, oldest first, at most `most`. Reads an index, so a
    /// change of the last second may not show.
    async fn due(&self, lane: Lane, now: Time, most: u32) -> Result<Vec<Due>, Fault>;

    /// Moves a due time within its lane, if it is still as listed. [`Written::Overtaken`] means that another sweep
    /// has it, or that it is done.
    async fn move_due(&self, item: &Due, to: Time) -> Result<Written, Fault>;
}
