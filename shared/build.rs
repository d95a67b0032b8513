//! Writes the list of disposable mail domains as one sorted text, a domain a line.
//!
//! The list is a library's. Linked as it comes, as a table of texts, it would add three megabytes to
//! each Lambda and a pointer to set right for every domain at each start; as one text it is a third
//! of that, and untouched until somebody signs up.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

#[expect(
    clippy::disallowed_methods,
    reason = "a build script is told where to write by its environment"
)]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let domains: BTreeSet<String> = mailchecker::blacklist()
        .into_iter()
        .map(|domain| domain.trim().to_ascii_lowercase())
        .filter(|domain| !domain.is_empty() && !domain.contains(char::is_whitespace))
        .collect();
    let text: String = domains.iter().map(|domain| format!("{domain}\n")).collect();
    let out = env::var_os("OUT_DIR").expect("cargo tells build scripts where to write");
    fs::write(PathBuf::from(out).join("disposable.txt"), text)
        .expect("cargo's own directory can be written to");
}
