use super::*;
use crate::policy::locale::Locale;

fn locale(tag: &str) -> Locale {
    Locale::new(tag).unwrap()
}

fn sign_up(text: &str) -> String {
    format!("[custom_messages.sign_up.en]\n{text}\n")
}

#[test]
fn texts_are_kept_by_source_and_locale() {
    let policy = policy_of(
        "[custom_messages]\ndefault_locale = 'de_AT'\nlocale_attribute = 'custom:language'\n\
         [custom_messages.brand]\nteam = 'Acme #1'\n\
         [custom_messages.sign_up.pt-BR]\nsms = '{{ brand.team }} {{ code }}'\n\
         [custom_messages.forgot_password.en]\nemail_file = 'code.html'\nsubject = 'Hello'\n",
    );
    let messages = policy.custom_messages;
    assert_eq!(messages.default_locale.as_str(), "de-at");
    assert_eq!(messages.locale_attribute, "custom:language");
    assert_eq!(messages.brand["team"], "Acme #1");
    let texts = &messages.texts[&MessageSource::SignUp][&locale("pt-BR")];
    assert_eq!(texts.sms.as_deref(), Some("{{ brand.team }} {{ code }}"));
    let texts = &messages.texts[&MessageSource::ForgotPassword][&locale("en")];
    assert_eq!(texts.email.as_deref(), Some("<p>{{ code }}</p>"));
    assert_eq!(messages.texts.len(), 2);
}

#[test]
fn what_cognito_demands_is_demanded_with_line_and_key() {
    let without = |word: &str| {
        format!("must hold {{{{ {word} }}}} whatever the values; without it the pool's own is sent")
    };
    for (text, key, problem) in [
        ("sms = 'your code'", "sms", without("code")),
        ("email = 'your code'", "email", without("code")),
        ("kind = 'link'\nemail = 'your link'", "email", without("link")),
        (
            "sms = '{{ code }} or {{ code }}'",
            "sms",
            "must hold {{ code }} only once".to_owned(),
        ),
        (
            "sms = 'Hello{% if first_name %}, {{ code }}{% endif %}'",
            "sms",
            without("code"),
        ),
        (
            "sms = 'code {####}'",
            "sms",
            "must say {{ code }} or {{ link }} where Cognito's guide has {## and the like"
                .to_owned(),
        ),
        (
            "subject = 'Your code is {{ code }}'",
            "subject",
            "asks for code, which has no value here; it is in SMS, and in mails that are not of kind \"link\""
                .to_owned(),
        ),
        (
            "sms = '{{ code }} for {{ username }}'",
            "sms",
            "asks for username, which has no value here; Cognito puts it into the invitation of an administrator alone"
                .to_owned(),
        ),
        (
            "email = '{{ code }} {{ link }}'",
            "email",
            "asks for link, which has no value here; it is in mails of kind \"link\" alone".to_owned(),
        ),
    ] {
        let line = 1 + text.matches('\n').count() + 1;
        let expected = format!("line {line}: custom_messages.sign_up.en.{key}: {problem}");
        assert_eq!(wrong_with(&sign_up(text)), [expected], "{text}");
    }
    let invitation = "[custom_messages.admin_create_user.en]\nsms = 'use {{ code }} to sign in'\n";
    assert_eq!(
        wrong_with(invitation),
        [format!(
            "line 2: custom_messages.admin_create_user.en.sms: {}",
            without("username")
        )]
    );
}

#[test]
fn lengths_hold_with_the_longest_values() {
    let names = "{{ first_name }} {{ last_name }}";
    // Two names of 30, the space between them and after them, and a code of eight digits.
    let fits = "x".repeat(140 - 30 - 30 - 2 - 8);
    let sms = |text: &str| sign_up(&format!("sms = '{names} {{{{ code }}}}{text}'"));
    check_good(&[&sms(&fits)]);
    assert_eq!(
        wrong_with(&sms(&format!("{fits}x"))),
        [
            "line 2: custom_messages.sign_up.en.sms: must be 6 to 140 characters with its longest values, and is 141"
        ]
    );
    let subject = |length: usize| sign_up(&format!("subject = '{}'", "x".repeat(length)));
    check_good(&[&subject(140)]);
    assert_eq!(wrong_with(&subject(141)).len(), 1);
    let email = |length: usize| {
        let text = "x".repeat(length);
        sign_up(&format!("email = '{{{{ code }}}}{text}'"))
    };
    check_good(&[&email(20_000 - 8)]);
    assert_eq!(wrong_with(&email(20_001 - 8)).len(), 1);
    // An apostrophe takes six characters in HTML.
    let escaped = |length: usize| {
        let text = "x".repeat(length);
        sign_up(&format!(
            "email = '{{{{ code }}}} {{{{ first_name }}}} {text}'"
        ))
    };
    let longest = 15 + 14 * 6;
    check_good(&[&escaped(20_000 - 8 - 2 - longest)]);
    assert_eq!(wrong_with(&escaped(20_001 - 8 - 2 - longest)).len(), 1);
}

#[test]
fn characters_are_those_that_cognito_takes() {
    for (character, code) in [
        ("\\u00A0", "U+00A0"),
        ("\\u200D", "U+200D"),
        ("\\u3000", "U+3000"),
    ] {
        let text = sign_up(&format!("sms = \"code{character}{{{{ code }}}}\""));
        let problem = format!(
            "line 2: custom_messages.sign_up.en.sms: holds {code}, which Cognito does not take; it takes letters, marks, numbers, symbols, punctuation, plain spaces and line breaks"
        );
        assert_eq!(wrong_with(&text), [problem]);
    }
    check_good(&[&sign_up("sms = 'Ваш код – {{ code }} 🎉'")]);
}

#[test]
fn a_name_stands_alone_so_that_nothing_makes_a_link_with_it() {
    for (text, joined) in [
        ("Hello {{ first_name }}.In a moment: {{ code }}", ".In"),
        (
            "https://app.example/{{ first_name }} {{ code }}",
            "https://app.example/",
        ),
        (
            "{{ first_name }}@app.example has {{ code }}",
            "@app.example",
        ),
        ("{{ last_name }}:{{ code }}", ":{####}"),
        ("{{ first_name|replace(' ', '.') }} {{ code }}", ".Wvxkqj"),
    ] {
        let problem = format!(
            "line 2: custom_messages.sign_up.en.sms: puts a name next to {joined:?}; leave a space between, or a name can make a link of both"
        );
        assert_eq!(
            wrong_with(&sign_up(&format!("sms = \"{text}\""))),
            [problem]
        );
    }
    check_good(&[
        &sign_up("sms = 'Hello {{ first_name }}. Your code: {{ code }}'"),
        &sign_up("sms = '«{{ first_name }}», {{ code }}...'"),
        &sign_up("sms = '您好{{ first_name }}。您的验证码是{{ code }}。'"),
        &sign_up("email = '<a href=\"https://app.example/\">{{ first_name }}</a> {{ code }}'"),
    ]);
}

#[test]
fn what_is_no_template_or_asks_for_the_unknown_is_told_beside_other_problems() {
    let text = "[sign_up]\nallowed_domain = []\n[custom_messages.sign_up.en]\nsms = '{{ code '\nsubject = '{{ frist_name }}'\n\
                email = '{{ code }} {{ brand.team }}'\n[custom_messages.sign_up.de]\nemail_file = 'broken.html'\n";
    assert_eq!(
        wrong_with(text),
        [
            "line 2: sign_up.allowed_domain: unknown key; did you mean allowed_domains?",
            "line 4: custom_messages.sign_up.en.sms: is no template; line 1 of it: syntax error: unexpected end of input, expected end of variable block",
            "line 5: custom_messages.sign_up.en.subject: asks for frist_name, which has no value here; did you mean first_name?",
            "line 6: custom_messages.sign_up.en.email: asks for brand.team, which has no value here; there are first_name, last_name, code",
            "line 8: custom_messages.sign_up.de.email_file: is no template; line 2 of it: syntax error: unexpected end of input, expected end of variable block",
        ]
    );
    check_problems(&[
        (
            "[custom_messages.sign_up.en]\nsms = '{{ app_name }}: {{ code }}'\n",
            "line 2: custom_messages.sign_up.en.sms: asks for app_name, which has no value here; it has no value while [mail] has no app_name, from or app_url",
        ),
        (
            "[custom_messages.sign_up.en]\nsms = '{{ code }}{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}'\n",
            "line 2: custom_messages.sign_up.en.sms: is a template that cannot be used; line 1 of it: engine ran out of fuel",
        ),
    ]);
}

#[test]
fn keys_that_contradict_each_other_or_are_no_keys_are_told() {
    check_problems(&[
        (
            "[custom_messages]\ndefault_locale = 'english'\n",
            "line 2: custom_messages.default_locale: must be a language tag, as in en or pt-BR",
        ),
        (
            "[custom_messages]\nlocale_attribute = 'language'\n",
            "line 2: custom_messages.locale_attribute: must be locale, or custom: and a name of at most 20 characters",
        ),
        (
            "[custom_messages.signup.en]\nsms = '{{ code }}'\n",
            "line 1: custom_messages.signup: unknown key; did you mean sign_up?",
        ),
        (
            "[custom_messages.sign_up.english]\nsms = '{{ code }}'\n",
            "line 1: custom_messages.sign_up.english: must be a language tag, as in en or pt-BR",
        ),
        (
            "[custom_messages.sign_up.en]\n",
            "line 1: custom_messages.sign_up.en.sms: is missing, and so are subject and email; give one or more",
        ),
        (
            "[custom_messages.sign_up.en]\nemail = '{{ code }}'\nemail_file = 'code.html'\n",
            "line 3: custom_messages.sign_up.en.email_file: stands beside email; give one of the two",
        ),
        (
            "[custom_messages.sign_up.en]\nemail_file = 'gone.html'\n",
            "line 2: custom_messages.sign_up.en.email_file: the file \"gone.html\" does not exist",
        ),
        (
            "[custom_messages.sign_up.en]\nkind = 'magic'\nsms = '{{ code }}'\n",
            "line 2: custom_messages.sign_up.en.kind: must be \"code\" or \"link\"",
        ),
        (
            "[custom_messages.forgot_password.en]\nkind = 'link'\nsms = '{{ code }}'\n",
            "line 2: custom_messages.forgot_password.en.kind: must be \"code\"; Cognito sends links only to verify an address",
        ),
        (
            "[custom_messages.sign_up.en]\nlink_text = 'here'\nsms = '{{ code }}'\n",
            "line 2: custom_messages.sign_up.en.link_text: has no meaning where kind is not \"link\"",
        ),
        (
            "[custom_messages.sign_up.en]\nkind = 'link'\nlink_text = 'a##}'\nemail = '{{ link }}'\n",
            "line 3: custom_messages.sign_up.en.link_text: must not hold braces or ##; Cognito replaces what they mark",
        ),
        (
            "[custom_messages.brand]\n'Team name' = 'x'\n",
            "line 2: custom_messages.brand.Team name: is no name for a value; take a small letter, then small letters, digits and _, at most 40",
        ),
        (
            "[custom_messages.brand]\nteam = '{####}'\n",
            "line 2: custom_messages.brand.team: must not hold braces or ##; Cognito replaces what they mark",
        ),
        (
            "[custom_messages.brand]\nteam = 7\n",
            "line 2: custom_messages.brand.team: must be a text in quotes, and is an integer",
        ),
    ]);
    let twice = "[custom_messages.sign_up.pt-BR]\nsms = '{{ code }}'\n[custom_messages.sign_up.pt_br]\nsms = '{{ code }}'\n";
    assert_eq!(
        wrong_with(twice),
        ["line 3: custom_messages.sign_up.pt_br: is there already, written in another way"]
    );
}

#[test]
fn the_owner_is_told_of_what_users_copy_and_whom_no_text_reaches() {
    let invitation = |text: &str| {
        format!("[custom_messages.admin_create_user.en]\nemail = '{{{{ username }}}}: {text}'\n")
    };
    let copied = "line 2: custom_messages.admin_create_user.en.email: has a stop right after {{ code }}, and users copy it with their temporary password; end the line there, or leave a space";
    for (text, warnings) in [
        ("{{ code }}.", vec![copied]),
        ("<b>{{ code }}</b>.", vec![copied]),
        ("{{ code }}, for now", vec![copied]),
        ("{{ code }} .", vec![]),
        ("<b>{{ code }}</b></p>", vec![]),
    ] {
        assert_eq!(warned_of(&invitation(text)), warnings, "{text}");
    }
    assert_eq!(
        warned_of(&sign_up("sms = 'code: {{ code }}.'")),
        Vec::<String>::new(),
        "a code has digits alone"
    );
    assert_eq!(
        warned_of("[custom_messages.sign_up.de]\nsms = '{{ code }}'\n"),
        [
            "line 1: custom_messages.sign_up: has no sms in en, the default; who reads none of the others gets the pool's own"
        ]
    );
}
