//! A store that somebody watches: who may count, measure, fail or do something in between.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use usher_events::{EventId, InviteId, OrganizationId, PoolId, SignUpKey, Sub, Subject, Time};
use usher_shared::breaker::Record;
use usher_shared::commit::{DueAt, EffectKind, Entry, Lane, Lease, Ledger};
use usher_shared::dependency::Dependency;
use usher_shared::disposition::FaultKind;
use usher_shared::invite::Invite;
use usher_shared::organization::{Cache, Organization};
use usher_shared::port::{
    Appended, BreakerWritten, Breakers, Due, Fault, InviteWritten, Invites, Loaded, Organizations,
    Store, TakenLease, Tallies, TallyWritten, Written,
};
use usher_shared::preferences::Preferences;
use usher_shared::seal::{SealedCommit, UserKey};
use usher_shared::sign_up::{Held, SignUp};
use usher_shared::tally::{Counted, Tally};
use usher_shared::user::UserItem;
use usher_worker::Worker;

/// One call, and what it writes, if it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub name: &'static str,
    /// Hash key and range key of the item.
    pub writes: Option<(String, String)>,
}

/// Watches calls.
#[async_trait]
pub trait Watcher: Send + Sync {
    /// Comes before a call, and may fail it.
    async fn before(&self, call: &Call) -> Result<(), Fault>;

    /// Comes after a call.
    async fn after(&self, _call: &Call) {}

    /// Comes after users were loaded, and may say something else of them.
    fn loaded(&self, _subs: &[Sub], _loaded: &mut [Result<Loaded, Fault>]) {}
}

/// A store with a watcher.
pub struct Watched<W> {
    pub store: Arc<dyn Store>,
    pub watcher: Arc<W>,
}

impl<W: Watcher> Watched<W> {
    async fn call<T>(
        &self,
        name: &'static str,
        writes: Option<(String, String)>,
        call: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let what = Call { name, writes };
        self.watcher.before(&what).await?;
        let result = call.await;
        self.watcher.after(&what).await;
        result
    }
}

fn of_user(sub: &Sub, sk: &str) -> Option<(String, String)> {
    Some((format!("U#{sub}"), sk.to_owned()))
}

fn of_commit(subject: &Subject, id: EventId) -> Option<(String, String)> {
    let pk = match subject {
        Subject::User(sub) => format!("U#{sub}"),
        Subject::SignUp(key) => key.to_string(),
    };
    Some((pk, format!("E#{id}")))
}

fn of_sign_up(key: &SignUpKey) -> Option<(String, String)> {
    Some((key.to_string(), "SIGNUP".to_owned()))
}

fn of_tally(tally: &Tally) -> Option<(String, String)> {
    let pk = match &tally.of {
        Counted::Name(key) => key.as_str().replacen('S', "R", 1),
        Counted::Invite(pool, id) => format!("R#{pool}#{id}"),
    };
    Some((pk, format!("H#{}", tally.hour)))
}

#[async_trait]
impl<W: Watcher> Invites for Watched<W> {
    async fn invite(&self, pool: &PoolId, id: &InviteId) -> Result<Option<Invite>, Fault> {
        let call = self.store.invite(pool, id);
        self.call("invite", None, call).await
    }

    async fn write_invite(&self, invite: &Invite) -> Result<InviteWritten, Fault> {
        let writes = (
            format!("I#{}#{}", invite.pool, invite.id),
            "INVITE".to_owned(),
        );
        let call = self.store.write_invite(invite);
        self.call("write_invite", Some(writes), call).await
    }

    async fn invites(
        &self,
        pool: &PoolId,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<Invite>, Option<String>), Fault> {
        let call = self.store.invites(pool, after, most);
        self.call("invites", None, call).await
    }

    async fn sign_up(&self, key: &SignUpKey) -> Result<Option<SignUp>, Fault> {
        self.call("sign_up", None, self.store.sign_up(key)).await
    }

    async fn put_sign_up(&self, sign_up: &SignUp) -> Result<(), Fault> {
        let call = self.store.put_sign_up(sign_up);
        let writes = of_sign_up(&sign_up.key);
        self.call("put_sign_up", writes, call).await
    }

    async fn stamp_sign_up(
        &self,
        key: &SignUpKey,
        held: &Held,
        sub: &Sub,
    ) -> Result<Written, Fault> {
        let call = self.store.stamp_sign_up(key, held, sub);
        self.call("stamp_sign_up", of_sign_up(key), call).await
    }

    async fn extend_sign_up(
        &self,
        key: &SignUpKey,
        held: &Held,
        until: Time,
        expires_at: Time,
    ) -> Result<Written, Fault> {
        let call = self.store.extend_sign_up(key, held, until, expires_at);
        self.call("extend_sign_up", of_sign_up(key), call).await
    }
}

#[async_trait]
impl<W: Watcher> Organizations for Watched<W> {
    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>, Fault> {
        let call = self.store.organization(id);
        self.call("organization", None, call).await
    }

    async fn found(&self, new: &Organization) -> Result<Organization, Fault> {
        let writes = (format!("O#{}", new.id), "ORG".to_owned());
        let call = self.store.found(new);
        self.call("found", Some(writes), call).await
    }

    async fn write_organization(&self, organization: &Organization) -> Result<Written, Fault> {
        let writes = (format!("O#{}", organization.id), "ORG".to_owned());
        let call = self.store.write_organization(organization);
        self.call("write_organization", Some(writes), call).await
    }

    async fn organizations(
        &self,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<Organization>, Option<String>), Fault> {
        let call = self.store.organizations(after, most);
        self.call("organizations", None, call).await
    }
}

#[async_trait]
impl<W: Watcher> Breakers for Watched<W> {
    async fn breaker(&self, of: Dependency) -> Result<Option<Record>, Fault> {
        self.call("breaker", None, self.store.breaker(of)).await
    }

    async fn breakers(&self) -> Result<BTreeMap<Dependency, Record>, Fault> {
        self.call("breakers", None, self.store.breakers()).await
    }

    async fn write_breaker(
        &self,
        of: Dependency,
        record: &Record,
    ) -> Result<BreakerWritten, Fault> {
        let writes = Some((format!("B#{of}"), "BREAKER".to_owned()));
        let call = self.store.write_breaker(of, record);
        self.call("write_breaker", writes, call).await
    }
}

#[async_trait]
impl<W: Watcher> Tallies for Watched<W> {
    async fn tally(&self, of: &Counted, hour: Time) -> Result<Option<Tally>, Fault> {
        self.call("tally", None, self.store.tally(of, hour)).await
    }

    async fn write_tally(&self, tally: &Tally) -> Result<TallyWritten, Fault> {
        let call = self.store.write_tally(tally);
        self.call("write_tally", of_tally(tally), call).await
    }
}

#[async_trait]
impl<W: Watcher> Store for Watched<W> {
    async fn glance(&self, sub: &Sub) -> Result<Option<UserItem>, Fault> {
        self.call("glance", None, self.store.glance(sub)).await
    }

    async fn load(&self, sub: &Sub) -> Result<Loaded, Fault> {
        self.call("load", None, self.store.load(sub)).await
    }

    async fn load_many(&self, subs: &[Sub]) -> Vec<Result<Loaded, Fault>> {
        let load = async { Ok(self.store.load_many(subs).await) };
        match self.call("load_many", None, load).await {
            Ok(mut loaded) => {
                self.watcher.loaded(subs, &mut loaded);
                loaded
            }
            Err(fault) => subs.iter().map(|_| Err(fault)).collect(),
        }
    }

    async fn ensure_key(&self, sub: &Sub, fresh: &UserKey) -> Result<UserKey, Fault> {
        let call = self.store.ensure_key(sub, fresh);
        self.call("ensure_key", of_user(sub, "KEY"), call).await
    }

    async fn append(&self, commit: &SealedCommit) -> Result<Appended, Fault> {
        let writes = of_commit(&commit.envelope.subject, commit.envelope.id);
        self.call("append", writes, self.store.append(commit)).await
    }

    async fn commit(&self, subject: &Subject, id: EventId) -> Result<Option<SealedCommit>, Fault> {
        let call = self.store.commit(subject, id);
        self.call("commit", None, call).await
    }

    async fn stream(&self, subject: &Subject) -> Result<Vec<SealedCommit>, Fault> {
        self.call("stream", None, self.store.stream(subject)).await
    }

    async fn write_user(&self, item: &UserItem) -> Result<Written, Fault> {
        let call = self.store.write_user(item);
        self.call("write_user", of_user(&item.sub, "USER"), call)
            .await
    }

    async fn ensure_preferences(&self, sub: &Sub, initial: &Preferences) -> Result<(), Fault> {
        let call = self.store.ensure_preferences(sub, initial);
        self.call("ensure_preferences", of_user(sub, "PREFS"), call)
            .await
    }

    async fn preferences(&self, sub: &Sub) -> Result<Option<Preferences>, Fault> {
        let call = self.store.preferences(sub);
        self.call("preferences", None, call).await
    }

    async fn take_lease(
        &self,
        subject: &Subject,
        id: EventId,
        now: Time,
        lease: &Lease,
    ) -> Result<TakenLease, Fault> {
        let call = self.store.take_lease(subject, id, now, lease);
        self.call("take_lease", of_commit(subject, id), call).await
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
        let call = self.store.write_entry(subject, id, kind, entry, due, owner);
        self.call("write_entry", of_commit(subject, id), call).await
    }

    async fn replace_ledger(
        &self,
        subject: &Subject,
        id: EventId,
        was: &Ledger,
        ledger: &Ledger,
        now: Time,
    ) -> Result<Written, Fault> {
        let call = self.store.replace_ledger(subject, id, was, ledger, now);
        self.call("replace_ledger", of_commit(subject, id), call)
            .await
    }

    async fn spill(&self, id: EventId, body: &str, due: Time) -> Result<(), Fault> {
        self.store.spill(id, body, due).await
    }

    async fn spilled(&self, id: EventId) -> Result<Option<String>, Fault> {
        self.store.spilled(id).await
    }

    async fn remove_spill(&self, id: EventId) -> Result<(), Fault> {
        self.store.remove_spill(id).await
    }

    async fn due(&self, lane: Lane, now: Time, most: u32) -> Result<Vec<Due>, Fault> {
        self.call("due", None, self.store.due(lane, now, most))
            .await
    }

    async fn move_due(&self, item: &Due, to: Time) -> Result<Written, Fault> {
        self.call("move_due", None, self.store.move_due(item, to))
            .await
    }
}

/// Fails one call, before it is made or after, so often; as a crash does it to the one that called.
struct Crash {
    call: &'static str,
    after: bool,
    left: Mutex<usize>,
    lost: Mutex<bool>,
}

/// A worker that is as good as dead from its first call of this name on, before it or after.
pub fn crashing(worker: Worker, call: &'static str, after: bool) -> Worker {
    let crash = Arc::new(Crash {
        call,
        after,
        left: Mutex::new(1),
        lost: Mutex::new(false),
    });
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: crash,
    };
    Worker {
        store: Arc::new(store),
        // What the dead one had in its memory nobody else has.
        organizations: Cache::default(),
        ..worker
    }
}

#[async_trait]
impl Watcher for Crash {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        let lost = *self.lost.lock().unwrap();
        let mut left = self.left.lock().unwrap();
        if lost || (call.name == self.call && !self.after && *left > 0) {
            *left = left.saturating_sub(1);
            *self.lost.lock().unwrap() = true;
            return Err(Fault::new("planted", FaultKind::Refused));
        }
        Ok(())
    }

    async fn after(&self, call: &Call) {
        if call.name == self.call && self.after {
            // Nothing that comes after it is carried out.
            *self.lost.lock().unwrap() = true;
        }
    }
}
