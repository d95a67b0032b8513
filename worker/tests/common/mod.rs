//! A worker over the embedded stack, facts for it to record, and services that fail as told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a test that meets the unexpected has failed; not every test uses everything here"
)]

pub mod fakes;
pub mod history;
pub mod watched;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{
    ConfirmationRoute, Envelope, EventId, FirstSeen, InviteId, LifecycleEvent, PasswordReset,
    Person, Personal, PoolId, RefusalReason, SignInRefused, SignUpConfirmed, SignUpContext,
    SignUpRefused, SignUpRoute, SignedIn, Sub, Subject, Time, identity, wire,
};
use usher_shared::chance;
use usher_shared::commit::{Commit, Lane, Recorded};
use usher_shared::digest::Secret;
use usher_shared::embedded::Stack;
use usher_shared::lookup::Https;
use usher_shared::organization;
use usher_shared::policy::{Policy, file};
use usher_shared::port::{Due, Inbox, Store};
use usher_shared::seal;
use usher_shared::secret::Kept;
use usher_shared::testkit::{TestStack, stack};
use usher_worker::Worker;
use usher_worker::batch::Message;
use usher_worker::guard::Guards;
use usher_worker::mails::Templates;
use usher_worker::story::{Fate, Outcome, Story};

/// The policy that tests work under unless they say otherwise.
pub const POLICY: &str = r#"
[mail]
from = "Example <welcome@app.example>"
app_url = "https://app.example"
app_name = "Example"

[[domains]]
domain = "acme.example"
role = "manager"
organization = "acme"

[[domains]]
domain = "root.example"
role = "admin"

[organizations.acme]
name = "Acme"
account_type = "business"
"#;

/// Long enough for a debug build on a busy machine.
pub const PLENTY: Duration = Duration::from_secs(120);

/// The same where whoever is first seen is welcomed, after an hour.
pub fn greeting() -> String {
    POLICY.replace("[mail]\n", "[mail]\nwelcome_first_seen = true\n")
}

pub type Item = HashMap<String, AttributeValue>;

pub fn policy(text: &str) -> Policy {
    file::parse(text, Path::new(""), &|_| {
        Err(std::io::ErrorKind::NotFound.into())
    })
    .unwrap()
}

/// A stack with a policy, in which workers work.
pub struct World {
    pub here: TestStack,
    pub policy: Arc<Policy>,
}

impl World {
    pub async fn new() -> Self {
        Self::under(policy(POLICY)).await
    }

    pub async fn under(policy: Policy) -> Self {
        let here = stack().await;
        Self {
            here,
            policy: Arc::new(policy),
        }
    }

    /// A worker that is nobody else.
    pub fn worker(&self) -> Worker {
        let stack = &self.here.stack;
        let store = Arc::new(stack.store.clone());
        let owner = chance::owner();
        let guards = Guards::new(
            store,
            self.here.clock.clone(),
            &owner,
            &self.policy.breakers,
        );
        Worker {
            templates: Templates::new(&self.policy).unwrap(),
            policy: Arc::clone(&self.policy),
            store: Arc::new(stack.store.clone()),
            queue: Arc::new(stack.queue.clone()),
            visibility: Arc::new(stack.queue.clone()),
            dead_letters: Arc::new(stack.dead_letters.clone()),
            bus: guards.bus(Arc::new(stack.bus.clone())),
            mailer: guards.mailer(Arc::new(stack.outbox.clone())),
            clock: self.here.clock.clone(),
            secret: Kept::given(stack.secret.clone()),
            organizations: organization::Cache::default(),
            lookup: guards.lookup(Arc::new(Https::without_secrets())),
            guards,
            owner,
        }
    }

    /// The mails there are, oldest first.
    pub fn mails(&self) -> Vec<String> {
        mails(self.here.stack.outbox.directory())
    }

    /// What the bus was told, a JSON object each.
    pub fn told(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.here.stack.bus.file()).unwrap_or_default();
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    pub fn client(&self) -> Client {
        Client::new(self.here.stack.database.clients().sdk())
    }

    /// One item of the table, as it is stored.
    pub async fn item(&self, pk: &str, sk: &str) -> Option<Item> {
        let request = self.client().get_item();
        let request = request.table_name(self.here.stack.store.name());
        let request = request
            .key("PK", AttributeValue::S(pk.to_owned()))
            .key("SK", AttributeValue::S(sk.to_owned()))
            .consistent_read(true);
        request.send().await.unwrap().item
    }

    /// Every item of the table, as it is stored.
    pub async fn items(&self) -> Vec<Item> {
        items(&self.here.stack).await
    }

    /// The log of one user, opened.
    pub async fn commits(&self, sub: &str) -> Vec<Commit> {
        let sub = Sub::new(sub).unwrap();
        let store = &self.here.stack.store;
        let key = store.load(&sub).await.unwrap().key;
        let sealed = store.stream(&Subject::User(sub)).await.unwrap();
        sealed
            .iter()
            .map(|sealed| seal::open(sealed, key.as_ref()).unwrap())
            .collect()
    }

    /// What is due, in every lane.
    pub async fn due(&self, now: Time) -> Vec<Due> {
        due(&self.here.stack.store, now).await
    }

    /// Moves the clock on, sweeps, and lets a worker work on all that the queue shows then.
    pub async fn later(&self, worker: &Worker, by: Duration) -> Vec<Outcome> {
        self.here.clock.advance(by);
        worker.sweep().await.unwrap();
        self.drain(worker).await
    }

    /// Lets a worker work on all that the queue shows.
    pub async fn drain(&self, worker: &Worker) -> Vec<Outcome> {
        let queue = &self.here.stack.queue;
        let mut outcomes = Vec::new();
        loop {
            let received = queue.receive(10, Duration::ZERO).await.unwrap();
            if received.is_empty() {
                return outcomes;
            }
            outcomes.extend(usher_worker::poll::take(worker, queue, &received).await);
        }
    }
}

pub async fn due(store: &dyn Store, now: Time) -> Vec<Due> {
    let mut all = Vec::new();
    for lane in Lane::ALL {
        all.extend(store.due(lane, now, 100).await.unwrap());
    }
    all
}

/// Every item of a stack's table, as it is stored.
pub async fn items(stack: &Stack) -> Vec<Item> {
    let client = Client::new(stack.database.clients().sdk());
    let mut items = Vec::new();
    let mut from = None;
    loop {
        let request = client.scan().table_name(stack.store.name());
        let page = request.set_exclusive_start_key(from).send().await.unwrap();
        items.extend(page.items.unwrap_or_default());
        from = page.last_evaluated_key;
        if from.is_none() {
            return items;
        }
    }
}

/// Before the `@` of a mail's recipient.
pub fn recipient(mail: &str) -> &str {
    let to = mail.lines().find(|line| line.starts_with("To:")).unwrap();
    let (to, _) = to.split_once('@').unwrap();
    to.rsplit(['<', ' ']).next().unwrap()
}

pub fn mails(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    let texts = paths.iter().map(fs::read_to_string);
    texts.collect::<Result<_, _>>().unwrap()
}

pub fn soon() -> Instant {
    Instant::now() + PLENTY
}

/// Works on bodies as a first delivery of each, in one batch.
pub async fn work(worker: &Worker, bodies: &[String]) -> Vec<Outcome> {
    let messages: Vec<Message> = bodies.iter().map(|body| message(body)).collect();
    worker.work(&messages, soon()).await
}

/// Records one event and gives its story.
pub async fn record(worker: &Worker, event: &Envelope<LifecycleEvent>) -> Story {
    story(work(worker, &[wire::encode(event)]).await.remove(0))
}

pub fn story(outcome: Outcome) -> Story {
    match outcome {
        Outcome::Recorded(story) => story,
        other => panic!("nothing was recorded: {other:?}"),
    }
}

/// What became of the mail, if anything.
pub fn mail_of(story: &Story) -> Option<&Fate> {
    let mut fates = story.effects.iter();
    fates.find_map(|(kind, fate)| (kind.as_str() == "welcome_mail").then_some(fate))
}

/// What became of the publication, if anything.
pub fn publication_of(story: &Story) -> Option<&Fate> {
    let mut fates = story.effects.iter();
    fates.find_map(|(kind, fate)| (kind.as_str() == "publication").then_some(fate))
}

pub fn message(body: &str) -> Message {
    delivered(body, 1)
}

/// A message at one of its deliveries.
pub fn delivered(body: &str, receive_count: u32) -> Message {
    Message {
        id: format!("m-{receive_count}"),
        body: body.to_owned(),
        receive_count,
        first_received: Some(at(0)),
        receipt: None,
    }
}

pub fn pool() -> PoolId {
    PoolId::new("eu-west-1_AbCdEfGhI").unwrap()
}

pub fn sub(text: &str) -> Sub {
    Sub::new(text).unwrap()
}

/// So many seconds after a test's beginning.
pub fn at(seconds: u64) -> Time {
    let start: Time = "2026-01-02T03:04:00Z".parse().unwrap();
    start.plus(Duration::from_secs(seconds))
}

/// Somebody with a verified address.
pub fn person(email: &str) -> Person {
    Person {
        email: Some(Personal::new(email)),
        email_verified: true,
        given_name: Some(Personal::new("Ada")),
        family_name: Some(Personal::new("Beispiel")),
        ..Person::default()
    }
}

fn envelope(id: EventId, sub: Sub, time: Time, event: LifecycleEvent) -> Envelope<LifecycleEvent> {
    Envelope {
        id,
        source: pool(),
        subject: Subject::User(sub),
        time,
        correlation_id: None,
        causation_id: None,
        event,
    }
}

pub fn confirmed(user: &str, person: Person) -> Envelope<LifecycleEvent> {
    confirmed_from(user, person, SignUpContext::default(), at(1))
}

pub fn confirmed_from(
    user: &str,
    person: Person,
    context: SignUpContext,
    time: Time,
) -> Envelope<LifecycleEvent> {
    let event = LifecycleEvent::from(SignUpConfirmed {
        route: ConfirmationRoute::SignUp,
        client: None,
        context,
        sign_up: None,
        person,
    });
    let id = identity::once(&pool(), &sub(user), &event);
    envelope(id, sub(user), time, event)
}

/// Told by a token that knows of no announcement.
pub fn first_seen(user: &str, person: Person, time: Time) -> Envelope<LifecycleEvent> {
    let client = None;
    let event = LifecycleEvent::from(FirstSeen { client, person });
    let id = identity::once(&pool(), &sub(user), &event);
    envelope(id, sub(user), time, event)
}

pub fn signed_in(user: &str, person: Person, now: Time) -> Envelope<LifecycleEvent> {
    let digest = Secret::new(&[7; 32]).person(&person);
    let (id, time) = identity::sign_in(&pool(), &sub(user), None, &digest, now);
    let event = SignedIn {
        client: None,
        new_device: None,
        person,
    };
    envelope(id, sub(user), time, event.into())
}

pub fn password_reset(user: &str, person: Person, now: Time) -> Envelope<LifecycleEvent> {
    let (id, time) = identity::password_reset(&pool(), &sub(user), now);
    let client = None;
    envelope(id, sub(user), time, PasswordReset { client, person }.into())
}

pub fn refused(user: &str, reason: RefusalReason, now: Time) -> Envelope<LifecycleEvent> {
    let event = LifecycleEvent::from(SignInRefused::new(reason));
    let (id, time) = identity::sign_in_refusal(&pool(), &sub(user), reason, now);
    envelope(id, sub(user), time, event)
}

/// A sign-up under this name that was refused, as the trigger tells of it.
pub fn refused_sign_up(
    name: &str,
    (reason, attempt): (RefusalReason, u32),
    invite: Option<&str>,
    now: Time,
) -> Envelope<LifecycleEvent> {
    let subject = Subject::SignUp(Secret::new(&[7; 32]).sign_up_key(&pool(), name));
    let (id, time) = identity::sign_up_refusal(&pool(), &subject, reason, attempt, now);
    let event = SignUpRefused {
        invite: invite.map(|id| InviteId::new(id).unwrap()),
        ..SignUpRefused::new(SignUpRoute::SelfService, reason, attempt)
    };
    Envelope {
        subject,
        ..envelope(id, sub(name), time, event.into())
    }
}

/// The name of what a commit records.
pub fn recorded_name(commit: &Commit) -> &'static str {
    match &commit.envelope.event {
        Recorded::Lifecycle(event) => usher_events::Fact::name(event),
        Recorded::Operator(event) => usher_events::Fact::name(event),
    }
}

/// A stored value as text, the same for the same value: DynamoDB's maps have no order.
pub fn canonical(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(map) => {
            let sorted: BTreeMap<_, _> = map.iter().map(|(k, v)| (k, canonical(v))).collect();
            format!("{sorted:?}")
        }
        AttributeValue::L(values) => {
            format!("{:?}", values.iter().map(canonical).collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    }
}
