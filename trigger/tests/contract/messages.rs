//! Messages that carry codes: what each source is answered, and what is left to the pool.

use crate::listen::listen;
use crate::sources::{given, given_under};
use crate::world::{
    BrokenClock, Mood, Places, answer, changed, fixture, handle, policy, response, trigger,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use usher_shared::disposition::FaultKind;
use usher_shared::policy::{MessageSource, Policy};
use usher_trigger::{Decision, Handled, Trigger};

/// Every source, as Cognito names it and as a policy does.
const SOURCES: [(&str, &str); 7] = [
    ("CustomMessage_SignUp", "sign_up"),
    ("CustomMessage_AdminCreateUser", "admin_create_user"),
    ("CustomMessage_ResendCode", "resend_code"),
    ("CustomMessage_ForgotPassword", "forgot_password"),
    ("CustomMessage_UpdateUserAttribute", "update_user_attribute"),
    ("CustomMessage_VerifyUserAttribute", "verify_user_attribute"),
    ("CustomMessage_Authentication", "authentication"),
];

const SIGN_UP: &str = "CustomMessage_SignUp";
const LOCALE: &str = "/request/userAttributes/locale";
const FIRST_NAME: &str = "/request/userAttributes/given_name";

/// Texts for every source in two languages; the German ones have no mail.
fn texts() -> String {
    let mut texts = String::new();
    for (_, key) in SOURCES {
        let invited = match key {
            "admin_create_user" => "{{ username }}, ",
            _ => "",
        };
        texts += &format!(
            "[custom_messages.{key}.en]\n\
             sms = '{key}: {invited}{{{{ code }}}}'\n\
             subject = 'Hello {{{{ first_name }}}}'\n\
             email = '<p>{{{{ first_name }}}} {{{{ last_name }}}}</p><p>{key}: {invited}{{{{ code }}}}</p>'\n\
             [custom_messages.{key}.de]\n\
             sms = '{key} auf Deutsch: {invited}{{{{ code }}}}'\n"
        );
    }
    texts
}

static TEXTS: LazyLock<Policy> = LazyLock::new(|| policy(&texts()));

async fn under(text: &str, event: &str) -> Handled {
    let (handled, places) = given_under(policy(text), Places::new(), event).await;
    assert!(handled.published.is_none(), "a message is no fact");
    assert!(places.queued.lock().unwrap().is_empty());
    handled
}

#[test]
fn every_source_of_the_policy_is_one_of_cognitos() {
    let keys = SOURCES.map(|(_, key)| key);
    assert_eq!(keys, MessageSource::ALL.map(|(key, _)| key));
}

#[tokio::test]
async fn every_source_has_its_texts_in_the_response_and_nothing_else_is_touched() {
    for (source, key) in SOURCES {
        let event = fixture(source);
        let handled = under(&texts(), &event).await;
        assert_eq!(handled.decision, Decision::Answered, "{source}");
        let invited = match key {
            "admin_create_user" => "{username}, ",
            _ => "",
        };
        let mut expected: Value = serde_json::from_str(&event).unwrap();
        expected["response"] = json!({
            "smsMessage": format!("{key}: {invited}{{####}}"),
            "emailMessage": format!(
                "<p>Canary-Ada Canary-Lovelace</p><p>{key}: {invited}{{####}}</p>"
            ),
            "emailSubject": "Hello Canary-Ada",
        });
        assert_eq!(answer(&handled), expected, "{source}");
    }
}

#[tokio::test]
async fn without_a_text_the_event_goes_back_as_it_came() {
    for (source, _) in SOURCES {
        let event = fixture(source);
        for text in ["", "custom_messages.default_locale = 'fr'"] {
            let handled = under(text, &event).await;
            assert_eq!(handled.decision, Decision::Passed, "{source}");
            assert_eq!(handled.answer.unwrap().get(), event, "{source}");
        }
    }
    let german = "[custom_messages.sign_up.de]\nsms = '{{ code }}'\n";
    let event = fixture(SIGN_UP);
    assert_eq!(under(german, &event).await.answer.unwrap().get(), event);
}

#[tokio::test]
async fn the_reader_says_the_language_and_a_part_that_is_missing_stays_as_it_came() {
    for (locale, sms) in [
        ("de-AT", "sign_up auf Deutsch: {####}"),
        ("de_DE", "sign_up auf Deutsch: {####}"),
        ("fr", "sign_up: {####}"),
    ] {
        let said = "/request/clientMetadata/locale";
        for changes in [
            vec![(LOCALE, json!(locale))],
            vec![(LOCALE, json!("xx")), (said, json!(locale))],
        ] {
            let handled = under(&texts(), &changed(SIGN_UP, &changes)).await;
            assert_eq!(response(&handled)["smsMessage"], sms, "{locale}");
        }
    }
    let text = "[custom_messages]\nlocale_attribute = 'custom:language'\n\
                [custom_messages.sign_up.pt]\nsms = 'pt {{ code }}'\n";
    let language = "/request/userAttributes/custom:language";
    let event = changed(
        SIGN_UP,
        &[(language, json!("pt-BR")), (LOCALE, json!("de"))],
    );
    let handled = under(text, &event).await;
    assert_eq!(
        response(&handled),
        json!({ "smsMessage": "pt {####}", "emailMessage": null, "emailSubject": null })
    );
}

#[tokio::test]
async fn cognitos_own_placeholders_are_used_and_the_guides_where_it_names_none() {
    let source = "CustomMessage_AdminCreateUser";
    for (code, username, sms) in [
        (
            json!("{code}"),
            json!("{name}"),
            "admin_create_user: {name}, {code}",
        ),
        (
            json!(null),
            json!(null),
            "admin_create_user: {username}, {####}",
        ),
        (
            json!(""),
            json!([]),
            "admin_create_user: {username}, {####}",
        ),
    ] {
        let event = changed(
            source,
            &[
                ("/request/codeParameter", code),
                ("/request/usernameParameter", username),
            ],
        );
        let handled = under(&texts(), &event).await;
        assert_eq!(response(&handled)["smsMessage"], sms);
    }
    let link = "[custom_messages.sign_up.en]\nkind = 'link'\nlink_text = 'Hier'\nemail = '<p>{{ link }}</p>'\n";
    let handled = under(link, &fixture(SIGN_UP)).await;
    assert_eq!(response(&handled)["emailMessage"], "<p>{##Hier##}</p>");
}

#[tokio::test]
async fn a_response_of_any_shape_takes_the_texts() {
    let text = "[custom_messages.sign_up.en]\nsms = 'your {{ code }}'\n";
    for (came, goes) in [
        (json!(null), json!({ "smsMessage": "your {####}" })),
        (json!({}), json!({ "smsMessage": "your {####}" })),
        (
            json!({ "tomorrow": 1, "smsMessage": null }),
            json!({ "tomorrow": 1, "smsMessage": "your {####}" }),
        ),
    ] {
        let event = changed(SIGN_UP, &[("/response", came)]);
        assert_eq!(response(&under(text, &event).await), goes);
    }
}

#[tokio::test]
async fn a_text_that_does_not_fit_is_counted_without_a_name_and_the_pools_own_is_sent() {
    let text = "[custom_messages.sign_up.en]\n\
                sms = \"{% if first_name == 'Evangeline' %}none{% else %}{{ code }}{% endif %}\"\n\
                subject = 'Hello {{ first_name }}'\n";
    let event = changed(SIGN_UP, &[(FIRST_NAME, json!("Evangeline"))]);
    let (log, _guard) = listen();
    let handled = under(text, &event).await;
    assert_eq!(
        response(&handled),
        json!({ "smsMessage": null, "emailMessage": null, "emailSubject": "Hello Evangeline" })
    );
    let lines = log.lines();
    let counted: Vec<&Value> = lines
        .iter()
        .map(|line| &line["fields"])
        .filter(|fields| fields["messages_unfit"] == 1)
        .collect();
    assert_eq!(counted.len(), 1, "{}", log.text());
    assert_eq!(counted[0]["message.part"], "sms");
    assert_eq!(counted[0]["problem"], "placeholder_missing");
    assert!(!log.text().contains("Evangeline"), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn what_is_down_makes_no_difference_and_our_bug_leaves_the_message_to_the_pool() {
    let everything_down = [
        Mood::Hangs,
        Mood::Fails(FaultKind::Unavailable),
        Mood::Panics,
    ];
    for (source, _) in SOURCES {
        let event = fixture(source);
        let (well, _) = given_under(TEXTS.clone(), Places::new(), &event).await;
        for mood in everything_down {
            let places = Places {
                reading: mood,
                queue: mood,
                bus: mood,
                spill: mood,
                ..Places::new()
            };
            let (handled, _) = given_under(TEXTS.clone(), places, &event).await;
            assert_eq!(answer(&handled), answer(&well), "{source} {mood:?}");
        }
        let broken = Trigger {
            clock: Arc::new(BrokenClock),
            ..trigger(TEXTS.clone(), &Arc::new(Places::new()))
        };
        let handled = handle(&broken, &event).await;
        assert_eq!(handled.decision, Decision::Broken, "{source}");
        assert_eq!(handled.answer.unwrap().get(), event, "{source}");
        let (handled, _) = given(Places::new(), &event).await;
        assert_eq!(handled.answer.unwrap().get(), event, "{source}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a user calls themselves, the answer is a message or the pool's own.
    #[test]
    fn no_name_and_no_locale_breaks_an_answer(
        name in any::<String>(),
        locale in any::<String>(),
    ) {
        let event = changed(SIGN_UP, &[(FIRST_NAME, json!(name)), (LOCALE, json!(locale))]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let trigger = trigger(TEXTS.clone(), &Arc::new(Places::new()));
        let handled = runtime.block_on(handle(&trigger, &event));
        let response = response(&handled);
        let subject = response["emailSubject"].as_str().unwrap();
        let rest = subject.strip_prefix("Hello").unwrap();
        prop_assert!(rest.chars().all(|c| !c.is_ascii() || c.is_ascii_alphabetic() || " -'".contains(c)));
        prop_assert!(subject.encode_utf16().count() <= 140);
        for part in ["smsMessage", "emailMessage"] {
            prop_assert_eq!(response[part].as_str().unwrap().matches("{####}").count(), 1);
        }
    }
}
