use super::reader::{Found, Place};
use super::section::Section;
use super::suggest::nearest;
use super::{Read, mail, texts};
use crate::policy::custom_messages::{
    CustomMessages, LONGEST_NAME, MessageKind, MessageSource, MessageTexts, Part, Placeholders,
    Recipient, TextPlace,
};
use crate::policy::locale::Locale;
use crate::template::Templates;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest value of `[custom_messages.brand]`, in characters: an address with its path.
const LONGEST_BRAND: usize = 200;
/// Longest name that an owner gives to a value, in bytes.
const LONGEST_VALUE_NAME: usize = 40;
/// Longest text of a link, in characters.
const LONGEST_LINK_TEXT: usize = 80;
/// Longest template, in bytes: a mail of Cognito's longest, with as much again for the template.
pub(super) const LONGEST_TEMPLATE: usize = 100_000;

/// Reads all texts and judges each with the longest values that are plausible. `app_name` is what
/// mails call the application.
pub(super) fn custom_messages(
    section: &Section<'_>,
    app_name: &str,
    base: &std::path::Path,
    read: Read<'_>,
) -> CustomMessages {
    let default_locale = section
        .text("default_locale")
        .and_then(|found| locale(section, &found));
    let brand = section.named_texts("brand", "<name>").into_iter();
    let brand = brand.filter_map(|(name, value)| brand_value(section, name, value));
    let mut messages = CustomMessages {
        default_locale: default_locale
            .unwrap_or_else(|| Locale::new("en").expect("en is a language tag")),
        locale_attribute: locale_attribute(section),
        brand: brand.collect(),
        app_name: app_name.to_owned(),
        texts: BTreeMap::new(),
        templates: Arc::default(),
    };
    let mut written = Vec::new();
    for (key, source) in MessageSource::ALL {
        let mut seen = BTreeMap::new();
        let languages = section.named(key, "<locale>", |name, section| {
            let locale = locale(section, name);
            let (texts, places) = message(section, source, base, read);
            Some((locale?, name.place.clone(), texts, places))
        });
        for (locale, place, texts, places) in languages.into_iter().flatten() {
            if seen.insert(locale.clone(), texts).is_some() {
                section.report(&place, "is there already, written in another way");
            }
            written.extend(
                places
                    .into_iter()
                    .map(|(part, at)| (source, locale.clone(), part, at)),
            );
        }
        if !seen.is_empty() {
            warn_of_strangers(section, key, &messages.default_locale, &seen);
            messages.texts.insert(source, seen);
        }
    }
    compile(section, &mut messages, written);
    messages
}

/// Where each part of a message is written.
type Places = Vec<(Part, Place)>;

fn message(
    section: &Section<'_>,
    source: MessageSource,
    base: &std::path::Path,
    read: Read<'_>,
) -> (MessageTexts, Places) {
    let mut places = Vec::new();
    let mut text = |part: Part, found: Option<Found<String>>| {
        let Found { value, place } = found?;
        if value.len() > LONGEST_TEMPLATE {
            let text = format!("must be at most {LONGEST_TEMPLATE} bytes");
            section.report(&place, text);
            return None;
        }
        // To a template all of `{####}` is a comment.
        if value.contains("{##") {
            let text =
                "must say {{ code }} or {{ link }} where Cognito's guide has {## and the like";
            section.report(&place, text);
            return None;
        }
        places.push((part, place));
        Some(value)
    };
    let sms = text(Part::Sms, section.filled("sms"));
    let subject = text(Part::Subject, section.filled("subject"));
    let inline = section.filled("email");
    let file = section.filled("email_file").and_then(|found| {
        let value = mail::file(section, &found, base, read)?;
        let place = found.place;
        Some(Found { value, place })
    });
    if inline.is_some() && file.is_some() {
        section.report_key("email_file", "stands beside email; give one of the two");
    }
    let email = text(Part::Email, inline.or(file));
    let kinds = [("code", MessageKind::Code), ("link", MessageKind::Link)];
    let kind = section.choice("kind", &kinds, MessageKind::Code);
    let link_text = section.filled("link_text");
    let link_text = link_text.and_then(|found| plain_line(section, found, LONGEST_LINK_TEXT));
    let problem = match kind {
        MessageKind::Link if !source.may_link() => Some((
            "kind",
            "must be \"code\"; Cognito sends links only to verify an address",
        )),
        MessageKind::Code if link_text.is_some() => {
            Some(("link_text", "has no meaning where kind is not \"link\""))
        }
        MessageKind::Link | MessageKind::Code => None,
    };
    if let Some((key, text)) = problem {
        section.report_key(key, text);
    }
    if !["sms", "subject", "email", "email_file"]
        .iter()
        .any(|key| section.is_set(key))
    {
        section.report_key(
            "sms",
            "is missing, and so are subject and email; give one or more",
        );
    }
    let texts = MessageTexts {
        kind,
        link_text,
        sms,
        subject,
        email,
    };
    (texts, places)
}

/// Compiles every text and judges it.
fn compile(
    section: &Section<'_>,
    messages: &mut CustomMessages,
    written: Vec<(MessageSource, Locale, Part, Place)>,
) {
    let mut templates = Templates::new();
    let mut sound = Vec::new();
    for (source, locale, part, at) in written {
        let place = TextPlace {
            source,
            locale: &locale,
            part,
        };
        let Some(texts) = messages
            .texts
            .get(&source)
            .and_then(|texts| texts.get(&locale))
        else {
            continue;
        };
        let text = texts.get(part).unwrap_or_default().to_owned();
        let name = place.name();
        if let Err(broken) = templates.add(name.clone(), text) {
            section.report(&at, format!("is no template; {broken}"));
            continue;
        }
        let names = names(messages, &place, texts.kind);
        let unknown: Vec<String> = templates
            .asked(&name)
            .into_iter()
            .filter(|asked| !is_known(asked, &names))
            .collect();
        for asked in &unknown {
            section.report(&at, unknown_name(asked, &names));
        }
        if unknown.is_empty() {
            sound.push((source, locale, part, at));
        }
    }
    messages.templates = Arc::new(templates);
    for (source, locale, part, at) in &sound {
        let place = TextPlace {
            source: *source,
            locale,
            part: *part,
        };
        judge(section, messages, place, at);
    }
}

/// Every name that a text may ask for.
fn names(messages: &CustomMessages, place: &TextPlace<'_>, kind: MessageKind) -> Vec<String> {
    let fixed = ["first_name", "last_name"].into_iter();
    let app_name = (!messages.app_name.is_empty()).then_some("app_name");
    let fixed = fixed
        .chain(app_name)
        .chain(place.demanded(kind).iter().copied());
    let brand = messages.brand.keys().map(|key| format!("brand.{key}"));
    fixed.map(str::to_owned).chain(brand).collect()
}

fn is_known(asked: &str, names: &[String]) -> bool {
    // A text may also go through all values of the brand.
    asked == "brand" || names.iter().any(|name| name == asked)
}

fn unknown_name(asked: &str, names: &[String]) -> String {
    let why = match asked {
        "app_name" => "; it has no value while [mail] has no app_name, from or app_url".to_owned(),
        "username" => "; Cognito puts it into the invitation of an administrator alone".to_owned(),
        "link" => "; it is in mails of kind \"link\" alone".to_owned(),
        "code" => "; it is in SMS, and in mails that are not of kind \"link\"".to_owned(),
        _ => match nearest(asked, names.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean {near}?"),
            None => format!("; there are {}", names.join(", ")),
        },
    };
    format!("asks for {asked}, which has no value here{why}")
}

/// Names as short and as long as they come. The second is looked for again in what is rendered, and
/// no text has its words.
pub(super) const SAMPLES: [(&str, &str); 4] = [
    ("", ""),
    ("Qzxkjv Wvxkqj", "Xqjzkv Vkxqzj"),
    ("Ada", ""),
    ("", "Lovelace"),
];

/// Renders a text with every sample and holds each to what Cognito takes.
fn judge(section: &Section<'_>, messages: &CustomMessages, place: TextPlace<'_>, at: &Place) {
    let texts = &messages.texts[&place.source][place.locale];
    let placeholders = Placeholders::default();
    let longest = (
        "W".repeat(LONGEST_NAME),
        format!("O{}", "'O".repeat(LONGEST_NAME / 2 - 1)),
    );
    let longest = [
        (longest.0.as_str(), longest.0.as_str()),
        (longest.1.as_str(), longest.1.as_str()),
    ];
    let mut warned = false;
    for (first_name, last_name) in SAMPLES.into_iter().chain(longest) {
        let recipient = Recipient {
            first_name: Some(first_name),
            last_name: Some(last_name),
            ..Recipient::default()
        };
        let text = match messages.compose(place, texts, &recipient, &placeholders) {
            Ok(text) => text,
            Err(unfit) => return section.report(at, unfit.to_string()),
        };
        if let Some(joined) = joined_to_a_name(&text) {
            let text = format!(
                "puts a name next to {joined:?}; leave a space between, or a name can make a link of both"
            );
            return section.report(at, text);
        }
        let password =
            place.source == MessageSource::AdminCreateUser && place.part != Part::Subject;
        if password && !warned && stop_after(&text, &placeholders.code).is_some() {
            warned = true;
            section.warn(at, "has a stop right after {{ code }}, and users copy it with their temporary password; end the line there, or leave a space");
        }
    }
}

/// What stands without a space beside a name and could make a link of it.
pub(super) fn joined_to_a_name(text: &str) -> Option<&str> {
    let (first, last) = SAMPLES[1];
    let words: Vec<&str> = first.split(' ').chain(last.split(' ')).collect();
    let apart = |c: char| c.is_whitespace() || "<>()[]\"'“”„«»,;!?。，！？、".contains(c);
    let runs = text
        .split(apart)
        .filter(|run| words.iter().any(|word| run.contains(word)));
    let linking = |run: &&str| {
        run.trim_end_matches(['.', ':', '…'])
            .contains(['.', '@', ':', '/', '\\'])
    };
    let run = runs.into_iter().find(linking)?;
    let word = words.iter().find(|word| run.contains(**word))?;
    let (before, after) = run.split_once(word)?;
    Some(if after.is_empty() { before } else { after })
}

/// The punctuation right after a placeholder, with no more than tags between.
fn stop_after(text: &str, placeholder: &str) -> Option<char> {
    let (_, mut after) = text.split_once(placeholder)?;
    while let Some(tag) = after.strip_prefix('<') {
        (_, after) = tag.split_once('>')?;
    }
    after.chars().next().filter(|c| ".,;:!?".contains(*c))
}

/// Texts in languages that are nobody's default leave the others with the pool's own.
fn warn_of_strangers(
    section: &Section<'_>,
    key: &str,
    default: &Locale,
    texts: &BTreeMap<Locale, MessageTexts>,
) {
    let chain: Vec<&MessageTexts> = default
        .chain()
        .filter_map(|locale| texts.get(&locale))
        .collect();
    for part in Part::ALL {
        let somewhere = texts.values().any(|texts| texts.get(part).is_some());
        if somewhere && !chain.iter().any(|texts| texts.get(part).is_some()) {
            section.warn_key(key, format!(
                "has no {} in {}, the default; who reads none of the others gets the pool's own",
                part.key(),
                default.as_str()
            ));
        }
    }
}

pub(super) fn locale(section: &Section<'_>, found: &Found<String>) -> Option<Locale> {
    let locale = Locale::new(&found.value);
    if locale.is_none() {
        section.report(&found.place, "must be a language tag, as in en or pt-BR");
    }
    locale
}

fn locale_attribute(section: &Section<'_>) -> String {
    let default = "locale".to_owned();
    let Some(found) = section.text("locale_attribute") else {
        return default;
    };
    let good = found.value == default || texts::is_custom_attribute(&found.value);
    if !good {
        section.report(
            &found.place,
            format!("must be locale, or {}", texts::custom_attribute_shape()),
        );
    }
    found.value
}

fn brand_value(
    section: &Section<'_>,
    name: Found<String>,
    value: Found<String>,
) -> Option<(String, String)> {
    if !is_name(&name.value) {
        section.report(&name.place, name_shape());
        return None;
    }
    Some((name.value, plain_line(section, value, LONGEST_BRAND)?))
}

/// Whether templates can ask for a value by this name of the owner's.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    begins && name.len() <= LONGEST_VALUE_NAME && name.bytes().all(plain)
}

/// What [`is_name`] wants, for problems.
pub(super) fn name_shape() -> String {
    format!(
        "is no name for a value; take a small letter, then small letters, digits and _, at most {LONGEST_VALUE_NAME}"
    )
}

/// A line that holds nothing that Cognito would replace.
fn plain_line(section: &Section<'_>, found: Found<String>, longest: usize) -> Option<String> {
    if found.value.contains(['{', '}']) || found.value.contains("##") {
        let text = "must not hold braces or ##; Cognito replaces what they mark";
        section.report(&found.place, text);
        return None;
    }
    texts::line(section, found, longest)
}
