//! What the README shows of a terminal is what the command prints: the same commands are run, and what
//! differs from day to day is put in terms of one. With `USHER_WRITE_TRANSCRIPT=1` the README is written
//! anew.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "helpers of tests; nothing else waits on their threads"
)]

mod common;
#[path = "common/letters.rs"]
mod letters;

use common::run;
use letters::{BOB, stage, work};
use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use usher_events::Time;
use usher_shared::clock::{Clock, WallClock};

/// What stands around it in the README.
const BEGIN: &str = "<!-- transcript -->\n```console\n";
const END: &str = "```\n<!-- end of transcript -->";

/// The instant that every instant of today is shown as.
const TODAY: &str = "2026-11-23T09:30:00.000Z";

const PATCH: &str = r#"[
  { "op": "test",    "path": "/data/new_device", "value": "perhaps" },
  { "op": "replace", "path": "/data/new_device", "value": false }
]"#;

#[test]
fn the_readme_shows_what_the_command_prints() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    stage(here);
    fs::write(here.join("patch.json"), PATCH).unwrap();
    let mut terminal = String::new();
    for command in [
        "usher replay list",
        "usher replay --plan monday.plan",
        "usher replay --plan monday.plan --confirm",
        "cat patch.json",
        "usher replay --cause bad_data --edit patch.json --confirm",
        &format!("usher user show {BOB} --timeline"),
    ] {
        let said = typed(here, command);
        writeln!(terminal, "$ {command}\n{said}\n").unwrap();
        if command.ends_with("--confirm") {
            work(here);
        }
    }
    let terminal = format!("{}\n", as_of_one_day(&terminal).trim_end());

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if std::env::var_os("USHER_WRITE_TRANSCRIPT").is_some() {
        fs::write(path, format!("{before}{BEGIN}{terminal}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        shown, terminal,
        "USHER_WRITE_TRANSCRIPT=1 cargo test -p usher-cli --test transcript"
    );
}

/// What a command prints.
fn typed(here: &Path, command: &str) -> String {
    let arguments: Vec<&str> = command.split(' ').collect();
    let said = match arguments.split_first().unwrap() {
        (&"cat", [file]) => fs::read(here.join(file)).unwrap(),
        (_, arguments) => run(here, arguments).stdout,
    };
    let said = String::from_utf8(said).unwrap();
    let lines = said.lines().map(str::trim_end);
    lines.collect::<Vec<_>>().join("\n")
}

/// The same text, its instants of today one instant, and its ids that chance made counted.
fn as_of_one_day(text: &str) -> String {
    let mut names = HashMap::new();
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some((instant, after)) = rest.split_at_checked(TODAY.len())
            && let Ok(time) = instant.parse::<Time>()
        {
            shown.push_str(if is_recent(time) { TODAY } else { instant });
            rest = after;
        } else if let Some((id, after)) = rest.split_at_checked(36)
            && let Ok(uuid) = id.parse::<uuid::Uuid>()
        {
            // Ids that chance makes hold the time as well.
            if uuid.get_version_num() == 7 {
                let count = names.len() + 1;
                let name = names.entry(uuid).or_insert(count);
                write!(shown, "01a20ad2-7df1-7025-af2e-{name:012x}").unwrap();
            } else {
                shown.push_str(id);
            }
            rest = after;
        } else {
            shown.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    shown
}

fn is_recent(time: Time) -> bool {
    let now = WallClock.now();
    now.since(time).as_secs() < 24 * 3600 && time.since(now).as_secs() < 24 * 3600
}
