use super::alike::Alike;
use super::breakers::BreakerTable;
use super::due::DueIndex;
use super::invites::InviteTables;
use super::organizations::OrganizationTables;
use super::tallies::TallyTable;
use super::users::Holder;
use super::way::{self, Open, Way};
use crate::breaker::Record;
use crate::commit::{DueAt, EffectKind, Entry, Lane, Lease, Ledger};
use crate::dependency::Dependency;
use crate::invite::Invite;
use crate::organization::Organization;
use crate::port::{
    Appended, BreakerWritten, Breakers, Due, Fault, InviteWritten, Invites, Loaded, Organizations,
    Store, TakenLease, Tallies, TallyWritten, Written,
};
use crate::preferences::Preferences;
use crate::seal::{SealedCommit, UserKey};
use crate::sign_up::{Held, SignUp};
use crate::tally::{Counted, Tally};
use crate::user::UserItem;
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use usher_events::{EventId, InviteId, OrganizationId, PoolId, SignUpKey, Sub, Subject, Time};

const GET: &str = "dynamodb.get_item";
const BATCH_GET: &str = "dynamodb.batch_get_item";
const PUT: &str = "dynamodb.put_item";
const UPDATE: &str = "dynamodb.update_item";
const DELETE: &str = "dynamodb.delete_item";
const QUERY: &str = "dynamodb.query";
const TRANSACT: &str = "dynamodb.transact_write_items";

/// How many users one call loads, as DynamoDB does.
const USERS: usize = 50;

/// The table in memory. Cheap to clone; clones share it, each over its own way.
#[derive(Clone)]
pub struct Table {
    way: Arc<dyn Way>,
    kept: Arc<Mutex<Kept>>,
}

/// What the table holds.
#[derive(Default)]
pub(super) struct Kept {
    /// All that belongs to one subject, under a name that the due index shares.
    pub(super) holders: HashMap<Arc<Subject>, Holder>,
    pub(super) due: DueIndex,
    pub(super) breakers: BreakerTable,
    pub(super) invites: InviteTables,
    pub(super) organizations: OrganizationTables,
    pub(super) tallies: TallyTable,
    pub(super) units: Units,
    /// What many users and commits say alike.
    pub(super) alike: Alike,
}

/// What a table on demand would have charged for, as near as the length of what is kept tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// Write units: one a kilobyte begun, refused writes and the due index included.
    pub written: u64,
    /// Calls that read.
    pub reads: u64,
    /// Calls that write, refused ones included.
    pub writes: u64,
}

/// Whether this version may be written where that one is stored; version 1 where nothing is.
pub(super) fn follows(stored: Option<u64>, version: u64) -> bool {
    match version.saturating_sub(1) {
        0 => stored.is_none(),
        before => stored == Some(before),
    }
}

impl Units {
    /// Counts one write of an item of this length.
    pub(super) fn write(&mut self, bytes: usize) {
        self.writes += 1;
        self.written += (bytes as u64).div_ceil(1024).max(1);
    }

    /// Counts so many writes of the due index's.
    pub(super) fn index(&mut self, writes: u64) {
        self.written += writes;
    }
}

impl Default for Table {
    /// An empty table, over a way that takes no time and loses nothing.
    fn default() -> Self {
        Self::over(Arc::new(Open))
    }
}

impl fmt::Debug for Table {
    /// Shows how much there is, and nothing of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("streams", &self.kept().holders.len())
            .finish_non_exhaustive()
    }
}

impl Table {
    /// An empty table at the end of this way.
    pub fn over(way: Arc<dyn Way>) -> Self {
        let kept = Arc::default();
        Self { way, kept }
    }

    /// The same table at the end of another way.
    #[must_use]
    pub fn by(&self, way: Arc<dyn Way>) -> Self {
        let kept = Arc::clone(&self.kept);
        Self { way, kept }
    }

    /// What was charged for so far.
    pub fn units(&self) -> Units {
        self.kept().units
    }

    /// How many things are set aside: commits with something deferred, and spilled events.
    pub fn deferred(&self) -> usize {
        self.kept().due.len()
    }

    /// Forgets all that belongs to a subject, as no caller of the store can: for whoever has seen
    /// that everything of it is done and needs the room.
    pub fn forget(&self, subject: &Subject) {
        self.kept().forget(subject);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Each change below is whole before anything in it can panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn read<T>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&Kept) -> T,
    ) -> Result<T, Fault> {
        way::call(self.way.as_ref(), operation, || {
            let mut kept = self.kept();
            kept.units.reads += 1;
            act(&kept)
        })
        .await
    }

    async fn write<T>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&mut Kept) -> T,
    ) -> Result<T, Fault> {
        way::call(self.way.as_ref(), operation, || act(&mut self.kept())).await
    }
}

#[async_trait]
impl Store for Table {
    async fn glance(&self, sub: &Sub) -> Result<Option<UserItem>, Fault> {
        self.read(GET, |kept| kept.user(sub)).await
    }

    async fn load(&self, sub: &Sub) -> Result<Loaded, Fault> {
        self.read(BATCH_GET, |kept| kept.load(sub)).await
    }

    async fn load_many(&self, subs: &[Sub]) -> Vec<Result<Loaded, Fault>> {
        let mut all = Vec::with_capacity(subs.len());
        for some in subs.chunks(USERS) {
            let load = |kept: &Kept| some.iter().map(|sub| kept.load(sub)).collect();
            match self.read::<Vec<Loaded>>(BATCH_GET, load).await {
                Ok(some) => all.extend(some.into_iter().map(Ok)),
                Err(fault) => all.extend(some.iter().map(|_| Err(fault))),
            }
        }
        all
    }

    async fn ensure_key(&self, sub: &Sub, fresh: &UserKey) -> Result<UserKey, Fault> {
        self.write(PUT, |kept| kept.ensure_key(sub, fresh)).await
    }

    async fn append(&self, commit: &SealedCommit) -> Result<Appended, Fault> {
        self.write(PUT, |kept| kept.append(commit)).await
    }

    async fn commit(&self, subject: &Subject, id: EventId) -> Result<Option<SealedCommit>, Fault> {
        self.read(GET, |kept| kept.commit(subject, id)).await
    }

    async fn stream(&self, subject: &Subject) -> Result<Vec<SealedCommit>, Fault> {
        self.read(QUERY, |kept| kept.stream(subject)).await
    }

    async fn write_user(&self, item: &UserItem) -> Result<Written, Fault> {
        self.write(PUT, |kept| kept.write_user(item)).await
    }

    async fn ensure_preferences(&self, sub: &Sub, initial: &Preferences) -> Result<(), Fault> {
        self.write(PUT, |kept| kept.ensure_preferences(sub, initial))
            .await
    }

    async fn preferences(&self, sub: &Sub) -> Result<Option<Preferences>, Fault> {
        self.read(GET, |kept| kept.preferences(sub)).await
    }

    async fn take_lease(
        &self,
        subject: &Subject,
        id: EventId,
        now: Time,
        lease: &Lease,
    ) -> Result<TakenLease, Fault> {
        self.write(UPDATE, |kept| kept.take_lease((subject, id), now, lease))
            .await
    }

    async fn write_entry(
        &self,
        subject: &Subject,
        id: EventId,
        kind: EffectKind,
        entry: &Entry,
        due: Option<DueAt>,
        owner: Option<&str>,
    ) -> Result<Written, Fault> {
        self.write(UPDATE, |kept| {
            kept.write_entry((subject, id), kind, entry, due, owner)
        })
        .await
    }

    async fn replace_ledger(
        &self,
        subject: &Subject,
        id: EventId,
        was: &Ledger,
        ledger: &Ledger,
        now: Time,
    ) -> Result<Written, Fault> {
        self.write(UPDATE, |kept| {
            kept.replace_ledger((subject, id), was, ledger, now)
        })
        .await
    }

    async fn spill(&self, id: EventId, body: &str, due: Time) -> Result<(), Fault> {
        self.write(PUT, |kept| kept.spill(id, body, due)).await
    }

    async fn spilled(&self, id: EventId) -> Result<Option<String>, Fault> {
        self.read(GET, |kept| kept.spilled(id)).await
    }

    async fn remove_spill(&self, id: EventId) -> Result<(), Fault> {
        self.write(DELETE, |kept| kept.remove_spill(id)).await
    }

    async fn due(&self, lane: Lane, now: Time, most: u32) -> Result<Vec<Due>, Fault> {
        self.read(QUERY, |kept| kept.due.until(lane, now, most))
            .await
    }

    async fn move_due(&self, item: &Due, to: Time) -> Result<Written, Fault> {
        self.write(UPDATE, |kept| kept.move_due(item, to)).await
    }
}

#[async_trait]
impl Invites for Table {
    async fn invite(&self, pool: &PoolId, id: &InviteId) -> Result<Option<Invite>, Fault> {
        self.read(GET, |kept| kept.invites.get(pool, id)).await
    }

    async fn write_invite(&self, invite: &Invite) -> Result<InviteWritten, Fault> {
        self.write(PUT, |kept| kept.write_invite(invite)).await
    }

    async fn invites(
        &self,
        pool: &PoolId,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<Invite>, Option<String>), Fault> {
        self.read(QUERY, |kept| kept.invites.list(pool, after, most))
            .await
    }

    async fn sign_up(&self, key: &SignUpKey) -> Result<Option<SignUp>, Fault> {
        self.read(GET, |kept| kept.invites.sign_up(key)).await
    }

    async fn put_sign_up(&self, sign_up: &SignUp) -> Result<(), Fault> {
        self.write(PUT, |kept| kept.put_sign_up(sign_up)).await
    }

    async fn stamp_sign_up(
        &self,
        key: &SignUpKey,
        held: &Held,
        sub: &Sub,
    ) -> Result<Written, Fault> {
        self.write(UPDATE, |kept| kept.stamp_sign_up(key, held, sub))
            .await
    }

    async fn extend_sign_up(
        &self,
        key: &SignUpKey,
        held: &Held,
        until: Time,
        expires_at: Time,
    ) -> Result<Written, Fault> {
        self.write(UPDATE, |kept| {
            kept.extend_sign_up(key, held, until, expires_at)
        })
        .await
    }
}

#[async_trait]
impl Organizations for Table {
    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>, Fault> {
        self.read(GET, |kept| kept.organizations.get(id)).await
    }

    async fn found(&self, new: &Organization) -> Result<Organization, Fault> {
        self.write(TRANSACT, |kept| kept.found(new)).await
    }

    async fn write_organization(&self, organization: &Organization) -> Result<Written, Fault> {
        self.write(PUT, |kept| kept.write_organization(organization))
            .await
    }

    async fn organizations(
        &self,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<Organization>, Option<String>), Fault> {
        self.read(QUERY, |kept| kept.organizations.list(after, most))
            .await
    }
}

#[async_trait]
impl Breakers for Table {
    async fn breaker(&self, of: Dependency) -> Result<Option<Record>, Fault> {
        self.read(GET, |kept| kept.breakers.get(of)).await
    }

    async fn breakers(&self) -> Result<BTreeMap<Dependency, Record>, Fault> {
        self.read(BATCH_GET, |kept| kept.breakers.all()).await
    }

    async fn write_breaker(
        &self,
        of: Dependency,
        record: &Record,
    ) -> Result<BreakerWritten, Fault> {
        self.write(PUT, |kept| kept.write_breaker(of, record)).await
    }
}

#[async_trait]
impl Tallies for Table {
    async fn tally(&self, of: &Counted, hour: Time) -> Result<Option<Tally>, Fault> {
        self.read(GET, |kept| kept.tallies.get(of, hour)).await
    }

    async fn write_tally(&self, tally: &Tally) -> Result<TallyWritten, Fault> {
        self.write(PUT, |kept| kept.write_tally(tally)).await
    }
}
