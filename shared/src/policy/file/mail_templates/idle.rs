use super::super::roles::ACCOUNT_TYPES;
use super::super::section::Section;
use super::Written;
use crate::policy::mails::{FIRST_SEEN, ORGANIC, Reader, Readers, choose};
use crate::policy::{MailKind, Policy};
use std::collections::BTreeSet;

/// Tells of templates that no reader can get.
pub(super) fn warn_of_idle_ones(document: &Section<'_>, policy: &Policy, written: &[Written]) {
    let all: Vec<&Readers> = policy
        .mail
        .templates
        .iter()
        .map(|one| &one.readers)
        .collect();
    for (place, (readers, written)) in all.iter().zip(written).enumerate() {
        let kind = readers.mail;
        let why = if !policy.mail.is_owed(kind) {
            format!("is never sent, because mail.{} is off", kind.as_str())
        } else if let (Some(source), false) = (&readers.source, kind == MailKind::Welcome) {
            format!("is never chosen; {source:?} is a source, and only a welcome has one")
        } else if let Some(why) = readers
            .source
            .as_deref()
            .and_then(|source| foreign(policy, source))
        {
            why
        } else if is_shadowed(policy, &all, place) {
            "is never chosen; whoever it is for has a closer one".to_owned()
        } else {
            continue;
        };
        document.warn(&written.entry, why);
    }
}

/// Why nobody can have come from there.
fn foreign(policy: &Policy, source: &str) -> Option<String> {
    let sources = sources(policy)?;
    (!sources.contains(source)).then(|| match source {
        FIRST_SEEN => "is never chosen while mail.welcome_first_seen is off".to_owned(),
        _ => format!("is never chosen; {source:?} is not among sign_up.known_sources"),
    })
}

/// Everything that can have brought a reader; `None` where that may be any word.
fn sources(policy: &Policy) -> Option<BTreeSet<&str>> {
    let known = &policy.sign_up.known_sources;
    let own = [ORGANIC].into_iter();
    let own = own.chain(policy.mail.welcome_first_seen.then_some(FIRST_SEEN));
    (!known.is_empty()).then(|| known.iter().map(String::as_str).chain(own).collect())
}

/// Whether every reader whom a template is for gets a closer one. A reader of exactly its language is
/// the one whom it is closest to, so nobody else need be asked.
fn is_shadowed(policy: &Policy, all: &[&Readers], place: usize) -> bool {
    let own = all[place];
    let rivals: Vec<(usize, &Readers)> = all
        .iter()
        .enumerate()
        .filter(|(_, one)| one.mail == own.mail && one.locale == own.locale)
        .map(|(place, one)| (place, *one))
        .collect();
    let sources: Vec<Option<&str>> = match (own.mail, &own.source, sources(policy)) {
        (MailKind::Welcome, None, Some(all)) => all.into_iter().map(Some).collect(),
        // None is all the words that no template names.
        (_, own, _) => vec![own.as_deref()],
    };
    let reaches = |kind: &str, source: Option<&str>| {
        let reader = Reader {
            mail: own.mail,
            locale: own.locale.as_ref().map(|locale| locale.as_str()),
            account_type: kind,
            source,
        };
        let chosen = choose(rivals.iter().map(|(_, one)| *one), &reader);
        chosen.is_some_and(|chosen| rivals[chosen].0 == place)
    };
    let kinds = ACCOUNT_TYPES.iter();
    !kinds
        .into_iter()
        .any(|kind| sources.iter().any(|source| reaches(kind, *source)))
}
