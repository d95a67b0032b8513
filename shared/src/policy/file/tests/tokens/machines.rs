use super::*;

#[test]
fn a_machine_has_constants_scopes_and_suppressions_by_its_app_client() {
    let policy = policy_of(
        "[machines.3n4b5urk1ft4]\nsuppress = ['x']\n\
         [machines.3n4b5urk1ft4.claims]\ntenant = 'acme'\nlimits = { per_day = 10 }\ntier = 2\n\
         [machines.3n4b5urk1ft4.scopes]\nadd = ['a']\nsuppress = ['b']\n\
         [machines.other]\n",
    );
    let machine = &policy.machines[&ClientId::new("3n4b5urk1ft4").unwrap()];
    let claims: Vec<String> = machine
        .claims
        .iter()
        .map(|(name, value)| format!("{name}={}", serde_json::json!(value)))
        .collect();
    assert_eq!(
        claims,
        [r#"limits={"per_day":10}"#, "tenant=\"acme\"", "tier=2"]
    );
    assert_eq!(machine.suppress[0].as_str(), "x");
    let edits = &machine.scopes;
    assert_eq!((edits.add.len(), edits.suppress.len()), (1, 1));
    let other = &policy.machines[&ClientId::new("other").unwrap()];
    assert_eq!(*other, Machine::default());
}

#[test]
fn what_a_machines_token_could_not_show_is_told() {
    check_problems(&[
        (
            "[machines.'a b']\n",
            "line 1: machines.a b: an id holds a character that it must not",
        ),
        (
            "[machines.m.claims]\nclient_id = 'x'\n",
            "line 2: machines.m.claims.client_id: client_id is reserved; Cognito lets nobody change it",
        ),
        (
            "[machines.m]\nsuppress = ['x']\n[machines.m.claims]\nx = 1\n",
            "line 4: machines.m.claims.x: x is also in suppress, and would not show",
        ),
        (
            "[tokens]\nsuppress = ['x']\n[machines.m.claims]\nx = 1\n",
            "line 4: machines.m.claims.x: x is also in tokens.suppress, and would not show",
        ),
        (
            "[tokens]\nsuppress = ['x']\n[machines.m]\nsuppress = ['x']\n",
            "line 4: machines.m.suppress: x is in tokens.suppress already",
        ),
        (
            "[machines.m.claims]\nx = 2026-01-02\n",
            "line 2: machines.m.claims.x: must be in quotes; a token has no dates of its own",
        ),
        (
            "[machines.m]\nclaims = 'x'\n",
            "line 2: machines.m.claims: must be a table, and is a string",
        ),
    ]);
}

#[test]
fn machines_have_tokens_in_the_third_version_alone() {
    for version in ["V1_0", "V2_0"] {
        let text = format!("[tokens]\nversion = '{version}'\n[machines.m]\n");
        let problem = format!("has no meaning with tokens.version {version}; machines need V3_0");
        assert_eq!(wrong_with(&text), [format!("line 3: machines: {problem}")]);
    }
    check_good(&[
        "[tokens]\nversion = 'V3_0'\n[machines.m]\n",
        "[machines.m]\n",
    ]);
}
