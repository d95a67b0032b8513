use super::*;

#[test]
fn every_way_in_is_open_unless_the_file_closes_it() {
    let open = Sources {
        challenges: WayIn::Pass,
        migration: WayIn::Pass,
        inbound_federation: WayIn::Pass,
    };
    assert_eq!(policy_of("").sources, open);
    let closed = "[sources]\nchallenges = \"refuse\"\nmigration = \"pass\"\n";
    let challenges = WayIn::Refuse;
    assert_eq!(policy_of(closed).sources, Sources { challenges, ..open });
    let closed = "[sources]\ninbound_federation = \"refuse\"\n";
    assert_eq!(policy_of(closed).sources.inbound_federation, WayIn::Refuse);
    check_problems(&[(
        "[sources]\nchallenges = \"maybe\"\n",
        "line 2: sources.challenges: must be \"pass\" or \"refuse\"",
    )]);
}

#[test]
fn whoever_refuses_migrations_learns_what_that_shows() {
    let warnings = warned_of("[sources]\nmigration = \"refuse\"\n");
    let [warning] = warnings.as_slice() else {
        panic!("{warnings:?}")
    };
    assert!(
        warning.starts_with("line 2: sources.migration") && warning.contains("unknown"),
        "{warning}"
    );
    assert_eq!(
        warned_of("[sources]\nchallenges = \"refuse\"\n"),
        Vec::<String>::new()
    );
}
