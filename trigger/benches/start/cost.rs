//! What one call of each source costs: calls to AWS, and processor instructions beside the floor.
//!
//! Instructions are counted by Valgrind's callgrind, so they do not depend on what else the machine
//! does; they are those of the whole process, its runtime and its HTTP clients included.

use crate::run::{answer, event, spawn};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use usher_shared::testkit::runtime_api::{Function, RuntimeApi};
use usher_shared::testkit::stand_in::{Calls, StandIn};

/// Invocations of each source that are counted.
const COUNTED: usize = 20;
/// Invocations before them: connections open and caches fill.
const BEFORE: usize = 5;

/// What one source costs, each time.
struct Cost {
    /// Of one invocation.
    instructions: u64,
    /// Of all of them.
    calls: Calls,
}

/// Counts and prints every source that has a fixture; says so and counts nothing where there is no
/// Valgrind.
pub async fn print(ours: &Path, floor: &Path, aws: &StandIn) {
    println!("\n{COUNTED} invocations of each source under callgrind");
    if !Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        println!("valgrind is not installed: instructions were not counted");
        return;
    }
    let sources = sources();
    let floors = costs(floor, &sources, aws).await;
    let ours = costs(ours, &sources, aws).await;
    println!("\n| instructions, thousands | trigger | echo | calls to AWS |");
    println!("|---|--:|--:|---|");
    for (source, (ours, floor)) in sources.iter().zip(ours.iter().zip(&floors)) {
        println!(
            "| {source} | {} | {} | {} |",
            ours.instructions / 1000,
            floor.instructions / 1000,
            told(&ours.calls)
        );
    }
}

/// The names of all fixtures, in order.
fn sources() -> Vec<String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let fixtures = fs::read_dir(fixtures).expect("the fixtures are there");
    let names = fixtures.filter_map(|fixture| {
        let path = fixture.expect("the fixtures can be listed").path();
        Some(path.file_stem()?.to_str()?.to_owned())
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

async fn costs(binary: &Path, sources: &[String], aws: &StandIn) -> Vec<Cost> {
    let api = RuntimeApi::start().await;
    let mut watched = Watched::start(&api, binary, aws);
    api.ready().await;
    let mut costs = Vec::with_capacity(sources.len());
    for source in sources {
        let event = event(source);
        for _ in 0..BEFORE {
            answer(&api, &event).await;
        }
        watched.since_last();
        aws.take_calls();
        for _ in 0..COUNTED {
            answer(&api, &event).await;
        }
        costs.push(Cost {
            instructions: watched.since_last() / COUNTED as u64,
            calls: aws.take_calls(),
        });
    }
    costs
}

/// What one invocation called, on average.
fn told(calls: &Calls) -> String {
    let each = calls.iter().map(|(operation, count)| {
        let hundredths = count * 100 / COUNTED;
        match hundredths % 100 {
            0 => format!("{} {operation}", hundredths / 100),
            part => format!("{}.{part:02} {operation}", hundredths / 100),
        }
    });
    let each: Vec<String> = each.collect();
    if each.is_empty() {
        "none".to_owned()
    } else {
        each.join(", ")
    }
}

/// A function that runs under callgrind.
struct Watched {
    function: Function,
    output: PathBuf,
    dumps: u32,
}

impl Watched {
    fn start(api: &RuntimeApi, binary: &Path, aws: &StandIn) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("callgrind");
        // What an earlier run left would be taken for this one's.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("cargo makes the folder above for us");
        let output = folder.join("out");
        let bootstrap = folder.join("bootstrap");
        let script = format!(
            "#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\nexec valgrind --quiet --tool=callgrind \
             --callgrind-out-file='{}' '{}'\n",
            output.display(),
            binary.display()
        );
        fs::write(&bootstrap, script).expect("the folder is ours");
        fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755))
            .expect("the file is ours");
        Self {
            function: spawn(api, &bootstrap, &aws.endpoint(), &[]),
            output,
            dumps: 0,
        }
    }

    /// The instructions since this was asked last.
    fn since_last(&mut self) -> u64 {
        let process = format!("--pid={}", self.function.process().id());
        let asked = Command::new("vgdb")
            .args([&process, "dump"])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .status();
        assert!(
            asked.is_ok_and(|status| status.success()),
            "vgdb comes with valgrind"
        );
        self.dumps += 1;
        let dump = self.output.with_extension(self.dumps.to_string());
        let text = fs::read_to_string(&dump).expect("callgrind has written it");
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let total = total.and_then(|total| total.trim().parse().ok());
        total.expect("each dump has its total")
    }
}
