//! Ten thousand users with a hundred thousand events, and a worker that goes on writing.

use futures::{StreamExt, stream};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use usher_events::{
    ConfirmationRoute, Envelope, EventId, LifecycleEvent, Person, Personal, PoolId, Role,
    RoleAssigned, RoleSource, SignUpConfirmed, SignUpContext, SignedIn, Sub, Subject, Time,
};
use usher_shared::chance;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::commit::{Commit, EffectKind, Entry, Ledger, Recorded};
use usher_shared::dynamodb::{Row, Table};
use usher_shared::policy::Policy;
use usher_shared::port::{Store, Written};
use usher_shared::seal::{self, UserKey};
use usher_shared::user::{Register, User, UserItem};
use usher_worker::project;

pub const USERS: usize = 10_000;
pub const EVENTS: usize = 10;

/// Calls at once.
const AT_ONCE: usize = 8;

/// The least time from one event of the worker to the next: whoever is read beside it is to be slowed
/// down by what it writes, and not by the processor that it takes.
const PACE: Duration = Duration::from_millis(20);

/// Users whose items go to the table together.
const TOGETHER: usize = 25;

pub fn name(number: usize) -> Sub {
    Sub::new(format!("user-{number:05}")).unwrap()
}

fn person(sub: &Sub) -> Person {
    Person {
        email: Some(Personal::new(format!("{sub}@acme.example"))),
        email_verified: true,
        given_name: Some(Personal::new("Ada")),
        ..Person::default()
    }
}

fn commit(sub: &Sub, time: Time, event: impl Into<LifecycleEvent>) -> Commit {
    Commit {
        envelope: Envelope {
            id: chance::event_id(),
            source: PoolId::new("eu-west-1_Sample01").unwrap(),
            subject: Subject::User(sub.clone()),
            time,
            correlation_id: None,
            causation_id: None,
            event: Recorded::Lifecycle(event.into()),
        },
        decided: Vec::new(),
        ledger: Ledger::default(),
        lease: None,
        recorded_at: time,
    }
}

/// A confirmation whose mail was given up.
fn confirmed(sub: &Sub, time: Time) -> Commit {
    let event = SignUpConfirmed {
        route: ConfirmationRoute::SignUp,
        client: None,
        context: SignUpContext::default(),
        sign_up: None,
        person: person(sub),
    };
    let role = RoleAssigned {
        source: RoleSource::Default,
        role: Some(Role::new("user").unwrap()),
    };
    let mut commit = commit(sub, time, event);
    commit.decided.push(role.into());
    let given_up = Entry::given_up(time, "rejected");
    commit.ledger.set(EffectKind::WelcomeMail, given_up);
    commit
}

fn signed_in(sub: &Sub, time: Time) -> Commit {
    let event = SignedIn {
        client: None,
        new_device: None,
        person: person(sub),
    };
    commit(sub, time, event)
}

/// The ids under which an export tells of a commit.
fn ids(commit: &Commit) -> Vec<EventId> {
    let decided = commit.decided_envelopes().map(|decided| decided.id);
    std::iter::once(commit.envelope.id).chain(decided).collect()
}

/// One user with so many events in the past, as items, and the ids of what happened.
fn life(number: usize, events: usize) -> (Vec<Row>, Vec<EventId>) {
    let (sub, key) = (name(number), UserKey::new(chance::bytes()));
    let (mut rows, mut all) = (vec![Row::Key(sub.clone(), key.clone())], Vec::new());
    let (mut user, mut claims) = (User::default(), BTreeMap::new());
    for event in 0..events {
        let seconds = 1_770_000_000 + i64::try_from(event * 60).unwrap();
        let time = Time::from_unix_seconds(seconds).unwrap();
        let commit = match event {
            0 => confirmed(&sub, time),
            _ => signed_in(&sub, time),
        };
        rows.push(Row::Commit(
            seal::seal(&commit, Some(&key), chance::bytes()).unwrap(),
        ));
        all.extend(ids(&commit));
        let kinds = commit.ledger.entries().map(|(kind, _)| kind);
        claims.extend(kinds.map(|kind| (kind, commit.envelope.id)));
        user = user.apply(&commit);
    }
    let item = UserItem {
        user,
        claims,
        version: 1,
        ..UserItem::new(sub)
    };
    rows.push(Row::User(item));
    (rows, all)
}

/// Puts these users with their pasts into a table, and gives the ids of what happened.
pub async fn fill(table: &Table, numbers: Range<usize>) -> Vec<EventId> {
    let together: Vec<usize> = numbers.clone().step_by(TOGETHER).collect();
    let calls = together.into_iter().map(|first| {
        let (table, last) = (table.clone(), numbers.end.min(first + TOGETHER));
        tokio::spawn(async move {
            let (rows, ids): (Vec<_>, Vec<_>) =
                (first..last).map(|number| life(number, EVENTS)).unzip();
            table.fill(&rows.concat()).await.unwrap();
            ids.concat()
        })
    });
    let ids = stream::iter(calls).buffer_unordered(AT_ONCE);
    let ids: Vec<_> = ids.collect().await;
    ids.into_iter().flat_map(|ids| ids.unwrap()).collect()
}

/// Puts one user with a long past into a table, and gives the ids of what happened.
pub async fn fill_one(table: &Table, number: usize, events: usize) -> Vec<EventId> {
    let (rows, ids) = life(number, events);
    table.fill(&rows).await.unwrap();
    ids
}

/// Records and folds one event as a worker does, with whatever others write meanwhile.
async fn work(table: &Table, policy: &Policy, number: usize) -> Vec<EventId> {
    let sub = name(number);
    let loaded = table.load(&sub).await.unwrap();
    let commit = signed_in(&sub, WallClock.now());
    let key = loaded.key.unwrap();
    let sealed = seal::seal(&commit, Some(&key), chance::bytes()).unwrap();
    table.append(&sealed).await.unwrap();
    let mut before = loaded.user.unwrap();
    loop {
        let mut item = project::next(policy, before.clone(), &commit, &[]);
        item.version += 1;
        if table.write_user(&item).await == Ok(Written::Now) {
            return ids(&commit);
        }
        before = table.load(&sub).await.unwrap().user.unwrap();
    }
}

/// A worker that goes on until it is told to stop.
pub struct Working {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Vec<EventId>>,
}

impl Working {
    pub fn start(table: &Table) -> Self {
        let (table, stop) = (table.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let (policy, mut number, mut ids) = (Policy::default(), 0, Vec::new());
            let mut pace = tokio::time::interval(PACE);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !stopped.load(Ordering::SeqCst) {
                pace.tick().await;
                // Another user each time, all over the table.
                number = (number + 7_919) % USERS;
                ids.extend(work(&table, &policy, number).await);
            }
            ids
        });
        Self { stop, task }
    }

    /// The ids of what it has recorded.
    pub async fn stop(self) -> Vec<EventId> {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap()
    }
}

/// Gives a user a role that no commit gave.
pub async fn corrupt(table: &Table, number: usize) {
    let item = table.load(&name(number)).await.unwrap().user.unwrap();
    let mut changed = UserItem {
        version: item.version + 1,
        ..item
    };
    let role = Register::new(
        Some(Role::new("emperor").unwrap()),
        WallClock.now(),
        chance::event_id(),
    );
    changed.user.roles.insert(RoleSource::Operator, role);
    assert_eq!(table.write_user(&changed).await, Ok(Written::Now));
}
