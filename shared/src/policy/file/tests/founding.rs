use super::*;
use std::time::Duration;

#[test]
fn nobody_founds_or_joins_unless_the_file_says_so() {
    let founding = policy_of("").founding;
    assert_eq!(founding.mode, FoundingMode::Off);
    assert_eq!(founding.cache, Duration::from_secs(60));
    assert_eq!(founding.founder_role, None);
}

#[test]
fn everything_of_a_new_organization_is_read() {
    let text = "[founding]\nmode = \"create\"\nfree_mail = [\"free.example\", \"*.isp.example\"]\n\
                founder_role = \"manager\"\naccount_type = \"business\"\nplan = \"free\"\ncache_s = 5\n";
    let expected = Founding {
        mode: FoundingMode::Create,
        free_mail: ["free.example", "*.isp.example"]
            .map(|text| text.parse().unwrap())
            .into(),
        founder_role: Role::new("manager").ok(),
        account_type: AccountType::new("business").ok(),
        plan: Plan::new("free").ok(),
        cache: Duration::from_secs(5),
    };
    assert_eq!(policy_of(text).founding, expected);
    let empty =
        "[founding]\nmode = \"join\"\nfounder_role = \"\"\naccount_type = \"\"\nplan = \"\"\n";
    let expected = Founding {
        mode: FoundingMode::Join,
        ..Policy::default().founding
    };
    assert_eq!(policy_of(empty).founding, expected);
}

#[test]
fn each_bad_value_is_named_with_its_remedy() {
    check_problems(&[
        (
            "[founding]\nmode = \"auto\"\n",
            "line 2: founding.mode: must be \"off\" or \"join\" or \"create\"",
        ),
        (
            "[founding]\nmode = \"create\"\nfree_mail = [\"a b\"]\n",
            "line 3: founding.free_mail: \"a b\" is not a domain name",
        ),
        (
            "[founding]\nmode = \"create\"\nfounder_role = \"amdin\"\n",
            "line 3: founding.founder_role: \"amdin\" is not declared in [roles.permissions]; did you mean \"admin\"?",
        ),
        (
            "[founding]\nmode = \"create\"\naccount_type = \"gold\"\n",
            "line 3: founding.account_type: \"gold\" is no kind of account; there are standard, business, enterprise",
        ),
        (
            "[founding]\nmode = \"create\"\nplan = \"gold\"\n",
            "line 3: founding.plan: \"gold\" is not declared in [plans]",
        ),
        (
            "[founding]\ncache_s = 0\n",
            "line 2: founding.cache_s: must be 1 to 3600 s, and is 0",
        ),
    ]);
}

#[test]
fn what_has_no_meaning_where_nobody_founds_is_a_mistake() {
    for line in [
        "free_mail = [\"free.example\"]",
        "founder_role = \"guest\"",
        "account_type = \"business\"",
        "plan = \"free\"",
    ] {
        let key = line.split(' ').next().unwrap();
        let problem =
            format!("line 2: founding.{key}: has no meaning while founding.mode is \"off\"");
        check_problems(&[(&format!("[founding]\n{line}\n"), &problem)]);
    }
    check_good(&["[founding]\nfree_mail = []\nfounder_role = \"\"\n"]);
}

#[test]
fn whoever_makes_founders_more_than_users_learns_what_that_means() {
    let warned = |text: &str| warned_of(&format!("[founding]\n{text}\n"));
    for mode in ["create", "join"] {
        let warnings = warned(&format!("mode = \"{mode}\"\nfounder_role = \"admin\""));
        let [warning] = warnings.as_slice() else {
            panic!("{warnings:?}")
        };
        assert!(
            warning.starts_with("line 3: founding.founder_role: "),
            "{warning}"
        );
        assert!(
            warning.contains("admin in the whole application"),
            "{warning}"
        );
    }
    for harmless in ["user", "guest"] {
        let text = format!("mode = \"create\"\nfounder_role = \"{harmless}\"");
        assert_eq!(warned(&text), Vec::<String>::new());
    }
}

#[test]
fn what_changes_nothing_where_nobody_founds_any_more_is_warned_of() {
    let warnings =
        warned_of("[founding]\nmode = \"join\"\nplan = \"pro\"\naccount_type = \"business\"\n");
    let keys = ["line 3: founding.plan: ", "line 4: founding.account_type: "];
    assert_eq!(warnings.len(), keys.len(), "{warnings:?}");
    for (warning, key) in warnings.iter().zip(keys) {
        assert!(
            warning.starts_with(key) && warning.contains("stays"),
            "{warning}"
        );
    }
}
