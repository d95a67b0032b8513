//! A stack in this process, for workers in others; its clock is theirs, and moves on when told to.

use crate::batch::{Batch, INVITED, secret, sign_up_key};
use crate::common::{self, at, person, pool, sub};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;
use usher_events::{Role, SignUpContext, SuspensionReason, UserSuspended, wire};
use usher_shared::chance;
use usher_shared::clock::{self, Clock};
use usher_shared::embedded::{QueueLimits, Stack};
use usher_shared::invite::{Applicant, Code, Grants, Invite, Terms};
use usher_shared::lookup::Https;
use usher_shared::operator::Act;
use usher_shared::organization;
use usher_shared::policy::Policy;
use usher_shared::port::{Due, Inbox, Invites, Outgoing, Queue, Store};
use usher_shared::seal;
use usher_shared::secret::Kept;
use usher_shared::sign_up::SignUp;
use usher_shared::testkit::SharedClock;
use usher_worker::guard::Guards;
use usher_worker::mails::Templates;
use usher_worker::{Worker, poll};

/// Long, because a slow machine must not end it; nobody waits for its end, as the clock is moved on.
pub const LEASE: Duration = Duration::from_secs(60);
/// Shorter than the lease, so that a message can come again while the lease still holds.
pub const VISIBILITY: Duration = Duration::from_secs(20);
/// After so long everything that was set aside is due.
const LATER: Duration = Duration::from_secs(61 * 60);
/// A sweep moves what it finds by a quarter of an hour, and a welcome may wait for an hour; what fails
/// meanwhile waits for hours at most.
const ROUNDS: usize = 16;
/// How long a process may take, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(4);

pub struct Stage {
    pub stack: Stack,
    pub clock: Arc<SharedClock>,
    pub policy: Arc<Policy>,
    directory: TempDir,
}

impl Stage {
    /// A stack where this batch waits on the queue, and in the table what comes before it.
    pub async fn set(rules: &str, batch: &Batch) -> Self {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("usher.toml"), rules).unwrap();
        let mut policy = common::policy(rules);
        policy.worker.lease = LEASE;
        let clock = Arc::new(SharedClock::new(directory.path().join("clock")));
        clock.set(at(2 * 3600));
        let limits = QueueLimits {
            visibility_timeout: VISIBILITY,
            receive_limit: policy.worker.receive_limit,
        };
        let stack = Stack::in_memory(directory.path(), clock.clone(), limits).await;
        let stage = Self {
            stack: stack.unwrap(),
            clock,
            policy: Arc::new(policy),
            directory,
        };
        stage.invite().await;
        stage.suspend(batch).await;
        let (id, body) = (batch.spilled.id, wire::encode(&batch.spilled));
        stage.stack.store.spill(id, &body, at(100)).await.unwrap();
        for body in &batch.bodies {
            let body = body.clone();
            let message = Outgoing { body, group: None };
            stage.stack.queue.send(&message).await.unwrap();
        }
        stage
    }

    /// Makes an invite with one use, and signs up with it.
    async fn invite(&self) {
        let (secret, store) = (secret(), &self.stack.store);
        let terms = Terms {
            uses: 1,
            expires_at: None,
            bound_to: None,
            grants: Grants {
                role: Role::new("manager").ok(),
                ..Grants::default()
            },
            label: None,
        };
        let id = secret.invite_id(&pool(), &Code::draw(&[0; 10]));
        let mut invite = Invite::new(pool(), id, terms, at(0));
        let asks = person(&format!("{INVITED}@home.example"));
        let who = Applicant::asking(&self.policy, &secret, &pool(), sign_up_key(), &asks);
        let day = Duration::from_secs(24 * 3600);
        let reservation = invite.reserve(&who, at(0), day).unwrap();
        let sign_up = SignUp::new(sign_up_key(), SignUpContext::default(), at(0));
        let sign_up = sign_up.holding(&invite, &who, &reservation);
        store.write_invite(&invite).await.unwrap();
        store.put_sign_up(&sign_up).await.unwrap();
    }

    /// Appends what an operator's command does, and dies of before it does more.
    async fn suspend(&self, batch: &Batch) {
        let body = wire::encode(&batch.known);
        let known = Outgoing { body, group: None };
        self.stack.queue.send(&known).await.unwrap();
        self.work(&self.worker()).await;
        for (user, id) in &batch.suspended {
            let store = &self.stack.store;
            let known = store.load(&sub(user)).await.unwrap().user;
            let known = known.map(|item| item.user).unwrap_or_default();
            let reason = SuspensionReason::Operator;
            let act = Act {
                id: *id,
                pool: pool(),
                sub: sub(user),
                event: UserSuspended { reason }.into(),
            };
            let commit = act.commit(&self.policy, &known, self.clock.now()).unwrap();
            let sealed = seal::seal(&commit, None, chance::bytes()).unwrap();
            store.append(&sealed).await.unwrap();
        }
    }

    pub async fn read_invite(&self) -> Invite {
        let id = secret().invite_id(&pool(), &Code::draw(&[0; 10]));
        self.stack
            .store
            .invite(&pool(), &id)
            .await
            .unwrap()
            .unwrap()
    }

    /// Says that a service is out, or that it is back, to workers in other processes.
    pub fn is_out(&self, service: &str, out: bool) {
        let file = self.directory.path().join(format!("{service}-is-out"));
        if out {
            File::create(file).unwrap();
        } else if file.exists() {
            fs::remove_file(file).unwrap();
        }
    }

    /// Starts a worker in a process of its own, with a fault planted in it. It ends by itself when
    /// the queue shows nothing.
    pub fn start(&self, fault: &str) -> Process {
        let log = self.directory.path().join(chance::owner());
        let output = File::create(&log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_worker-under-test"))
            .args([
                self.stack.database.endpoint(),
                self.stack.store.name(),
                self.directory.path().to_str().unwrap(),
                &LEASE.as_millis().to_string(),
                &VISIBILITY.as_millis().to_string(),
                "drain",
            ])
            .env("USHER_FAULT", fault)
            .env("USHER_LOG", "info")
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Process { child, log }
    }

    /// A worker in this process.
    pub fn worker(&self) -> Worker {
        let (stack, owner) = (&self.stack, chance::owner());
        let store = Arc::new(stack.store.clone());
        let guards = Guards::new(
            store.clone(),
            self.clock.clone(),
            &owner,
            &self.policy.breakers,
        );
        Worker {
            templates: Templates::new(&self.policy).unwrap(),
            policy: Arc::clone(&self.policy),
            store,
            queue: Arc::new(stack.queue.clone()),
            visibility: Arc::new(stack.queue.clone()),
            dead_letters: Arc::new(stack.dead_letters.clone()),
            bus: guards.bus(Arc::new(stack.bus.clone())),
            mailer: guards.mailer(Arc::new(stack.outbox.clone())),
            clock: self.clock.clone(),
            secret: Kept::given(secret()),
            organizations: organization::Cache::default(),
            lookup: guards.lookup(Arc::new(Https::without_secrets())),
            guards,
            owner,
        }
    }

    /// Lets a worker sweep, and work on all that shows.
    pub async fn work(&self, worker: &Worker) {
        worker.sweep().await.unwrap();
        let queue = &self.stack.queue;
        loop {
            let received = queue.receive(10, Duration::ZERO).await.unwrap();
            if received.is_empty() {
                return;
            }
            poll::take(worker, queue, &received).await;
        }
    }

    /// Lets a worker work until nothing is left to do, however much later.
    pub async fn recover(&self) {
        let worker = self.worker();
        for _ in 0..ROUNDS {
            self.work(&worker).await;
            if self.is_done().await {
                return;
            }
            self.clock.advance(LATER);
        }
        let (queue, due) = (self.stack.queue.list().await, self.due().await);
        panic!("there is always something left to do: {queue:?} {due:?}");
    }

    async fn is_done(&self) -> bool {
        let queue = self.stack.queue.list().await.unwrap();
        queue.is_empty() && self.due().await.is_empty()
    }

    async fn due(&self) -> Vec<Due> {
        let forever = self.clock.now().plus(1_000 * LATER);
        common::due(&self.stack.store, forever).await
    }
}

/// A worker in a process of its own, which does not outlive the test.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    pub async fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.log());
            clock::sleep(PAUSE).await;
        }
    }

    /// Waits until its log says so, or it ends.
    pub async fn says(&mut self, what: &str) -> bool {
        let end = Instant::now() + PATIENCE;
        loop {
            let has_ended = self.child.try_wait().unwrap().is_some();
            if self.log().lines().any(|line| line.starts_with(what)) {
                return true;
            }
            if has_ended {
                return false;
            }
            assert!(Instant::now() < end, "it does nothing:\n{}", self.log());
            clock::sleep(PAUSE).await;
        }
    }

    pub fn kill(&mut self) {
        // It may have ended, which is as good.
        let _ = self.child.kill();
    }

    /// Lets it go on after it has stopped itself, until it ends. A stop that has not quite come yet
    /// would outlast one signal to go on.
    pub async fn go_on(&mut self) -> ExitStatus {
        let (end, id) = (Instant::now() + PATIENCE, self.child.id().to_string());
        loop {
            Command::new("kill").args(["-CONT", &id]).status().unwrap();
            clock::sleep(5 * PAUSE).await;
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.log());
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The place where its fault has struck.
    pub fn struck(&self) -> Option<String> {
        let log = self.log();
        let line = log.lines().find_map(|line| line.strip_prefix("struck "))?;
        Some(line.split(' ').next().unwrap().to_owned())
    }

    /// Whose mail was under way when it passed its last place: begun, and not yet recorded.
    pub fn mails_under_way(&self) -> BTreeSet<String> {
        let mut under_way = BTreeSet::new();
        for line in self.log().lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["passed", "mail_begun", subject] => {
                    under_way.insert(subject.to_owned());
                }
                ["passed", "closed", subject] => {
                    under_way.remove(subject);
                }
                _ => {}
            }
        }
        under_way
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}

pub fn killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}
