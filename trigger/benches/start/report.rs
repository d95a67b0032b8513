//! The tables of ours beside the floor, and how figures are written.

use crate::run::Run;
use crate::{EVENTS, Measured, STARTS, WARM};
use std::fs;
use std::path::Path;
use std::time::Duration;
use usher_shared::testkit::stand_in::Calls;

/// Prints ours beside the floor.
pub fn print(ours: &Measured, floor: &Measured) {
    println!("{STARTS} starts of each in turns, {WARM} invocations of each event after each");
    println!("load of the machine afterwards: {}\n", load());
    println!("| | trigger | echo |");
    println!("|---|--:|--:|");
    let row = |name: &str, figure: &dyn Fn(&Measured) -> String| {
        println!("| {name} | {} | {} |", figure(ours), figure(floor));
    };
    row("binary, MiB", &|measured| size(&measured.binary));
    row("spawn to ready, ms", &|measured| {
        middle(&measured.runs, |run| run.ready)
    });
    row("spawn to first answer, ms", &|measured| {
        middle(&measured.runs, |run| run.answered)
    });
    row("first invocation, ms", &|measured| {
        middle(&measured.runs, |run| run.answered - run.ready)
    });
    row("processor time until then, ms", &|measured| {
        middle(&measured.runs, |run| run.worked)
    });
    row("peak memory, MiB", &|measured| {
        let peaks = measured.runs.iter().map(|run| run.peak_kib * 1024);
        let mut peaks: Vec<u64> = peaks.collect();
        peaks.sort_unstable();
        mebibytes(peaks[peaks.len() / 2])
    });
    warm(&ours.runs, &floor.runs);
}

fn warm(ours: &[Run], floor: &[Run]) {
    println!("\n| warm, ms | trigger median | p99 | echo median | p99 | calls to AWS |");
    println!("|---|--:|--:|--:|--:|---|");
    for (at, (name, _)) in EVENTS.iter().enumerate() {
        let [our_times, floor_times] = [ours, floor].map(|runs| {
            let times = runs.iter().flat_map(|run| run.warm[at].0.iter().copied());
            let times = sorted(times.collect());
            format!("{} | {}", part(&times, 50), part(&times, 99))
        });
        let calls = ours.iter().flat_map(|run| run.warm[at].1.iter());
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

/// How much the machine had to do, as Linux says it.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.trim_end().to_owned()
}

/// How large a binary is, in MiB.
pub fn size(binary: &Path) -> String {
    mebibytes(fs::metadata(binary).expect("it ran").len())
}

/// The median of what runs showed, in milliseconds.
pub fn middle<R>(runs: &[R], figure: impl Fn(&R) -> Duration) -> String {
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
