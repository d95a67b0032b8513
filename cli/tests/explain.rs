//! `usher policy explain`: which rule decides, what Cognito gets, and what the worker then does.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Local, json, mails, run, sample, usher};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use tempfile::TempDir;

const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"));
const ADA: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";

/// Where the trigger's fixtures are.
fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../trigger/fixtures")
}

fn explain(directory: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut command = usher(directory);
    command.args(["policy", "explain"]).args(arguments);
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stdin.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).unwrap()
}

/// The step that settles it.
fn settled<'a>(report: &'a Value, question: &str) -> &'a Value {
    let steps = report["steps"].as_array().unwrap().iter();
    let mut of = steps.filter(|step| step["question"] == question);
    of.next_back().unwrap()
}

#[test]
fn a_refusal_names_the_rule_its_line_and_the_sentence() {
    let directory = TempDir::new().unwrap();
    let policy = "[sign_up]\nblocked_domains = [\n  \"*.acme.example\",\n  \"acme.example\",\n]\n\
                  [refusals.domain_blocked]\nde = \"Mit dieser Adresse geht es nicht\"\n";
    std::fs::write(directory.path().join("p.toml"), policy).unwrap();
    let mut event: Value = serde_json::from_str(&sample("02-sign-up.json")).unwrap();
    event["request"]["clientMetadata"]["locale"] = json!("de-CH");
    let arguments = ["--event", "-", "--policy", "p.toml", "--json"];
    let report = json(&explain(directory.path(), &arguments, &event.to_string()));
    assert_eq!(
        (&report["decision"], &report["reason"], &report["severity"]),
        (&json!("refused"), &json!("domain_blocked"), &json!("high"))
    );
    let rule = settled(&report, "sign_up");
    assert_eq!(
        (&rule["key"], &rule["line"], &rule["why"]),
        (
            &json!("sign_up.blocked_domains"),
            &json!(2),
            &json!("acme.example is listed")
        )
    );
    let sentence = settled(&report, "sentence");
    assert_eq!(
        (&sentence["key"], &sentence["line"]),
        (&json!("refusals.domain_blocked.de"), &json!(7))
    );
    assert_eq!(
        report["answer"],
        json!({ "errorType": "Refused", "errorMessage": "Mit dieser Adresse geht es nicht" })
    );
    assert_eq!(report["published"]["type"], "usher.sign_up_refused");
}

#[test]
fn the_time_of_day_that_counts_is_the_one_that_is_given() {
    let directory = TempDir::new().unwrap();
    let policy = "[sign_in.hours]\nzone = \"Europe/Berlin\"\n[[sign_in.hours.open]]\n\
                  days = [\"mon-fri\"]\nfrom = \"09:00\"\nto = \"17:00\"\n";
    std::fs::write(directory.path().join("usher.toml"), policy).unwrap();
    let event = sample("04-pre-sign-in.json");
    let at = |time: &str| {
        let arguments = ["--event", "-", "--at", time, "--json"];
        json(&explain(directory.path(), &arguments, &event))
    };
    let open = at("2026-11-23T08:00:00Z");
    assert_eq!(open["decision"], "passed");
    let closed = at("2026-11-23T07:59:59Z");
    assert_eq!(closed["reason"], "outside_hours");
    let rule = settled(&closed, "sign_in");
    assert_eq!(
        rule["why"],
        "it is mon 2026-11-23 08:59 there, outside the hours of user"
    );
    let bad = explain(directory.path(), &["--event", "-", "--at", "noon"], &event);
    assert_eq!(bad.status.code(), Some(2));
    assert!(
        text(&bad).contains("2026-12-24T13:00:00Z"),
        "{}",
        text(&bad)
    );
}

#[test]
fn the_record_that_is_shown_of_a_user_is_the_one_that_is_explained() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = Local::start(here, &[]);
    local.invoke("trigger", &[], &sample("03-confirmation.json"));
    mails(&here.join(".usher/mail"), 1);
    let given = run(here, &["user", "role", ADA, "admin"]);
    assert!(given.status.success(), "{}", text(&given));
    let answered = local
        .invoke("trigger", &[], &sample("06-token.json"))
        .json();
    let record = run(here, &["user", "show", ADA, "--json", "--reveal"]);
    let record = String::from_utf8(record.stdout).unwrap();
    std::fs::write(here.join("token.json"), sample("06-token.json")).unwrap();
    let arguments = ["--event", "token.json", "--user", "-", "--json"];
    let report = json(&explain(here, &arguments, &record));
    assert_eq!(report["answer"]["response"], answered["response"]);
    let role = settled(&report, "role");
    assert_eq!(
        (&role["value"], &role["name"]),
        (&json!("admin"), &json!("operator"))
    );
    assert_eq!(report["published"], Value::Null, "nothing has changed");
    // Without --reveal nobody can tell whether the attributes have.
    let hidden = run(here, &["user", "show", ADA, "--json"]);
    let hidden = String::from_utf8(hidden.stdout).unwrap();
    let arguments = ["--event", "token.json", "--user", "-"];
    let shown = text(&explain(here, &arguments, &hidden));
    assert!(shown.contains("the record hides the attributes"), "{shown}");
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn what_the_worker_makes_of_a_confirmation_is_told() {
    let directory = TempDir::new().unwrap();
    let arguments = ["--event", "-", "--json"];
    let event = sample("03-confirmation.json");
    let report = json(&explain(directory.path(), &arguments, &event));
    let worker = &report["worker"];
    assert_eq!(worker["owes"], json!(["welcome_mail"]));
    assert_eq!(worker["gives_settings"], true);
    assert_eq!(
        (&worker["user"]["role"], &worker["user"]["role_source"]),
        (&json!("manager"), &json!("domain"))
    );
    assert_eq!(worker["user"]["organization"], "acme");
}

#[test]
fn what_the_worker_makes_of_whoever_a_token_shows_first_is_told() {
    let directory = TempDir::new().unwrap();
    let mail = "[mail]\nfrom = \"a@b.example\"\napp_url = \"https://b.example\"\n";
    for (rules, later, key, said) in [
        ("", json!([]), "mail.welcome_first_seen", "nothing"),
        (
            "welcome_first_seen = true\nwelcome_first_seen_delay_min = 7\n",
            json!([{ "effect": "welcome_mail", "after_min": 7 }]),
            "mail.welcome_first_seen",
            "gives",
        ),
    ] {
        let policy = format!("{mail}{rules}");
        std::fs::write(directory.path().join("p.toml"), policy).unwrap();
        let arguments = ["--event", "-", "--policy", "p.toml", "--json"];
        let event = sample("06-token.json");
        let report = json(&explain(directory.path(), &arguments, &event));
        assert_eq!(report["published"]["type"], "usher.first_seen");
        let worker = &report["worker"];
        assert_eq!(
            (&worker["owes"], &worker["owes_later"]),
            (&json!([]), &later)
        );
        assert_eq!(worker["gives_settings"], true);
        assert_eq!(worker["user"]["role_source"], "default");
        let mut steps = worker["steps"].as_array().unwrap().iter();
        let owed = steps.find(|step| step["question"] == "owed").unwrap();
        assert_eq!((&owed["key"], &owed["said"]), (&json!(key), &json!(said)));
    }
}

#[test]
fn no_secret_of_an_event_is_shown() {
    let directory = TempDir::new().unwrap();
    for file in std::fs::read_dir(fixtures()).unwrap() {
        let path = file.unwrap().path();
        let mut event: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let request = event["request"].as_object_mut().unwrap();
        for secret in ["password", "code", "challengeAnswer"] {
            request.insert(secret.to_owned(), json!("hush-1"));
        }
        let secrets = json!({ "invite_code": "hush-2", "password": "hush-3" });
        request.insert("validationData".to_owned(), secrets.clone());
        request.insert("clientMetadata".to_owned(), secrets.clone());
        request.insert("privateChallengeParameters".to_owned(), secrets);
        if event["triggerSource"]
            .as_str()
            .unwrap()
            .contains("AuthChallenge")
        {
            event["response"]["privateChallengeParameters"] = json!({ "answer": "hush-4" });
        }
        for arguments in [
            &["--event", "-", "--json"][..],
            &["--event", "-", "--verbose"],
        ] {
            let shown = explain(directory.path(), arguments, &event.to_string());
            assert_eq!(shown.status.code(), Some(0), "{}", text(&shown));
            assert!(!text(&shown).contains("hush"), "{}", text(&shown));
        }
    }
}

#[test]
fn what_cannot_be_read_is_said_in_one_line() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    std::fs::write(here.join("event.json"), sample("06-token.json")).unwrap();
    std::fs::write(here.join("other.json"), "{\"sub\": \"3f0c\"}").unwrap();
    for (arguments, stdin, status, problem) in [
        (vec!["--event", "none.json"], "", 1, "cannot be read"),
        (vec!["--event", "-"], "not json", 1, "is not JSON"),
        (vec!["--event", "-", "--user", "-"], "{}", 1, "both"),
        (
            vec!["--event", "event.json", "--user", "-"],
            "{\"rol\": \"admin\"}",
            1,
            "no record of a user",
        ),
        (
            vec!["--event", "event.json", "--user", "other.json"],
            "",
            1,
            "the record is of 3f0c",
        ),
        (vec![], "", 2, "--event"),
    ] {
        let output = explain(here, &arguments, stdin);
        assert_eq!(output.status.code(), Some(status), "{}", text(&output));
        assert!(text(&output).contains(problem), "{}", text(&output));
    }
    let unknown = json(&explain(here, &["--event", "-", "--json"], "{}"));
    assert_eq!(
        (&unknown["decision"], &unknown["answer"]["as_it_came"]),
        (&json!("unknown"), &json!(true))
    );
}

#[test]
fn the_verb_teaches_with_examples() {
    let directory = TempDir::new().unwrap();
    let help = text(&run(directory.path(), &["policy", "explain", "--help"]));
    assert!(
        help.contains("Examples:") && help.contains("Exit status"),
        "{help}"
    );
}

/// A fenced block of the README's chapter about explanations, by its language and place.
fn block(fence: &str, nth: usize) -> &'static str {
    let chapter = README.split("\n### Why it decides so\n").nth(1).unwrap();
    let chapter = chapter.split("\n## ").next().unwrap();
    let block = chapter.split(fence).nth(nth + 1).unwrap();
    block.split("```").next().unwrap()
}

#[test]
fn the_readme_shows_what_the_command_says() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    std::fs::write(here.join("usher.toml"), block("```toml\n", 0)).unwrap();
    std::fs::create_dir_all(here.join("cli/samples")).unwrap();
    std::fs::write(
        here.join("cli/samples/02-sign-up.json"),
        sample("02-sign-up.json"),
    )
    .unwrap();
    let session = block("```console\n", 0);
    let (command, expected) = session.split_once('\n').unwrap();
    let arguments = command.strip_prefix("$ cargo usher ").unwrap();
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let shown = text(&run(here, &arguments));
    assert!(
        shown == expected,
        "the README should say:\n{shown}\nand says:\n{expected}"
    );
}
