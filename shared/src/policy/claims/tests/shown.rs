use super::*;
use proptest::prelude::*;

#[test]
fn groups_are_left_alone_unless_the_role_is_missing_from_those_known() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let keep = policy("");
    let add = policy("[tokens]\ngroups = 'add_role'\n");
    for (policy, current, expected) in [
        (&keep, Some(names(&["a"])), None),
        (&keep, None, None),
        (
            &add,
            Some(names(&["a", "b"])),
            Some(names(&["a", "b", "user"])),
        ),
        (&add, Some(names(&[])), Some(names(&["user"]))),
        (&add, Some(names(&["user", "a"])), None),
        (&add, None, None),
    ] {
        let grant = grant(policy, UserRead::Absent, None);
        assert_eq!(
            groups(policy, &grant, current.as_deref()),
            expected,
            "{current:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_group_is_ever_lost_or_doubled(current in prop::collection::btree_set("[a-z]{1,5}|user|manager", 0..5)) {
        let policy = policy("[tokens]\ngroups = 'add_role'\n");
        let grant = grant(&policy, UserRead::Absent, None);
        let current: Vec<String> = current.into_iter().collect();
        let after = groups(&policy, &grant, Some(&current)).unwrap_or_else(|| current.clone());
        prop_assert!(after.starts_with(&current));
        prop_assert_eq!(after.iter().filter(|group| *group == "user").count(), 1);
    }
}
