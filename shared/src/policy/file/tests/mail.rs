use super::*;

const BOTH: &str = "from = 'a@b.example'\napp_url = 'https://b.example'\n";

#[test]
fn the_welcome_mail_is_on_where_it_can_be_sent_unless_switched_off() {
    let welcome = |text: &str| policy_of(&format!("[mail]\n{text}")).mail.welcome;
    assert!(!welcome(""));
    assert!(!welcome("welcome = false\n"));
    assert!(welcome(BOTH));
    assert!(welcome(&format!("{BOTH}welcome = true\n")));
    assert!(!welcome(&format!("{BOTH}welcome = false\n")));
    assert!(!welcome("from = 'a@b.example'\nwelcome = false\n"));
    assert!(!welcome("from = ''\napp_url = ''\n"));
}

#[test]
fn notices_are_on_wherever_there_is_a_sender_unless_switched_off() {
    let notices = |text: &str| {
        let mail = policy_of(&format!("[mail]\nwelcome = false\n{text}")).mail;
        (mail.password_changed, mail.suspension)
    };
    assert_eq!(notices(""), (false, false));
    assert_eq!(notices("from = 'a@b.example'\n"), (true, true));
    let one = "from = 'a@b.example'\npassword_changed = false\n";
    assert_eq!(notices(one), (false, true));
    for key in ["password_changed", "suspension"] {
        assert_eq!(
            wrong_with(&format!("[mail]\n{key} = true\n")),
            [format!(
                "line 2: mail.{key}: has no sender; set from, or leave it out"
            )]
        );
    }
    let alone = policy_of("[mail]\nwelcome = false\nfrom = 'a@b.example'\n").mail;
    assert_eq!(
        alone.app_name, "b.example",
        "a notice calls the application something"
    );
}

#[test]
fn a_welcome_mail_without_sender_or_address_is_told() {
    let missing = |key: &str| {
        format!(
            "line 1: mail.{key}: is missing; no mail goes out without it, so set it, or welcome to false"
        )
    };
    for (text, keys) in [
        ("from = 'a@b.example'\n", vec!["app_url"]),
        ("app_url = 'https://b.example'\n", vec!["from"]),
        ("from = 'a@b.example'\nwelcome = true\n", vec!["app_url"]),
        ("welcome = true\n", vec!["app_url", "from"]),
    ] {
        let expected: Vec<String> = keys.into_iter().map(missing).collect();
        assert_eq!(wrong_with(&format!("[mail]\n{text}")), expected, "{text}");
    }
    let at_its_value = wrong_with("[mail]\nfrom = ''\nwelcome = true\n");
    assert!(
        at_its_value[1].starts_with("line 2: mail.from: is missing"),
        "{at_its_value:?}"
    );
}

#[test]
fn a_sender_is_one_address_on_one_line() {
    let sender = |from: &str| wrong_with(&format!("[mail]\nwelcome = false\nfrom = \"{from}\"\n"));
    for good in [
        "a@b.example",
        "Ada <a@b.example>",
        "Ada Ä. <a@b.example>",
        "\\\"Acme, Inc\\\" <a@b.example>",
        "<a@b.example>",
    ] {
        assert_eq!(sender(good), Vec::<String>::new(), "{good}");
    }
    let shape = "must be an address, or a name and an address as in Example <hello@example.com>";
    let quotes = "has a name with characters that need quotes around it, as in \"Example, Inc\" <hello@example.com>";
    let control = "must not hold line breaks or other control characters";
    for (bad, problem) in [
        ("Ada", shape),
        ("Ada <>", shape),
        ("a@b.example, c@d.example", shape),
        ("Ada <a@b.example> x", shape),
        ("Acme, Inc <a@b.example>", quotes),
        ("<c@d.example> <a@b.example>", quotes),
        ("a@b.example\\r\\nBcc: c@d.example", control),
        ("Ada\\n<a@b.example>", control),
    ] {
        assert_eq!(
            sender(bad),
            [format!("line 3: mail.from: {problem}")],
            "{bad}"
        );
        let reply_to = wrong_with(&format!("[mail]\nreply_to = \"{bad}\"\n"));
        assert_eq!(
            reply_to,
            [format!("line 2: mail.reply_to: {problem}")],
            "{bad}"
        );
    }
}

#[test]
fn links_lead_to_an_https_address_or_to_this_machine() {
    let with = |url: &str| format!("[mail]\nwelcome = false\napp_url = '{url}'\n");
    for (good, kept) in [
        ("https://app.example", "https://app.example"),
        ("https://app.example/", "https://app.example"),
        (
            "https://app.example:8443/a/b//",
            "https://app.example:8443/a/b",
        ),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1", "http://127.0.0.1"),
    ] {
        assert_eq!(policy_of(&with(good)).mail.app_url, kept);
    }
    let host = "must name a host, as in https://app.example.com";
    let added =
        "must be an address without query, fragment or white space; links are made by adding to it";
    for (bad, problem) in [
        (
            "http://app.example",
            "must begin with https://; http:// is for localhost alone",
        ),
        (
            "http://localhost.evil.example",
            "must begin with https://; http:// is for localhost alone",
        ),
        ("app.example", "must begin with https://"),
        ("javascript:alert(1)", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("https:///x", host),
        ("https://app", host),
        ("https://user@app.example", host),
        (
            "https://app.example:x",
            "has a port that is no number from 0 to 65535",
        ),
        ("https://app.example/?a=b", added),
        ("https://app.example/#a", added),
        ("https://app.example/a\"b", added),
    ] {
        assert_eq!(
            wrong_with(&with(bad)),
            [format!("line 3: mail.app_url: {problem}")],
            "{bad}"
        );
    }
}

#[test]
fn mails_are_stopped_at_an_https_address_and_without_one_the_owner_is_warned() {
    let url = |text: &str| {
        policy_of(&format!("[mail]\n{BOTH}{text}"))
            .mail
            .unsubscribe_url
    };
    assert_eq!(url(""), None);
    let stop = Some("https://b.example/stop".to_owned());
    assert_eq!(url("unsubscribe_url = 'https://b.example/stop'\n"), stop);
    for (bad, problem) in [
        ("http://localhost/stop", "must begin with https://"),
        (
            "https://b",
            "must name a host, as in https://app.example.com",
        ),
        (
            "https://b.example/?a=b",
            "must be an address without query, fragment or white space; links are made by adding to it",
        ),
        (
            &format!("https://b.example/{}", "a".repeat(190)),
            "must be at most 200 characters; a token is added to it",
        ),
    ] {
        assert_eq!(
            wrong_with(&format!("[mail]\nunsubscribe_url = '{bad}'\n")),
            [format!("line 2: mail.unsubscribe_url: {problem}")]
        );
    }
    let warned = warned_of(&format!("[mail]\n{BOTH}"));
    assert!(
        warned[0].contains("mail.unsubscribe_url: is not there"),
        "{warned:?}"
    );
    let none: [&str; 0] = [];
    assert_eq!(warned_of(&format!("[mail]\n{BOTH}welcome = false\n")), none);
    let with = format!("[mail]\n{BOTH}unsubscribe_url = 'https://b.example/stop'\n");
    assert_eq!(warned_of(&with), none);
}

#[test]
fn the_application_is_called_by_its_name_or_its_senders_or_its_host() {
    let name = |text: &str| {
        policy_of(&format!("[mail]\nwelcome = false\n{text}"))
            .mail
            .app_name
    };
    assert_eq!(
        name("app_name = 'App'\nfrom = 'Ada <a@b.example>'\n"),
        "App"
    );
    assert_eq!(name("from = '\"Acme, Inc\" <a@b.example>'\n"), "Acme, Inc");
    assert_eq!(name(BOTH), "b.example");
    assert_eq!(
        name("app_url = 'http://localhost:3000/app'\n"),
        "localhost:3000"
    );
    assert_eq!(name(""), "");
}

#[test]
fn the_configuration_set_is_a_name() {
    check_problems(&[(
        "[mail]\nconfiguration_set = 'a b'\n",
        "line 2: mail.configuration_set: must be at most 64 letters, digits, _ and -",
    )]);
}

#[test]
fn the_owner_is_told_what_mail_to_unverified_addresses_means() {
    assert_eq!(
        warned_of("[mail]\nwelcome_unverified = true\n"),
        [
            "line 2: mail.welcome_unverified: whoever signs up with somebody else's address has a mail sent there"
        ]
    );
    assert_eq!(warned_of("[mail]\n"), Vec::<String>::new());
}

#[test]
fn whoever_is_first_seen_is_welcomed_only_if_asked_for_and_after_an_hour_unless_said_otherwise() {
    let minutes = |text: &str| {
        let mail = policy_of(&format!("[mail]\n{BOTH}{text}")).mail;
        let delay = mail.welcome_first_seen_delay;
        (mail.welcome_first_seen, delay.as_secs() / 60)
    };
    assert_eq!(minutes(""), (false, 60));
    assert_eq!(minutes("welcome_first_seen = true\n"), (true, 60));
    for delay in [5, 10_080] {
        let text = format!("welcome_first_seen_delay_min = {delay}\n");
        assert_eq!(minutes(&text), (false, delay));
    }
    for delay in [0, 4, 10_081] {
        let text = format!("[mail]\nwelcome_first_seen_delay_min = {delay}\n");
        let expected = format!(
            "line 2: mail.welcome_first_seen_delay_min: must be 5 to 10080 min, and is {delay}"
        );
        assert_eq!(wrong_with(&text), [expected]);
    }
}

#[test]
fn to_welcome_whoever_is_first_seen_needs_a_welcome_mail() {
    for off in ["", "welcome = false\n"] {
        let text = format!("[mail]\nwelcome_first_seen = true\n{off}");
        assert_eq!(
            wrong_with(&text),
            [
                "line 2: mail.welcome_first_seen: welcomes nobody while there is no welcome mail; set from and app_url, or leave it out"
            ]
        );
    }
}

#[test]
fn the_owner_is_told_that_a_pool_of_old_users_would_be_welcomed() {
    let stop = "unsubscribe_url = 'https://b.example/stop'\n";
    assert_eq!(
        warned_of(&format!("[mail]\n{BOTH}{stop}welcome_first_seen = true\n")),
        [
            "line 5: mail.welcome_first_seen: everybody who was in the pool before usher is sent a welcome after the next sign-in or refresh"
        ]
    );
}
