mod breakers;
mod custom_messages;
mod decisions;
mod documented;
mod example;
mod founding;
mod hours;
mod lookup;
mod mail;
mod mail_templates;
mod places;
mod refusals;
mod sources;
mod tables;
mod texts;
mod tokens;

use super::*;
use crate::policy::*;
use std::path::PathBuf;

/// A few mails, one empty file, one that nobody may read, and nothing else.
fn files(path: &Path) -> io::Result<String> {
    let path: PathBuf = path.components().collect();
    match path.to_str().expect("the tests name files in ASCII") {
        "base/hello.txt" | "base/templates/welcome.txt" => Ok("Hello {{ first_name }}".to_owned()),
        "base/hello.html" | "base/templates/welcome.html" => Ok("<p>Hello</p>".to_owned()),
        "base/code.html" => Ok("<p>{{ code }}</p>".to_owned()),
        "base/broken.html" => Ok("<p>\n{{ code ".to_owned()),
        "base/templates/invitation.html" => Ok("<p>{{ username }}</p><p>{{ code }}</p>".to_owned()),
        "base/empty.txt" => Ok(" \n".to_owned()),
        "base/locked.txt" => Err(io::ErrorKind::PermissionDenied.into()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn read(text: &str) -> Result<Policy, Problems> {
    parse(text, &PathBuf::from("base"), &files)
}

/// The policy of a text that has nothing wrong with it.
fn policy_of(text: &str) -> Policy {
    read(text).unwrap_or_else(|problems| panic!("{text}\n{problems}"))
}

/// What is wrong with a text, a line each.
fn wrong_with(text: &str) -> Vec<String> {
    let problems = read(text).err();
    problems.map_or_else(Vec::new, |problems| {
        problems.to_string().lines().map(str::to_owned).collect()
    })
}

/// What the owner of a text should know, a line each. There is nothing wrong with it.
fn warned_of(text: &str) -> Vec<String> {
    let (policy, warnings) = check(text, &PathBuf::from("base"), &files);
    assert_eq!(policy.map(drop), Ok(()), "{text}");
    warnings.iter().map(ToString::to_string).collect()
}

/// Each text has this one problem and no other.
fn check_problems(cases: &[(&str, &str)]) {
    for (text, problem) in cases {
        assert_eq!(wrong_with(text), [*problem], "{text}");
    }
}

/// Each text has nothing wrong with it.
fn check_good(cases: &[&str]) {
    for text in cases {
        assert_eq!(wrong_with(text), Vec::<String>::new(), "{text}");
    }
}
