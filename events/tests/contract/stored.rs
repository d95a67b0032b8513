//! The stored files: read, and on request added to.

use crate::samples;
use ring::digest::{SHA256, digest};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::OnceLock,
};
use usher_events::{DecidedEvent, Fact, LifecycleEvent, OperatorEvent};

/// Set to `1`, it adds files and digests that are missing.
const WRITE: &str = "USHER_WRITE_FIXTURES";
const DIGESTS: &str = "SHA256SUMS";

/// What to do about a stored file that is not as it should be.
pub(crate) const ADVICE: &str = "\n\
    Stored schemas and fixtures are never edited: messages and logs of that shape exist.\n\
    To change a type's shape: raise its version in its set, add a step to `upcast::STEPS`, and run\n\
    `USHER_WRITE_FIXTURES=1 cargo test -p usher-events --test contract`, which adds the new files\n\
    and leaves the old. To undo an edit: `git checkout -- events/schemas events/fixtures`.\n";

/// Which of the three sets a type belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Lifecycle,
    Decided,
    Operator,
}

/// Every type there is: its name, current version and set.
pub(crate) fn types() -> impl Iterator<Item = (&'static str, u16, Set)> {
    let of = |types: &'static [(&'static str, u16)], set| {
        types
            .iter()
            .map(move |&(name, version)| (name, version, set))
    };
    of(LifecycleEvent::TYPES, Set::Lifecycle)
        .chain(of(DecidedEvent::TYPES, Set::Decided))
        .chain(of(OperatorEvent::TYPES, Set::Operator))
}

/// A stored fixture.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) path: String,
    pub(crate) name: &'static str,
    pub(crate) version: u16,
    /// The version that is written today.
    pub(crate) current: u16,
    pub(crate) set: Set,
    pub(crate) text: String,
}

impl Fixture {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| {
            panic!("{} is not JSON: {error}{ADVICE}", self.path);
        })
    }
}

/// The stored files by path, as they are now.
pub(crate) fn files() -> &'static BTreeMap<String, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| {
        if writing() {
            add_what_is_missing();
        }
        read_all()
    })
}

/// Every stored fixture, in the order of their paths.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let fixtures = files()
        .iter()
        .filter(|(path, _)| path.starts_with("fixtures/"));
    fixtures
        .map(|(path, bytes)| {
            let (name, version, set, current) = identify(path);
            let text = String::from_utf8(bytes.clone()).expect("fixtures are UTF-8");
            Fixture {
                path: path.clone(),
                name,
                version,
                current,
                set,
                text,
            }
        })
        .collect()
}

/// The path of the schema of one version of one type.
pub(crate) fn schema_path(name: &str, version: u16) -> String {
    format!("schemas/{name}.v{version}.json")
}

/// What a path says of its file: type, version, set and that type's current version.
pub(crate) fn identify(path: &str) -> (&'static str, u16, Set, u16) {
    let (_, file) = path.split_once('/').expect("paths have a folder");
    let mut parts = file.split('.');
    let name = parts.next().expect("a split text has a first part");
    let version = parts
        .next()
        .and_then(|part| part.strip_prefix('v')?.parse().ok());
    let known = types().find(|(known, ..)| *known == name);
    let Some((version, (name, current, set))) = version.zip(known) else {
        panic!("{path} is not named <type>.v<version>[.<variant>].json for a type there is");
    };
    (name, version, set, current)
}

/// The list of digests as it is stored: path and digest, in the order in which they were added.
pub(crate) fn listed() -> Vec<(String, String)> {
    let _ = files();
    let list = fs::read_to_string(root().join(DIGESTS)).unwrap_or_default();
    list.lines()
        .map(|line| {
            let (digest, path) = line
                .split_once("  ")
                .expect("lines are as sha256sum writes them");
            (path.to_owned(), digest.to_owned())
        })
        .collect()
}

/// The digest of some bytes, as `sha256sum` writes it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What the files of all current types and versions would be if they were written today.
pub(crate) fn generated() -> BTreeMap<String, Value> {
    let schemas = [
        LifecycleEvent::schemas(),
        DecidedEvent::schemas(),
        OperatorEvent::schemas(),
    ];
    let schemas = schemas
        .into_iter()
        .flatten()
        .map(|(name, version, schema)| {
            let id = format!("urn:usher:event:{name}:{version}");
            let mut json = serde_json::Map::from_iter([("$id".to_owned(), Value::String(id))]);
            json.extend(
                schema
                    .as_value()
                    .as_object()
                    .expect("these schemas are objects")
                    .clone(),
            );
            (schema_path(name, version), Value::Object(json))
        });
    schemas.chain(samples::fixtures()).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[expect(
    clippy::disallowed_methods,
    reason = "adding to the stored files is asked for by hand, and there is no configuration here"
)]
fn writing() -> bool {
    std::env::var(WRITE).is_ok_and(|value| value == "1")
}

fn read_all() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in ["schemas", "fixtures"] {
        let entries = fs::read_dir(root().join(folder)).expect("the folder is in the repository");
        for entry in entries {
            let entry = entry.expect("the folder can be read");
            let file = entry
                .file_name()
                .into_string()
                .expect("file names are UTF-8");
            let bytes = fs::read(entry.path()).expect("the folder holds files alone");
            files.insert(format!("{folder}/{file}"), bytes);
        }
    }
    files
}

/// Creates files that are not there and lists files that are not listed. An existing file is never
/// opened for writing, and a listed digest never replaced.
fn add_what_is_missing() {
    for (path, json) in generated() {
        let mut options = OpenOptions::new();
        match options
            .write(true)
            .create_new(true)
            .open(root().join(&path))
        {
            Ok(mut file) => writeln!(file, "{json:#}").expect("the new file can be written"),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists, "{path}"),
        }
    }
    let list = root().join(DIGESTS);
    let known = fs::read_to_string(&list).unwrap_or_default();
    let mut list = OpenOptions::new()
        .append(true)
        .create(true)
        .open(list)
        .expect("the list opens");
    for (path, bytes) in read_all() {
        if !known
            .lines()
            .any(|line| line.ends_with(&format!("  {path}")))
        {
            writeln!(list, "{}  {path}", sha256(&bytes)).expect("the list can be added to");
        }
    }
}
