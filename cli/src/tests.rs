use super::Command;
use clap::CommandFactory;
use std::collections::BTreeMap;

/// What prints a file for a person to change, and nothing that a script would read.
const PRINTS_A_FILE: &str = "usher policy example";

/// Every verb that does something, by what is typed, with its help.
fn verbs() -> Vec<(String, clap::Command)> {
    let mut verbs = Vec::new();
    let mut command = Command::command();
    command.build();
    add("usher", &command, &mut verbs);
    verbs
}

fn add(typed: &str, command: &clap::Command, verbs: &mut Vec<(String, clap::Command)>) {
    let parts: Vec<_> = command.get_subcommands().collect();
    if parts.is_empty() || command.get_after_help().is_some() && typed != "usher" {
        verbs.push((typed.to_owned(), command.clone()));
    }
    for part in parts.iter().filter(|part| part.get_name() != "help") {
        add(&format!("{typed} {}", part.get_name()), part, verbs);
    }
}

/// What a help says of each exit status.
fn statuses(after_help: &str) -> BTreeMap<u8, String> {
    let (_, said) = after_help
        .split_once("Exit status: ")
        .unwrap_or_else(|| panic!("no exit status: {after_help}"));
    let words: Vec<&str> = said.split_whitespace().collect();
    let mut statuses = BTreeMap::<u8, String>::new();
    let mut status = 0;
    for word in words {
        match word.parse() {
            Ok(number) => status = number,
            Err(_) => {
                let text = statuses.entry(status).or_default();
                let space = if text.is_empty() { "" } else { " " };
                *text = format!("{text}{space}{word}");
            }
        }
    }
    let trimmed = |text: String| text.trim_end_matches([',', ';', '.']).to_owned();
    statuses
        .into_iter()
        .map(|(status, text)| (status, trimmed(text)))
        .collect()
}

#[test]
fn the_command_is_put_together_without_contradictions() {
    Command::command().debug_assert();
}

#[test]
fn every_verb_teaches_by_example_and_has_a_form_for_scripts() {
    let verbs = verbs();
    assert!(verbs.len() > 25, "{}", verbs.len());
    for (typed, command) in verbs {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(help.starts_with("Example"), "{typed}: {help}");
        assert!(
            help.contains(&format!("  {typed}")),
            "{typed} is in no example: {help}"
        );
        let has_json = command
            .get_arguments()
            .any(|argument| argument.get_id() == "json");
        assert!(has_json || typed == PRINTS_A_FILE, "{typed} has no --json");
    }
}

#[test]
fn the_readme_lists_every_verb_s_exit_statuses() {
    let readme = include_str!("../../README.md");
    let mut missing = Vec::new();
    for (typed, command) in verbs() {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let mut said = statuses(&help);
        // The same of every verb, and said above the table.
        said.remove(&2);
        let mut cell = |status| said.remove(&status).unwrap_or_else(|| "–".to_owned());
        let row = format!("| `{typed}` | {} | {} | {} |", cell(0), cell(1), cell(3));
        assert!(said.is_empty(), "{typed}: {said:?}");
        if !readme.contains(&row) {
            missing.push(row);
        }
    }
    let missing = missing.join(
        "
",
    );
    assert!(
        missing.is_empty(),
        "the README does not say:
{missing}"
    );
}
