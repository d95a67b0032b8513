use super::*;

#[test]
fn a_domain_that_is_both_allowed_and_blocked_is_a_contradiction() {
    let lists = |allowed: &str, blocked: &str| {
        format!("[sign_up]\nallowed_domains = ['{allowed}']\nblocked_domains = ['{blocked}']\n")
    };
    for (allowed, blocked, problem) in [
        (
            "a.example",
            "A.Example.",
            Some("a.example is also blocked, by a.example"),
        ),
        (
            "b.a.example",
            "*.a.example",
            Some("b.a.example is also blocked, by *.a.example"),
        ),
        (
            "*.b.a.example",
            "*.a.example",
            Some("*.b.a.example is also blocked, by *.a.example"),
        ),
        ("a.example", "*.a.example", None),
        ("*.a.example", "b.a.example", None),
        ("*.a.example", "*.b.a.example", None),
        ("a.example", "b.example", None),
    ] {
        let expected: Vec<String> = problem
            .iter()
            .map(|text| format!("line 2: sign_up.allowed_domains: {text}"))
            .collect();
        assert_eq!(
            wrong_with(&lists(allowed, blocked)),
            expected,
            "{allowed} {blocked}"
        );
    }
}

#[test]
fn domains_are_domains_and_listed_once() {
    check_problems(&[
        (
            "[sign_up]\nallowed_domains = ['']\n",
            "line 2: sign_up.allowed_domains: \"\" is not a domain name",
        ),
        (
            "[sign_up]\nallowed_domains = ['ada@a.example']\n",
            "line 2: sign_up.allowed_domains: \"ada@a.example\" is not a domain name",
        ),
        (
            "[sign_up]\nallowed_domains = ['*a.example']\n",
            "line 2: sign_up.allowed_domains: \"*a.example\" may hold a star only as its first label, as in *.example.com",
        ),
        (
            "[sign_up]\nblocked_domains = ['a.example',\n  'b.example',\n  'A.example']\n",
            "line 4: sign_up.blocked_domains: a.example is listed twice",
        ),
        (
            "[trusted_providers]\nGoogle = []\n",
            "line 2: trusted_providers.Google: must name the domains for which the provider is trusted",
        ),
    ]);
}

#[test]
fn only_a_declared_role_can_be_given() {
    check_problems(&[
        (
            "[roles]\ndefault = 'usr'\n",
            "line 2: roles.default: \"usr\" is not declared in [roles.permissions]; did you mean \"user\"?",
        ),
        (
            "[roles.permissions]\nmember = []\n",
            "line 1: roles.default: must be set where [roles.permissions] has no user",
        ),
        (
            "[[domains]]\ndomain = 'a.example'\nrole = 'king'\n",
            "line 3: domains.role: \"king\" is not declared in [roles.permissions]",
        ),
        (
            "[roles.permissions]\nuser = ['a b']\n",
            "line 2: roles.permissions.user: a permission is a text without spaces, and not empty",
        ),
        (
            "[roles.permissions]\nuser = ['']\n",
            "line 2: roles.permissions.user: a permission is a text without spaces, and not empty",
        ),
        (
            "[roles.permissions]\nuser = ['a', 'a']\n",
            "line 2: roles.permissions.user: a is listed twice",
        ),
        (
            "[roles.permissions]\nuser = []\n'a b' = []\n",
            "line 3: roles.permissions.a b: an id holds a character that it must not",
        ),
    ]);
    let policy =
        policy_of("[roles]\ndefault = 'member'\n[roles.permissions]\nmember = ['x', 'a']\n");
    assert_eq!(policy.roles.default.as_str(), "member");
    let permissions = policy.roles.permissions.values().next().unwrap();
    assert_eq!(permissions.iter().collect::<Vec<_>>(), ["a", "x"]);
}

#[test]
fn only_a_declared_organization_can_be_joined() {
    let acme = "[organizations.acme]\nname = 'Acme'\n";
    let rule =
        |id: &str| format!("{acme}[[domains]]\ndomain = 'a.example'\norganization = '{id}'\n");
    assert_eq!(wrong_with(&rule("acme")), Vec::<String>::new());
    assert_eq!(
        wrong_with(&rule("acne")),
        [
            "line 5: domains.organization: \"acne\" is not declared in [organizations]; did you mean \"acme\"?"
        ]
    );
    check_problems(&[
        (
            "[organizations.acme]\n",
            "line 1: organizations.acme.name: is missing; mails call the organization by it",
        ),
        (
            "[organizations.acme]\nname = ''\n",
            "line 2: organizations.acme.name: must not be empty",
        ),
        (
            "[organizations.acme]\nname = 'A'\naccount_type = 'pro'\n",
            "line 3: organizations.acme.account_type: \"pro\" is no kind of account; there are standard, business, enterprise",
        ),
        (
            "[organizations.'a b']\nname = 'A'\n",
            "line 1: organizations.a b: an id holds a character that it must not",
        ),
    ]);
}

#[test]
fn a_domain_rule_names_one_domain_once_and_gives_something() {
    check_problems(&[
        (
            "[[domains]]\nrole = 'user'\n",
            "line 1: domains.domain: is missing",
        ),
        (
            "[[domains]]\ndomain = 'a.example'\n",
            "line 1: domains.role: is missing, and so is organization; give one or both",
        ),
        (
            "[[domains]]\ndomain = 'a.example'\nrole = 'user'\n[[domains]]\ndomain = 'A.example'\nrole = 'admin'\n",
            "line 5: domains.domain: a.example has a rule already",
        ),
    ]);
    let policy =
        policy_of("[[domains]]\ndomain = '*.A.example'\nrole = 'user'\norganization = ''\n");
    assert_eq!(policy.domains[0].domain.to_string(), "*.a.example");
    assert_eq!(policy.domains[0].organization, None);
}

#[test]
fn an_organization_has_a_plan_that_the_policy_declares() {
    let acme = |more: &str, plan: &str| {
        format!("[organizations.acme]\nname = 'Acme'\nplan = '{plan}'\n{more}")
    };
    let own = "[plans.gold]\nfeatures = ['x']\n";
    check_good(&[&acme("", "free"), &acme("", ""), &acme(own, "gold")]);
    check_problems(&[
        (
            &acme("", "pr"),
            "line 3: organizations.acme.plan: \"pr\" is not declared in [plans]; did you mean \"pro\"?",
        ),
        (
            &acme(own, "golf"),
            "line 3: organizations.acme.plan: \"golf\" is not declared in [plans]; did you mean \"gold\"?",
        ),
        (
            &acme(own, "pro"),
            "line 3: organizations.acme.plan: \"pro\" is not declared in [plans]",
        ),
        (
            "[plans.gold]\nfeatures = ['a b']\n",
            "line 2: plans.gold.features: a feature is a text without spaces, and not empty",
        ),
        (
            "[plans.'a b']\n",
            "line 1: plans.a b: an id holds a character that it must not",
        ),
    ]);
    let policy = policy_of(&acme(own, "gold"));
    let gold = Plan::new("gold").unwrap();
    let acme = &policy.organizations[&OrganizationId::new("acme").unwrap()];
    assert_eq!(acme.plan.as_ref(), Some(&gold));
    assert!(policy.plans[&gold].features.contains("x"));
    assert_eq!(policy.plans.len(), 1);
}

#[test]
fn refusals_are_counted_up_to_a_bound_that_suspicion_stays_below() {
    let counts = |text: &str| {
        let sign_up = policy_of(&format!("[sign_up]\n{text}")).sign_up;
        (sign_up.refusals_an_hour, sign_up.suspicious_after)
    };
    assert_eq!(counts(""), (10, 5));
    assert_eq!(
        counts("refusals_an_hour = 50\nsuspicious_after = 2\n"),
        (50, 2)
    );
    check_problems(&[
        (
            "[sign_up]\nrefusals_an_hour = 0\n",
            "line 2: sign_up.refusals_an_hour: must be 1 to 50 refusals an hour, and is 0",
        ),
        (
            "[sign_up]\nrefusals_an_hour = 51\n",
            "line 2: sign_up.refusals_an_hour: must be 1 to 50 refusals an hour, and is 51",
        ),
        (
            "[sign_up]\nsuspicious_after = 1\n",
            "line 2: sign_up.suspicious_after: must be 2 to 50 refusals an hour, and is 1",
        ),
        (
            "[sign_up]\nsuspicious_after = '5'\n",
            "line 2: sign_up.suspicious_after: must be a whole number, and is a string",
        ),
    ]);
    let text = "of one name and reason only 3 an hour are counted (refusals_an_hour): whoever is \
                refused for the same reason again and again never becomes suspicious";
    assert_eq!(
        warned_of("[sign_up]\nrefusals_an_hour = 3\n"),
        [format!(
            "line 1: sign_up.suspicious_after: is 5, and {text}"
        )]
    );
    assert_eq!(
        warned_of("[sign_up]\nrefusals_an_hour = 3\nsuspicious_after = 4\n"),
        [format!(
            "line 3: sign_up.suspicious_after: is 4, and {text}"
        )]
    );
    assert_eq!(
        warned_of("[sign_up]\nrefusals_an_hour = 3\nsuspicious_after = 3\n"),
        Vec::<String>::new()
    );
}

#[test]
fn invites_are_asked_for_always_or_by_domain() {
    let rule = |text: &str| policy_of(&format!("[sign_up]\n{text}")).sign_up.invite;
    assert_eq!(rule(""), InviteRule::Never);
    assert_eq!(rule("invite = 'optional'\n"), InviteRule::Optional);
    assert_eq!(rule("invite = 'always'\n"), InviteRule::Always);
    let domains = "invite = 'by_domain'\ninvite_domains = ['a.example', '*.b.example']\n";
    let expected = ["a.example", "*.b.example"].map(|domain| domain.parse().unwrap());
    assert_eq!(rule(domains), InviteRule::ByDomain(expected.into()));
    check_problems(&[
        (
            "[sign_up]\ninvite = 'sometimes'\n",
            "line 2: sign_up.invite: must be \"never\" or \"optional\" or \"by_domain\" or \"always\"",
        ),
        (
            "[sign_up]\ninvite = 'by_domain'\n",
            "line 1: sign_up.invite_domains: must list a domain where sign_up.invite is by_domain",
        ),
        (
            "[sign_up]\ninvite = 'always'\ninvite_domains = ['a.example']\n",
            "line 3: sign_up.invite_domains: has no meaning unless sign_up.invite is by_domain",
        ),
        (
            "[sign_up]\ninvite = 'by_domain'\ninvite_domains = ['a.example', 'A.example']\n",
            "line 3: sign_up.invite_domains: a.example is listed twice",
        ),
        (
            "[invites]\nreservation_h = 0\n",
            "line 2: invites.reservation_h: must be 1 to 168 hours, and is 0",
        ),
        (
            "[invites]\ncode_key = 'a b'\n",
            "line 2: invites.code_key: must be 1 to 64 letters, digits, ., _ and -",
        ),
        (
            "[attributes]\nsign_in_name = 'sub'\n",
            "line 2: attributes.sign_in_name: must be \"email\" or \"phone_number\" or \"user_name\"",
        ),
    ]);
}
