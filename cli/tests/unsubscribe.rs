//! `usher unsubscribe`: whose token it is that a welcome mail carries.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{json, run};
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

/// The user of the sample.
const ADA: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";

fn unsubscribe(directory: &Path, arguments: &[&str]) -> Output {
    let place = ["--dir", ".usher/play"];
    run(directory, &[&["unsubscribe"], arguments, &place].concat())
}

fn text(output: &Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).unwrap()
}

/// The token of the welcome mail of the sample life.
fn token(directory: &Path) -> String {
    let played = json(&run(directory, &["play", "--json"]));
    let mails = played["mails"].as_array().unwrap();
    let mail = fs::read_to_string(directory.join(mails[0].as_str().unwrap())).unwrap();
    let (_, rest) = mail.split_once("List-Unsubscribe:").unwrap();
    let (header, _) = rest.split_once('>').unwrap();
    let header: String = header.split_whitespace().collect();
    let token = header.strip_prefix("<https://app.example/unsubscribe?token=");
    assert!(
        mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
        "{mail}"
    );
    token.unwrap().to_owned()
}

#[test]
fn the_token_of_a_welcome_mail_names_its_user_and_a_changed_one_nobody() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let token = token(here);
    let good = unsubscribe(here, &["verify", &token]);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good));
    assert!(text(&good).starts_with(ADA), "{}", text(&good));
    let said = json(&unsubscribe(here, &["verify", &token, "--json"]));
    assert_eq!(
        (&said["sub"], &said["mail"]),
        (&ADA.into(), &"welcome".into())
    );

    let half = &token[..token.len() / 8 * 4];
    for (bad, remedy) in [(half, "--old-keys"), ("%", "all that stands after token=")] {
        let refused = unsubscribe(here, &["verify", bad]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused).contains(remedy), "{}", text(&refused));
        assert!(!text(&refused).contains(ADA));
    }
}

#[test]
fn a_token_from_before_a_change_of_the_secret_is_good_by_the_key_that_was_kept() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let token = token(here);
    let key = unsubscribe(here, &["key"]);
    fs::write(here.join("keys.txt"), &key.stdout).unwrap();
    // Another deployment, with a secret of its own.
    fs::remove_dir_all(here.join(".usher")).unwrap();
    assert_ne!(unsubscribe(here, &["key"]).stdout, key.stdout);
    let refused = unsubscribe(here, &["verify", &token]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    let good = unsubscribe(here, &["verify", &token, "--old-keys", "keys.txt"]);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good));
    fs::write(here.join("keys.txt"), "nonsense").unwrap();
    let refused = unsubscribe(here, &["verify", &token, "--old-keys", "keys.txt"]);
    assert!(
        text(&refused).contains("line 1 of keys.txt is no key"),
        "{}",
        text(&refused)
    );
}
