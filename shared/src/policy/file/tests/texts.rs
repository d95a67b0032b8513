use super::*;

#[test]
fn words_of_a_closed_choice_are_told_in_full() {
    check_problems(&[
        (
            "[sign_in]\nwhen_store_is_down = 'deny'\n",
            "line 2: sign_in.when_store_is_down: must be \"admit\" or \"refuse\"",
        ),
        (
            "[preferences]\ntheme = 'blue'\n",
            "line 2: preferences.theme: must be \"light\" or \"dark\" or \"auto\"",
        ),
        (
            "[preferences]\nlanguage = 'German'\n",
            "line 2: preferences.language: must be a language tag, as in en or de-AT",
        ),
        (
            "[preferences]\nlanguage = 'de_AT'\n",
            "line 2: preferences.language: must be a language tag, as in en or de-AT",
        ),
    ]);
    let policy = policy_of(
        "[sign_in]\nwhen_store_is_down = 'refuse'\n[preferences]\nlanguage = 'zh-Hant-TW'\ntheme = 'auto'\n",
    );
    assert_eq!(policy.sign_in.when_store_is_down, WhenStoreIsDown::Refuse);
    assert_eq!(
        (
            policy.preferences.language.as_str(),
            policy.preferences.theme.as_str()
        ),
        ("zh-Hant-TW", "auto")
    );
}

#[test]
fn attributes_are_custom_short_and_read_once() {
    let shape = "must be custom: and a name of at most 20 characters, or empty";
    for bad in [
        "department",
        "custom:",
        "custom:a b",
        "custom:abcdefghijklmnopqrstu",
        "dev:custom:x",
    ] {
        let text = format!("[attributes]\ndepartment = '{bad}'\n");
        assert_eq!(
            wrong_with(&text),
            [format!("line 2: attributes.department: {shape}")],
            "{bad}"
        );
    }
    check_problems(&[(
        "[attributes]\ndepartment = 'custom:x'\nsignup_source = 'custom:x'\n",
        "line 3: attributes.signup_source: custom:x fills another field already",
    )]);
    let policy = policy_of("[attributes]\ndepartment = ''\nsignup_source = ''\n");
    assert_eq!(
        (
            policy.attributes.department.as_str(),
            policy.attributes.signup_source.as_str()
        ),
        ("", "")
    );
}

#[test]
fn settings_that_contradict_each_other_are_told() {
    check_problems(&[
        (
            "[bus]\npublish = false\ninclude_person = true\n",
            "line 3: bus.include_person: has no meaning while bus.publish is false",
        ),
        (
            "[mail]\nfrom = 'a@b.example'\napp_url = 'https://b.example'\n[worker]\nreceive_limit = 1\n",
            "line 5: worker.receive_limit: must be at least 2 while any mail is on; a message may have to wait for a lease",
        ),
        (
            "[deferral]\nfirst_wait_s = 61\nmax_wait_min = 1\n",
            "line 2: deferral.first_wait_s: must not be longer than deferral.max_wait_min; waits grow from it to that",
        ),
        (
            "[deferral]\nmax_wait_min = 61\nlast_age_h = 1\n",
            "line 2: deferral.max_wait_min: must not be longer than deferral.last_age_h, at which an effect is given up",
        ),
    ]);
    check_good(&[
        "[deferral]\nfirst_wait_s = 60\nmax_wait_min = 1\n",
        "[deferral]\nmax_wait_min = 60\nlast_age_h = 1\n",
        "[bus]\npublish = false\n",
        "[worker]\nreceive_limit = 1\n",
    ]);
}
