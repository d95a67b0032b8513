//! How fast the trigger starts and answers, beside a Lambda that only echoes.
//!
//! Both are release binaries that run as Lambda runs them, against a Runtime API and an AWS on
//! loopback that answer at once and without TLS. So a figure is what our own code and its runtime
//! take; the network's share comes on top, once for each call to AWS in the last column. The two
//! take turns, so that whatever else the machine does falls on both.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use usher_events::{Sub, wire};
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::commit::{Commit, Ledger, Recorded};
use usher_shared::dynamodb::Table;
use usher_shared::port::{Store, Written};
use usher_shared::testkit::runtime_api::{Answer, Function, RuntimeApi};
use usher_shared::testkit::shipped;
use usher_shared::testkit::stand_in::{Calls, StandIn};
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

/// What one start showed.
struct Run {
    /// From the process's start until it asked for its first event.
    ready: Duration,
    /// From the process's start until its first answer.
    answered: Duration,
    /// The processor time that had gone by then. Steadier than the clock where others use the
    /// machine, and what a function with a share of a core waits for.
    worked: Duration,
    /// The most memory it ever had resident, in KiB.
    peak_kib: u64,
    /// For each event, what each invocation took and what all of them called.
    warm: Vec<(Vec<Duration>, Calls)>,
}

#[tokio::main]
async fn main() {
    let echo = shipped::example("usher-trigger", "echo");
    let trigger = shipped::release("usher-trigger");
    let aws = StandIn::start().await;
    write_user(&aws).await;
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        floor.push(run(&echo, &aws).await);
        ours.push(run(&trigger, &aws).await);
    }
    report((&trigger, &ours), (&echo, &floor));
}

/// Puts the fixtures' user into the table, so that reading finds somebody, with as much to tell as
/// a confirmed user has.
async fn write_user(aws: &StandIn) {
    let confirmed = include_str!("../../events/fixtures/sign_up_confirmed.v1.json");
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

async fn run(binary: &Path, aws: &StandIn) -> Run {
    let events = EVENTS.map(|(_, fixture)| event(fixture));
    let api = RuntimeApi::start().await;
    let endpoint = aws.endpoint();
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("USHER_TABLE", TABLE),
        ("USHER_QUEUE_URL", "http://127.0.0.1/000000000000/usher"),
        ("USHER_BUS", "usher"),
        (
            "USHER_SECRET",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ),
        (
            "USHER_POLICY",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../usher.toml"),
        ),
    ];
    let start = Instant::now();
    let mut function = Function::start_logging_to(&api, binary, &environment, Stdio::null());
    // As in a cold start, the event is there before the function is.
    let cold = async {
        answer(&api, &events[0]).await;
        start.elapsed()
    };
    let ready = async {
        api.ready().await;
        start.elapsed()
    };
    let (ready, answered) = tokio::join!(ready, cold);
    let worked = processor_time(function.process().id());
    let mut warm = Vec::new();
    for event in &events {
        for _ in 0..UNCOUNTED {
            answer(&api, event).await;
        }
        aws.take_calls();
        let mut times = Vec::with_capacity(WARM);
        for _ in 0..WARM {
            let start = Instant::now();
            answer(&api, event).await;
            times.push(start.elapsed());
        }
        warm.push((times, aws.take_calls()));
    }
    let peak_kib = peak(function.process().id());
    Run {
        ready,
        answered,
        worked,
        peak_kib,
        warm,
    }
}

fn event(fixture: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(fixture);
    fs::read_to_string(path.with_extension("json")).expect("every event has its fixture")
}

async fn answer(api: &RuntimeApi, event: &str) {
    let answer = api.invoke(event).await;
    assert!(matches!(answer, Some(Answer::Response(_))), "{answer:?}");
}

/// What Linux says all threads of a process have run for.
fn processor_time(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
    let nanos = threads.map(|thread| {
        let path = thread.expect("its threads are listed").path();
        let schedule = fs::read_to_string(path.join("schedstat")).expect("a thread has run");
        let ran = schedule
            .split(' ')
            .next()
            .and_then(|ran| ran.parse::<u64>().ok());
        ran.expect("Linux counts nanoseconds")
    });
    Duration::from_nanos(nanos.sum())
}

/// What Linux says was the most that a process ever had resident, in KiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.expect("a process that runs has a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse().ok())
        .expect("Linux counts resident memory in kB")
}

/// A binary and how its starts went.
type Runs<'a> = (&'a Path, &'a [Run]);

/// Prints ours beside the floor.
fn report(ours: Runs<'_>, floor: Runs<'_>) {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{STARTS} starts of each in turns, {WARM} invocations of each event after each");
    println!("load of the machine afterwards: {}\n", load.trim_end());
    println!("| | trigger | echo |");
    println!("|---|--:|--:|");
    let row = |name: &str, figure: &dyn Fn(Runs<'_>) -> String| {
        println!("| {name} | {} | {} |", figure(ours), figure(floor));
    };
    row("binary, MiB", &|(binary, _)| {
        let size = fs::metadata(binary).expect("it ran").len();
        mebibytes(size)
    });
    row("spawn to ready, ms", &|(_, runs)| {
        middle(runs, |run| run.ready)
    });
    row("spawn to first answer, ms", &|(_, runs)| {
        middle(runs, |run| run.answered)
    });
    row("first invocation, ms", &|(_, runs)| {
        middle(runs, |run| run.answered - run.ready)
    });
    row("processor time until then, ms", &|(_, runs)| {
        middle(runs, |run| run.worked)
    });
    row("peak memory, MiB", &|(_, runs)| {
        let mut peaks: Vec<u64> = runs.iter().map(|run| run.peak_kib * 1024).collect();
        peaks.sort_unstable();
        mebibytes(peaks[peaks.len() / 2])
    });
    println!("\n| warm, ms | trigger median | p99 | echo median | p99 | calls to AWS |");
    println!("|---|--:|--:|--:|--:|---|");
    for (at, (name, _)) in EVENTS.iter().enumerate() {
        let [our_times, floor_times] = [ours, floor].map(|(_, runs)| {
            let times = runs.iter().flat_map(|run| run.warm[at].0.iter().copied());
            let times = sorted(times.collect());
            format!("{} | {}", part(&times, 50), part(&times, 99))
        });
        let calls = ours.1.iter().flat_map(|run| run.warm[at].1.iter());
        println!(
            "| {name} | {our_times} | {floor_times} | {} |",
            per_invocation(calls)
        );
    }
}

/// The operations that an invocation called, and how often each.
fn per_invocation<'a>(calls: impl Iterator<Item = (&'a String, &'a usize)>) -> String {
    let mut sums = Calls::new();
    for (operation, count) in calls {
        *sums.entry(operation.clone()).or_default() += count;
    }
    let invocations = STARTS * WARM;
    let each = sums
        .iter()
        .map(|(operation, count)| match count % invocations {
            0 => format!("{} {operation}", count / invocations),
            _ => format!("{count} {operation} in {invocations}"),
        });
    let each: Vec<String> = each.collect();
    if each.is_empty() {
        "none".to_owned()
    } else {
        each.join(", ")
    }
}

fn middle(runs: &[Run], figure: impl Fn(&Run) -> Duration) -> String {
    part(&sorted(runs.iter().map(figure).collect()), 50)
}

fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort_unstable();
    times
}

/// The time within which this percentage of them ended, in milliseconds.
fn part(times: &[Duration], percent: usize) -> String {
    let time = times[(times.len() - 1) * percent / 100];
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

fn mebibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / (1024 * 1024);
    format!("{}.{}", tenths / 10, tenths % 10)
}
