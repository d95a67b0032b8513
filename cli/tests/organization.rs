//! `usher organization`: what users founded is listed, shown and changed, and the change holds.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Answer, Local, json, mails, run, sample};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const POLICY: &str = "[mail]\nfrom = 'a@app.example'\napp_url = 'https://app.example'\n\
    [founding]\nmode = 'create'\nplan = 'free'\nfounder_role = 'admin'\ncache_s = 1\n\
    [tokens.id.claims]\nplan = 'organization.plan'\ncalled = 'organization.name'\n\
    [organizations.own]\nname = 'Own'\n";

/// How long a change may take to show.
const PATIENCE: Duration = Duration::from_secs(60);

/// The user of the samples, and her domain.
const ADA: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";
const DOMAIN: &str = "acme.example";

fn organization(directory: &Path, arguments: &[&str]) -> Output {
    run(directory, &[&["organization"], arguments].concat())
}

fn text(output: &Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).unwrap()
}

/// A machine on which Ada has founded the organization of her domain.
fn with_ada(directory: &Path) -> Local {
    fs::write(directory.join("usher.toml"), POLICY).unwrap();
    let local = Local::start(directory, &[]);
    local.invoke("trigger", &[], &sample("03-confirmation.json"));
    mails(&directory.join(".usher/mail"), 1);
    local
}

fn token(local: &Local) -> Answer {
    local.invoke("trigger", &[], &sample("06-token.json"))
}

/// A token like that, as soon as there is one; what is kept of an organization is a second old at most.
fn token_once(local: &Local, is_so: impl Fn(&Answer) -> bool) -> Answer {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = token(local);
        if is_so(&answer) {
            return answer;
        }
        assert!(Instant::now() < end, "{answer:?}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

fn is_refused(answer: &Answer) -> bool {
    answer.header("x-amz-function-error").is_some()
}

fn claims(answer: &Answer) -> Value {
    let response = &answer.json()["response"]["claimsAndScopeOverrideDetails"];
    response["idTokenGeneration"]["claimsToAddOrOverride"].clone()
}

fn shown(directory: &Path) -> Value {
    json(&organization(directory, &["show", DOMAIN, "--json"]))
}

#[test]
fn what_a_user_founded_is_listed_and_shown_by_id_and_by_domain() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let nothing = organization(here, &["list"]);
    assert!(text(&nothing).contains("There is no such organization"));
    let _local = with_ada(here);
    let listed = json(&organization(here, &["list", "--json"]));
    assert_eq!(
        (&listed["domain"], &listed["name"]),
        (&json!(DOMAIN), &json!("Acme"))
    );
    assert_eq!(
        (&listed["plan"], &listed["active"]),
        (&json!("free"), &json!(true))
    );
    assert_eq!(listed["founder"], ADA);
    let id = listed["id"].as_str().unwrap();
    assert_eq!(json(&organization(here, &["show", id, "--json"])), listed);
    assert_eq!(shown(here), listed);
    let as_text = [
        organization(here, &["list"]),
        organization(here, &["show", id]),
    ];
    for output in as_text {
        let text = text(&output);
        assert!(
            text.contains(id) && text.contains(DOMAIN) && text.contains("Acme"),
            "{text}"
        );
    }
    let invited = |organization: &str| {
        let create = [
            "invite",
            "create",
            "--pool",
            "p",
            "--json",
            "--organization",
        ];
        run(here, &[&create[..], &[organization]].concat())
    };
    assert_eq!(json(&invited(id))["organization"], id);
    let nobody = invited(&id.chars().rev().collect::<String>());
    assert!(
        text(&nobody).contains("nobody has founded it"),
        "{nobody:?}"
    );
    for (arguments, count) in [(["list", "--inactive"], 0), (["list", "--plan=free"], 1)] {
        let text = text(&organization(here, &[&arguments[..], &["--json"]].concat()));
        assert_eq!(text.lines().count(), count, "{arguments:?}");
    }
}

#[test]
fn a_plan_and_a_name_are_in_the_next_token() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = with_ada(here);
    let before = claims(&token_once(&local, |answer| {
        claims(answer)["role"] == "admin"
    }));
    assert_eq!(
        (&before["plan"], &before["called"]),
        (&json!("free"), &json!("Acme"))
    );
    assert_eq!(before["role"], "admin");
    let change = ["set", DOMAIN, "--plan", "pro", "--name", "Acme Ltd."];
    let planned = organization(here, &[&change[..], &["--dry-run"]].concat());
    assert!(text(&planned).contains("Nothing is changed"), "{planned:?}");
    assert_eq!(shown(here)["plan"], "free");
    let done = json(&organization(here, &[&change[..], &["--json"]].concat()));
    assert_eq!(
        (&done["changed"], &done["dry_run"]),
        (&json!(true), &json!(false))
    );
    let after = claims(&token_once(&local, |answer| {
        claims(answer)["plan"] == "pro"
    }));
    assert_eq!(
        (&after["plan"], &after["called"]),
        (&json!("pro"), &json!("Acme Ltd."))
    );
    let again = json(&organization(here, &[&change[..], &["--json"]].concat()));
    assert_eq!(again["changed"], false);
    organization(here, &["set", DOMAIN, "--no-plan"]);
    token_once(&local, |answer| claims(answer)["plan"] == Value::Null);
    assert_eq!(shown(here)["name"], "Acme Ltd.");
}

#[test]
fn members_are_shut_out_only_if_that_is_confirmed_and_are_let_in_again() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = with_ada(here);
    let planned = organization(here, &["set", DOMAIN, "--inactive"]);
    assert_eq!(planned.status.code(), Some(0));
    assert!(text(&planned).contains("--confirm does it"), "{planned:?}");
    assert_eq!(shown(here)["active"], true);
    let done = organization(here, &["set", DOMAIN, "--inactive", "--confirm"]);
    assert!(text(&done).contains("inactive"), "{done:?}");
    token_once(&local, is_refused);
    let sign_in = local.invoke("trigger", &[], &sample("04-pre-sign-in.json"));
    assert!(is_refused(&sign_in));
    organization(here, &["set", DOMAIN, "--active"]);
    token_once(&local, |answer| !is_refused(answer));
}

#[test]
fn what_is_not_there_is_said_and_changes_nothing() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let _local = with_ada(here);
    for (arguments, status, says) in [
        (vec!["show", "other.example"], 1, "no such organization"),
        (vec!["show", "own"], 1, "the policy's own"),
        (
            vec!["set", "own", "--inactive", "--confirm"],
            1,
            "[organizations.own]",
        ),
        (
            vec!["set", DOMAIN, "--plan", "gold"],
            1,
            "no plan gold; it has enterprise, free, pro",
        ),
        (vec!["set", DOMAIN], 2, "required"),
        (
            vec!["set", DOMAIN, "--active", "--inactive"],
            2,
            "cannot be used with",
        ),
        (vec!["set", DOMAIN, "--name", " "], 2, "is empty"),
        (
            vec!["show", "ada@acme.example"],
            2,
            "neither the id nor the domain",
        ),
    ] {
        let output = organization(here, &arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        let said = text(&output);
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    assert_eq!(
        (&shown(here)["plan"], &shown(here)["active"]),
        (&json!("free"), &json!(true))
    );
}
