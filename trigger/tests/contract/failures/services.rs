//! AWS as the adapters see it: a table, a queue and a bus that keep what they are given, and on the
//! way to those that are down a network that fails.

use super::table::Known;
use crate::world::{SUB, given_role, now, suspended, trigger_on};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use usher_events::{PoolId, Sub};
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::commit::Commit;
use usher_shared::digest::Secret;
use usher_shared::dynamodb::Table;
use usher_shared::eventbridge::EventBus;
use usher_shared::invite::{Code, Grants, Invite, Terms};
use usher_shared::policy::Policy;
use usher_shared::port::{Invites, Store};
use usher_shared::sqs::WorkQueue;
use usher_shared::testkit::http::{self, Behavior, Call, Outcome};
use usher_shared::user::{User, UserItem};
use usher_trigger::Trigger;
use usher_trigger::publish::{Publisher, Route};

/// Which services are down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Down {
    pub(super) store: bool,
    queue: bool,
    bus: bool,
}

impl Down {
    pub(super) const NOTHING: Self = Self::of(false, false, false);
    pub(super) const STORE: Self = Self::of(true, false, false);
    pub(super) const QUEUE: Self = Self::of(false, true, false);
    pub(super) const BUS: Self = Self::of(false, false, true);
    pub(super) const QUEUE_AND_BUS: Self = Self::of(false, true, true);
    pub(super) const EVERYTHING: Self = Self::of(true, true, true);

    const fn of(store: bool, queue: bool, bus: bool) -> Self {
        Self { store, queue, bus }
    }
}

/// How a service that is down answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Never.
    Hangs,
    /// There is nobody, or nobody who lets us.
    Refuses(Behavior),
    /// It asks for fewer calls.
    Throttles,
    /// It says yes, in these words.
    Garbles(&'static str),
    /// It does what was asked, and says so only after this long.
    Late(Duration),
}

/// Longer than any call is waited for.
const TOO_LATE: Duration = Duration::from_millis(700);
/// Half of what a call is waited for.
pub(super) const IN_TIME: Duration = Duration::from_millis(250);

/// Nothing, something else, and half of something.
const GARBAGE: [&str; 6] = [
    "",
    "<html><body><h1>Moved</h1></body></html>",
    r#"{"MessageId":"4f1f2e7c","Entries":[{"EventId":"117"#,
    r#"{"Item":{"PK":{"S":"U#9c1f6b1e-4d2a-4f0e-8a37-1f0f2f6f3a51"},"SK":"#,
    "null",
    "[]",
];

/// Right but for what matters. A table's yes to a write has nothing in it that could be missing.
const HOLLOW: [&str; 2] = [
    r#"{"Item":{},"MessageId":null,"FailedEntryCount":0,"Entries":[]}"#,
    r#"{"Item":{"PK":{"S":"U#somebody"},"SK":{"S":"USER"},"version":{"N":"1"}},"Entries":[{}]}"#,
];

impl Failure {
    /// Each that there is.
    pub(super) fn all() -> Vec<Self> {
        let mut all = Self::unmistakable();
        all.extend(HOLLOW.map(Self::Garbles));
        all
    }

    /// Each that shows in the answer to a write, too.
    pub(super) fn unmistakable() -> Vec<Self> {
        let refusals = [
            Behavior::RefusesConnection,
            Behavior::Resets,
            Behavior::Breaks,
            Behavior::Denies,
        ];
        let mut all = vec![Self::Hangs, Self::Throttles, Self::Late(TOO_LATE)];
        all.extend(refusals.map(Self::Refuses));
        all.extend(GARBAGE.map(Self::Garbles));
        all
    }

    fn of(self, call: &Call, kept: &Kept) -> Behavior {
        match self {
            Self::Hangs => Behavior::Hangs,
            Self::Refuses(behavior) => behavior,
            Self::Throttles => Behavior::Throttles,
            Self::Garbles(body) => Behavior::Answers(body),
            Self::Late(time) => Behavior::AnswersLate(time, kept.answer(call)),
        }
    }
}

/// Items by their keys.
pub(super) type Items = HashMap<(String, String), Value>;

/// What the services keep.
#[derive(Default)]
struct Kept {
    items: Mutex<Items>,
    queued: Mutex<Vec<String>>,
    on_bus: Mutex<Vec<String>>,
}

impl Kept {
    /// Does what a call asks, and says what AWS would.
    fn answer(&self, call: &Call) -> &'static str {
        let asked: Value = serde_json::from_str(&call.body).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let key = |keys: &Value| (text(&keys["PK"]["S"]), text(&keys["SK"]["S"]));
        let said = match call.operation.as_str() {
            "GetItem" => match self.items.lock().unwrap().get(&key(&asked["Key"])) {
                Some(item) => json!({ "Item": item }),
                None => json!({}),
            },
            "PutItem" => {
                let item = asked["Item"].clone();
                self.items.lock().unwrap().insert(key(&item), item);
                json!({})
            }
            "UpdateItem" => json!({}),
            "SendMessage" => {
                self.queued
                    .lock()
                    .unwrap()
                    .push(text(&asked["MessageBody"]));
                json!({ "MessageId": "4f1f2e7c" })
            }
            "PutEvents" => {
                let detail = text(&asked["Entries"][0]["Detail"]);
                self.on_bus.lock().unwrap().push(detail);
                json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "11710aed" }] })
            }
            other => panic!("the trigger has no business with {other}"),
        };
        // As long as the test, for a script gives its answers away.
        Box::leak(said.to_string().into_boxed_str())
    }
}

/// A table, a queue and a bus, some of them down.
pub(super) struct Services {
    kept: Arc<Kept>,
    clients: Clients,
}

impl Services {
    /// Services that know something already.
    pub(super) fn new(items: Items, down: Down, failure: Failure) -> Self {
        let kept = Arc::new(Kept {
            items: items.into(),
            ..Kept::default()
        });
        let clients = over(&kept, down, failure);
        Self { kept, clients }
    }

    /// A trigger on them, by the adapters that are deployed.
    pub(super) fn trigger(&self, policy: Policy) -> Trigger {
        let queue = "https://sqs.eu-west-1.amazonaws.com/1/usher";
        let publisher = Publisher {
            queue: Arc::new(WorkQueue::new(&self.clients, queue)),
            bus: Arc::new(EventBus::new(&self.clients, "usher")),
            store: Arc::new(Table::new(&self.clients, TABLE)),
        };
        trigger_on(policy, publisher)
    }

    /// The envelopes that went this way.
    pub(super) fn taken_by(&self, route: Route) -> Vec<String> {
        match route {
            Route::Queue => self.kept.queued.lock().unwrap().clone(),
            Route::Bus => self.kept.on_bus.lock().unwrap().clone(),
            Route::Spill => {
                let items = self.kept.items.lock().unwrap();
                let bodies = items.values().map(|item| item["body"]["S"].as_str());
                bodies.flatten().map(str::to_owned).collect()
            }
            Route::Unpublished => Vec::new(),
        }
    }
}

const TABLE: &str = "usher";

fn over(kept: &Arc<Kept>, down: Down, failure: Failure) -> Clients {
    let kept = Arc::clone(kept);
    http::scripted("http://127.0.0.1:1", Timeouts::TRIGGER, move |call| {
        let is_down = match call.operation.as_str() {
            "SendMessage" => down.queue,
            "PutEvents" => down.bus,
            _ => down.store,
        };
        Outcome::Ends(match is_down {
            true => failure.of(call, &kept),
            false => Behavior::Answers(kept.answer(call)),
        })
    })
}

/// The items of a table that knows this, as the adapter writes them.
pub(super) async fn items(known: Known) -> Items {
    let kept = Arc::new(Kept::default());
    let clients = over(&kept, Down::NOTHING, Failure::Hangs);
    let table = Table::new(&clients, TABLE);
    match known {
        Known::Nothing => {}
        Known::Invite => drop(table.write_invite(&invite()).await.unwrap()),
        Known::Manager => write(&table, given_role("manager")).await,
        Known::Suspended => write(&table, suspended()).await,
    }
    kept.items.lock().unwrap().clone()
}

async fn write(table: &Table, told: Commit) {
    let item = UserItem {
        user: User::fold(&[told]),
        version: 1,
        ..UserItem::new(Sub::new(SUB).unwrap())
    };
    table.write_user(&item).await.unwrap();
}

fn invite() -> Invite {
    let pool = PoolId::new("eu-west-1_Ex4mpl301").unwrap();
    let code = Code::read("0000-0000-0000-0000").unwrap();
    let id = Secret::new(&[7; 32]).invite_id(&pool, &code);
    let terms = Terms {
        uses: 1,
        expires_at: None,
        bound_to: None,
        grants: Grants::default(),
        label: None,
    };
    Invite::new(pool, id, terms, now())
}
