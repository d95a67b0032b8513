use super::{FIRST_SEEN, MailKind, ORGANIC};
use crate::policy::Policy;
use crate::policy::locale::Locale;
use crate::port::Tag;

/// What a tag of the owner's says: `[mail.tags.<mail>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagSays {
    /// Always this.
    Fixed(String),
    /// What is known of the reader.
    Of(TagSource),
}

/// What a tag can say of a reader. Each is one of a few words, because mail services keep count of
/// every value that there has ever been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagSource {
    /// The kind of account.
    AccountType,
    /// The plan of the reader's organization; `none` without.
    OrganizationPlan,
    /// The language of the owner's template that the reader gets; `none` where it is for all.
    Locale,
    /// What brought the reader, if it is a source that the policy knows; else `other`. Of welcomes
    /// alone.
    Source,
}

impl TagSource {
    /// Every source, by its name in the policy.
    pub const ALL: [(&str, Self); 4] = [
        ("account_type", Self::AccountType),
        ("organization_plan", Self::OrganizationPlan),
        ("locale", Self::Locale),
        ("source", Self::Source),
    ];
}

/// Who gets a mail, as its tags say.
#[derive(Clone, Copy)]
pub struct Tagged<'a> {
    /// Which mail.
    pub mail: MailKind,
    /// The reader's kind of account.
    pub account_type: &'a str,
    /// What brought the reader; of welcomes alone.
    pub source: Option<&'a str>,
    /// The plan of the reader's organization.
    pub plan: Option<&'a str>,
    /// The language of the template.
    pub locale: Option<&'a Locale>,
}

/// Tags that every mail has, so that no policy gives them: the mail, the kind of account, and of a
/// welcome the source.
pub const OUR_TAGS: [&str; 3] = ["mail", "account_type", "source"];

/// The tags of one mail: ours, then the owner's.
pub fn tags(policy: &Policy, told: &Tagged<'_>) -> Vec<Tag> {
    let [mail, account_type, source] = OUR_TAGS;
    let mut tags = vec![
        tag(mail, told.mail.as_str()),
        tag(account_type, told.account_type),
    ];
    tags.extend(told.source.map(|said| tag(source, said)));
    let owners = policy.mail.tags.get(&told.mail);
    let owners = owners.into_iter().flatten();
    tags.extend(owners.map(|(name, says)| {
        let value = match says {
            TagSays::Fixed(value) => value,
            TagSays::Of(TagSource::AccountType) => told.account_type,
            TagSays::Of(TagSource::OrganizationPlan) => told.plan.unwrap_or(NONE),
            TagSays::Of(TagSource::Locale) => told.locale.map_or(NONE, Locale::as_str),
            TagSays::Of(TagSource::Source) => told.source.map_or(NONE, |said| known(policy, said)),
        };
        tag(name, value)
    }));
    tags
}

/// The value of a tag for which there is nothing to say.
const NONE: &str = "none";

/// A source, if the policy knows it.
fn known<'s>(policy: &Policy, source: &'s str) -> &'s str {
    let known = policy.sign_up.known_sources.contains(source);
    match source {
        _ if known => source,
        ORGANIC | FIRST_SEEN => source,
        _ => "other",
    }
}

/// A tag, its value in the alphabet that the mail service takes, and no longer.
fn tag(name: &str, value: &str) -> Tag {
    let plain = |c: char| match c {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '-' => c,
        _ => '_',
    };
    Tag {
        name: name.to_owned(),
        value: value.chars().take(Tag::LONGEST).map(plain).collect(),
    }
}
