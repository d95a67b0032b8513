//! Two workers and a sweep, as processes of their own, and what they log.

use crate::PATIENCE;
use crate::place::Place;
use crate::weather::Weather;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;
use tokio::time::Instant;
use usher_shared::clock;

const SWEEP_MS: u64 = 2000;
const PAUSE: Duration = Duration::from_millis(100);

pub struct Fleet(Vec<Process>);

/// How a fleet is set up.
#[derive(Clone, Copy)]
pub struct Setup {
    /// How far its clocks are ahead.
    pub ahead: Duration,
    /// What its chance begins at.
    pub seed: u64,
    /// How many of a hundred entries of a batch are left out.
    pub left_out_percent: u64,
}

impl Fleet {
    pub fn start(place: &Place, weather: &Weather, setup: Setup) -> Self {
        let roles = [None, None, Some(SWEEP_MS)];
        let processes = (0..).zip(roles).map(|(number, sweep_ms)| {
            let arguments = json!({
                "sweep_ms": sweep_ms,
                "dynamodb": weather.dynamodb,
                "aws": weather.aws,
                "table": place.table.name(),
                "queue": place.queue,
                "dead_letters": place.dead_letters,
                "bus": place.bus,
                "policy": place.directory.path().join("usher.toml"),
                "ahead_s": setup.ahead.as_secs(),
                "seed": setup.seed.wrapping_add(number),
                "left_out_percent": setup.left_out_percent,
            });
            Process::start(place, &arguments.to_string())
        });
        Self(processes.collect())
    }

    /// Whether each of them still runs.
    pub fn runs(&mut self) -> bool {
        let ended = |process: &mut Process| process.child.try_wait().unwrap().is_some();
        !self.0.iter_mut().any(ended)
    }

    /// Tells them to end, and waits until they have finished what they are at.
    pub async fn end(mut self) {
        for process in &self.0 {
            process.terminate();
        }
        for process in &mut self.0 {
            let status = process.ended().await;
            assert!(status.success(), "a worker ended with {status}");
        }
    }
}

/// Every line that a worker of this place has logged.
pub fn logged(place: &Place) -> Vec<Value> {
    let mut lines = Vec::new();
    for file in fs::read_dir(place.directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let text = fs::read_to_string(path).unwrap();
            lines.extend(text.lines().map(|line| {
                serde_json::from_str(line)
                    .unwrap_or_else(|_| json!({"level": "ERROR", "message": line}))
            }));
        }
    }
    lines
}

/// A worker in a process of its own, which does not outlive the test.
struct Process {
    child: Child,
}

impl Process {
    fn start(place: &Place, setup: &str) -> Self {
        let before = fs::read_dir(place.directory.path()).unwrap().count();
        let log = place.directory.path().join(format!("{before}.log"));
        let output = File::create(log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_worker-under-fire"))
            .arg(setup)
            .env("USHER_LOG", "info")
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Self { child }
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
    }

    async fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "a worker does not end");
            clock::sleep(PAUSE).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
