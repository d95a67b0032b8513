use super::*;
use crate::policy::file;
use proptest::prelude::*;
use std::path::Path;

fn messages(text: &str) -> CustomMessages {
    let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    let policy = file::parse(text, Path::new(""), &no_files);
    policy
        .unwrap_or_else(|problems| panic!("{text}\n{problems}"))
        .custom_messages
}

const GREETINGS: &str = "
[custom_messages.sign_up.en]
sms = 'en {{ code }}'
subject = 'en'
email = 'en {{ code }}'
[custom_messages.sign_up.pt]
sms = 'pt {{ code }}'
subject = 'pt'
[custom_messages.sign_up.pt-BR]
sms = 'pt-BR {{ code }}'
";

fn rendered(messages: &CustomMessages, source: MessageSource, locale: &str) -> Rendered {
    let recipient = Recipient {
        locale: Some(locale),
        ..Recipient::default()
    };
    messages.render(source, &recipient, &Placeholders::default())
}

#[test]
fn each_part_is_in_the_nearest_language_that_has_it() {
    let messages = messages(GREETINGS);
    for (locale, sms, subject, email) in [
        ("pt-BR", "pt-BR", "pt", "en"),
        ("pt_BR", "pt-BR", "pt", "en"),
        ("pt-PT", "pt", "pt", "en"),
        ("de", "en", "en", "en"),
        ("en-GB", "en", "en", "en"),
        ("", "en", "en", "en"),
        ("../../etc", "en", "en", "en"),
    ] {
        let rendered = rendered(&messages, MessageSource::SignUp, locale);
        let text = |tag: &str| Some(format!("{tag} {{####}}"));
        assert_eq!(rendered.sms, text(sms), "{locale}");
        assert_eq!(rendered.subject.as_deref(), Some(subject), "{locale}");
        assert_eq!(rendered.email, text(email), "{locale}");
        assert_eq!(rendered.unfit, [], "{locale}");
    }
}

#[test]
fn what_the_policy_does_not_have_is_the_pools_own() {
    let none = Rendered::default();
    let english = messages(GREETINGS);
    assert_eq!(
        rendered(&english, MessageSource::ForgotPassword, "en"),
        none
    );
    let french = format!("custom_messages.default_locale = 'fr'\n{GREETINGS}");
    assert_eq!(
        rendered(&messages(&french), MessageSource::SignUp, "de"),
        none
    );
    assert!(messages("").is_empty());
}

#[test]
fn a_link_reads_as_the_policy_says() {
    let link = "[custom_messages.sign_up.en]\nkind = 'link'\nemail = 'Please {{ link }}'\n";
    let email = |text: &str| rendered(&messages(text), MessageSource::SignUp, "en").email;
    assert_eq!(email(link).as_deref(), Some("Please {##Click Here##}"));
    let named = format!("{link}link_text = 'verify & go'\n");
    assert_eq!(
        email(&named).as_deref(),
        Some("Please {##verify &amp; go##}")
    );
}

#[test]
fn the_events_own_placeholders_are_used() {
    let text =
        "[custom_messages.admin_create_user.en]\nsms = 'You are {{ username }}, with {{ code }}'\n";
    let placeholders = Placeholders {
        code: "<secret>".to_owned(),
        username: "<name>".to_owned(),
        ..Placeholders::default()
    };
    let rendered = messages(text).render(
        MessageSource::AdminCreateUser,
        &Recipient::default(),
        &placeholders,
    );
    assert_eq!(
        rendered.sms.as_deref(),
        Some("You are <name>, with <secret>")
    );
    let email = text.replace("sms", "email");
    let rendered = messages(&email).render(
        MessageSource::AdminCreateUser,
        &Recipient::default(),
        &placeholders,
    );
    assert_eq!(
        rendered.email.as_deref(),
        Some("You are <name>, with <secret>"),
        "Cognito looks for them to the letter"
    );
}

#[test]
fn what_does_not_fit_is_the_pools_own_and_takes_its_subject_along() {
    // The check cannot foresee this name, nor so long a placeholder.
    let moody = |word: &str| {
        format!("{{% if first_name == 'Eve' %}}no{{% else %}}{word} {{{{ code }}}}{{% endif %}}")
    };
    let text = format!(
        "[custom_messages.sign_up.en]\nsms = 'Your code is {{{{ code }}}}'\nsubject = 'Hello'\nemail = \"{}\"\n",
        moody("code")
    );
    let messages = messages(&text);
    let eve = Recipient {
        first_name: Some("Eve"),
        ..Recipient::default()
    };
    let rendered = messages.render(MessageSource::SignUp, &eve, &Placeholders::default());
    assert_eq!(rendered.sms.as_deref(), Some("Your code is {####}"));
    assert_eq!((rendered.subject, rendered.email), (None, None));
    assert_eq!(rendered.unfit, [(Part::Email, Unfit::Missing("code"))]);

    let long = Placeholders {
        code: "x".repeat(140),
        ..Placeholders::default()
    };
    let rendered = messages.render(MessageSource::SignUp, &Recipient::default(), &long);
    assert_eq!(rendered.sms, None);
    assert_eq!(rendered.unfit[0].1.as_str(), "length");
    assert_eq!(rendered.subject.as_deref(), Some("Hello"));
}

#[test]
fn a_long_user_name_leaves_an_sms_to_the_pool_and_not_a_mail() {
    let text = "{{ username }} signs in with {{ code }} at the beginning and changes it then";
    let text =
        format!("[custom_messages.admin_create_user.en]\nsms = '{text}'\nemail = '{text}'\n");
    let messages = messages(&text);
    let invited = |user_name_length| {
        let recipient = Recipient {
            user_name_length: Some(user_name_length),
            ..Recipient::default()
        };
        let source = MessageSource::AdminCreateUser;
        let rendered = messages.render(source, &recipient, &Placeholders::default());
        (rendered.sms.is_some(), rendered.email.is_some())
    };
    assert_eq!(invited(36), (true, true));
    assert_eq!(invited(128), (false, true));
}

#[test]
fn a_subject_is_one_line_and_an_sms_has_no_space_around_it() {
    let text = "[custom_messages.sign_up.en]\nsubject = \"\"\"\n  Hello\n  {{ first_name }}\n\"\"\"\nsms = \"\"\"\n{{ code }}\n\"\"\"\n";
    let ada = Recipient {
        first_name: Some("Ada"),
        ..Recipient::default()
    };
    let rendered = messages(text).render(MessageSource::SignUp, &ada, &Placeholders::default());
    assert_eq!(rendered.subject.as_deref(), Some("Hello Ada"));
    assert_eq!(rendered.sms.as_deref(), Some("{####}"));
}

#[test]
fn what_is_rendered_does_not_show_itself() {
    let shown = format!(
        "{:?}",
        rendered(&messages(GREETINGS), MessageSource::SignUp, "en")
    );
    assert!(!shown.contains("####"), "{shown}");
}

/// Names that somebody with bad intent would take, and any others.
fn name() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{####}",
        "{##Click Here##}",
        "{username}",
        "{{ code }}",
        "{% raw %}",
        "https://",
        "evil",
        ".example",
        "www.",
        "@",
        "/",
        ":",
        " ",
        "。",
        "．",
        "\u{200b}",
        "\u{202e}",
        "<a href='//evil.example'>",
        "&#46;",
        "+4912345678",
        "'",
        "-",
        "Ada",
        "\u{301}",
        "𐌰",
        "\n",
    ]);
    let made = prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat());
    prop_oneof![made, any::<String>()]
}

proptest! {
    /// The texts around the names hold no mark of a link, so that any that shows came with a name.
    #[test]
    fn no_name_brings_a_link_a_placeholder_or_markup(
        first in name(),
        last in name(),
        locale in name(),
    ) {
        let said = "Hello {{ first_name }} {{ last_name }}, {{ code }} is yours";
        let invited = "{{ first_name }} {{ last_name }}, {{ username }} has {{ code }}";
        let text = format!(
            "[custom_messages.sign_up.en]\nsms = '{said}'\nsubject = 'Hi {{{{ first_name }}}}'\nemail = '{said}'\n\
             [custom_messages.resend_code.en]\nkind = 'link'\nemail = 'Hello {{{{ first_name }}}}, {{{{ link }}}}'\n\
             [custom_messages.admin_create_user.en]\nemail = '{invited}'\n"
        );
        let messages = messages(&text);
        let recipient = Recipient {
            locale: Some(&locale),
            first_name: Some(&first),
            last_name: Some(&last),
            user_name_length: Some(128),
        };
        for (_, source) in MessageSource::ALL {
            let rendered = messages.render(source, &recipient, &Placeholders::default());
            prop_assert_eq!(&rendered.unfit, &[]);
            let parts = [
                (Part::Sms, rendered.sms),
                (Part::Subject, rendered.subject),
                (Part::Email, rendered.email),
            ];
            for (part, text) in parts {
                let Some(text) = text else { continue };
                prop_assert!(part.lengths().contains(&fit::units(&text)), "{text}");
                prop_assert!(text.chars().all(fit::is_taken), "{text:?}");
                let mut rest = text.clone();
                for placeholder in ["{####}", "{##Click Here##}", "{username}"] {
                    prop_assert!(rest.matches(placeholder).count() <= 1, "{text}");
                    rest = rest.replace(placeholder, "");
                }
                rest = rest.replace("&#x27;", "'");
                let marks = ".:/\\@#{}<>&%=0123456789。．";
                prop_assert!(!rest.contains(|c| marks.contains(c)), "{text}");
            }
        }
    }

    /// Whatever the owner takes for a brand, either the check refuses it or what is sent fits.
    #[test]
    fn no_brand_bursts_a_message(
        brand in "[a-zA-Z{}#<&. \u{a0}\u{200d}é😀]{0,150}",
        first in name(),
    ) {
        let brand = serde_json::Value::from(brand).to_string();
        let text = format!(
            "custom_messages.brand.team = {brand}\n[custom_messages.sign_up.en]\n\
             sms = '{{{{ first_name }}}} {{{{ code }}}} {{{{ brand.team }}}}'\n\
             email = '<p>{{{{ first_name }}}} {{{{ code }}}} {{{{ brand.team }}}}</p>'\n"
        );
        let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        if let Ok(policy) = file::parse(&text, Path::new(""), &no_files) {
            let recipient = Recipient { first_name: Some(&first), ..Recipient::default() };
            let rendered = policy.custom_messages.render(
                MessageSource::SignUp,
                &recipient,
                &Placeholders::default(),
            );
            prop_assert_eq!(&rendered.unfit, &[]);
            prop_assert!(rendered.sms.is_some() && rendered.email.is_some());
        }
    }
}
