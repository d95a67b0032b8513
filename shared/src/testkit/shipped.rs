//! The Lambdas' binaries, as they ship and with faults to plant, for tests that start them.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Builds one binary of a package with the release profile, exactly as it is deployed.
///
/// `cargo` is told nothing that a person who deploys does not tell it: features of tests stay out.
pub fn release(package: &str) -> PathBuf {
    build(package, &["--bin", package], &[])
}

/// The same for one of the package's examples.
pub fn example(package: &str, name: &str) -> PathBuf {
    build(package, &["--example", name], &[])
}

/// Builds the same binary with `fault-injection`.
pub fn with_faults(package: &str) -> PathBuf {
    build_aside("fault", package, &["--features", "fault-injection"], &[])
}

/// Builds the same binary at another `opt-level`, to show what ours costs and saves.
pub fn at_opt_level(package: &str, level: &str) -> PathBuf {
    let folder = format!("opt-level-{level}");
    let environment = [("CARGO_PROFILE_RELEASE_OPT_LEVEL", level)];
    build_aside(&folder, package, &[], &environment)
}

/// Builds a package's binary in a folder of its own, so that it is never mistaken for the one that
/// ships. What both are made of is compiled once.
fn build_aside(
    folder: &str,
    package: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> PathBuf {
    let (target, intermediate) = directories();
    let target = Path::new(&target).join(folder);
    let here = ["--bin", package, "--target-dir", target.to_str().unwrap()];
    let environment = [environment, &[("CARGO_BUILD_BUILD_DIR", &intermediate)]].concat();
    build(package, &[&here, arguments].concat(), &environment)
}

fn build(package: &str, arguments: &[&str], environment: &[(&str, &str)]) -> PathBuf {
    let mut cargo = cargo();
    cargo
        .args([
            "build",
            "--release",
            "--message-format=json-render-diagnostics",
        ])
        .args(["--package", package])
        .args(arguments)
        .envs(environment.iter().copied());
    let messages = finish(&mut cargo);
    let made = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).unwrap();
        message["executable"].as_str().map(PathBuf::from)
    });
    let made: Vec<PathBuf> = made.collect();
    match <[PathBuf; 1]>::try_from(made) {
        Ok([executable]) => executable,
        Err(made) => panic!("cargo {arguments:?} made {made:?}, not one executable"),
    }
}

/// Where cargo puts what it makes, and what it makes that of.
fn directories() -> (String, String) {
    let text = finish(cargo().args(["metadata", "--no-deps", "--format-version=1"]));
    let metadata: Value = serde_json::from_str(&text).unwrap();
    let directory = |name: &str| metadata[name].as_str().unwrap().to_owned();
    (directory("target_directory"), directory("build_directory"))
}

/// The cargo that runs this test, in surroundings like those of a shell: some build scripts watch
/// what cargo tells a test of its package, and everything would be built anew.
#[expect(
    clippy::disallowed_methods,
    reason = "which cargo it is, cargo says nowhere else"
)]
fn cargo() -> Command {
    let itself = std::env::var_os("CARGO").expect("cargo runs these tests, and says where it is");
    let mut cargo = Command::new(itself);
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for about_the_package in [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_LINKS",
        "CARGO_PKG_NAME",
        "CARGO_PKG_VERSION_MAJOR",
        "CARGO_PKG_VERSION_MINOR",
        "CARGO_PKG_VERSION_PATCH",
        "CARGO_PKG_VERSION_PRE",
    ] {
        cargo.env_remove(about_the_package);
    }
    cargo
}

/// Runs cargo to its end and gives what it says. What it complains of goes where the test's own
/// complaints go.
fn finish(cargo: &mut Command) -> String {
    let Output { status, stdout, .. } = cargo.stderr(Stdio::inherit()).output().unwrap();
    assert!(status.success(), "cargo ended with {status}");
    String::from_utf8(stdout).unwrap()
}

/// What of fault injection is in a binary: names and texts that only code which plants faults has.
pub fn fault_markers(binary: &[u8]) -> Vec<&'static str> {
    let is_in = |marker: &&str| {
        let marker = marker.as_bytes();
        binary.windows(marker.len()).any(|part| part == marker)
    };
    ["USHER_FAULT", "planted at"]
        .into_iter()
        .filter(is_in)
        .collect()
}

/// A bootstrap that runs this binary with standard error going where standard output goes, so that
/// a test sees everything that it says. Written into `directory`.
pub fn logging_everything(binary: &Path, directory: &Path) -> PathBuf {
    let bootstrap = directory.join("bootstrap");
    let script = format!("#!/bin/sh\nexec '{}' 2>&1\n", binary.display());
    fs::write(&bootstrap, script).unwrap();
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
    bootstrap
}
