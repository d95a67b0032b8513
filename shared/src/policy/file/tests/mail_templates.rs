use super::*;
use crate::policy::locale::Locale;
use proptest::prelude::*;

const MAIL: &str = "[mail]\nfrom = 'a@b.example'\napp_url = 'https://b.example'\n\
                    unsubscribe_url = 'https://b.example/stop'\n";

/// An entry with these lines before its parts.
fn entry(lines: &str) -> String {
    format!("[[mail.templates]]\n{lines}\nsubject = 'x'\ntext = 'x'\nhtml = 'x'\n")
}

/// A welcome whose part is this template.
fn part(part: &str, template: &str) -> String {
    let parts = ["subject", "text", "html"].map(|key| {
        let said = if key == part { template } else { "x" };
        format!("{key} = '''{said}'''\n")
    });
    let text = format!("[[mail.templates]]\nmail = 'welcome'\n{}", parts.concat());
    format!("{text}{MAIL}")
}

#[test]
fn templates_stand_in_the_policy_or_beside_it() {
    let policy = policy_of(
        "[[mail.templates]]\nmail = 'welcome'\nlocale = 'pt_BR'\naccount_type = 'business'\n\
         source = 'partner'\nsubject = 'Hello {{ app_name }}'\ntext_file = 'hello.txt'\n\
         html_file = './hello.html'\n[[mail.templates]]\nmail = 'suspension'\nsubject = 'x'\n\
         text = 'y'\nhtml = 'z'\n",
    );
    let [welcome, suspension] = &policy.mail.templates[..] else {
        panic!("there are two");
    };
    let readers = &welcome.readers;
    assert_eq!(readers.mail, MailKind::Welcome);
    assert_eq!(readers.locale, Locale::new("pt-BR"));
    assert_eq!(readers.account_type, AccountType::new("business").ok());
    assert_eq!(readers.source.as_deref(), Some("partner"));
    assert_eq!(welcome.subject, "Hello {{ app_name }}");
    assert_eq!(welcome.text, "Hello {{ first_name }}");
    assert_eq!(welcome.html, "<p>Hello</p>");
    let readers = &suspension.readers;
    assert_eq!(readers.mail, MailKind::Suspension);
    assert_eq!(
        (&readers.locale, &readers.account_type, &readers.source),
        (&None, &None, &None)
    );
    assert_eq!(
        (suspension.text.as_str(), suspension.html.as_str()),
        ("y", "z")
    );
    assert!(!policy.mail.welcome);
}

#[test]
fn a_file_that_cannot_be_had_is_told() {
    let outside = "must be the name of a file beside the policy or below";
    for (file, problem) in [
        ("gone.txt", "the file \"gone.txt\" does not exist"),
        (
            "locked.txt",
            "the file \"locked.txt\" cannot be read (permission denied)",
        ),
        ("empty.txt", "the file \"empty.txt\" is empty"),
        ("../hello.txt", outside),
        ("/etc/hostname", outside),
        ("a/../hello.txt", outside),
        ("", outside),
    ] {
        let text = format!(
            "[[mail.templates]]\nmail = 'welcome'\nsubject = 'x'\ntext_file = '{file}'\nhtml = 'x'\n"
        );
        assert_eq!(
            wrong_with(&text),
            [format!("line 4: mail.templates.text_file: {problem}")],
            "{file}"
        );
    }
}

#[test]
fn an_entry_says_which_mail_it_is_for_whom_and_all_three_parts() {
    let nothing = wrong_with("[[mail.templates]]\n");
    assert_eq!(nothing.len(), 4, "{nothing:?}");
    for (lines, problem) in [
        (
            "",
            "mail: is missing; it is welcome, password_changed or suspension",
        ),
        (
            "mail = 'hello'",
            "mail: must be \"welcome\" or \"password_changed\" or \"suspension\"",
        ),
        (
            "mail = 'welcome'\nlocale = 'german'",
            "locale: must be a language tag, as in en or pt-BR",
        ),
        (
            "mail = 'welcome'\naccount_type = 'pro'",
            "account_type: \"pro\" is no kind of account; there are standard, business, enterprise",
        ),
        (
            "mail = 'welcome'\nsource = 'a b'",
            "source: must be letters, digits, \".\", \"_\" and \"-\", at most 64",
        ),
        (
            "mail = 'welcome'\ntext_file = 'hello.txt'",
            "text_file: stands beside text; give one of the two",
        ),
    ] {
        let wrong = wrong_with(&entry(lines));
        let told = wrong
            .iter()
            .any(|one| one.ends_with(&format!("mail.templates.{problem}")));
        assert!(told && wrong.len() == 1, "{wrong:?}");
    }
}

#[test]
fn two_for_the_same_readers_are_told_at_the_second() {
    let same = |first: &str, second: &str| wrong_with(&(entry(first) + &entry(second)));
    let problem = ["line 7: mail.templates: is for the same readers as one before it"];
    assert_eq!(same("mail = 'welcome'\n", "mail = 'welcome'"), problem);
    let (first, second) = ("locale = 'pt_br'", "locale = 'pt-BR'");
    let welcome = |locale| format!("mail = 'welcome'\n{locale}");
    assert_eq!(same(&welcome(first), &welcome(second)), problem);
    assert_eq!(same("mail = 'welcome'", "mail = 'suspension'"), [""; 0]);
    assert_eq!(same(&welcome("locale = 'pt'"), &welcome(second)), [""; 0]);
}

/// What is told of these entries, without places.
fn idle(head: &str, entries: &[&str]) -> Vec<String> {
    let entries: String = entries.iter().map(|lines| entry(lines)).collect();
    let warned = warned_of(&format!("{entries}{head}")).into_iter();
    let warned = warned.map(|line| line.split_once("mail.templates: ").unwrap().1.to_owned());
    warned.collect()
}

#[test]
fn the_owner_is_told_of_templates_that_nobody_gets() {
    let none: [&str; 0] = [];
    let switched_off = format!("{MAIL}suspension = false\n");
    let known = format!("{MAIL}[sign_up]\nknown_sources = ['partner']\n");
    let covered = "is never chosen; whoever it is for has a closer one";
    for (head, entries, told) in [
        (
            MAIL,
            &["mail = 'welcome'", "mail = 'suspension'"][..],
            &none[..],
        ),
        (
            &switched_off,
            &["mail = 'suspension'"],
            &["is never sent, because mail.suspension is off"],
        ),
        (
            MAIL,
            &["mail = 'suspension'\nsource = 'partner'"],
            &["is never chosen; \"partner\" is a source, and only a welcome has one"],
        ),
        (
            &known,
            &["mail = 'welcome'\nsource = 'friend'"],
            &["is never chosen; \"friend\" is not among sign_up.known_sources"],
        ),
        (
            &known,
            &["mail = 'welcome'\nsource = 'first_seen'"],
            &["is never chosen while mail.welcome_first_seen is off"],
        ),
        (
            &known,
            &[
                "mail = 'welcome'\nsource = 'partner'",
                "mail = 'welcome'\nsource = 'organic'",
            ],
            &none,
        ),
        (
            &known,
            &[
                "mail = 'welcome'\nsource = 'partner'",
                "mail = 'welcome'\nsource = 'organic'",
                "mail = 'welcome'",
            ],
            &[covered],
        ),
        (
            MAIL,
            &[
                "mail = 'suspension'\naccount_type = 'standard'",
                "mail = 'suspension'\naccount_type = 'business'",
                "mail = 'suspension'\naccount_type = 'enterprise'",
                "mail = 'suspension'",
            ],
            &[covered],
        ),
        (
            MAIL,
            &[
                "mail = 'suspension'\naccount_type = 'standard'",
                "mail = 'suspension'\naccount_type = 'business'",
                "mail = 'suspension'",
                "mail = 'suspension'\nlocale = 'de'",
            ],
            &none,
        ),
    ] {
        assert_eq!(idle(head, entries), told, "{entries:?}");
    }
}

#[test]
fn a_template_that_cannot_be_rendered_is_told_at_its_key() {
    for (key, line) in [("subject", 3), ("text", 4), ("html", 5)] {
        for (bad, problem) in [
            (
                "{{ frist_name }}",
                "asks for frist_name, which has no value; did you mean first_name?",
            ),
            (
                "{% if account_type == 'none' %}{{ first_name.email }}{% endif %}",
                "asks for first_name.email, which has no value; first_name has no parts",
            ),
            (
                "{{ organization_content.zzzzz }}",
                "asks for organization_content.zzzzz, which has no value; no organization has such a text in its content",
            ),
            (
                "x\n{% if %}",
                "is no template; line 2 of it: syntax error: unexpected end of block",
            ),
            (
                "{{ first_name|shout }}",
                "cannot be rendered; line 1 of it: unknown filter: filter shout is unknown",
            ),
            (
                "{% if account_type == 'enterprise' %}{{ organization_features[99].x }}{% endif %}x",
                "cannot be rendered; line 1 of it: undefined value",
            ),
            (
                "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
                "cannot be rendered; line 1 of it: engine ran out of fuel",
            ),
            (
                "{{ first_name }}.example",
                "puts a name next to \".example\"; leave a space between, or a name can make a link of both",
            ),
            (
                "{{ first_name }}",
                "is empty where a reader has given nothing that it asks for",
            ),
        ] {
            assert_eq!(
                wrong_with(&part(key, bad)),
                [format!("line {line}: mail.templates.{key}: {problem}")],
                "{bad}"
            );
        }
    }
}

#[test]
fn every_branch_is_rendered_that_kind_of_account_organization_and_source_lead_to() {
    for condition in [
        "account_type == 'business'",
        "show_business_features",
        "not show_business_features",
        "organization_name",
        "not organization_name",
        "organization_features",
        "campaign",
        "first_name",
        "not first_name",
        "unsubscribe_url",
    ] {
        let bad = format!("x{{% if {condition} %}}{{{{ app_name|shout }}}}{{% endif %}}");
        let wrong = wrong_with(&part("text", &bad));
        assert_eq!(wrong.len(), 1, "{condition}: {wrong:?}");
    }
}

#[test]
fn a_subject_holds_the_longest_values_on_one_line() {
    let long = |length: usize| {
        part(
            "subject",
            &format!("{}{{{{ first_name }}}}", "x".repeat(length)),
        )
    };
    assert_eq!(wrong_with(&long(170)), [""; 0]);
    assert_eq!(
        wrong_with(&long(171)),
        [
            "line 3: mail.templates.subject: has 201 characters with the longest values; must have at most 200"
        ]
    );
    let lines = part("subject", "one\n\n  {{ first_name }}\n two");
    assert_eq!(
        wrong_with(&lines),
        [""; 0],
        "a header is made of it as one line"
    );
    let with = |content: &str| {
        format!(
            "{}[organizations.acme]\nname = 'Acme'\n[organizations.acme.content]\nhello = '{content}'\n",
            part("subject", "x {{ organization_content.hello }}")
        )
    };
    assert_eq!(wrong_with(&with("Hello")), [""; 0]);
    assert_eq!(wrong_with(&with(&"x".repeat(300))).len(), 1);
}

#[test]
fn what_others_write_never_comes_into_html_as_it_is() {
    let problem = "line 5: mail.templates.html: puts what others wrote into HTML as it is; leave \
                   escaping on, without `safe`";
    for value in ["first_name", "source", "campaign", "organization_name"] {
        assert_eq!(
            wrong_with(&part("html", &format!("x {{{{ {value} }}}} x"))),
            [""; 0]
        );
        for bad in [
            format!("x {{{{ {value}|safe }}}} x"),
            format!("x {{{{ {value}|upper|safe }}}} x"),
            format!("x {{% autoescape false %}}{{{{ {value} }}}}{{% endautoescape %}} x"),
        ] {
            assert_eq!(wrong_with(&part("html", &bad)), [problem], "{bad}");
            assert_eq!(wrong_with(&part("text", &bad)), [""; 0], "{bad}");
        }
    }
}

#[test]
fn an_organizations_content_is_lines_under_names_that_templates_can_ask_for() {
    let with = |content: &str| {
        wrong_with(&format!(
            "[organizations.acme]\nname = 'Acme'\n[organizations.acme.content]\n{content}\n"
        ))
    };
    assert_eq!(with("hello_2 = 'Come in'"), [""; 0]);
    for bad in [
        "Hello = 'x'",
        "'a-b' = 'x'",
        "hello = \"a\\nb\"",
        "hello = ''",
        "hello = 1",
    ] {
        assert_eq!(with(bad).len(), 1, "{bad}");
    }
    assert_eq!(with(&format!("hello = '{}'", "x".repeat(1001))).len(), 1);
}

#[test]
fn there_is_a_most_to_templates() {
    let entries = |count: usize| -> String {
        let one = |number: usize| entry(&format!("mail = 'welcome'\nsource = 's{number}'"));
        (0..count).map(one).collect()
    };
    assert_eq!(wrong_with(&entries(200)), [""; 0]);
    assert_eq!(
        wrong_with(&entries(201)),
        ["line 1: mail.templates: there are more than 200"]
    );
}

proptest! {
    /// Whatever is told of a template, it is told of its own line, and nothing panics.
    #[test]
    fn whatever_a_template_says_it_is_judged(text in "[a-z{}%|<>. \n]{0,40}") {
        for key in ["subject", "text", "html"] {
            for problem in wrong_with(&part(key, &text)) {
                prop_assert!(problem.contains(&format!("mail.templates.{key}: ")), "{problem}");
            }
        }
    }
}

fn tags(tags: &str) -> String {
    format!("[mail.tags.welcome]\n{tags}\n[sign_up]\nknown_sources = ['partner']\n")
}

#[test]
fn tags_are_constants_or_one_of_a_few_words_about_the_reader() {
    let policy = policy_of(&tags(
        "team = 'growth-1'\nplan = { from = 'organization_plan' }\nby = { from = 'source' }",
    ));
    let welcome = &policy.mail.tags[&MailKind::Welcome];
    let expected = [
        ("by", TagSays::Of(mails::TagSource::Source)),
        ("plan", TagSays::Of(mails::TagSource::OrganizationPlan)),
        ("team", TagSays::Fixed("growth-1".to_owned())),
    ];
    let expected = expected.map(|(name, says)| (name.to_owned(), says));
    assert_eq!(*welcome, expected.into_iter().collect());
    assert_eq!(policy.mail.tags.len(), 1);
}

#[test]
fn a_tag_that_ses_would_not_take_or_that_any_client_could_write_is_told() {
    let shape = "must be letters, digits, _ and -, at least one and at most 256";
    for (bad, key, problem) in [
        ("'a.b' = 'x'", "a.b", shape),
        ("a = 'b c'", "a", shape),
        ("a = 'ä'", "a", shape),
        ("a = ''", "a", shape),
        (
            "source = 'x'",
            "source",
            "is a tag that usher gives every mail; take another name",
        ),
        (
            "a = 1",
            "a",
            "must be a text in quotes, or a table with from, and is an integer",
        ),
        (
            "a = { from = 'email' }",
            "a.from",
            "must be \"account_type\" or \"organization_plan\" or \"locale\" or \"source\"",
        ),
        (
            "a = { }",
            "a.from",
            "is missing; it says what of the reader the tag tells",
        ),
    ] {
        assert_eq!(
            wrong_with(&tags(bad)),
            [format!("line 2: mail.tags.welcome.{key}: {problem}")],
            "{bad}"
        );
    }
    let long = "x".repeat(257);
    assert_eq!(wrong_with(&tags(&format!("a = '{long}'"))).len(), 1);
    check_problems(&[
        (
            "[mail.tags.welcome]\na = { from = 'source' }\n",
            "line 2: mail.tags.welcome.a.from: may be any word while sign_up.known_sources names none; name them there",
        ),
        (
            "[mail.tags.suspension]\na = { from = 'source' }\n",
            "line 2: mail.tags.suspension.a.from: has no value here; only a welcome has a source",
        ),
    ]);
    let many = |count: usize| -> String { (0..count).map(|n| format!("t{n} = 'x'\n")).collect() };
    assert_eq!(wrong_with(&tags(&many(10))), [""; 0]);
    assert_eq!(
        wrong_with(&tags(&many(11))),
        ["line 1: mail.tags.welcome: has more than 10 tags"]
    );
}
