//! Nothing that was ever written may change or go.

use crate::stored::{
    ADVICE, files, fixtures, generated, identify, listed, schema_path, sha256, types,
};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn every_current_type_and_version_is_stored_as_it_is_written_today() {
    for (path, today) in generated() {
        let Some(bytes) = files().get(&path) else {
            panic!("{path} is not stored.{ADVICE}");
        };
        let mut stored: Value = serde_json::from_slice(bytes).unwrap();
        let mut today = today;
        // What a schema says in words for people may be said better without a new version.
        if path.starts_with("schemas/") {
            strip_wording(&mut stored);
            strip_wording(&mut today);
        }
        assert_eq!(
            stored, today,
            "{path} is not what is written today.{ADVICE}"
        );
    }
}

#[test]
fn every_version_from_the_first_has_a_schema_and_a_fixture() {
    let fixtures = fixtures();
    for (name, current, _) in types() {
        for version in 1..=current {
            let schema = schema_path(name, version);
            assert!(
                files().contains_key(&schema),
                "{schema} is missing.{ADVICE}"
            );
            assert!(
                fixtures
                    .iter()
                    .any(|it| it.name == name && it.version == version),
                "{name} has no fixture of version {version}.{ADVICE}"
            );
        }
    }
    for path in files().keys() {
        let (name, version, _, current) = identify(path);
        assert!(
            (1..=current).contains(&version),
            "{path} is of a version that {name} has not reached.{ADVICE}"
        );
    }
}

#[test]
fn every_listed_file_is_there_and_has_never_been_edited() {
    for (path, digest) in listed() {
        let Some(bytes) = files().get(&path) else {
            panic!("{path} is listed in SHA256SUMS and is gone.{ADVICE}");
        };
        assert_eq!(sha256(bytes), digest, "{path} has been edited.{ADVICE}");
    }
}

#[test]
fn every_file_is_listed_once() {
    let listed = listed();
    let paths: BTreeSet<_> = listed.iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths.len(),
        listed.len(),
        "SHA256SUMS lists a file twice.{ADVICE}"
    );
    for path in files().keys() {
        assert!(
            paths.contains(path),
            "{path} is not listed in SHA256SUMS.{ADVICE}"
        );
    }
}

#[test]
fn better_words_are_no_new_version_and_a_property_by_that_name_is() {
    let schema = |json: &str| {
        let mut schema: Value = serde_json::from_str(json).unwrap();
        strip_wording(&mut schema);
        schema
    };
    let plain = schema(r#"{"properties": {"a": {"type": "string"}}}"#);
    assert_eq!(
        schema(r#"{"properties": {"a": {"type": "string", "description": "An a."}}}"#),
        plain
    );
    assert_ne!(
        schema(r#"{"properties": {"a": {"type": "string"}, "description": {"type": "string"}}}"#),
        plain
    );
}

/// Takes out every `description` that is a text; the schema of a property by that name is none.
fn strip_wording(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.retain(|key, value| !(key == "description" && value.is_string()));
            map.values_mut().for_each(strip_wording);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_wording),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
