//! `usher policy`: what is wrong with a file, by line and key.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{json, run};
use tempfile::TempDir;

#[test]
fn the_example_has_nothing_wrong() {
    let directory = TempDir::new().unwrap();
    let example = run(directory.path(), &["policy", "example"]);
    assert!(example.status.success());
    std::fs::write(directory.path().join("usher.toml"), &example.stdout).unwrap();
    let check = run(directory.path(), &["policy", "check", "usher.toml"]);
    assert_eq!(
        check.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&check.stderr)
    );
}

#[test]
fn every_problem_is_named_with_its_line_and_key() {
    let directory = TempDir::new().unwrap();
    let policy = "[sign_up]\nallowed_domain = [\"a.example\"]\nblocked_domains = [\"b.example\"]\n\
                  [tokens.id]\nrole = \"cognito:groups\"\n[trigger]\nbudget_ms = 9000\n";
    std::fs::write(directory.path().join("usher.toml"), policy).unwrap();
    let check = run(directory.path(), &["policy", "check", "usher.toml"]);
    let text = String::from_utf8(check.stderr).unwrap();
    assert_eq!(check.status.code(), Some(1));
    for part in [
        "line 2: sign_up.allowed_domain",
        "line 5: tokens.id.role",
        "line 7: trigger.budget_ms",
    ] {
        assert!(text.contains(part), "{part} is missing from:\n{text}");
    }
    let report = json(&run(
        directory.path(),
        &["policy", "check", "usher.toml", "--json"],
    ));
    assert_eq!(
        (
            report["good"].as_bool(),
            report["problems"].as_array().unwrap().len()
        ),
        (Some(false), 3)
    );
    assert_eq!(report["problems"][0]["line"], 2);
}

#[test]
fn what_the_owner_should_know_is_said_and_is_no_problem() {
    let directory = TempDir::new().unwrap();
    let policy = "[mail]\nwelcome_unverified = true\n";
    std::fs::write(directory.path().join("usher.toml"), policy).unwrap();
    let check = run(directory.path(), &["policy", "check", "usher.toml"]);
    let text = String::from_utf8(check.stderr).unwrap();
    assert_eq!(check.status.code(), Some(0));
    assert!(
        text.contains("warning: line 2: mail.welcome_unverified"),
        "{text}"
    );
    let report = json(&run(
        directory.path(),
        &["policy", "check", "usher.toml", "--json"],
    ));
    assert_eq!(report["good"], true);
    assert_eq!(report["warnings"][0]["line"], 2);
}

#[test]
fn a_template_that_is_not_one_is_a_problem_of_its_line_and_key_beside_others() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("a.txt"), "\n{{ first_name ").unwrap();
    let policy = "[[mail.templates]]\nmail = \"welcome\"\nsubject = \"Hello\"\n\
                  text_file = \"a.txt\"\nhtml = \"<p>{{ frist_name }}\"\nsauce = 1\n";
    std::fs::write(directory.path().join("usher.toml"), policy).unwrap();
    let check = run(directory.path(), &["policy", "check", "usher.toml"]);
    assert_eq!(check.status.code(), Some(1));
    let said = String::from_utf8(check.stderr).unwrap();
    for problem in [
        "line 4: mail.templates.text_file: is no template; line 2 of it: syntax error",
        "line 5: mail.templates.html: asks for frist_name, which has no value; did you mean first_name?",
        "line 6: mail.templates.sauce: unknown key",
    ] {
        assert!(said.contains(problem), "{problem} in {said}");
    }
}

#[test]
fn every_verb_teaches_with_an_example() {
    let directory = TempDir::new().unwrap();
    for verb in [
        vec!["--help"],
        vec!["play", "--help"],
        vec!["local", "--help"],
        vec!["policy", "check", "--help"],
    ] {
        let help = run(directory.path(), &verb);
        let text = String::from_utf8(help.stdout).unwrap();
        assert!(
            help.status.success() && text.contains("Exit status"),
            "{verb:?}: {text}"
        );
    }
    assert_eq!(run(directory.path(), &["dance"]).status.code(), Some(2));
}
