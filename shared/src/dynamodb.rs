//! The table on DynamoDB.

mod breakers;
mod commits;
mod due;
mod fault;
mod feed;
#[cfg(feature = "testkit")]
mod fill;
mod invites;
mod items;
mod keys;
mod load;
mod log;
mod look;
mod organizations;
mod record;
mod schema;
mod sign_ups;
mod spill;
mod tallies;
mod users;
mod whole;

pub use feed::TableFeed;
#[cfg(feature = "testkit")]
pub use fill::Row;
pub use look::Seen;

use crate::aws::Clients;
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
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use usher_events::{EventId, InviteId, OrganizationId, PoolId, SignUpKey, Sub, Subject, Time};
use whole::Whole;

/// The table. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: Arc<str>,
}

impl Table {
    /// The table of this name; nothing is called yet.
    pub fn new(clients: &Clients, name: impl Into<Arc<str>>) -> Self {
        let config = aws_sdk_dynamodb::Config::from(clients.sdk()).to_builder();
        Self {
            client: Client::from_conf(config.interceptor(Whole).build()),
            name: name.into(),
        }
    }

    /// Opens the connection with a read of nothing, so that the first real one does not wait for
    /// it. Whether the call itself succeeds does not matter.
    pub async fn warm(&self) {
        let nobody = || AttributeValue::S("WARM".to_owned());
        let request = self.client.get_item().table_name(self.name());
        let _ = request
            .key(keys::PK, nobody())
            .key(keys::SK, nobody())
            .send()
            .await;
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait]
impl Store for Table {
    async fn glance(&self, sub: &Sub) -> Result<Option<UserItem>, Fault> {
        self.glance_user(sub).await
    }

    async fn load(&self, sub: &Sub) -> Result<Loaded, Fault> {
        self.load_user(sub).await
    }

    async fn load_many(&self, subs: &[Sub]) -> Vec<Result<Loaded, Fault>> {
        self.load_users(subs).await
    }

    async fn ensure_key(&self, sub: &Sub, fresh: &UserKey) -> Result<UserKey, Fault> {
        self.put_key(sub, fresh).await
    }

    async fn append(&self, commit: &SealedCommit) -> Result<Appended, Fault> {
        self.put_commit(commit).await
    }

    async fn commit(&self, subject: &Subject, id: EventId) -> Result<Option<SealedCommit>, Fault> {
        self.get_commit(subject, id).await
    }

    async fn stream(&self, subject: &Subject) -> Result<Vec<SealedCommit>, Fault> {
        self.query_stream(subject).await
    }

    async fn write_user(&self, item: &UserItem) -> Result<Written, Fault> {
        self.put_user(item).await
    }

    async fn ensure_preferences(&self, sub: &Sub, initial: &Preferences) -> Result<(), Fault> {
        self.put_preferences(sub, initial).await
    }

    async fn preferences(&self, sub: &Sub) -> Result<Option<Preferences>, Fault> {
        self.get_preferences(sub).await
    }

    async fn take_lease(
        &self,
        subject: &Subject,
        id: EventId,
        now: Time,
        lease: &Lease,
    ) -> Result<TakenLease, Fault> {
        self.update_lease(subject, id, now, lease).await
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
        self.update_entry((subject, id), kind, entry, due, owner)
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
        self.update_ledger((subject, id), was, ledger, now).await
    }

    async fn spill(&self, id: EventId, body: &str, due: Time) -> Result<(), Fault> {
        self.put_spill(id, body, due).await
    }

    async fn spilled(&self, id: EventId) -> Result<Option<String>, Fault> {
        self.get_spill(id).await
    }

    async fn remove_spill(&self, id: EventId) -> Result<(), Fault> {
        self.delete_spill(id).await
    }

    async fn due(&self, lane: Lane, now: Time, most: u32) -> Result<Vec<Due>, Fault> {
        self.query_due(lane, now, most).await
    }

    async fn move_due(&self, item: &Due, to: Time) -> Result<Written, Fault> {
        self.update_due(item, to).await
    }
}

#[async_trait]
impl Breakers for Table {
    async fn breaker(&self, of: Dependency) -> Result<Option<Record>, Fault> {
        self.get_breaker(of, false).await
    }

    async fn breakers(&self) -> Result<BTreeMap<Dependency, Record>, Fault> {
        self.get_breakers().await
    }

    async fn write_breaker(
        &self,
        of: Dependency,
        record: &Record,
    ) -> Result<BreakerWritten, Fault> {
        self.put_breaker(of, record).await
    }
}

#[async_trait]
impl Invites for Table {
    async fn invite(&self, pool: &PoolId, id: &InviteId) -> Result<Option<Invite>, Fault> {
        self.get_invite(pool, id).await
    }

    async fn write_invite(&self, invite: &Invite) -> Result<InviteWritten, Fault> {
        self.put_invite(invite).await
    }

    async fn invites(
        &self,
        pool: &PoolId,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<Invite>, Option<String>), Fault> {
        self.query_invites(pool, after, most).await
    }

    async fn sign_up(&self, key: &SignUpKey) -> Result<Option<SignUp>, Fault> {
        self.get_sign_up(key).await
    }

    async fn put_sign_up(&self, sign_up: &SignUp) -> Result<(), Fault> {
        self.overwrite_sign_up(sign_up).await
    }

    async fn stamp_sign_up(
        &self,
        key: &SignUpKey,
        held: &Held,
        sub: &Sub,
    ) -> Result<Written, Fault> {
        self.set_redeemed_by(key, held, sub).await
    }

    async fn extend_sign_up(
        &self,
        key: &SignUpKey,
        held: &Held,
        until: Time,
        expires_at: Time,
    ) -> Result<Written, Fault> {
        self.set_held_until(key, held, until, expires_at).await
    }
}

#[async_trait]
impl Organizations for Table {
    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>, Fault> {
        self.get_organization(id).await
    }

    async fn found(&self, new: &Organization) -> Result<Organization, Fault> {
        self.put_organization(new).await
    }

    async fn write_organization(&self, organization: &Organization) -> Result<Written, Fault> {
        self.overwrite_organization(organization).await
    }

    async fn organizations(
        &self,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<Organization>, Option<String>), Fault> {
        self.query_organizations(after, most).await
    }
}

#[async_trait]
impl Tallies for Table {
    async fn tally(&self, of: &Counted, hour: Time) -> Result<Option<Tally>, Fault> {
        self.get_tally(of, hour, false).await
    }

    async fn write_tally(&self, tally: &Tally) -> Result<TallyWritten, Fault> {
        self.put_tally(tally).await
    }
}

#[cfg(test)]
mod tests;
