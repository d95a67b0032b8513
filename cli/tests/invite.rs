//! `usher invite`: codes shown once, many at a time, found again and taken back.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{json, run, usher};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

const POOL: [&str; 2] = ["--pool", "eu-west-1_Ex4mpl301"];

fn invite(directory: &Path, arguments: &[&str]) -> std::process::Output {
    let (verb, rest) = arguments.split_first().unwrap();
    let all: Vec<&str> = ["invite", *verb]
        .iter()
        .chain(&POOL)
        .chain(rest)
        .copied()
        .collect();
    run(directory, &all)
}

fn lines(output: &std::process::Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text(output: &std::process::Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).unwrap()
}

#[test]
fn a_code_is_shown_once_and_finds_its_invite_however_it_is_typed() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let made = json(&invite(
        here,
        &[
            "create",
            "--uses",
            "5",
            "--expires",
            "7d",
            "--role",
            "manager",
            "--json",
        ],
    ));
    let code = made["code"].as_str().unwrap();
    assert_eq!((code.len(), made["uses"].as_u64()), (19, Some(5)));
    let typed = code.replace('-', " ").to_lowercase();
    let shown = json(&invite(here, &["show", &typed, "--json"]));
    assert_eq!(shown["id"], made["id"]);
    assert_eq!(
        (shown["state"].as_str(), shown["redeemed"].as_u64()),
        (Some("open"), Some(0))
    );
    let listed = invite(here, &["list", "--json"]);
    assert_eq!(lines(&listed).len(), 1);
    let by_id = invite(here, &["show", made["id"].as_str().unwrap()]);
    for output in [&listed, &by_id] {
        let text = text(output);
        assert!(
            !text.contains(code) && !text.contains(&code.replace('-', "")),
            "{text}"
        );
    }
    let elsewhere = run(here, &["invite", "show", "--pool", "eu-west-1_Other", code]);
    assert_eq!(elsewhere.status.code(), Some(1));
}

#[test]
fn many_come_from_a_file_and_go_to_one_that_only_their_owner_can_read() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let rows: String = (0..30)
        .map(|n| format!("p{n}@example.com,{}\n", n + 1))
        .collect();
    std::fs::write(here.join("people.csv"), format!("address,uses\n{rows}")).unwrap();
    let arguments = [
        "create",
        "--from",
        "people.csv",
        "--output",
        "codes.csv",
        "--label",
        "summer",
        "--organization",
        "acme",
    ];
    let made = invite(here, &arguments);
    assert!(made.status.success(), "{}", text(&made));
    let codes = std::fs::read_to_string(here.join("codes.csv")).unwrap();
    let mut rows = codes.lines();
    assert!(rows.next().unwrap().starts_with("code,id,address,uses"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(',').collect()).collect();
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(
            row[2..4],
            [format!("p{number}@example.com"), (number + 1).to_string()]
        );
    }
    let mut unlike: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    unlike.sort_unstable();
    unlike.dedup();
    assert_eq!(unlike.len(), 30);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(here.join("codes.csv")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }
    let listed = lines(&invite(here, &["list", "--label", "summer", "--json"]));
    assert_eq!(listed.len(), 30);
    assert!(
        listed
            .iter()
            .all(|one| one["bound"] == true && one["organization"] == "acme")
    );
    assert!(
        !serde_json::to_string(&listed)
            .unwrap()
            .contains("example.com")
    );
    let again = invite(here, &arguments);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again).contains("codes.csv"), "{}", text(&again));
    assert_eq!(lines(&invite(here, &["list", "--json"])).len(), 30);
}

#[test]
fn a_file_with_one_bad_row_makes_nothing_and_says_which() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    for (file, problem) in [
        ("address,uses\na@example.com,1\nnobody,1\n", "line 3"),
        ("address,uses\na@example.com,many\n", "line 2"),
        (
            "address,colour\na@example.com,red\n",
            "the columns are address, uses",
        ),
        ("role\nemperor\n", "has no role emperor"),
        ("address\n", "has no rows"),
    ] {
        std::fs::write(here.join("people.csv"), file).unwrap();
        let made = invite(here, &["create", "--from", "people.csv"]);
        let text = text(&made);
        assert_eq!(made.status.code(), Some(1), "{text}");
        assert!(text.contains(problem), "{text}");
        assert!(!text.contains("a@example.com"), "{text}");
    }
    assert!(lines(&invite(here, &["list", "--json"])).is_empty());
}

#[test]
fn revoking_many_is_tried_dry_first_and_takes_them_back_once() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    for label in ["summer", "winter"] {
        let made = invite(
            here,
            &["create", "--count", "3", "--label", label, "--json"],
        );
        assert_eq!(lines(&made).len(), 3);
    }
    let summer = ["revoke", "--label", "summer", "--json"];
    let dry = [&summer[..], &["--dry-run"]].concat();
    assert_eq!(lines(&invite(here, &dry)).len(), 3);
    let open = ["list", "--state", "open", "--json"];
    assert_eq!(lines(&invite(here, &open)).len(), 6);
    assert_eq!(lines(&invite(here, &summer)).len(), 3);
    assert_eq!(lines(&invite(here, &open)).len(), 3);
    assert_eq!(lines(&invite(here, &summer)).len(), 0);
    let revoked = lines(&invite(here, &["list", "--state", "revoked", "--json"]));
    assert!(revoked.iter().all(|one| one["label"] == "summer"));
    for (arguments, problem) in [
        (vec!["revoke"], "say which"),
        (
            vec!["revoke", "--label", "x", "0000-0000-0000-0000"],
            "not both",
        ),
        (vec!["revoke", "0000-0000-0000-0000"], "no invites of"),
    ] {
        let refused = invite(here, &arguments);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused).contains(problem), "{}", text(&refused));
    }
}

#[test]
fn what_cannot_be_made_is_told_before_anything_is() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    for (arguments, problem) in [
        (vec!["create", "--uses", "0"], "1 to 1000"),
        (vec!["create", "--expires", "soon"], "such as 12h"),
        (vec!["create", "--role", "emperor"], "has no role"),
        (vec!["create", "--address", "nobody"], "no mail address"),
    ] {
        let refused = invite(here, &arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(text(&refused).contains(problem), "{}", text(&refused));
    }
    let without_a_pool = run(here, &["invite", "list"]);
    assert_eq!(without_a_pool.status.code(), Some(2));
    let nowhere = usher(here)
        .args(["invite", "list", "--aws"])
        .args(POOL)
        .env_remove("USHER_TABLE")
        .env_remove("AWS_REGION")
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(
        text(&nowhere).contains("REGION is not set"),
        "{}",
        text(&nowhere)
    );
}

/// On AWS, but for AWS: the deployment is one on this machine, reached as AWS is.
#[test]
fn a_deployment_is_reached_with_ordinary_credentials() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = common::Local::start(here, &[]);
    let secret = std::fs::read_to_string(here.join(".usher/secret")).unwrap();
    let made = usher(here)
        .args(["invite", "create", "--aws", "--count", "40", "--json"])
        .args(POOL)
        .env(
            "AWS_ENDPOINT_URL",
            local.ready["dynamodb"].as_str().unwrap(),
        )
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("USHER_TABLE", "usher")
        .env("USHER_SECRET", secret.trim())
        .env("REGION", "us-east-1")
        .output()
        .unwrap();
    assert_eq!(lines(&made).len(), 40, "{}", text(&made));
    // The same deployment, from beside the one that serves it.
    let code = lines(&made)[0]["code"].as_str().unwrap().to_owned();
    let shown = json(&invite(here, &["show", &code, "--json"]));
    assert_eq!(shown["state"], "open");
    assert_eq!(lines(&invite(here, &["list", "--json"])).len(), 40);
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn every_verb_teaches_with_an_example() {
    let directory = TempDir::new().unwrap();
    for verb in ["create", "list", "show", "revoke"] {
        let help = run(directory.path(), &["invite", verb, "--help"]);
        let text = text(&help);
        assert!(
            text.contains("Examples:") && text.contains("Exit status"),
            "{text}"
        );
    }
}
