//! Workers that are killed or stopped anywhere on the way of random batches, as processes of their
//! own: nothing is lost, and nothing happens twice but a mail that was under way.
//!
//! `USHER_SEED` repeats a run, as far as chance is ours: what two processes do at once is not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

#[path = "../common/mod.rs"]
mod common;

mod batch;
mod judge;
mod stage;

use crate::batch::{Batch, batch};
use crate::judge::{Windows, judge};
use crate::stage::{LEASE, Stage, VISIBILITY, killed};
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::{Duration, Instant};
use usher_shared::chance;
use usher_shared::clock;
use usher_shared::commit::EffectKind;
use usher_shared::testkit::crm::{Crm, Says};
use usher_worker::fault::PLACES;

/// Each place is the first to be struck in as many cases.
const ROUNDS: usize = 6;
/// Every so-manieth case ends with a worker that is stopped.
const STOPS: usize = 4;
/// How many cases run at once.
const AT_ONCE: usize = 4;

/// One life of a worker.
#[derive(Clone, Debug)]
struct Life {
    end: End,
    /// Services that are out meanwhile.
    mail_is_out: bool,
    bus_is_out: bool,
    /// How much later the next begins.
    then: Duration,
}

#[derive(Clone, Debug)]
enum End {
    /// Killed by a fault that is planted there.
    KilledAt(String),
    /// Killed so long after it passed its first place.
    KilledAfter(Duration),
    /// Stopped by a fault that is planted there, until others have done everything.
    StoppedAt(String),
}

/// What became of one case.
#[derive(Debug, Default)]
struct Seen {
    /// The places where workers were killed.
    killed_at: Vec<String>,
    /// How often one was killed at any moment.
    killed: usize,
    /// The places where workers were stopped.
    stopped_at: Vec<String>,
    /// Mails that went out twice, in the one window.
    doubles: usize,
}

fn then() -> impl Strategy<Value = Duration> {
    prop_oneof![
        // The messages come again while the leases of the dead still hold.
        Just(VISIBILITY + Duration::from_secs(1)),
        Just(LEASE + Duration::from_secs(3)),
        Just(Duration::from_secs(16 * 60)),
        Just(Duration::from_secs(61 * 60)),
    ]
}

/// A fault at one of the first passings of a place, or at any passing of any.
fn at_a_place() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..PLACES.len(), 1..5u32)
            .prop_map(|(place, number)| format!("{}#{number}", PLACES[place])),
        (1..70u32).prop_map(|number| format!("*#{number}")),
    ]
}

fn killed_anywhere() -> impl Strategy<Value = Life> {
    let end = prop_oneof![
        3 => at_a_place().prop_map(End::KilledAt),
        2 => (0..80u64).prop_map(|ms| End::KilledAfter(Duration::from_millis(ms))),
    ];
    let outs = prop_oneof![
        6 => Just((false, false)),
        1 => Just((true, false)),
        1 => Just((false, true)),
    ];
    (end, outs, then()).prop_map(|(end, (mail_is_out, bus_is_out), then)| Life {
        end,
        mail_is_out,
        bus_is_out,
        then,
    })
}

/// The lives that a case's batch sees. The first ends at this place.
fn lives(place: &'static str, stops: bool) -> impl Strategy<Value = Vec<Life>> {
    let first = then().prop_map(move |then| Life {
        end: End::KilledAt(place.to_owned()),
        mail_is_out: false,
        bus_is_out: false,
        then,
    });
    let more = prop::collection::vec(killed_anywhere(), 1..4);
    let stop = prop_oneof![Just(place.to_owned()), at_a_place()];
    let last = (stop, then()).prop_map(|(place, then)| Life {
        end: End::StoppedAt(place),
        mail_is_out: false,
        bus_is_out: false,
        then,
    });
    (first, more, last).prop_map(move |(first, more, last)| {
        if stops {
            let before = more.into_iter().take(1);
            before.chain([last]).collect()
        } else {
            [first].into_iter().chain(more).collect()
        }
    })
}

/// Cases from a seed: what is sent, and what the workers suffer.
fn cases(seed: u64) -> Vec<(Batch, Vec<Life>)> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut cases = Vec::new();
    for _ in 0..ROUNDS {
        for place in PLACES {
            let stops = cases.len() % STOPS == STOPS - 1;
            let case = (batch(), lives(place, stops));
            cases.push(case.new_tree(&mut runner).unwrap().current());
        }
    }
    cases
}

async fn live(rules: &str, batch: &Batch, lives: &[Life]) -> Seen {
    let stage = Stage::set(rules, batch).await;
    let mut seen = Seen::default();
    let mut windows = Windows::new();
    for life in lives {
        stage.is_out("mail", life.mail_is_out);
        stage.is_out("bus", life.bus_is_out);
        let under_way = match &life.end {
            End::KilledAt(place) => {
                let mut process = stage.start(&format!("kill:{place}"));
                let status = process.ended().await;
                match process.struck() {
                    Some(place) => {
                        assert!(killed(status), "{status}\n{}", process.log());
                        seen.killed_at.push(place);
                    }
                    None => assert!(status.success(), "{status}\n{}", process.log()),
                }
                process.mails_under_way()
            }
            End::KilledAfter(time) => {
                let mut process = stage.start("tell:*");
                process.says("passed").await;
                clock::sleep(*time).await;
                process.kill();
                let status = process.ended().await;
                seen.killed += usize::from(killed(status));
                process.mails_under_way()
            }
            End::StoppedAt(place) => {
                let stopped = stop(&stage, place, life.then).await;
                seen.stopped_at.extend(stopped.0);
                stopped.1
            }
        };
        for user in under_way {
            *windows.entry(user).or_default() += 1;
        }
        stage.clock.advance(life.then);
    }
    stage.is_out("mail", false);
    stage.is_out("bus", false);
    stage.recover().await;
    seen.doubles = judge(&stage, batch, &windows).await;
    seen
}

/// Stops a worker for longer than messages are hidden and leases last, until another has done
/// everything; then lets it go on. Gives the place, and whose mail was under way there.
async fn stop(stage: &Stage, place: &str, then: Duration) -> (Option<String>, BTreeSet<String>) {
    let mut process = stage.start(&format!("stop:{place}"));
    if !process.says("struck").await {
        let status = process.ended().await;
        assert!(status.success(), "{status}\n{}", process.log());
        return (None, BTreeSet::new());
    }
    let under_way = process.mails_under_way();
    stage.clock.advance(then);
    stage.recover().await;
    stage.clock.advance(LEASE + Duration::from_secs(3));
    let before = left(stage).await;
    let status = process.go_on().await;
    assert!(status.success(), "{status}\n{}", process.log());
    let after = left(stage).await;
    let written = after.items.difference(&before.items);
    let written = Vec::from_iter(written.map(|item| (&item["PK"], &item["SK"])));
    assert_eq!(written, [], "it wrote:\n{}", process.log());
    assert_eq!(before.items.len(), after.items.len());
    let sent: Vec<&String> = after.mails.difference(&before.mails).collect();
    let sent: BTreeSet<String> = sent
        .iter()
        .map(|mail| common::recipient(mail).to_owned())
        .collect();
    let in_the_window = sent.is_subset(&under_way);
    assert!(
        in_the_window,
        "it sent mail to {sent:?}:\n{}",
        process.log()
    );
    (process.struck(), under_way)
}

/// What a worker that others have overtaken may not add to.
struct Left {
    items: BTreeSet<BTreeMap<String, String>>,
    mails: BTreeSet<String>,
}

async fn left(stage: &Stage) -> Left {
    let items = common::items(&stage.stack).await;
    let mails = common::mails(stage.stack.outbox.directory());
    Left {
        items: items.into_iter().map(plain).collect(),
        mails: mails.into_iter().collect(),
    }
}

/// An item without its lease: whoever takes one and finds nothing to do has done no harm. And without
/// what is said of its publication, which may be repeated, and says then when it was.
fn plain(mut item: common::Item) -> BTreeMap<String, String> {
    item.retain(|name, _| name != "lease" && !name.starts_with("due_"));
    if let Some(AttributeValue::M(ledger)) = item.get_mut("ledger") {
        ledger.remove(EffectKind::Publication.as_str());
    }
    let values = item.iter();
    values
        .map(|(name, value)| (name.clone(), common::canonical(value)))
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever repeats a run of this test says so"
)]
fn seed() -> u64 {
    let given = std::env::var("USHER_SEED").ok();
    let given = given.map(|text| text.parse().expect("USHER_SEED is a number"));
    given.unwrap_or_else(|| u64::from(u32::from_le_bytes(chance::bytes())))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_kills_or_stops_workers_nothing_is_lost_and_only_a_mail_under_way_is_doubled() {
    let (seed, began) = (seed(), Instant::now());
    println!("USHER_SEED={seed} repeats this run");
    let crm = Crm::start(Says::role("guest")).await;
    let rules = format!(
        "{}\n[worker]\nreceive_limit = 200\n[founding]\nmode = 'create'\nfounder_role = 'admin'\n\
         [lookup]\nurl = '{}'\nroles = ['guest']\ntimeout_ms = 5000\n",
        common::greeting(),
        crm.url(),
    );
    let cases = stream::iter(cases(seed).into_iter().enumerate());
    let all: Vec<Seen> = cases
        .map(async |(number, (batch, lives))| {
            let seen = AssertUnwindSafe(live(&rules, &batch, &lives)).catch_unwind();
            seen.await.unwrap_or_else(|panic| {
                println!("Case {number} of USHER_SEED={seed}: {lives:#?}");
                resume_unwind(panic)
            })
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;

    let count = |places: Vec<&String>| {
        let mut counts = BTreeMap::<String, usize>::new();
        for place in places {
            *counts.entry(place.clone()).or_default() += 1;
        }
        counts
    };
    let killed_at = count(all.iter().flat_map(|seen| &seen.killed_at).collect());
    let stopped_at = count(all.iter().flat_map(|seen| &seen.stopped_at).collect());
    let killed: usize = all.iter().map(|seen| seen.killed).sum();
    let doubles: usize = all.iter().map(|seen| seen.doubles).sum();
    let kills = killed_at.values().sum::<usize>() + killed;
    let stops: usize = stopped_at.values().sum();
    println!(
        "{} batches, {kills} kills ({killed} of them at any moment), {stops} stops, {doubles} mails \
         twice in the one window, {:.1} s\nkilled at {killed_at:?}\nstopped at {stopped_at:?}",
        all.len(),
        began.elapsed().as_secs_f64(),
    );
    let missed = PLACES
        .iter()
        .filter(|place| !killed_at.contains_key(**place));
    assert_eq!(Vec::from_iter(missed), [&""; 0], "nobody was killed there");
    assert!(kills >= 150 && stops >= 10, "{kills} kills, {stops} stops");
}
