//! How fast the trigger starts and answers, beside a Lambda that only echoes, and what makes it so.
//!
//! Both are release binaries that run as Lambda runs them, against a Runtime API and an AWS on
//! loopback that answer at once and, but for the levers that are about it, without TLS. So a figure
//! is what our own code and its runtime take; the network's share comes on top, once for each call to
//! AWS in the last column. Whatever is compared takes turns, so that whatever else the machine does
//! falls on all of it.
//!
//! What each source costs is counted under Valgrind, where that is installed.
//!
//! `-- --opt-levels` also builds the trigger at `opt-level` 3, which takes minutes, and compares that.

mod cost;
mod levers;
mod report;
mod run;

use run::{Run, start};
use std::path::PathBuf;
use usher_events::{Sub, wire};
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::commit::{Commit, Ledger, Recorded};
use usher_shared::dynamodb::Table;
use usher_shared::port::{Store, Written};
use usher_shared::testkit::shipped;
use usher_shared::testkit::stand_in::StandIn;
use usher_shared::user::{User, UserItem};

/// Starts of each binary. Odd, so that the median is one of them.
const STARTS: usize = 25;
/// Invocations of each event after each start; together enough for a 99th percentile.
const WARM: usize = 60;
/// Invocations of each event that nobody counts: connections open and caches fill.
const UNCOUNTED: usize = 5;
const TABLE: &str = "usher";
/// The user of the fixtures.
const SUB: &str = "9c1f6b1e-4d2a-4f0e-8a37-1f0f2f6f3a51";

/// What Cognito sends: the name in the table of figures, and the fixture.
const EVENTS: [(&str, &str); 7] = [
    ("PreSignUp", "PreSignUp_SignUp"),
    ("PreAuthentication", "PreAuthentication_Authentication"),
    ("PostConfirmation", "PostConfirmation_ConfirmSignUp"),
    ("PostAuthentication", "PostAuthentication_Authentication"),
    ("TokenGeneration V1", "TokenGeneration_AuthenticateDevice"),
    ("TokenGeneration V2", "TokenGeneration_Authentication"),
    ("unknown source", "PreSignOut_Tomorrow"),
];

/// A binary and how its starts went.
struct Measured {
    binary: PathBuf,
    runs: Vec<Run>,
}

impl Measured {
    fn new(binary: PathBuf) -> Self {
        Self {
            binary,
            runs: Vec::new(),
        }
    }
}

#[tokio::main]
async fn main() {
    let mut floor = Measured::new(shipped::example("usher-trigger", "echo"));
    let mut ours = Measured::new(shipped::release("usher-trigger"));
    let faster = std::env::args()
        .any(|argument| argument == "--opt-levels")
        .then(|| shipped::at_opt_level("usher-trigger", "3"));
    let aws = StandIn::start().await;
    write_user(&aws).await;
    for _ in 0..STARTS {
        floor.runs.push(start(&floor.binary, &aws).await);
        ours.runs.push(start(&ours.binary, &aws).await);
    }
    report::print(&ours, &floor);
    cost::print(&ours.binary, &floor.binary, &aws).await;
    levers::print(&ours.binary, faster.as_deref(), &aws).await;
}

/// Puts the fixtures' user into the table, so that reading finds somebody, with as much to tell as
/// a confirmed user has.
async fn write_user(aws: &StandIn) {
    let confirmed = include_str!("../../../events/fixtures/sign_up_confirmed.v1.json");
    let envelope = wire::decode(confirmed).expect("fixtures are valid");
    let recorded_at = envelope.time;
    let commit = Commit {
        envelope: envelope.map(Recorded::Lifecycle),
        decided: Vec::new(),
        ledger: Ledger::default(),
        lease: None,
        recorded_at,
    };
    let item = UserItem {
        user: User::of(&commit),
        version: 1,
        ..UserItem::new(Sub::new(SUB).expect("the fixtures' sub is one"))
    };
    let table = Table::new(&Clients::local(&aws.endpoint(), Timeouts::WORKER), TABLE);
    let written = table.write_user(&item).await;
    assert_eq!(written, Ok(Written::Now), "the stand-in takes what is put");
}
