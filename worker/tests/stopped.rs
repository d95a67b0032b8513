//! Workers that are killed or stopped at every step, as processes of their own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use common::{confirmed, mails, person, policy, refused_sign_up, sub};
use futures::future::join_all;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;
use usher_events::{Envelope, LifecycleEvent, RefusalReason, RoleSource, wire};
use usher_shared::chance;
use usher_shared::clock::{self, Clock, WallClock};
use usher_shared::commit::{EffectKind, Entry};
use usher_shared::embedded::{QueueLimits, Stack};
use usher_shared::lookup::Https;
use usher_shared::organization;
use usher_shared::policy::Policy;
use usher_shared::port::{Inbox, Organizations, Outgoing, Queue, Store};
use usher_shared::secret::Kept;
use usher_shared::testkit::StepClock;
use usher_shared::testkit::crm::{Crm, Says};
use usher_worker::guard::Guards;
use usher_worker::mails::Templates;
use usher_worker::{Worker, poll};

/// Short, so that a test need not wait long for another worker's to end. A third of it is left for
/// the steps before the mail.
const LEASE: Duration = Duration::from_secs(5);
/// Shorter than the lease, so that a message comes again while the lease still holds.
const VISIBILITY: Duration = Duration::from_secs(2);
/// How long a test waits for what has to happen, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);

/// The steps of one message, in order, and how many mails there may be if a worker dies there.
const STEPS: [(&str, std::ops::RangeInclusive<usize>); 9] = [
    ("received", 1..=1),
    ("appended", 1..=1),
    ("claimed", 1..=1),
    ("prepared", 1..=1),
    ("mail_begun", 1..=1),
    // The one window there is: the mail service has the mail, and the log does not know.
    ("mail_sent", 1..=2),
    ("closed", 1..=1),
    ("published", 1..=1),
    ("deleting", 1..=1),
];

/// A stack in this process, for workers in others.
struct Stage {
    stack: Stack,
    directory: TempDir,
    policy: Arc<Policy>,
}

impl Stage {
    async fn new() -> Self {
        Self::with_lease(LEASE).await
    }

    async fn with_lease(lease: Duration) -> Self {
        Self::under(common::POLICY, lease).await
    }

    async fn under(text: &str, lease: Duration) -> Self {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("usher.toml"), text).unwrap();
        let mut policy = policy(text);
        policy.worker.lease = lease;
        let limits = QueueLimits {
            visibility_timeout: VISIBILITY,
            receive_limit: policy.worker.receive_limit,
        };
        let stack = Stack::in_memory(directory.path(), Arc::new(WallClock), limits).await;
        Self {
            stack: stack.unwrap(),
            directory,
            policy: Arc::new(policy),
        }
    }

    /// Starts a worker in a process of its own, with a fault planted in it.
    fn start(&self, fault: &str) -> Process {
        let log = self.directory.path().join(fault.replace(':', "-"));
        let output = File::create(&log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_worker-under-test"))
            .args([
                self.stack.database.endpoint(),
                self.stack.store.name(),
                self.directory.path().to_str().unwrap(),
                &self.policy.worker.lease.as_millis().to_string(),
                &VISIBILITY.as_millis().to_string(),
            ])
            .env("USHER_FAULT", fault)
            .env("USHER_LOG", "debug")
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Process { child, log }
    }

    /// A worker in this process.
    fn worker(&self, clock: Arc<dyn Clock>) -> Worker {
        let stack = &self.stack;
        let store = Arc::new(stack.store.clone());
        let owner = chance::owner();
        let guards = Guards::new(store, clock.clone(), &owner, &self.policy.breakers);
        Worker {
            templates: Templates::new(&self.policy).unwrap(),
            policy: Arc::clone(&self.policy),
            store: Arc::new(stack.store.clone()),
            queue: Arc::new(stack.queue.clone()),
            visibility: Arc::new(stack.queue.clone()),
            dead_letters: Arc::new(stack.dead_letters.clone()),
            bus: guards.bus(Arc::new(stack.bus.clone())),
            mailer: guards.mailer(Arc::new(stack.outbox.clone())),
            clock,
            secret: Kept::given(stack.secret.clone()),
            organizations: organization::Cache::default(),
            lookup: guards.lookup(Arc::new(Https::without_secrets())),
            guards,
            owner,
        }
    }

    async fn send(&self, event: &Envelope<LifecycleEvent>) {
        let body = wire::encode(event);
        self.stack
            .queue
            .send(&Outgoing { body, group: None })
            .await
            .unwrap();
    }

    /// Works until the queue is empty, and gives the number of deliveries that it took.
    async fn recover(&self, worker: &Worker) -> usize {
        let end = Instant::now() + PATIENCE;
        let mut deliveries = 0;
        while !self.stack.queue.list().await.unwrap().is_empty() {
            assert!(Instant::now() < end, "the queue is never empty");
            let received = self.stack.queue.receive(10, PAUSE).await.unwrap();
            deliveries += received.len();
            poll::take(worker, &self.stack.queue, &received).await;
        }
        deliveries
    }

    fn mails(&self) -> usize {
        mails(self.stack.outbox.directory()).len()
    }

    /// The types that the bus was told, without repeats.
    fn told(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.stack.bus.file()).unwrap_or_default();
        let lines = text.lines().map(serde_json::from_str::<serde_json::Value>);
        lines
            .map(|line| line.unwrap()["detail-type"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Everything that one confirmation comes to, whatever happened on the way.
    async fn assert_done(&self, event: &Envelope<LifecycleEvent>, place: &str) {
        let user = event.subject.sub().unwrap();
        let store = &self.stack.store;
        let loaded = store.load(user).await.unwrap();
        let item = loaded.user.unwrap();
        assert!(item.user.confirmed_at.is_some(), "{place}");
        assert_eq!(
            item.claims.get(&EffectKind::WelcomeMail),
            Some(&event.id),
            "{place}"
        );
        assert!(store.preferences(user).await.unwrap().is_some(), "{place}");
        let log = store.stream(&event.subject).await.unwrap();
        assert_eq!(log.len(), 1, "{place}");
        let mail = log[0].ledger.get(EffectKind::WelcomeMail);
        assert!(
            matches!(mail, Some(Entry::Done { .. })),
            "{place}: {mail:?}"
        );
        let told = ["organization_left", "role_assigned", "sign_up_confirmed"];
        let told = told.map(|name| format!("usher.{name}")).into();
        assert_eq!(self.told(), told, "{place}");
        assert_eq!(self.stack.dead_letters.list().await.unwrap(), [], "{place}");
        let forever = WallClock.now().plus(Duration::from_secs(1_000_000));
        assert_eq!(common::due(store, forever).await, [], "{place}");
    }
}

/// A worker in a process of its own, which does not outlive the test.
struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success(), "{name}");
    }

    async fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.log());
            clock::sleep(PAUSE).await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(9)
}

async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is().await {
        assert!(Instant::now() < end, "never happened: {what}");
        clock::sleep(PAUSE).await;
    }
}

fn welcome() -> Envelope<LifecycleEvent> {
    confirmed("ada", person("ada@home.example"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_at_any_step_loses_nothing_and_sends_no_second_mail() {
    join_all(STEPS.map(|(place, mails)| async move {
        let stage = Stage::new().await;
        let event = welcome();
        stage.send(&event).await;
        let mut process = stage.start(&format!("kill:{place}"));
        let status = process.ended().await;
        assert!(killed(status), "{place}: {status}\n{}", process.log());
        let sent_before =
            usize::from(["mail_sent", "closed", "published", "deleting"].contains(&place));
        assert_eq!(stage.mails(), sent_before, "{place}");

        let deliveries = stage.recover(&stage.worker(Arc::new(WallClock))).await;
        assert!(deliveries >= 1, "{place}");
        assert!(
            mails.contains(&stage.mails()),
            "{place}: {} mails",
            stage.mails()
        );
        stage.assert_done(&event, place).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_after_an_answer_leaves_the_question_to_the_next_and_the_log_one_answer() {
    let crm = Crm::start(Says::role("manager")).await;
    let url = crm.url();
    let lookup = format!("[lookup]\nurl = '{url}'\nroles = ['manager', 'guest']\n");
    let text = format!("{}\n{lookup}timeout_ms = 5000\n", common::POLICY);
    let stage = Stage::under(&text, LEASE).await;
    let event = welcome();
    stage.send(&event).await;
    let mut process = stage.start("kill:looked_up");
    let status = process.ended().await;
    assert!(killed(status), "{status}\n{}", process.log());
    assert_eq!(crm.take_asked().len(), 1);
    let store = &stage.stack.store;
    assert_eq!(store.stream(&event.subject).await.unwrap().len(), 0);

    crm.says(Says::role("guest"));
    stage.recover(&stage.worker(Arc::new(WallClock))).await;
    assert_eq!(crm.take_asked().len(), 1);
    stage.assert_done(&event, "looked_up").await;
    let item = store.glance(&sub("ada")).await.unwrap().unwrap();
    let (role, source) = item.user.role().unwrap();
    assert_eq!((role.as_str(), source), ("guest", RoleSource::Lookup));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_was_stopped_after_its_claim_sends_nothing_when_it_goes_on() {
    let stage = Stage::new().await;
    let event = welcome();
    stage.send(&event).await;
    let mut stopped = stage.start("stop:claimed");
    let store = &stage.stack.store;
    until("the claim", async || {
        store.glance(&sub("ada")).await.unwrap().is_some()
    })
    .await;

    // The lease holds longer than the message is hidden: the first delivery has to be given back.
    let deliveries = stage.recover(&stage.worker(Arc::new(WallClock))).await;
    assert!(deliveries >= 2, "{deliveries}");
    assert_eq!(stage.mails(), 1);
    stage.assert_done(&event, "before it goes on").await;

    stopped.signal("-TERM");
    stopped.signal("-CONT");
    let status = stopped.ended().await;
    let log = stopped.log();
    assert!(status.success(), "{status}\n{log}");
    // It asks for the lease again: another has it, or had it and has done the work.
    assert!(!log.contains("ERROR"), "{log}");
    assert_eq!(stage.mails(), 1);
    stage.assert_done(&event, "after it went on").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_was_stopped_after_its_append_finds_the_work_done() {
    let stage = Stage::new().await;
    let event = welcome();
    stage.send(&event).await;
    let mut stopped = stage.start("stop:appended");
    let store = &stage.stack.store;
    until("the append", async || {
        store
            .commit(&event.subject, event.id)
            .await
            .unwrap()
            .is_some()
    })
    .await;
    stage.recover(&stage.worker(Arc::new(WallClock))).await;
    let item = store.glance(&sub("ada")).await.unwrap();
    stopped.signal("-TERM");
    stopped.signal("-CONT");
    let status = stopped.ended().await;
    assert!(status.success(), "{status}\n{}", stopped.log());
    assert_eq!(stage.mails(), 1);
    assert_eq!(
        store.glance(&sub("ada")).await.unwrap(),
        item,
        "an old fold changes nothing"
    );
    stage.assert_done(&event, "appended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_told_to_end_finishes_what_it_has() {
    let stage = Stage::with_lease(PATIENCE).await;
    let event = welcome();
    stage.send(&event).await;
    let mut stopped = stage.start("stop:claimed");
    let store = &stage.stack.store;
    until("the claim", async || {
        store.glance(&sub("ada")).await.unwrap().is_some()
    })
    .await;
    let later = confirmed("bob", person("bob@home.example"));
    stage.send(&later).await;
    stopped.signal("-TERM");
    // A stop that has not quite come yet would outlast a signal to go on.
    let end = Instant::now() + PATIENCE;
    let status = loop {
        stopped.signal("-CONT");
        if let Some(status) = stopped.child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < end, "it does not end:\n{}", stopped.log());
        clock::sleep(PAUSE).await;
    };
    assert!(status.success(), "{status}\n{}", stopped.log());
    stage.assert_done(&event, "told to end").await;
    let left = stage.stack.queue.list().await.unwrap();
    let bodies: Vec<&str> = left.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies, [wire::encode(&later)], "nothing new is received");
    assert_eq!(left[0].receive_count, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_between_counting_a_refusal_and_recording_it_raises_it_once() {
    let stage = Stage::new().await;
    // All of one hour, also where the clock shows another in between.
    let now = WallClock.now();
    let refusal = |number| {
        let one = (RefusalReason::InviteUnknown, number);
        refused_sign_up("eve", one, None, now)
    };
    let worker = stage.worker(Arc::new(WallClock));
    for number in 1..=4 {
        stage.send(&refusal(number)).await;
    }
    stage.recover(&worker).await;
    let fifth = refusal(5);
    stage.send(&fifth).await;
    let mut process = stage.start("kill:counted");
    let status = process.ended().await;
    assert!(killed(status), "{status}\n{}", process.log());
    let store = &stage.stack.store;
    let log = store.stream(&fifth.subject).await.unwrap();
    assert!(log.iter().all(|commit| commit.decided.is_empty()));

    stage.recover(&worker).await;
    let log = store.stream(&fifth.subject).await.unwrap();
    assert_eq!(log.len(), 5);
    let raised = log.iter().filter(|commit| !commit.decided.is_empty());
    let raised: Vec<_> = raised.map(|commit| commit.envelope.id).collect();
    assert_eq!(raised, [fifth.id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_killed_at_any_step_loses_nothing_that_was_spilled() {
    join_all(["due_moved", "spill_sent"].map(|place| async move {
        let stage = Stage::new().await;
        let event = welcome();
        let store = &stage.stack.store;
        let now = WallClock.now();
        store
            .spill(event.id, &wire::encode(&event), now)
            .await
            .unwrap();
        let mut process = stage.start(&format!("kill:{place}"));
        let status = process.ended().await;
        assert!(killed(status), "{place}: {status}\n{}", process.log());

        let later = WallClock.now().plus(Duration::from_secs(62 * 60));
        let worker = stage.worker(Arc::new(StepClock::at(later)));
        worker.sweep().await.unwrap();
        stage.recover(&worker).await;
        assert_eq!(stage.mails(), 1, "{place}");
        assert_eq!(store.spilled(event.id).await.unwrap(), None, "{place}");
        stage.assert_done(&event, place).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_while_it_founds_an_organization_leaves_its_user_the_founder() {
    let steps = ["founding", "founded", "appended", "claimed"];
    join_all(steps.map(|place| async move {
        let founding = "[founding]\nmode = 'create'\nfounder_role = 'admin'\n";
        let stage = Stage::under(&format!("{}\n{founding}", common::POLICY), LEASE).await;
        let ada = confirmed("ada", person("ada@globe.example"));
        stage.send(&ada).await;
        let mut process = stage.start(&format!("kill:{place}"));
        let status = process.ended().await;
        assert!(killed(status), "{place}: {status}\n{}", process.log());

        let store = &stage.stack.store;
        let listed = store.organizations(None, 10).await.unwrap().0;
        assert_eq!(listed.len(), usize::from(place != "founding"), "{place}");
        let worker = stage.worker(Arc::new(WallClock));
        if place != "founding" {
            // Somebody else of the domain is there before the message comes again.
            let bob = confirmed("bob", person("bob@globe.example"));
            common::record(&worker, &bob).await;
        }
        stage.recover(&worker).await;
        let log = store.stream(&ada.subject).await.unwrap();
        let names = log.iter().flat_map(|commit| &commit.decided);
        let founded = names.filter(|event| event.name == "organization_founded");
        assert_eq!(founded.count(), 1, "{place}");
        let item = store.glance(&sub("ada")).await.unwrap().unwrap();
        assert_eq!(item.user.role().unwrap().0.as_str(), "admin", "{place}");
        if place != "founding" {
            let item = store.glance(&sub("bob")).await.unwrap().unwrap();
            assert_eq!(item.user.role().unwrap().0.as_str(), "user", "{place}");
        }
        let listed = store.organizations(None, 10).await.unwrap().0;
        assert_eq!(listed[0].founder, sub("ada"), "{place}");
        assert_eq!(
            stage.mails(),
            if place == "founding" { 1 } else { 2 },
            "{place}"
        );
    }))
    .await;
}
