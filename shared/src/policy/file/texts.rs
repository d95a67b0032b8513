use super::invites;
use super::reader::Found;
use super::section::Section;
use crate::policy::{Attributes, BusRules, ProfileRules};
use crate::preferences::Defaults;
use std::collections::BTreeSet;

/// Longest name of a custom attribute without `custom:` (Cognito developer guide, *Quotas*).
const LONGEST_ATTRIBUTE: usize = 20;

pub(super) fn attributes(section: &Section<'_>) -> Attributes {
    let mut seen = BTreeSet::new();
    let mut attribute = |key: &str, default: &str| {
        let Some(found) = section.text(key) else {
            return default.to_owned();
        };
        let name = found.value.as_str();
        if !name.is_empty() && !is_custom_attribute(name) {
            let text = format!("must be {}, or empty", custom_attribute_shape());
            section.report(&found.place, text);
        } else if !name.is_empty() && !seen.insert(found.value.clone()) {
            section.report(&found.place, format!("{name} fills another field already"));
        }
        found.value
    };
    Attributes {
        department: attribute("department", "custom:department"),
        marketing_consent: attribute("marketing_consent", "custom:marketing_consent"),
        onboarding_completed: attribute("onboarding_completed", "custom:onboarding_completed"),
        signup_source: attribute("signup_source", "custom:signup_source"),
        sign_in_name: invites::sign_in_name(section),
    }
}

pub(super) fn is_custom_attribute(name: &str) -> bool {
    let bare = name.strip_prefix("custom:").unwrap_or_default();
    !bare.is_empty()
        && bare.chars().count() <= LONGEST_ATTRIBUTE
        && !bare.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// What [`is_custom_attribute`] wants, for problems.
pub(super) fn custom_attribute_shape() -> String {
    format!("custom: and a name of at most {LONGEST_ATTRIBUTE} characters")
}

pub(super) fn profile(section: &Section<'_>) -> ProfileRules {
    ProfileRules {
        create: section.flag("create", true),
    }
}

pub(super) fn bus(section: &Section<'_>) -> BusRules {
    let publish = section.flag("publish", true);
    let include_person = section.flag("include_person", false);
    if include_person && !publish {
        section.report_key(
            "include_person",
            "has no meaning while bus.publish is false",
        );
    }
    BusRules {
        publish,
        include_person,
    }
}

pub(super) fn preferences(section: &Section<'_>) -> Defaults {
    let default = Defaults::default();
    let themes = [("light", "light"), ("dark", "dark"), ("auto", "auto")];
    let date_format = section
        .text("date_format")
        .and_then(|found| line(section, found, 32));
    let language = section.text("language").and_then(|found| {
        let good = is_language(&found.value);
        if !good {
            section.report(&found.place, "must be a language tag, as in en or de-AT");
        }
        good.then_some(found.value)
    });
    Defaults {
        email_notifications: section.flag("email_notifications", default.email_notifications),
        push_notifications: section.flag("push_notifications", default.push_notifications),
        sms_notifications: section.flag("sms_notifications", default.sms_notifications),
        marketing_emails: section.flag("marketing_emails", default.marketing_emails),
        theme: section.choice("theme", &themes, "light").to_owned(),
        language: language.unwrap_or(default.language),
        date_format: date_format.unwrap_or(default.date_format),
    }
}

/// A text of one line: not empty, bounded, and without control characters or space around it.
pub(super) fn line(section: &Section<'_>, found: Found<String>, longest: usize) -> Option<String> {
    let text = found.value.as_str();
    let problem = match () {
        () if text.trim().is_empty() => "must not be empty".to_owned(),
        () if text.chars().any(char::is_control) => {
            "must not hold line breaks or other control characters".to_owned()
        }
        () if text.trim() != text => "must not begin or end with a space".to_owned(),
        () if text.chars().count() > longest => format!("must be at most {longest} characters"),
        () => return Some(found.value),
    };
    section.report(&found.place, problem);
    None
}

/// Whether a text is a language tag as applications write one.
pub(super) fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let primary = subtags.next().unwrap_or_default();
    let letters = primary.bytes().all(|b| b.is_ascii_alphabetic());
    let plain = |subtag: &str| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    letters && (2..=3).contains(&primary.len()) && subtags.all(plain)
}
