use super::*;
use proptest::prelude::*;

#[test]
fn claims_bear_the_policys_names_and_values_of_their_kind() {
    let policy = policy("[tokens.id]\nrole = 'r'\naccount_type = ''\n");
    let names = &policy.tokens.id;
    let ada = person("ada@acme.example", true);
    let grant = grant(&policy, UserRead::Absent, Some(&ada));
    let values = values(names, &grant);
    let json: Vec<String> = values
        .iter()
        .map(|(name, value)| format!("{name}={}", serde_json::json!(value)))
        .collect();
    assert_eq!(
        json,
        [
            "r=\"manager\"",
            "permissions=[\"profile:read\",\"profile:write\",\"reports:read\",\"users:read\"]",
            "organization_id=\"acme\"",
        ]
    );
}

#[test]
fn where_only_text_is_understood_a_list_has_spaces_between_its_members() {
    for (value, text) in [
        (ClaimValue::Text("a".into()), "a"),
        (ClaimValue::List(vec!["a".into(), "b".into()]), "a b"),
        (ClaimValue::List(vec![]), ""),
    ] {
        assert_eq!(value.into_text(), text);
    }
}

#[test]
fn a_claim_without_a_value_is_suppressed_with_those_that_the_policy_names() {
    let policy = policy("[tokens]\nsuppress = ['email']\n");
    let names = &policy.tokens.id;
    let with = grant(
        &policy,
        UserRead::Absent,
        Some(&person("ada@acme.example", true)),
    );
    let without = grant(&policy, UserRead::Absent, None);
    assert_eq!(suppressed(&policy, names, &with), ["email"]);
    assert_eq!(
        suppressed(&policy, names, &without),
        ["email", "organization_id"]
    );
    assert_eq!(
        suppressed(&policy, &ClaimNames::default(), &without),
        ["email"]
    );
}

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
