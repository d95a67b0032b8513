//! `usher rebuild`, `usher export` and `usher replay --from-log` over ten thousand users with a hundred
//! thousand events, on the embedded DynamoDB and on Amazon's own: what they find while a worker writes,
//! what they write, and that their memory does not grow with the table. It is measured of a build for
//! tests, which takes more than a released one. Fails where there is no DynamoDB of Amazon's:
//! `USHER_TEST_DYNAMODB` says where it is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

#[path = "../common/mod.rs"]
mod common;

mod people;
mod place;

use people::{EVENTS, USERS, Working};
use place::{Deployed, Place};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use usher_events::EventId;
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::chance;
use usher_shared::clock::WallClock;
use usher_shared::dynamodb::Table;
use usher_shared::embedded::{Database, QueueLimits, Stack};

/// By how much more memory a verb may take of the whole than of a tenth of it. A megabyte or two come
/// by chance: of whatever was under way at the same instant.
const GROWTH_KIB: u64 = 8 * 1024;

/// The one whose item says what no commit says.
const CORRUPTED: usize = 4_321;

/// The events of one user who signs in each hour, for a year and more.
const LONG: usize = 10_000;

/// The most memory of each verb.
struct Peaks {
    rebuild: u64,
    export: u64,
    replay: u64,
}

impl Peaks {
    fn hardly_grows_to(&self, whole: &Self) {
        for (verb, tenth, whole) in [
            ("rebuild", self.rebuild, whole.rebuild),
            ("export", self.export, whole.export),
            ("replay --from-log", self.replay, whole.replay),
        ] {
            assert!(
                whole < tenth + GROWTH_KIB,
                "{verb} takes {tenth} KiB for a tenth and {whole} KiB for the whole"
            );
        }
    }
}

/// Finds no difference in all of these users and events, tells of each event once, and finds the mail
/// of each user that was given up.
fn is_whole(place: &Place, what: &str, users: usize, ids: &BTreeSet<EventId>) -> Peaks {
    let verified = place.rebuild(&format!("rebuild --verify, {what}"), &["--verify"]);
    assert_eq!(verified.status, Some(0), "{:?}", verified.named);
    assert_eq!(verified.named, [] as [Value; 0]);
    assert_eq!(verified.summary["equal"], users);
    let exported = place.export(&format!("export, {what}"));
    assert_eq!(exported.lines, exported.ids.len(), "each event once");
    assert!(exported.ids == *ids, "not the events of the log");
    // A decision is a line of its own, and each user has one.
    assert_eq!(verified.summary["commits"], exported.lines - users);
    let (given_up, replay) = place.given_up(&format!("replay --from-log, {what}"));
    assert_eq!(given_up, users, "each user's mail was given up");
    Peaks {
        rebuild: verified.peak_kib,
        export: exported.peak_kib,
        replay,
    }
}

async fn fill(table: &Table, users: std::ops::Range<usize>, ids: &mut BTreeSet<EventId>) {
    let (begun, number) = (Instant::now(), users.len());
    ids.extend(people::fill(table, users).await);
    let took = begun.elapsed().as_secs_f64();
    println!("{number} users with {EVENTS} events each are there in {took:.1} s");
}

/// Fills a table, corrupts it, and mends it while a worker writes.
async fn ends_with_no_difference(
    title: &'static str,
    clients: &Clients,
    endpoint: String,
    segments: &'static str,
) {
    let table = Table::new(clients, format!("usher-{}", chance::owner()));
    table.create().await.unwrap();
    let place = Arc::new(Place {
        title,
        directory: TempDir::new().unwrap(),
        aws: Some(Deployed {
            endpoint,
            table: table.name().to_owned(),
            segments,
        }),
    });
    let (table, mut ids) = (&table, BTreeSet::new());
    let here = |place: &Arc<Place>| Arc::clone(place);
    fill(table, 0..USERS / 10, &mut ids).await;
    let (tenth, of) = (here(&place), ids.clone());
    let tenth = spawn_blocking(move || is_whole(&tenth, "a tenth", USERS / 10, &of));
    let tenth = tenth.await.unwrap();
    fill(table, USERS / 10..USERS, &mut ids).await;

    people::corrupt(table, CORRUPTED).await;
    let worker = Working::start(table);
    let rebuilding = here(&place);
    let rebuilding = spawn_blocking(move || {
        let found = rebuilding.rebuild("rebuild --verify, a worker writes", &["--verify"]);
        assert_eq!(found.status, Some(3));
        let users: Vec<&Value> = found.named.iter().map(|line| &line["user"]).collect();
        assert_eq!(users, [people::name(CORRUPTED).as_str()]);
        assert_eq!(found.summary["users"], USERS);
        let mended = rebuilding.rebuild("rebuild --confirm, a worker writes", &["--confirm"]);
        assert_eq!(mended.status, Some(0), "{:?}", mended.named);
        assert_eq!(mended.summary["mended"], 1);
        assert_eq!(mended.summary["left"], 0);
    });
    rebuilding.await.unwrap();
    let written = worker.stop().await;
    println!("{} events were recorded meanwhile", written.len());
    assert!(written.len() > 100, "the worker was in the way of nobody");
    ids.extend(written);

    let (whole, of) = (here(&place), ids.clone());
    let whole = spawn_blocking(move || is_whole(&whole, "all of it", USERS, &of));
    tenth.hardly_grows_to(&whole.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_embedded_dynamodb() {
    // In this process's memory: on a disk, filling it would take most of the time.
    let database = Database::memory().await.unwrap();
    let endpoint = database.endpoint().to_owned();
    // One segment: it sorts the table for each page of several.
    ends_with_no_difference("embedded", &database.clients(), endpoint, "1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_dynamodb_local() {
    let endpoint = dynamodb_local();
    let clients = Clients::local(&endpoint, Timeouts::WORKER);
    ends_with_no_difference("DynamoDB Local", &clients, endpoint, "4").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_embedded_dynamodb_in_the_commands_own_memory() {
    let place = Place {
        title: "on this machine",
        directory: TempDir::new().unwrap(),
        aws: None,
    };
    let state = place.directory.path().join(".usher");
    let stack = Stack::open(&state, Arc::new(WallClock), QueueLimits::default());
    let (stack, mut ids) = (stack.await.unwrap(), BTreeSet::new());
    fill(&stack.store, 0..USERS / 10, &mut ids).await;
    // Nobody serves the database now, so the command does it itself.
    stack.close().await;
    let whole = spawn_blocking(move || is_whole(&place, "a tenth", USERS / 10, &ids));
    whole.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_user_with_ten_thousand_events() {
    let place = Place {
        title: "embedded, one user",
        directory: TempDir::new().unwrap(),
        aws: None,
    };
    let state = place.directory.path().join(".usher");
    let stack = Stack::open(&state, Arc::new(WallClock), QueueLimits::default());
    let stack = stack.await.unwrap();
    let ids = people::fill_one(&stack.store, 0, LONG).await;
    let told = spawn_blocking(move || {
        is_whole(&place, "one user", 1, &ids.into_iter().collect());
        let user = people::name(0);
        place.timeline("user show --timeline", user.as_str())
    });
    assert_eq!(told.await.unwrap(), LONG);
    stack.close().await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "only the reference tests know where the server is"
)]
fn dynamodb_local() -> String {
    let endpoint = std::env::var("USHER_TEST_DYNAMODB");
    endpoint.expect("USHER_TEST_DYNAMODB is the address of a DynamoDB Local")
}
