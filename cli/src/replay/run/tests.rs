//! A run that ends before any of its calls, and one whose every call fails once: nothing is lost, and the
//! counts of both runs together are those of one.

use super::super::edit::Edit;
use super::super::filter::Filter;
use super::super::journal::Scope;
use super::*;
use crate::drill::clock::VirtualClock;
use async_trait::async_trait;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Notify;
use usher_events::{Time, wire};
use usher_shared::commit::{Ledger, Recorded};
use usher_shared::disposition::FaultKind;
use usher_shared::memory::{Passed, Table, Way, WorkQueue};
use usher_shared::port::{Cause, DeadLetters, Inbox, QueueLimits};

const SIGNED_IN: &str = include_str!("../../../../events/fixtures/signed_in.v1.json");
const REFUSED: &str = include_str!("../../../../events/fixtures/sign_up_refused.v1.json");

/// What becomes of the call with this number.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    /// The run is killed before it.
    Killed(usize),
    /// It is carried out, and its answer is lost.
    AnswerLost(usize),
    /// It is not carried out.
    Stopped(usize),
}

/// All calls of a run, counted.
struct Network {
    calls: AtomicUsize,
    trouble: Trouble,
    killed: Notify,
}

impl Network {
    fn new(trouble: Trouble) -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicUsize::new(0),
            trouble,
            killed: Notify::new(),
        })
    }
}

#[async_trait]
impl Way for Network {
    async fn pass(&self, _operation: &'static str) -> Passed {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        match self.trouble {
            Trouble::Killed(at) if at <= call => {
                self.killed.notify_one();
                std::future::pending().await
            }
            Trouble::AnswerLost(at) if at == call => Passed::AnswerLost(FaultKind::TimedOut),
            Trouble::Stopped(at) if at == call => Passed::Stopped(FaultKind::Unavailable),
            Trouble::None | Trouble::Killed(_) | Trouble::AnswerLost(_) | Trouble::Stopped(_) => {
                Passed::Through
            }
        }
    }
}

/// A queue with letters of every kind, and a table that has some of their events.
struct Stage {
    directory: TempDir,
    queue: WorkQueue,
    table: Table,
    /// What can be sent, as it is to be.
    sendable: BTreeSet<String>,
    stays: BTreeSet<String>,
    edit: Option<Edit>,
}

fn began() -> Time {
    Time::from_unix_seconds(1_780_000_000).unwrap()
}

fn event(fixture: &str, number: u32, device: bool) -> String {
    let mut event: serde_json::Value = serde_json::from_str(fixture).unwrap();
    event["id"] = json!(format!("a1cb74e9-736a-5c91-a410-{number:012x}"));
    if fixture == SIGNED_IN {
        event["data"]["new_device"] = json!(device);
    }
    event.to_string()
}

async fn stage(with_edit: bool) -> Stage {
    let open = Network::new(Trouble::None);
    let clock = Arc::new(VirtualClock::begin(began()));
    let queue = WorkQueue::over(open.clone(), clock, QueueLimits::default());
    let table = Table::over(open);
    let mut letters = BTreeMap::new();
    let mut sendable = BTreeSet::new();
    let operations = json!([{ "op": "replace", "path": "/data/new_device", "value": false }]);
    for number in 0..7 {
        letters.insert(event(SIGNED_IN, number, true), "timed_out");
        sendable.insert(event(SIGNED_IN, number, !with_edit));
    }
    let mut stays = BTreeSet::new();
    for number in 0..5 {
        stays.insert(format!("not JSON {number}"));
        stays.insert(event(SIGNED_IN, 100 + number, true).replace("signed_in:1", "signed_in:9"));
    }
    for number in 0..6 {
        let done = event(REFUSED, 200 + number, true);
        let envelope = wire::decode(&done).unwrap();
        let commit = Commit {
            envelope: envelope.map(Recorded::Lifecycle),
            decided: Vec::new(),
            ledger: Ledger::default(),
            lease: None,
            recorded_at: began(),
        };
        let sealed = seal::seal(&commit, None, [0; 12]).unwrap();
        table.append(&sealed).await.unwrap();
        match with_edit {
            // The edit does not fit it.
            true => stays.insert(done.clone()),
            false => letters.insert(done, "unavailable").is_none(),
        };
    }
    letters.extend(stays.iter().map(|body| (body.clone(), "bad_data")));
    for (body, kind) in &letters {
        let cause = Cause {
            kind: (*kind).to_owned(),
            text: String::new(),
            operation: None,
            message_id: "m".to_owned(),
            first_received: None,
            set_aside: began(),
            receive_count: 1,
        };
        queue.dead_letters().set_aside(body, &cause).await.unwrap();
    }
    Stage {
        directory: TempDir::new().unwrap(),
        queue,
        table,
        sendable,
        stays,
        edit: with_edit.then(|| serde_json::from_value(operations).unwrap()),
    }
}

impl Stage {
    /// Runs over a network with trouble; `None` if it was killed. Gives how many calls it made.
    async fn run(&self, trouble: Trouble) -> (Option<Ran>, usize) {
        let network = Network::new(trouble);
        let (queue, table) = (
            self.queue.by(network.clone()),
            self.table.by(network.clone()),
        );
        let ran = async {
            let inbox = Arc::new(queue.dead_letters());
            let hold = Duration::from_mins(15);
            let pass = Pass::begin(inbox, self.directory.path(), "dead", hold).await;
            let mut pass = pass.unwrap();
            let journal = self.journal(self.directory.path());
            if journal.resumed {
                pass.be_patient();
            }
            let run = Run {
                pass,
                judge: Judge {
                    store: &table,
                    filter: Filter::default(),
                    edit: self.edit.clone(),
                    plan: None,
                },
                queue: &queue,
                writing: None,
                confirmed: true,
                pace: Pace::new(None),
                stop_after: None,
                journal,
                bar: ProgressBar::hidden(),
            };
            run.all().await
        };
        let ran = tokio::select! {
            ran = ran => Some(ran),
            () = network.killed.notified() => None,
        };
        (ran, network.calls.load(Ordering::Relaxed))
    }

    fn journal(&self, directory: &Path) -> Journal {
        let scope = Scope {
            queue: "dead".to_owned(),
            asked: String::new(),
        };
        let file = Some(directory.join("replay.json"));
        Journal::open(file, scope, began(), false).unwrap()
    }

    /// Whether everything is where it has to be, and the report says so.
    async fn check(&self, ran: &Ran, case: &str) {
        assert!(ran.error.is_none(), "{case}: {:?}", ran.error);
        assert_eq!((ran.end, ran.unresolved), (End::Whole, 0), "{case}");
        let done = if self.edit.is_some() { 0 } else { 6 };
        let all = (self.sendable.len() + self.stays.len()) as u64 + done;
        assert_eq!(ran.tally.letters(), all, "{case}");
        let left = ran.tally.count(Outcome::Sent) + ran.tally.count(Outcome::Done);
        assert_eq!(left, self.sendable.len() as u64 + done, "{case}");
        assert_eq!(ran.tally.stay(), self.stays.len() as u64, "{case}");
        let sent = bodies(&self.queue).await;
        assert!(sent == self.sendable, "{case}: {} sent", sent.len());
        let dead = bodies(&self.queue.dead_letters()).await;
        assert!(dead == self.stays, "{case}: {} left", dead.len());
        if self.edit.is_some() {
            let event = wire::decode(SIGNED_IN).unwrap();
            let stream = self.table.stream(&event.subject).await.unwrap();
            assert_eq!(
                stream.len(),
                self.sendable.len(),
                "{case}: each edit has one record"
            );
        }
    }
}

async fn bodies(inbox: &impl Inbox) -> BTreeSet<String> {
    let mut bodies = BTreeSet::new();
    loop {
        let received = inbox.receive(10, Duration::ZERO).await.unwrap();
        if received.is_empty() {
            return bodies;
        }
        bodies.extend(received.into_iter().map(|message| message.body));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_killed_before_any_call_loses_nothing_and_counts_nothing_twice() {
    for with_edit in [false, true] {
        let (ran, calls) = stage(with_edit).await.run(Trouble::None).await;
        assert!(ran.is_some() && calls > 30, "{calls}");
        for call in 0..calls {
            let stage = stage(with_edit).await;
            let (killed, _) = stage.run(Trouble::Killed(call)).await;
            assert!(killed.is_none());
            let (ran, _) = stage.run(Trouble::None).await;
            let case = format!("killed before call {call} of {calls}, edit {with_edit}");
            stage.check(&ran.unwrap(), &case).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_killed_twice_is_counted_as_one() {
    let (_, calls) = stage(false).await.run(Trouble::None).await;
    for call in 0..calls {
        let stage = stage(false).await;
        for at in [call, call / 2] {
            stage.run(Trouble::Killed(at)).await;
        }
        let (ran, _) = stage.run(Trouble::None).await;
        stage
            .check(
                &ran.unwrap(),
                &format!("killed before call {call}, and half-way there"),
            )
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn any_call_may_fail_once() {
    let (_, calls) = stage(true).await.run(Trouble::None).await;
    for call in 0..calls {
        for trouble in [Trouble::AnswerLost(call), Trouble::Stopped(call)] {
            let stage = stage(true).await;
            let (ran, _) = stage.run(trouble).await;
            let ran = ran.unwrap();
            // What was received in vain is hidden from this run as well, which says so.
            let ran = match ran.end {
                End::Whole => ran,
                End::Hidden { .. } => {
                    tokio::time::advance(Duration::from_mins(15)).await;
                    stage.run(Trouble::None).await.0.unwrap()
                }
                end => panic!("{trouble:?}: {end:?}"),
            };
            stage.check(&ran, &format!("{trouble:?}")).await;
        }
    }
}
