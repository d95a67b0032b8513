//! How much memory the command took.

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What every verb that reads a queue or a log may take of memory, whatever their size.
pub const MOST_KIB: u64 = 64 * 1024;

/// How often the system is asked; what a process takes in its last moments alone is not seen.
const OFTEN: Duration = Duration::from_millis(5);

/// A run of the command.
#[derive(Debug)]
pub struct Ran {
    pub output: Output,
    pub took: Duration,
    /// The most memory that the process had resident, in KiB, as Linux counts it (`VmHWM`).
    pub peak_kib: u64,
}

/// Runs a command to its end and watches its memory. Panics where the system does not tell of it.
pub fn watch(command: &mut Command) -> Ran {
    let begun = Instant::now();
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdout = read(child.stdout.take().unwrap());
    let stderr = read(child.stderr.take().unwrap());
    let said = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    let status = loop {
        // A high-water mark, so the last reading counts. A process that has ended has none.
        let said = std::fs::read_to_string(&said).unwrap_or_default();
        let mark = said.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark = mark.and_then(|mark| mark.split_whitespace().next()?.parse().ok());
        peak_kib = peak_kib.max(mark.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        thread::park_timeout(OFTEN);
    };
    assert!(
        peak_kib > 0,
        "this system does not tell how much memory a process takes"
    );
    Ran {
        output: Output {
            status,
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        },
        took: begun.elapsed(),
        peak_kib,
    }
}

fn read(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    })
}
