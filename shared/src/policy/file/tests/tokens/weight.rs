use super::*;

/// A policy in which one role may do so many things.
fn busy(permissions: usize, more: &str) -> String {
    let names: Vec<String> = (0..permissions)
        .map(|n| format!("'orders.line_items.of_customers:{n:04}'"))
        .collect();
    format!(
        "{more}\n[roles.permissions]\nuser = []\nbusy = [{}]\n",
        names.join(", ")
    )
}

#[test]
fn a_role_that_no_token_has_room_for_is_told_with_the_room_that_it_needs() {
    let problems = wrong_with(&busy(60, ""));
    let of = |token: &str, bytes: usize, claim: usize| {
        format!(
            "line 1: tokens.max_bytes: must be {bytes} or more for the {token} token of role busy, \
             or permissions ({claim} bytes) would be left out"
        )
    };
    // As one text the list has no quotation marks.
    assert_eq!(
        problems,
        [
            of("ID", 2216, 2176),
            of("ID", 2336, 2296),
            of("access", 2336, 2296),
        ]
    );
    check_good(&[
        &busy(60, "[tokens]\nmax_bytes = 2336\n"),
        &busy(
            60,
            "[tokens.id]\npermissions = ''\n[tokens.access]\npermissions = ''\n",
        ),
        &busy(45, ""),
    ]);
    let first = busy(60, "[tokens]\nversion = 'V1_0'\n");
    assert_eq!(wrong_with(&first).len(), 1);
}

/// Operators give any of the plans to what users found.
#[test]
fn an_organization_that_somebody_may_found_weighs_with_the_heaviest_plan() {
    let features: Vec<String> = (0..110)
        .map(|n| format!("'feature_number_{n:04}'"))
        .collect();
    let text = |mode: &str| {
        format!(
            "[tokens]\nversion = 'V1_0'\n[tokens.id.claims]\nfeatures = 'organization.features'\n\
             [founding]\nmode = '{mode}'\n[plans.none]\n[plans.all]\nfeatures = [{}]\n",
            features.join(", ")
        )
    };
    for mode in ["join", "create"] {
        let problems = wrong_with(&text(mode));
        let [problem] = problems.as_slice() else {
            panic!("{problems:?}")
        };
        let of = "for the ID token of role admin and organization that-one-of-its-own-founds, or";
        assert!(
            problem.contains(of) && problem.contains("features"),
            "{problem}"
        );
    }
    check_good(&[&text("off")]);
}

#[test]
fn the_heaviest_organization_weighs_on_the_heaviest_role() {
    let features: Vec<String> = (0..30)
        .map(|n| format!("'feature_number_{n:04}'"))
        .collect();
    let text = busy(
        30,
        &format!(
            "[tokens]\nversion = 'V1_0'\n[tokens.id.claims]\nfeatures = 'organization.features'\n\
             [plans.all]\nfeatures = [{}]\n[plans.none]\n\
             [organizations.a]\nname = 'A'\nplan = 'none'\n\
             [organizations.b]\nname = 'B'\nplan = 'all'\n",
            features.join(", ")
        ),
    );
    assert_eq!(
        wrong_with(&text),
        Vec::<String>::new(),
        "both together still have room"
    );
    let problems = wrong_with(&text.replace("'V1_0'", "'V1_0'\nmax_bytes = 1500"));
    assert_eq!(
        problems,
        [
            "line 3: tokens.max_bytes: must be 1771 or more for the ID token of role busy and \
             organization b, or permissions (1096 bytes) would be left out"
        ]
    );
}

#[test]
fn scopes_weigh_as_one_claim() {
    let scopes: Vec<String> = (0..100)
        .map(|n| format!("'https://api.example/{n:04}'"))
        .collect();
    let text = format!(
        "[tokens.scopes.roles.admin]\nadd = [{}]\n",
        scopes.join(", ")
    );
    let problems = wrong_with(&text);
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0]
            .ends_with("access token of role admin, or scope (2500 bytes) would be left out"),
        "{problems:?}"
    );
}

#[test]
fn a_machine_that_has_no_room_is_told_as_well() {
    let text = format!(
        "[tokens]\nmax_bytes = 256\n[machines.m.claims]\na = '{}'\nb = '{}'\n",
        "x".repeat(200),
        "x".repeat(90)
    );
    assert_eq!(
        wrong_with(&text.replace("256", "310")),
        Vec::<String>::new()
    );
    assert!(wrong_with(&text).contains(
        &"line 3: machines.m: needs tokens.max_bytes of 304 or more, or a (207 bytes) would be left out"
            .to_owned()
    ));
}

#[test]
fn the_room_is_a_number_of_bytes() {
    check_problems(&[(
        "[tokens]\nmax_bytes = 20000\n",
        "line 2: tokens.max_bytes: must be 256 to 16384 bytes, and is 20000",
    )]);
    assert_eq!(
        policy_of("[tokens]\nmax_bytes = 4096\n").tokens.max_bytes,
        4096
    );
}

#[test]
fn cognito_takes_five_thousand_changes_and_no_more() {
    let names = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("'c{n}'")).collect();
        names.join(", ")
    };
    // Four claims of each token come on top.
    let at_most = format!("[tokens]\nsuppress = [{}]\n", names(2496));
    check_good(&[&at_most]);
    let one_more = format!("[tokens]\nsuppress = [{}]\n", names(2497));
    check_problems(&[(
        &one_more,
        "line 2: tokens.suppress: makes 5002 changes to claims and scopes; Cognito takes 5000",
    )]);
    let machine = format!("[machines.m]\nsuppress = [{}]\n", names(5001));
    check_problems(&[(
        &machine,
        "line 1: machines.m: makes 5001 changes to claims and scopes; Cognito takes 5000",
    )]);
}
