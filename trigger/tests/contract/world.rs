//! A trigger, and places around it that do as they are told.

use async_trait::async_trait;
use serde_json::{Value, value::RawValue};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use usher_events::{
    Envelope, EventId, InviteId, LifecycleEvent, MembershipSet, OperatorEvent, OrganizationId,
    PoolId, RefusalReason, Role, RoleSet, SignInRefused, SignUpKey, Sub, Subject, SuspensionReason,
    Time, UserSuspended, identity,
};
use usher_shared::breaker::Record;
use usher_shared::clock::{self, Clock, FixedClock};
use usher_shared::commit::{Commit, DueAt, EffectKind, Entry, Lane, Lease, Ledger, Recorded};
use usher_shared::dependency::Dependency;
use usher_shared::digest::Secret;
use usher_shared::disposition::FaultKind;
use usher_shared::invite::Invite;
use usher_shared::organization::{Cache, Organization};
use usher_shared::policy::{Policy, file};
use usher_shared::port::{
    Appended, BreakerWritten, Breakers, Bus, BusEntry, Delayed, Due, Fault, InviteWritten, Invites,
    Loaded, Organizations, Outgoing, Queue, Store, TakenLease, Tallies, TallyWritten, Written,
};
use usher_shared::preferences::Preferences;
use usher_shared::seal::{SealedCommit, UserKey};
use usher_shared::secret::Kept;
use usher_shared::sign_up::{Held, SignUp};
use usher_shared::tally::{Counted, Tally};
use usher_shared::user::{User, UserItem};
use usher_trigger::publish::Publisher;
use usher_trigger::{Handled, Trigger};

/// The user of every fixture that has one.
pub(crate) const SUB: &str = "9c1f6b1e-4d2a-4f0e-8a37-1f0f2f6f3a51";
const POOL: &str = "eu-west-1_Ex4mpl301";

pub(crate) fn now() -> Time {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

/// The policy of this text.
pub(crate) fn policy(text: &str) -> Policy {
    let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    file::parse(text, Path::new(""), &no_files).unwrap()
}

/// How a place behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Takes(Duration),
    Hangs,
    Fails(FaultKind),
    Panics,
}

impl Mood {
    async fn show(self, operation: &'static str) -> Result<(), Fault> {
        match self {
            Self::Well => Ok(()),
            Self::Takes(time) => {
                clock::sleep(time).await;
                Ok(())
            }
            Self::Hangs => std::future::pending().await,
            Self::Fails(kind) => Err(Fault::new(operation, kind)),
            Self::Panics => panic!("planted at {operation}"),
        }
    }
}

/// A queue, a bus and a table in one, which keep what they are given.
pub(crate) struct Places {
    pub(crate) reading: Mood,
    /// The same of sign-ups alone, where the rest of the table is well.
    pub(crate) reading_sign_ups: Mood,
    pub(crate) queue: Mood,
    pub(crate) bus: Mood,
    pub(crate) spill: Mood,
    pub(crate) users: HashMap<Sub, UserItem>,
    pub(crate) queued: Mutex<Vec<Outgoing>>,
    pub(crate) on_bus: Mutex<Vec<BusEntry>>,
    pub(crate) spilled: Mutex<Vec<(EventId, String, Time)>>,
    pub(crate) invites: Mutex<HashMap<(PoolId, InviteId), Invite>>,
    pub(crate) sign_ups: Mutex<HashMap<SignUpKey, SignUp>>,
    /// The calls about invites and sign-ups, by name.
    pub(crate) invite_calls: Mutex<Vec<&'static str>>,
    pub(crate) organizations: Mutex<HashMap<OrganizationId, Organization>>,
    /// How the table behaves when it is asked for an organization.
    pub(crate) looking_up: Mood,
    /// Which organizations it was asked for.
    pub(crate) looked_up: Mutex<Vec<OrganizationId>>,
    /// What was counted of refused sign-ups.
    pub(crate) tallies: Mutex<Vec<Tally>>,
    /// How often anybody asked for that.
    pub(crate) tally_reads: Mutex<usize>,
}

impl Places {
    pub(crate) fn new() -> Self {
        Self {
            reading: Mood::Well,
            reading_sign_ups: Mood::Well,
            queue: Mood::Well,
            bus: Mood::Well,
            spill: Mood::Well,
            users: HashMap::new(),
            queued: Mutex::default(),
            on_bus: Mutex::default(),
            spilled: Mutex::default(),
            invites: Mutex::default(),
            sign_ups: Mutex::default(),
            invite_calls: Mutex::default(),
            organizations: Mutex::default(),
            looking_up: Mood::Well,
            looked_up: Mutex::default(),
            tallies: Mutex::default(),
            tally_reads: Mutex::default(),
        }
    }

    /// Places that know the fixtures' user as these commits tell of it.
    pub(crate) fn knowing(commits: &[Commit]) -> Self {
        let sub = Sub::new(SUB).unwrap();
        let user = User::fold(commits);
        let item = UserItem {
            user,
            version: 1,
            ..UserItem::new(sub.clone())
        };
        Self {
            users: HashMap::from([(sub, item)]),
            ..Self::new()
        }
    }
}

#[async_trait]
impl Queue for Places {
    async fn send(&self, message: &Outgoing) -> Result<(), Fault> {
        self.queue.show("queue.send").await?;
        self.queued.lock().unwrap().push(message.clone());
        Ok(())
    }
    async fn send_many(&self, _: &[Delayed]) -> Vec<Result<(), Fault>> {
        never()
    }
}

#[async_trait]
impl Bus for Places {
    async fn publish(&self, entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        let mood = self.bus.show("bus.publish").await;
        if mood.is_ok() {
            self.on_bus.lock().unwrap().extend_from_slice(entries);
        }
        entries.iter().map(|_| mood).collect()
    }
}

impl Places {
    async fn about_invites(&self, name: &'static str) -> Result<(), Fault> {
        self.invite_calls.lock().unwrap().push(name);
        self.reading.show(name).await
    }
}

#[async_trait]
impl Invites for Places {
    async fn invite(&self, pool: &PoolId, id: &InviteId) -> Result<Option<Invite>, Fault> {
        self.about_invites("invite").await?;
        let key = (pool.clone(), id.clone());
        Ok(self.invites.lock().unwrap().get(&key).cloned())
    }

    async fn write_invite(&self, invite: &Invite) -> Result<InviteWritten, Fault> {
        self.about_invites("write_invite").await?;
        let key = (invite.pool.clone(), invite.id.clone());
        let mut invites = self.invites.lock().unwrap();
        let there = invites.get(&key).cloned();
        if there.as_ref().map_or(0, |there| there.version) + 1 != invite.version {
            return Ok(InviteWritten::Overtaken(there.map(Box::new)));
        }
        invites.insert(key, invite.clone());
        Ok(InviteWritten::Now)
    }

    async fn sign_up(&self, key: &SignUpKey) -> Result<Option<SignUp>, Fault> {
        self.about_invites("sign_up").await?;
        self.reading_sign_ups.show("sign_up").await?;
        Ok(self.sign_ups.lock().unwrap().get(key).cloned())
    }

    async fn put_sign_up(&self, sign_up: &SignUp) -> Result<(), Fault> {
        self.about_invites("put_sign_up").await?;
        let mut sign_ups = self.sign_ups.lock().unwrap();
        sign_ups.insert(sign_up.key.clone(), sign_up.clone());
        Ok(())
    }

    async fn extend_sign_up(
        &self,
        key: &SignUpKey,
        held: &Held,
        until: Time,
        expires_at: Time,
    ) -> Result<Written, Fault> {
        self.about_invites("extend_sign_up").await?;
        let mut sign_ups = self.sign_ups.lock().unwrap();
        match sign_ups.get_mut(key) {
            Some(sign_up) if sign_up.held.as_ref() == Some(held) => {
                *sign_up = sign_up.clone().extended(until);
                sign_up.expires_at = expires_at;
                Ok(Written::Now)
            }
            _ => Ok(Written::Overtaken),
        }
    }

    async fn invites(
        &self,
        _: &PoolId,
        _: Option<&str>,
        _: u32,
    ) -> Result<(Vec<Invite>, Option<String>), Fault> {
        never()
    }
    async fn stamp_sign_up(&self, _: &SignUpKey, _: &Held, _: &Sub) -> Result<Written, Fault> {
        never()
    }
}

#[async_trait]
impl Organizations for Places {
    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>, Fault> {
        self.looked_up.lock().unwrap().push(id.clone());
        self.reading.show("organization").await?;
        self.looking_up.show("organization").await?;
        Ok(self.organizations.lock().unwrap().get(id).cloned())
    }

    async fn found(&self, _: &Organization) -> Result<Organization, Fault> {
        never()
    }
    async fn write_organization(&self, _: &Organization) -> Result<Written, Fault> {
        never()
    }
    async fn organizations(
        &self,
        _: Option<&str>,
        _: u32,
    ) -> Result<(Vec<Organization>, Option<String>), Fault> {
        never()
    }
}

#[async_trait]
impl Tallies for Places {
    async fn tally(&self, of: &Counted, hour: Time) -> Result<Option<Tally>, Fault> {
        *self.tally_reads.lock().unwrap() += 1;
        self.reading.show("store.tally").await?;
        let tallies = self.tallies.lock().unwrap();
        let mut tallies = tallies.iter();
        let found = tallies.find(|tally| tally.of == *of && tally.hour == hour);
        Ok(found.cloned())
    }

    async fn write_tally(&self, _: &Tally) -> Result<TallyWritten, Fault> {
        never()
    }
}

#[async_trait]
impl Breakers for Places {
    async fn breaker(&self, _: Dependency) -> Result<Option<Record>, Fault> {
        never()
    }
    async fn breakers(&self) -> Result<BTreeMap<Dependency, Record>, Fault> {
        never()
    }
    async fn write_breaker(&self, _: Dependency, _: &Record) -> Result<BreakerWritten, Fault> {
        never()
    }
}

#[async_trait]
impl Store for Places {
    async fn glance(&self, sub: &Sub) -> Result<Option<UserItem>, Fault> {
        self.reading.show("store.glance").await?;
        Ok(self.users.get(sub).cloned())
    }

    async fn spill(&self, id: EventId, body: &str, due: Time) -> Result<(), Fault> {
        self.spill.show("store.spill").await?;
        let mut spilled = self.spilled.lock().unwrap();
        spilled.push((id, body.to_owned(), due));
        Ok(())
    }

    async fn load(&self, _: &Sub) -> Result<Loaded, Fault> {
        never()
    }
    async fn load_many(&self, _: &[Sub]) -> Vec<Result<Loaded, Fault>> {
        never()
    }
    async fn ensure_key(&self, _: &Sub, _: &UserKey) -> Result<UserKey, Fault> {
        never()
    }
    async fn append(&self, _: &SealedCommit) -> Result<Appended, Fault> {
        never()
    }
    async fn commit(&self, _: &Subject, _: EventId) -> Result<Option<SealedCommit>, Fault> {
        never()
    }
    async fn stream(&self, _: &Subject) -> Result<Vec<SealedCommit>, Fault> {
        never()
    }
    async fn write_user(&self, _: &UserItem) -> Result<Written, Fault> {
        never()
    }
    async fn ensure_preferences(&self, _: &Sub, _: &Preferences) -> Result<(), Fault> {
        never()
    }
    async fn preferences(&self, _: &Sub) -> Result<Option<Preferences>, Fault> {
        never()
    }
    async fn take_lease(
        &self,
        _: &Subject,
        _: EventId,
        _: Time,
        _: &Lease,
    ) -> Result<TakenLease, Fault> {
        never()
    }
    async fn write_entry(
        &self,
        _: &Subject,
        _: EventId,
        _: EffectKind,
        _: &Entry,
        _: Option<DueAt>,
        _: Option<&str>,
    ) -> Result<Written, Fault> {
        never()
    }
    async fn replace_ledger(
        &self,
        _: &Subject,
        _: EventId,
        _: &Ledger,
        _: &Ledger,
        _: Time,
    ) -> Result<Written, Fault> {
        never()
    }
    async fn spilled(&self, _: EventId) -> Result<Option<String>, Fault> {
        never()
    }
    async fn remove_spill(&self, _: EventId) -> Result<(), Fault> {
        never()
    }
    async fn due(&self, _: Lane, _: Time, _: u32) -> Result<Vec<Due>, Fault> {
        never()
    }
    async fn move_due(&self, _: &Due, _: Time) -> Result<Written, Fault> {
        never()
    }
}

fn never() -> ! {
    panic!("the trigger has no business here")
}

/// A trigger on these places.
pub(crate) fn trigger(policy: Policy, places: &Arc<Places>) -> Trigger {
    let publisher = Publisher {
        queue: places.clone(),
        bus: places.clone(),
        store: places.clone(),
    };
    trigger_on(policy, publisher)
}

/// A trigger that publishes there.
pub(crate) fn trigger_on(policy: Policy, publisher: Publisher) -> Trigger {
    Trigger {
        policy: Arc::new(policy),
        secret: Kept::given(Secret::new(&[7; 32])),
        publisher,
        organizations: Cache::default(),
        clock: Arc::new(FixedClock(now())),
    }
}

/// A clock that is broken by our own fault.
pub(crate) struct BrokenClock;

impl Clock for BrokenClock {
    fn now(&self) -> Time {
        panic!("planted at clock.now")
    }
}

/// An event as it is written.
pub(crate) fn raw(text: &str) -> &RawValue {
    serde_json::from_str(text).unwrap()
}

/// Gives one event to a trigger.
pub(crate) async fn handle(trigger: &Trigger, event: &str) -> Handled {
    trigger.handle(raw(event), "b9c8a8c6-aaaa").await
}

/// The fixture of one trigger source.
pub(crate) fn fixture(source: &str) -> String {
    let path = Path::new(FIXTURES).join(format!("{source}.json"));
    std::fs::read_to_string(path).unwrap().trim_end().to_owned()
}

/// Where fixtures are.
pub(crate) const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// The fixture of one trigger source with some values replaced, named by their JSON pointers; a
/// value that is not there yet is added to the object that is.
pub(crate) fn changed(source: &str, changes: &[(&str, Value)]) -> String {
    let mut event: Value = serde_json::from_str(&fixture(source)).unwrap();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        parent.insert(key.replace("~1", "/"), value.clone());
    }
    event.to_string()
}

/// What Cognito got, as JSON.
pub(crate) fn answer(handled: &Handled) -> Value {
    serde_json::from_str(handled.answer.as_ref().unwrap().get()).unwrap()
}

/// `response` of what Cognito got.
pub(crate) fn response(handled: &Handled) -> Value {
    answer(handled)["response"].clone()
}

/// The sentence of a refusal.
pub(crate) fn refusal(handled: &Handled) -> &str {
    handled.answer.as_ref().unwrap_err().text()
}

/// An operator has suspended the fixtures' user.
pub(crate) fn suspended() -> Commit {
    let reason = SuspensionReason::Operator;
    by_operator(UserSuspended { reason })
}

/// An operator has given the fixtures' user this role.
pub(crate) fn given_role(role: &str) -> Commit {
    let role = Role::new(role).ok();
    by_operator(RoleSet { role })
}

/// An operator has put the fixtures' user into this organization.
pub(crate) fn made_member(organization: &str) -> Commit {
    by_operator(MembershipSet {
        organization: OrganizationId::new(organization).ok(),
        account_type: None,
    })
}

fn by_operator(event: impl Into<OperatorEvent>) -> Commit {
    commit(
        Recorded::Operator(event.into()),
        "2026-01-01T00:00:00Z".parse().unwrap(),
    )
}

/// The fixtures' user was refused for this in the hour that begins then.
pub(crate) fn refused(reason: RefusalReason, hour: &str) -> Commit {
    let event = LifecycleEvent::from(SignInRefused::new(reason));
    commit(Recorded::Lifecycle(event), hour.parse().unwrap())
}

/// A commit about the fixtures' user.
pub(crate) fn commit(event: Recorded, time: Time) -> Commit {
    let (pool, sub) = (PoolId::new(POOL).unwrap(), Sub::new(SUB).unwrap());
    let (id, _) = identity::password_reset(&pool, &sub, time);
    Commit {
        envelope: Envelope {
            id,
            source: pool,
            subject: Subject::User(sub),
            time,
            correlation_id: None,
            causation_id: None,
            event,
        },
        decided: Vec::new(),
        ledger: Ledger::default(),
        lease: None,
        recorded_at: time,
    }
}
