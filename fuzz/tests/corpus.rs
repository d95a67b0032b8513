//! Every input that was ever worth keeping, and everything that they were made from.

#![expect(
    clippy::unwrap_used,
    reason = "what tests share fails as they do, by panicking"
)]

use std::fs;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Gives every file of a folder to a target, and says how many there were.
fn each(folder: &str, holds: fn(&[u8]) -> bool) -> usize {
    let files = fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.is_file()).collect();
    for path in &files {
        // Its name stands in the output of a test that fails, and nowhere else.
        println!("{}", path.display());
        holds(&fs::read(path).unwrap());
    }
    files.len()
}

#[test]
fn every_event_of_the_corpus_is_answered_as_promised() {
    assert!(each("fuzz/corpus/trigger", usher_fuzz::trigger::holds) > 0);
}

#[test]
fn every_fixture_is_answered_as_promised() {
    assert!(each("trigger/fixtures", usher_fuzz::trigger::holds) > 0);
    assert!(each("events/fixtures", usher_fuzz::trigger::holds) > 0);
}

#[test]
fn every_policy_of_the_corpus_loads_or_has_problems_that_can_be_found() {
    assert!(each("fuzz/corpus/policy", usher_fuzz::policy::holds) > 0);
}

#[test]
fn the_example_and_the_worlds_load_and_can_be_used() {
    assert!(usher_fuzz::policy::holds(include_bytes!(
        "../../usher.toml"
    )));
    assert!(each("fuzz/src/worlds", usher_fuzz::policy::holds) > 0);
}
