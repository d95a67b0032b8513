//! `[[mail.templates]]`

mod idle;
mod judge;

pub(super) use judge::judge;

use super::custom_messages::{LONGEST_TEMPLATE, locale};
use super::reader::{Found, Place};
use super::roles::account_type;
use super::section::Section;
use super::{Read, mail};
use crate::policy::mails::Readers;
use crate::policy::{MailKind, MailTemplate};
use crate::template::HTML;
use usher_events::SignUpContext;

/// Most templates. Fifty languages have each mail with room to spare, and each is rendered some dozens
/// of times when the policy is read.
const MOST: usize = 200;
/// Longest source or campaign, in characters.
const LONGEST_WORD: usize = 64;

/// Where a template stands, and each of its parts.
pub(super) struct Written {
    entry: Place,
    parts: [(Part, Place); 3],
}

/// The parts of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Subject,
    Text,
    Html,
}

impl Part {
    fn of(self, template: &MailTemplate) -> &str {
        match self {
            Self::Subject => &template.subject,
            Self::Text => &template.text,
            Self::Html => &template.html,
        }
    }

    /// What the names of its templates end in.
    fn ending(self) -> &'static str {
        match self {
            Self::Subject => ".subject",
            Self::Text => ".text",
            Self::Html => HTML,
        }
    }
}

/// Reads the owner's templates. What they say is judged by [`judge`], when all of the policy is read.
pub(super) fn templates(
    section: &Section<'_>,
    base: &std::path::Path,
    read: Read<'_>,
) -> (Vec<MailTemplate>, Vec<Written>) {
    let entries = section.tables("templates", |section| template(section, base, read));
    if entries.len() > MOST {
        section.report_key("templates", format!("there are more than {MOST}"));
    }
    entries.into_iter().flatten().take(MOST).unzip()
}

fn template(
    section: &Section<'_>,
    base: &std::path::Path,
    read: Read<'_>,
) -> Option<(MailTemplate, Written)> {
    let kinds = MailKind::ALL.map(|kind| (kind.as_str(), kind));
    let mail = section
        .has("mail")
        .then(|| section.choice("mail", &kinds, MailKind::Welcome));
    if mail.is_none() {
        // Asked for all the same, so that it is a key that is known.
        section.needed("mail", "; it is welcome, password_changed or suspension");
    }
    let tongue = section.filled("locale");
    let tongue = tongue.and_then(|found| locale(section, &found));
    let kind = section.filled("account_type");
    let kind = kind.and_then(|found| account_type(section, &found));
    let source = section.filled("source");
    let source = source.and_then(|found| word(section, found));
    let subject = section.needed("subject", "");
    let subject = subject.and_then(|found| bounded(section, found));
    let (text, html) = (
        body(section, "text", base, read),
        body(section, "html", base, read),
    );
    let (subject, text, html) = (subject?, text?, html?);
    let readers = Readers {
        mail: mail?,
        locale: tongue,
        account_type: kind,
        source,
    };
    let template = MailTemplate {
        readers,
        subject: subject.value,
        text: text.value,
        html: html.value,
    };
    let written = Written {
        entry: section.place().clone(),
        parts: [
            (Part::Subject, subject.place),
            (Part::Text, text.place),
            (Part::Html, html.place),
        ],
    };
    Some((template, written))
}

fn word(section: &Section<'_>, found: Found<String>) -> Option<String> {
    let good = SignUpContext::word(&found.value).as_ref() == Some(&found.value);
    if !good {
        let text =
            format!("must be letters, digits, \".\", \"_\" and \"-\", at most {LONGEST_WORD}");
        section.report(&found.place, text);
    }
    good.then_some(found.value)
}

fn bounded(section: &Section<'_>, found: Found<String>) -> Option<Found<String>> {
    let problem = match () {
        () if found.value.trim().is_empty() => "must not be empty".to_owned(),
        () if found.value.len() > LONGEST_TEMPLATE => {
            format!("must be at most {LONGEST_TEMPLATE} bytes")
        }
        () => return Some(found),
    };
    section.report(&found.place, problem);
    None
}

/// A part that stands here, or in a file beside the policy.
fn body(
    section: &Section<'_>,
    key: &str,
    base: &std::path::Path,
    read: Read<'_>,
) -> Option<Found<String>> {
    let file_key = format!("{key}_file");
    let (is_here, is_filed) = (section.has(key), section.has(&file_key));
    let here = section.text(key);
    let file = section.text(&file_key).and_then(|found| {
        let value = mail::file(section, &found, base, read)?;
        let place = found.place;
        Some(Found { value, place })
    });
    match (is_here, is_filed) {
        (true, true) => {
            section.report_key(
                &file_key,
                format!("stands beside {key}; give one of the two"),
            );
        }
        (false, false) => {
            section.report_key(
                key,
                format!("is missing, and so is {file_key}; give one of the two"),
            );
        }
        (true, false) | (false, true) => {}
    }
    bounded(section, here.or(file)?)
}
