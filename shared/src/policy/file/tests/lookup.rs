use super::*;
use std::time::Duration;

/// A lookup with nothing wrong and nothing to warn of, and more below it.
fn lookup(more: &str) -> String {
    format!(
        "[lookup]\nurl = 'https://crm.example/role'\nauthorization = 'ssm:/crm'\n\
         roles = ['manager']\n{more}"
    )
}

#[test]
fn a_lookup_has_defaults_for_all_but_address_and_roles() {
    assert_eq!(policy_of("").lookup, None);
    assert_eq!(warned_of(&lookup("")), Vec::<String>::new());
    let rules = policy_of(&lookup("")).lookup.unwrap();
    assert_eq!(rules.endpoint.url.to_string(), "https://crm.example/role");
    assert_eq!(rules.endpoint.timeout, Duration::from_millis(1500));
    let roles: Vec<&str> = rules.roles.iter().map(Role::as_str).collect();
    assert_eq!(
        (roles.as_slice(), rules.domains.len()),
        (&["manager"][..], 0)
    );
}

#[test]
fn a_lookup_says_whom_it_asks_and_what_an_answer_may_give() {
    check_problems(&[
        (
            "[lookup]\nroles = ['manager']\n",
            "line 1: lookup.url: is missing; it says who is asked",
        ),
        (
            "[lookup]\nurl = ''\nroles = ['manager']\n",
            "line 2: lookup.url: is missing; it says who is asked",
        ),
        (
            "[lookup]\nurl = 'http://crm.example'\nroles = ['manager']\n",
            "line 2: lookup.url: must begin with https://; http:// is for this machine alone",
        ),
        (
            "[lookup]\nurl = 'https://crm.example?key=hunter2'\nroles = ['manager']\n",
            "line 2: lookup.url: must be an address without user, query or fragment; what is secret belongs where authorization says",
        ),
        (
            "[lookup]\nurl = 'https://crm.example'\n",
            "line 1: lookup.roles: must list the roles that an answer may give; any other counts as none",
        ),
        (
            "[lookup]\nurl = 'https://crm.example'\nroles = []\n",
            "line 3: lookup.roles: must list the roles that an answer may give; any other counts as none",
        ),
        (
            "[lookup]\nurl = 'https://crm.example'\nroles = ['manger']\n",
            "line 3: lookup.roles: \"manger\" is not declared in [roles.permissions]; did you mean \"manager\"?",
        ),
        (
            "[lookup]\nurl = 'https://crm.example'\nroles = ['user', 'user']\n",
            "line 3: lookup.roles: user is listed twice",
        ),
    ]);
}

#[test]
fn a_lookups_secret_is_named_and_never_shown() {
    let text = "[lookup]\nurl = 'https://crm.example'\nroles = ['user']\nauthorization = 'Bearer hunter2'\n";
    let [problem] = wrong_with(text).try_into().unwrap();
    assert!(problem.starts_with("line 4: lookup.authorization: must say where"));
    assert!(!problem.contains("hunter2"), "{problem}");
}

#[test]
fn a_lookups_numbers_have_units_and_bounds() {
    for (text, problem) in [
        (
            lookup("timeout_ms = 50\n"),
            "line 5: lookup.timeout_ms: must be 100 to 5000 ms, and is 50",
        ),
        (
            lookup("domains = ['@']\n"),
            "line 5: lookup.domains: \"@\" is not a domain name",
        ),
    ] {
        check_problems(&[(text.as_str(), problem)]);
    }
}

#[test]
fn a_lookup_that_gives_much_or_is_asked_by_anybody_is_warned_of() {
    for (text, warning) in [
        (
            lookup("").replace("manager", "admin"),
            "line 4: lookup.roles: lets whom you ask make anybody admin",
        ),
        (
            lookup("").replace("ssm:/crm", ""),
            "line 3: lookup.authorization: is empty; whom you ask cannot tell who asks, and tells anybody whatever it knows of an address",
        ),
        (
            lookup("").replace("https://crm.example", "http://127.0.0.1:9000"),
            "line 2: lookup.url: reaches the worker's own machine and no other",
        ),
        (
            format!("{}[profile]\ncreate = false\n", lookup("")),
            "line 2: lookup.url: gives roles while profile.create is false; without the address that a role was given for, a user who changes it keeps the role until whom you ask answers again",
        ),
    ] {
        assert_eq!(warned_of(&text), [warning]);
    }
}
