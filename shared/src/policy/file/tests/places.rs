use super::*;
use proptest::prelude::*;

#[test]
fn every_problem_is_told_and_not_the_first_alone() {
    let text = r#"
[sign_up]
allowed_domain = ["a.example"]
blocked_domains = ["no domain", 7]

[trigger]
budget_ms = 9000

[mail]
from = "nobody"
"#;
    assert_eq!(
        wrong_with(text),
        [
            "line 3: sign_up.allowed_domain: unknown key; did you mean allowed_domains?",
            "line 4: sign_up.blocked_domains: \"no domain\" is not a domain name",
            "line 4: sign_up.blocked_domains: must be a text in quotes, and is an integer",
            "line 7: trigger.budget_ms: must be 200 to 4000 ms, and is 9000",
            "line 9: mail.app_url: is missing; no mail goes out without it, so set it, or welcome to false",
            "line 10: mail.from: must be an address, or a name and an address as in Example <hello@example.com>",
        ]
    );
}

/// Where each look began at the top, this took minutes.
#[test]
fn a_long_file_with_a_mistake_on_every_word_is_read_to_its_end() {
    let text = format!("days = [\n{}", "to = 'mon', from\n".repeat(20_000));
    let problems = read(&text).unwrap_err();
    let last = problems.as_slice().last().unwrap();
    assert!(problems.as_slice().len() > 20_000, "{last}");
    assert!(last.line > 20_000, "{last}");
}

#[test]
fn a_problem_says_its_column_and_is_json_for_other_programs() {
    let problems = read("[sign_up]\nblocked_domains = ['ä.example', '-']\n").unwrap_err();
    assert_eq!(
        serde_json::to_value(&problems).unwrap(),
        serde_json::json!([{
            "line": 2,
            "column": 33,
            "key": "sign_up.blocked_domains",
            "text": "\"-\" is not a domain name",
        }])
    );
    assert_eq!(problems.as_slice().len(), 1);
}

#[test]
fn an_unknown_key_comes_with_the_one_that_was_meant() {
    check_problems(&[
        (
            "[signup]\n",
            "line 1: signup: unknown key; did you mean sign_up?",
        ),
        (
            "[mail]\nform = ''\n",
            "line 2: mail.form: unknown key; did you mean from?",
        ),
        (
            "budget_ms = 300\n",
            "line 1: budget_ms: unknown key; did you mean trigger.budget_ms?",
        ),
        (
            "[trigger]\nlease_s = 30\n",
            "line 2: trigger.lease_s: unknown key; did you mean worker.lease_s?",
        ),
        ("[bus]\nquux = 1\n", "line 2: bus.quux: unknown key"),
        (
            "[roles]\npermision = {}\n",
            "line 2: roles.permision: unknown key; did you mean permissions?",
        ),
        (
            "[tokens]\nid.rol = 'r'\n",
            "line 2: tokens.id.rol: unknown key; did you mean role?",
        ),
        (
            "[organizations.acme]\nname = 'Acme'\naccounttype = ''\n",
            "line 3: organizations.acme.accounttype: unknown key; did you mean account_type?",
        ),
        (
            "[[domains]]\ndomain = 'a.example'\nrole = 'user'\norganisation = 'a'\n",
            "line 4: domains.organisation: unknown key; did you mean organization?",
        ),
    ]);
}

#[test]
fn a_value_of_the_wrong_type_says_both_types() {
    check_problems(&[
        (
            "sign_up = 1\n",
            "line 1: sign_up: must be a table, and is an integer",
        ),
        (
            "[trigger]\nbudget_ms = '1'\n",
            "line 2: trigger.budget_ms: must be a whole number, and is a string",
        ),
        (
            "[trigger]\nbudget_ms = 300.5\n",
            "line 2: trigger.budget_ms: must be a whole number, and is a float",
        ),
        (
            "[bus]\npublish = 'yes'\n",
            "line 2: bus.publish: must be true or false, and is a string",
        ),
        (
            "[tokens.id]\nrole = 3\n",
            "line 2: tokens.id.role: must be a text in quotes, and is an integer",
        ),
        (
            "[tokens]\nsuppress = 'email'\n",
            "line 2: tokens.suppress: must be a list of texts, and is a string",
        ),
        (
            "[domains]\n",
            "line 1: domains: must be an array of tables, as in [[domains]], and is a table",
        ),
        (
            "domains = [1]\n",
            "line 1: domains: must be a table, and is an integer",
        ),
        (
            "[organizations]\na = 1\n",
            "line 2: organizations.a: must be a table, and is an integer",
        ),
        (
            "[trusted_providers]\na = 1\n",
            "line 2: trusted_providers.a: must be a list of texts, and is an integer",
        ),
    ]);
}

#[test]
fn a_number_out_of_range_says_the_range_with_its_unit() {
    check_problems(&[
        (
            "[trigger]\nbudget_ms = 199\n",
            "line 2: trigger.budget_ms: must be 200 to 4000 ms, and is 199",
        ),
        (
            "[trigger]\nbudget_ms = 4001\n",
            "line 2: trigger.budget_ms: must be 200 to 4000 ms, and is 4001",
        ),
        (
            "[trigger]\nbudget_ms = -300\n",
            "line 2: trigger.budget_ms: must be 200 to 4000 ms, and is -300",
        ),
        (
            "[worker]\nconcurrency = 99999999999999999999\n",
            "line 2: worker.concurrency: must be 1 to 100 users at once, and is 99999999999999999999",
        ),
        (
            "[worker]\nlease_s = 19\n",
            "line 2: worker.lease_s: must be 20 to 900 s, and is 19",
        ),
        (
            "[worker]\nlease_s = 901\n",
            "line 2: worker.lease_s: must be 20 to 900 s, and is 901",
        ),
        (
            "[worker]\nreceive_limit = 0\n",
            "line 2: worker.receive_limit: must be 1 to 1000 deliveries, and is 0",
        ),
        (
            "[worker]\nreceive_limit = 1001\n",
            "line 2: worker.receive_limit: must be 1 to 1000 deliveries, and is 1001",
        ),
        (
            "[deferral]\nfirst_wait_s = 3601\n",
            "line 2: deferral.first_wait_s: must be 1 to 3600 s, and is 3601",
        ),
        (
            "[deferral]\nmax_wait_min = 0\n",
            "line 2: deferral.max_wait_min: must be 1 to 1440 minutes, and is 0",
        ),
        (
            "[deferral]\nlast_age_h = 337\n",
            "line 2: deferral.last_age_h: must be 1 to 336 h, and is 337",
        ),
        (
            "[sweep]\nmost_a_minute = 0\n",
            "line 2: sweep.most_a_minute: must be 1 to 30000 a minute, and is 0",
        ),
    ]);
    let edges = "[trigger]\nbudget_ms = 4_000\n[worker]\nconcurrency = 0x64\nlease_s = 20\nreceive_limit = +1\n";
    let policy = policy_of(edges);
    assert_eq!(policy.trigger.budget.as_millis(), 4000);
    assert_eq!(
        (policy.worker.concurrency, policy.worker.receive_limit),
        (100, 1)
    );
}

#[test]
fn syntax_errors_are_problems_with_a_line_all_of_them() {
    let problems =
        read("[sign_up]\nallowed_domains = [\"a.example\"\n\n[bus\npublish = maybe\n").unwrap_err();
    let lines: Vec<usize> = problems
        .as_slice()
        .iter()
        .map(|problem| problem.line)
        .collect();
    assert!(
        problems
            .as_slice()
            .iter()
            .all(|problem| problem.key.is_empty()),
        "{problems}"
    );
    assert!(
        lines.len() > 1 && lines.iter().all(|line| (2..=5).contains(line)),
        "{problems}"
    );
    check_problems(&[(
        "[bus]\npublish = true\npublish = true\n",
        "line 3: duplicate key",
    )]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Neither nonsense nor a damaged example brings the reader down, and places are in the text.
    #[test]
    fn whatever_the_text_there_is_a_policy_or_a_problem_with_a_place(
        noise in "[\\[\\]a-z_=\"'.#,0-9\n {}*@ä]{0,80}", at in 0usize..6000, whole in any::<bool>()
    ) {
        let example = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../usher.toml"));
        let mut text = if whole { example.to_owned() } else { String::new() };
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.insert_str(at, &noise);
        if let Err(problems) = read(&text) {
            prop_assert!(!problems.as_slice().is_empty());
            for problem in problems.as_slice() {
                prop_assert!((1..=text.matches('\n').count() + 1).contains(&problem.line), "{problem}");
                prop_assert!(problem.column >= 1 && !problem.text.contains('\n'), "{problem}");
            }
        }
    }
}
