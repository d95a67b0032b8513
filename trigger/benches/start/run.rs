//! One start of a function, and what it shows.

use crate::{EVENTS, TABLE, UNCOUNTED, WARM};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use usher_shared::testkit::runtime_api::{Answer, Function, RuntimeApi};
use usher_shared::testkit::stand_in::{Calls, StandIn};

/// What one start showed.
pub struct Run {
    /// From the process's start until it asked for its first event.
    pub ready: Duration,
    /// From the process's start until its first answer.
    pub answered: Duration,
    /// The processor time that had gone by then. Steadier than the clock where others use the
    /// machine, and what a function with a share of a core waits for.
    pub worked: Duration,
    /// The most memory it ever had resident, in KiB.
    pub peak_kib: u64,
    /// For each event, what each invocation took and what all of them called.
    pub warm: Vec<(Vec<Duration>, Calls)>,
}

/// Starts a function, lets it answer, and then answer again and again.
pub async fn start(binary: &Path, aws: &StandIn) -> Run {
    let events = EVENTS.map(|(_, fixture)| event(fixture));
    let api = RuntimeApi::start().await;
    let start = Instant::now();
    let mut function = spawn(&api, binary, &aws.endpoint(), &[]);
    // As in a cold start, the event is there before the function is.
    let cold = async {
        answer(&api, &events[0]).await;
        start.elapsed()
    };
    let ready = async {
        api.ready().await;
        start.elapsed()
    };
    // In this order also where the machine is so busy that both are seen at once.
    let (ready, answered) = tokio::join!(biased; ready, cold);
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

/// Starts a function that calls AWS there, with these variables besides.
pub fn spawn(
    api: &RuntimeApi,
    binary: &Path,
    endpoint: &str,
    besides: &[(&str, &str)],
) -> Function {
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint),
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
    let environment = [&environment, besides].concat();
    Function::start_logging_to(api, binary, &environment, Stdio::null())
}

/// What Cognito sends, by its fixture's name.
pub fn event(fixture: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(fixture);
    fs::read_to_string(path.with_extension("json")).expect("every event has its fixture")
}

/// Has an event answered.
pub async fn answer(api: &RuntimeApi, event: &str) {
    let answer = api.invoke(event).await;
    assert!(matches!(answer, Some(Answer::Response(_))), "{answer:?}");
}

/// What Linux says all threads of a process have run for.
pub fn processor_time(process: u32) -> Duration {
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
