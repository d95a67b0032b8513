use super::*;

const END: &str = "must not end in a full stop or another mark; Cognito adds a full stop";

#[test]
fn a_sentence_is_short_and_plain_and_leaves_the_full_stop_to_cognito() {
    let long = "x".repeat(101);
    for (bad, problem) in [
        ("No.", END),
        ("No!", END),
        ("Nein…", END),
        ("いいえ。", END),
        ("", "must not be empty"),
        (" ", "must not be empty"),
        ("No ", "must not begin or end with a space"),
        (
            "No\\nway",
            "must not hold line breaks or other control characters",
        ),
        (
            "No\\u0007",
            "must not hold line breaks or other control characters",
        ),
        (long.as_str(), "must be at most 100 characters"),
        (
            "An Error 17",
            "says \"error\", which is no word for a user to read",
        ),
        (
            "The policy forbids it",
            "says \"policy\", which is no word for a user to read",
        ),
        (
            "Ask {{ name }}",
            "must not hold braces or angle brackets; it is a text and no template",
        ),
        (
            "Ask <b>us</b>",
            "must not hold braces or angle brackets; it is a text and no template",
        ),
    ] {
        for table in [
            "messages.sign_up_refused",
            "messages.sign_in_refused",
            "messages.try_again",
            "refusals.domain_blocked.default",
            "refusals.try_again.de",
            "refusals.email_missing.pt-BR",
        ] {
            let (table, key) = table.rsplit_once('.').unwrap();
            let text = format!("[{table}]\n{key} = \"{bad}\"\n");
            assert_eq!(
                wrong_with(&text),
                [format!("line 2: {table}.{key}: {problem}")],
                "{bad:?}"
            );
        }
    }
    let fits = "ä".repeat(100);
    let policy = policy_of(&format!("[messages]\ntry_again = '{fits}'\n"));
    assert_eq!(policy.messages.try_again, fits);
}

#[test]
fn words_that_only_contain_an_internal_one_are_words() {
    check_good(&[
        "[messages]\nsign_in_refused = 'The terrors of nullity, internally'\n",
        "[messages]\nsign_in_refused = 'Too early: we open at 8.30 a.m'\n",
    ]);
}

#[test]
fn a_sentence_belongs_to_a_reason_and_a_locale() {
    check_problems(&[
        (
            "[refusals.domain_bloked]\ndefault = 'No'\n",
            "line 1: refusals.domain_bloked: is no reason; did you mean domain_blocked?",
        ),
        (
            "[refusals.store_unavailable]\ndefault = 'No'\n",
            &format!(
                "line 1: refusals.store_unavailable: is no reason; there are {}",
                refusal::Topic::ALL.map(refusal::Topic::as_str).join(", ")
            ),
        ),
        (
            "[refusals.domain_blocked]\ndefualt = 'No'\n",
            "line 2: refusals.domain_blocked.defualt: must be default, or a language tag, as in de or pt-BR",
        ),
        (
            "[refusals.domain_blocked]\npt_BR = 'No'\n",
            "line 2: refusals.domain_blocked.pt_BR: must be default, or a language tag, as in de or pt-BR",
        ),
        (
            "[refusals.domain_blocked]\npt-BR = 'Não'\npt-br = 'Não'\n",
            "line 3: refusals.domain_blocked.pt-br: is another of these locales, written otherwise",
        ),
        (
            "[refusals.domain_blocked]\nde = 1\n",
            "line 2: refusals.domain_blocked.de: must be a text in quotes, and is an integer",
        ),
        (
            "[refusals.domain_blocked]\n",
            "line 1: refusals.domain_blocked: holds no sentence; give a default or one by locale",
        ),
        (
            "[refusals]\ndomain_blocked = 'No'\n",
            "line 2: refusals.domain_blocked: must be a table, and is a string",
        ),
        (
            "[refusals.try_again]\ndefault = 'Later'\n",
            "line 2: refusals.try_again.default: is messages.try_again; say it there",
        ),
    ]);
}

#[test]
fn the_owner_is_told_which_sentences_tell_of_a_user() {
    assert_eq!(
        warned_of("[refusals.user_suspended]\ndefault = 'This account is closed'\n"),
        [
            "line 1: refusals.user_suspended: whoever knows the sign-in name reads this, and needs no password for it"
        ]
    );
    let of_none =
        "[refusals.domain_blocked]\ndefault = 'No'\n[refusals.sign_in_refused]\nde = 'Nein'\n";
    assert_eq!(warned_of(of_none), Vec::<String>::new());
}
