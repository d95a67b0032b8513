use super::reader::{Found, Place};
use super::section::{Named, Section};
use crate::policy::mails::{OUR_TAGS, TagSays, TagSource};
use crate::policy::{MailKind, SignUp};
use crate::port::Tag;
use std::collections::BTreeMap;
use toml::de::DeValue;

/// Most tags of the owner's on one mail: a dashboard that tells more apart shows nothing.
const MOST: usize = 10;

/// `[mail.tags]`: the owner's tags, by mail.
pub(super) fn tags(
    section: &Section<'_>,
    sign_up: &SignUp,
) -> BTreeMap<MailKind, BTreeMap<String, TagSays>> {
    let of = |kind: MailKind| {
        let tags = section.named_values(kind.as_str(), "<name>", |name, value| {
            let says = says(section, kind, sign_up, name, value);
            is_name(section, name).then_some((name.value.clone(), says?))
        });
        if tags.len() > MOST {
            let text = format!("has more than {MOST} tags");
            section.report_key(kind.as_str(), text);
        }
        (kind, tags.into_iter().flatten().collect())
    };
    let all = MailKind::ALL.map(of).into_iter();
    all.filter(|(_, tags): &(_, BTreeMap<_, _>)| !tags.is_empty())
        .collect()
}

fn is_name(section: &Section<'_>, name: &Found<String>) -> bool {
    let problem = match name.value.as_str() {
        own if OUR_TAGS.contains(&own) => "is a tag that usher gives every mail; take another name",
        own if !Tag::is_word(own) => SHAPE,
        _ => return true,
    };
    section.report(&name.place, problem);
    false
}

/// What SES takes for a name or a value (API reference, *MessageTag*).
const SHAPE: &str = "must be letters, digits, _ and -, at least one and at most 256";

fn says(
    section: &Section<'_>,
    kind: MailKind,
    sign_up: &SignUp,
    name: &Found<String>,
    value: Named<'_, '_>,
) -> Option<TagSays> {
    match value {
        Named::Value(value) => {
            let what = "a text in quotes, or a table with from";
            let value = section.expect(&name.place, value, what, DeValue::as_str)?;
            let good = Tag::is_word(value);
            if !good {
                section.report(&name.place, SHAPE);
            }
            good.then(|| TagSays::Fixed(value.to_owned()))
        }
        Named::Section(table) => {
            let from = table.needed("from", "; it says what of the reader the tag tells");
            let found = from?;
            let mut sources = TagSource::ALL.into_iter();
            let source = sources.find(|(name, _)| *name == found.value);
            let Some((_, source)) = source else {
                let all = TagSource::ALL.map(|(name, _)| format!("\"{name}\""));
                table.report(&found.place, format!("must be {}", all.join(" or ")));
                return None;
            };
            is_known(table, kind, sign_up, source, &found.place).then_some(TagSays::Of(source))
        }
    }
}

/// Whether there is a value of this, and only so many.
fn is_known(
    section: &Section<'_>,
    kind: MailKind,
    sign_up: &SignUp,
    source: TagSource,
    place: &Place,
) -> bool {
    let problem = match (source, kind) {
        (TagSource::AccountType | TagSource::OrganizationPlan | TagSource::Locale, _) => {
            return true;
        }
        (TagSource::Source, MailKind::Welcome) if !sign_up.known_sources.is_empty() => return true,
        (TagSource::Source, MailKind::Welcome) => {
            "may be any word while sign_up.known_sources names none; name them there"
        }
        (TagSource::Source, MailKind::PasswordChanged | MailKind::Suspension) => {
            "has no value here; only a welcome has a source"
        }
    };
    section.report(place, problem);
    false
}
