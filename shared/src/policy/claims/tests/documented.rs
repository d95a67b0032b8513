//! What the README lists is what there is.

use crate::policy::claims::source::Source;

const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"));

#[test]
fn the_readme_lists_every_source_of_claims_with_its_type_and_no_other() {
    let chapter = README.split("\n## Claims\n").nth(1);
    let chapter = chapter.and_then(|rest| rest.split("\n## ").next());
    let rows = chapter.expect("the README has that chapter").lines();
    let listed: Vec<(&str, &str)> = rows
        .filter_map(|row| row.strip_prefix("| `")?.split_once("` | "))
        .filter_map(|(name, rest)| Some((name, rest.split_once(" | ")?.0)))
        .collect();
    let known: Vec<(&str, &str)> = Source::ALL
        .iter()
        .map(|(name, _, kind)| (*name, kind.as_str()))
        .collect();
    assert_eq!(listed, known);
}
