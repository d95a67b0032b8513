use super::reader::Found;
use super::section::Section;
use super::suggest::nearest;
use super::texts::{is_language, line};
use crate::policy::Messages;
use crate::policy::locale::Locale;
use crate::policy::refusal::{Sentence, Topic};
use std::collections::BTreeMap;

/// Longest text for a refused user, in characters: Cognito puts "PreSignUp failed with error "
/// before it, and both have to fit on one line of its own pages.
const LONGEST_SENTENCE: usize = 100;

/// Marks at the end of a sentence, in several scripts. Cognito sets its full stop behind each.
const ENDS: [char; 11] = ['.', '!', '?', '…', '。', '．', '！', '？', '؟', '۔', '।'];

/// Words of ours, and of what we are made of. None of them helps whoever reads it, and some help
/// whoever looks for a way in.
const INTERNAL: [&str; 16] = [
    "aws",
    "cognito",
    "dynamodb",
    "error",
    "exception",
    "internal",
    "json",
    "lambda",
    "null",
    "panic",
    "policy",
    "sqs",
    "timeout",
    "trigger",
    "undefined",
    "usher",
];

/// `[messages]`.
pub(super) fn messages(section: &Section<'_>) -> Messages {
    let message = |key: &str, default: &str| {
        let found = section.text(key).and_then(|found| sentence(section, found));
        found.unwrap_or_else(|| default.to_owned())
    };
    Messages {
        sign_up_refused: message(
            "sign_up_refused",
            "Sign-up is not possible with these details",
        ),
        invite_missing: message("invite_missing", "An invite is needed to sign up"),
        invite_refused: message("invite_refused", "This invite cannot be used"),
        sign_in_refused: message(
            "sign_in_refused",
            "Sign-in is not possible with this account",
        ),
        try_again: message("try_again", "Please try again in a moment"),
    }
}

/// `[refusals.<reason>]`.
pub(super) fn refusals(document: &Section<'_>) -> BTreeMap<Topic, Sentence> {
    let read = |name: &Found<String>, section: &Section<'_>| {
        let topic = topic(section, name);
        let default = section.text("default");
        if let (Some(Topic::General(_)), Some(found)) = (topic, &default) {
            let text = format!("is messages.{}; say it there", name.value);
            section.report(&found.place, text);
        }
        let mut locales = BTreeMap::new();
        for (name, text) in section.own_texts("<locale>") {
            let locale = locale(section, &name);
            let text = sentence(section, text);
            let Some(locale) = locale else { continue };
            if locales.insert(locale, text.unwrap_or_default()).is_some() {
                section.report(
                    &name.place,
                    "is another of these locales, written otherwise",
                );
            }
        }
        if section.is_empty() {
            section.report(
                &name.place,
                "holds no sentence; give a default or one by locale",
            );
        }
        if topic.is_some_and(Topic::tells_of_a_user) {
            let text = "whoever knows the sign-in name reads this, and needs no password for it";
            section.warn(&name.place, text);
        }
        let default = default.and_then(|found| sentence(section, found));
        Some((topic?, Sentence { default, locales }))
    };
    document
        .named("refusals", "<reason>", read)
        .into_iter()
        .flatten()
        .collect()
}

fn topic(section: &Section<'_>, name: &Found<String>) -> Option<Topic> {
    let topic = Topic::ALL
        .into_iter()
        .find(|topic| topic.as_str() == name.value);
    if topic.is_none() {
        let names = Topic::ALL.map(Topic::as_str);
        let hint = match nearest(&name.value, names) {
            Some(name) => format!("did you mean {name}?"),
            None => format!("there are {}", names.join(", ")),
        };
        section.report(&name.place, format!("is no reason; {hint}"));
    }
    topic
}

fn locale(section: &Section<'_>, name: &Found<String>) -> Option<Locale> {
    let locale = Locale::new(&name.value).filter(|_| is_language(&name.value));
    if locale.is_none() {
        let text = "must be default, or a language tag, as in de or pt-BR";
        section.report(&name.place, text);
    }
    locale
}

/// One line of product copy.
fn sentence(section: &Section<'_>, found: Found<String>) -> Option<String> {
    let place = found.place.clone();
    let text = line(section, found, LONGEST_SENTENCE)?;
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase);
    let internal = words
        .into_iter()
        .find(|word| INTERNAL.contains(&word.as_str()));
    let problem = match internal {
        _ if text.ends_with(ENDS) => {
            "must not end in a full stop or another mark; Cognito adds a full stop".to_owned()
        }
        Some(word) => format!("says {word:?}, which is no word for a user to read"),
        None if text.contains(['{', '}', '<', '>']) => {
            "must not hold braces or angle brackets; it is a text and no template".to_owned()
        }
        None => return Some(text),
    };
    section.report(&place, problem);
    None
}
