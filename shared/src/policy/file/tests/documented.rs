//! What the README says of the policy is what a file may have.

use super::*;

const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"));

/// What the README writes as it writes keys, and is none.
const NO_KEYS: [&str; 5] = [
    "mail.acme.co.uk",
    "breaker.from",
    "breaker.name",
    "breaker.shared",
    "breaker.state",
];

fn chapter() -> &'static str {
    let chapter = README.split("\n## The policy\n").nth(1);
    let chapter = chapter.and_then(|rest| rest.split("\n## ").next());
    chapter.expect("the README has that chapter")
}

/// Every key that is read, with the names that an owner chooses as the reader shows them.
fn known() -> BTreeSet<String> {
    let whole = example::uncommented(example::EXAMPLE, true);
    read_all(&whole, Path::new("base"), &files).2
}

/// What comes first in every key.
fn tops(known: &BTreeSet<String>) -> BTreeSet<&str> {
    known
        .iter()
        .filter_map(|key| key.split('.').next())
        .collect()
}

#[test]
fn the_readme_lists_every_table_of_the_example_and_no_other() {
    let rows = chapter().lines();
    let rows = rows.filter_map(|row| row.strip_prefix("| `[")?.split_once("]` | "));
    let listed: BTreeSet<&str> = rows
        .map(|(table, _)| table.trim_matches(['[', ']']))
        .filter_map(|table| table.split('.').next())
        .collect();
    assert_eq!(
        listed,
        tops(&known()),
        "the table in the README's chapter about the policy"
    );
}

#[test]
fn every_key_that_the_readme_speaks_of_is_one() {
    let known = known();
    let tops = tops(&known);
    let spoken = README.split('`').skip(1).step_by(2);
    let is_key = |text: &&str| {
        let plain = |c: char| c.is_ascii_lowercase() || "_.<> ".contains(c);
        let top = text.split('.').next().unwrap_or_default();
        text.contains('.') && text.chars().all(plain) && tops.contains(top)
    };
    let mut count = 0;
    let spoken = spoken.filter(is_key);
    for key in spoken.filter(|text| !text.ends_with(".toml") && !NO_KEYS.contains(text)) {
        count += 1;
        assert!(known.contains(key), "{key}");
    }
    assert!(count > 10, "{count}");
}
