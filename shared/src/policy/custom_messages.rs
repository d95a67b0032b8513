//! Messages that carry codes: the policy's own texts in place of the pool's.
//!
//! A text is judged twice by the same rules: when the policy is checked, with the longest values
//! that are plausible, and when it is sent, with the values that there are. What does not fit then
//! is left to the pool's own template. Of what a user wrote only names get into a text, and of a
//! name only what no mail program or telephone makes a link of.

mod fit;
mod name;
mod source;

pub use fit::{Part, Unfit};
pub use name::{LONGEST_NAME, speakable};
pub use source::{MessageKind, MessageSource};

use super::locale::Locale;
use super::trace::{Question, Said, Step};
use crate::template::{HTML, Templates};
use fit::{Demand, fit};
use minijinja::{HtmlEscape, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `[custom_messages]`: what Cognito sends in place of the pool's own templates.
#[derive(Clone, Debug)]
pub struct CustomMessages {
    /// For readers none of whose languages has a text.
    pub default_locale: Locale,
    /// The attribute that says what a user reads.
    pub locale_attribute: String,
    /// `[custom_messages.brand]`: values for all texts.
    pub brand: BTreeMap<String, String>,
    /// What texts call the application: that of `[mail]`.
    pub app_name: String,
    /// `[custom_messages.<source>.<locale>]`
    pub texts: BTreeMap<MessageSource, BTreeMap<Locale, MessageTexts>>,
    /// The texts, compiled when they were read.
    pub(super) templates: Arc<Templates>,
}

/// One message in one language. A part that is missing is another locale's, or the pool's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageTexts {
    /// What the mail carries.
    pub kind: MessageKind,
    /// What the link reads; else as the pool has it.
    pub link_text: Option<String>,
    /// The text message.
    pub sms: Option<String>,
    /// The mail's subject.
    pub subject: Option<String>,
    /// The mail, in HTML.
    pub email: Option<String>,
}

/// For whom a message is, as the event says. All of it is the user's own writing.
#[derive(Clone, Copy, Default)]
pub struct Recipient<'a> {
    /// What they read.
    pub locale: Option<&'a str>,
    /// Their first name.
    pub first_name: Option<&'a str>,
    /// Their last name.
    pub last_name: Option<&'a str>,
    /// How long the name is that Cognito will put in, in UTF-16 units; `None` while nobody knows.
    pub user_name_length: Option<usize>,
}

/// What Cognito replaces, as the event names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholders {
    /// The code or the temporary password.
    pub code: String,
    /// The link that verifies.
    pub link: String,
    /// The name to sign in with.
    pub username: String,
}

impl Default for Placeholders {
    /// As Cognito's guide has them.
    fn default() -> Self {
        Self {
            code: "{####}".to_owned(),
            link: "{##Click Here##}".to_owned(),
            username: "{username}".to_owned(),
        }
    }
}

/// What is sent in place of the pool's own; `None` is the pool's own.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text message.
    pub sms: Option<String>,
    /// The mail's subject.
    pub subject: Option<String>,
    /// The mail.
    pub email: Option<String>,
    /// What was there and did not fit, and why.
    pub unfit: Vec<(Part, Unfit)>,
}

impl CustomMessages {
    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Renders what the policy has for this message. Each part is looked up alone, in the reader's
    /// locale, the languages that it belongs to, and the default. A subject goes with its mail: where
    /// the mail does not fit, both are the pool's own.
    pub fn render(
        &self,
        source: MessageSource,
        recipient: &Recipient<'_>,
        placeholders: &Placeholders,
    ) -> Rendered {
        let mut rendered = Rendered::default();
        let mut part = |part| {
            let (locale, texts) = self.find(source, recipient.locale, part)?;
            let place = TextPlace {
                source,
                locale,
                part,
            };
            match self.compose(place, texts, recipient, placeholders) {
                Ok(text) => Some(Ok(text)),
                Err(unfit) => {
                    rendered.unfit.push((part, unfit.clone()));
                    Some(Err(unfit))
                }
            }
        };
        let (sms, subject, email) = (part(Part::Sms), part(Part::Subject), part(Part::Email));
        rendered.sms = sms.and_then(Result::ok);
        rendered.subject = subject
            .filter(|_| !matches!(email, Some(Err(_))))
            .and_then(Result::ok);
        rendered.email = email.and_then(Result::ok);
        rendered
    }

    /// Why [`Self::render`] came to this, part by part.
    pub fn explain(
        &self,
        source: MessageSource,
        recipient: &Recipient<'_>,
        rendered: &Rendered,
    ) -> Vec<Step> {
        let parts = [
            (Part::Sms, &rendered.sms),
            (Part::Subject, &rendered.subject),
            (Part::Email, &rendered.email),
        ];
        let step = |(part, text): (Part, &Option<String>)| {
            let found = self.find(source, recipient.locale, part);
            let key = match found {
                Some((locale, _)) => {
                    let (source, locale) = (source.key(), locale.as_str());
                    format!("custom_messages.{source}.{locale}.{}", part.key())
                }
                None => format!("custom_messages.{}", source.key()),
            };
            let unfit = rendered.unfit.iter().find(|(unfit, _)| *unfit == part);
            let (said, why) = match (text, unfit, found) {
                (Some(text), _, Some((locale, _))) => {
                    let why = format!("the text for {}", locale.as_str());
                    (Said::gives(text), why)
                }
                (_, Some((_, unfit)), _) => {
                    let why = format!("does not fit what Cognito takes ({})", unfit.as_str());
                    (Said::Nothing, format!("{why}: the pool's own is sent"))
                }
                (None, None, Some(_)) => {
                    let why = "goes with the mail, which does not fit: the pool's own is sent";
                    (Said::Nothing, why.to_owned())
                }
                (_, None, None) => {
                    let why = "the policy has no text in a language of this reader: the pool's own \
                               is sent";
                    (Said::Nothing, why.to_owned())
                }
            };
            Step::new(Question::Message, key, said, why).named(part.key())
        };
        parts.into_iter().map(step).collect()
    }

    /// The nearest locale that has this part.
    fn find(
        &self,
        source: MessageSource,
        reader: Option<&str>,
        part: Part,
    ) -> Option<(&Locale, &MessageTexts)> {
        let by_locale = self.texts.get(&source)?;
        let reader = reader.and_then(Locale::new);
        let chain = reader.iter().flat_map(Locale::chain);
        let chain = chain.chain(self.default_locale.chain());
        chain
            .filter_map(|locale| by_locale.get_key_value(&locale))
            .find(|(_, texts)| texts.get(part).is_some())
    }

    /// One part of one text with its values, held to what Cognito takes.
    pub(super) fn compose(
        &self,
        place: TextPlace<'_>,
        texts: &MessageTexts,
        recipient: &Recipient<'_>,
        placeholders: &Placeholders,
    ) -> Result<String, Unfit> {
        let link_text = texts.link_text.as_deref().map(|text| match place.part {
            Part::Email => HtmlEscape(text).to_string(),
            Part::Sms | Part::Subject => text.to_owned(),
        });
        let link = link(link_text.as_deref(), &placeholders.link);
        let spoken = |name: Option<&str>| name.map(speakable).unwrap_or_default();
        let brand = self.brand.iter();
        let brand = Value::from_pairs(brand.map(|(key, value)| (key.as_str(), value.as_str())));
        let mut values = vec![
            ("first_name", Value::from(spoken(recipient.first_name))),
            ("last_name", Value::from(spoken(recipient.last_name))),
            ("app_name", Value::from(self.app_name.as_str())),
            ("brand", brand),
        ];
        let mut demands = Vec::new();
        for &word in place.demanded(texts.kind) {
            let placeholder = match word {
                CODE => &placeholders.code,
                LINK => &link,
                _ => &placeholders.username,
            };
            // As it came, also in HTML: Cognito looks for it to the letter, and nobody else writes it.
            values.push((word, Value::from_safe_string(placeholder.clone())));
            demands.push(Demand {
                word,
                placeholder: placeholder.clone(),
                stands_for: place.stands_for(word, recipient.user_name_length),
            });
        }
        let text = self
            .templates
            .render(&place.name(), &Value::from_pairs(values));
        let text = text.map_err(Unfit::Broken)?;
        let text = match place.part {
            Part::Sms => text.trim().to_owned(),
            // A header is one line, whatever the template looks like.
            Part::Subject => text.split_whitespace().collect::<Vec<_>>().join(" "),
            Part::Email => text,
        };
        fit(place.part, &text, &demands)?;
        Ok(text)
    }
}

impl PartialEq for CustomMessages {
    /// What is compiled follows from the texts.
    fn eq(&self, other: &Self) -> bool {
        let Self {
            default_locale,
            locale_attribute,
            brand,
            app_name,
            texts,
            templates: _,
        } = self;
        (default_locale, locale_attribute, brand, app_name, texts)
            == (
                &other.default_locale,
                &other.locale_attribute,
                &other.brand,
                &other.app_name,
                &other.texts,
            )
    }
}

impl Eq for CustomMessages {}

impl MessageTexts {
    /// The template of a part.
    pub fn get(&self, part: Part) -> Option<&str> {
        match part {
            Part::Sms => self.sms.as_deref(),
            Part::Subject => self.subject.as_deref(),
            Part::Email => self.email.as_deref(),
        }
    }
}

impl std::fmt::Debug for Rendered {
    /// Shows which parts there are and not what they say.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendered")
            .field("sms", &self.sms.is_some())
            .field("subject", &self.subject.is_some())
            .field("email", &self.email.is_some())
            .field("unfit", &self.unfit)
            .finish()
    }
}

/// The name in templates of the code or the temporary password.
pub(super) const CODE: &str = "code";
/// The name in templates of the link that verifies.
pub(super) const LINK: &str = "link";
/// The name in templates of the name to sign in with.
pub(super) const USERNAME: &str = "username";

/// Where a text is.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextPlace<'a> {
    pub(super) source: MessageSource,
    pub(super) locale: &'a Locale,
    pub(super) part: Part,
}

impl TextPlace<'_> {
    /// The template's name.
    pub(super) fn name(&self) -> String {
        let (source, locale) = (self.source.key(), self.locale.as_str());
        match self.part {
            Part::Email => format!("{source}.{locale}.email{HTML}"),
            Part::Sms | Part::Subject => format!("{source}.{locale}.{}", self.part.key()),
        }
    }

    /// The names of which a text must hold each once, and may hold none other of Cognito's: Cognito
    /// replaces nothing in a subject, no code where it makes a link, no link in an SMS, and a user
    /// name nowhere but in an invitation.
    pub(super) fn demanded(&self, kind: MessageKind) -> &'static [&'static str] {
        match (self.part, self.source, kind) {
            (Part::Subject, _, _) => &[],
            (_, MessageSource::AdminCreateUser, _) => &[CODE, USERNAME],
            (Part::Email, _, MessageKind::Link) => &[LINK],
            (Part::Sms | Part::Email, _, _) => &[CODE],
        }
    }

    /// The longest that a placeholder plausibly becomes, in UTF-16 units.
    fn stands_for(&self, word: &str, user_name_length: Option<usize>) -> usize {
        match (word, self.source, self.part) {
            (CODE, MessageSource::AdminCreateUser, _) => LONGEST_PASSWORD,
            (CODE, _, _) => LONGEST_CODE,
            (LINK, _, _) => LONGEST_LINK,
            (_, _, Part::Sms) => user_name_length.unwrap_or(LONGEST_NAME_IN_SMS),
            (_, _, Part::Subject | Part::Email) => user_name_length.unwrap_or(LONGEST_USER_NAME),
        }
    }
}

/// Codes have six digits, those that sign in without a password eight.
const LONGEST_CODE: usize = 8;
/// Cognito makes temporary passwords of eight characters; administrators may give longer ones.
const LONGEST_PASSWORD: usize = 16;
/// What Cognito allows a user name to be (API reference, *AdminCreateUser*).
const LONGEST_USER_NAME: usize = 128;
/// A name that somebody can be asked to type from a telephone: a UUID, a number, most addresses. With
/// Cognito's longest, an SMS could say nothing else. A longer one has the pool's own text sent.
const LONGEST_NAME_IN_SMS: usize = 50;
/// The mail's link: the pool's domain, client, user name and code.
const LONGEST_LINK: usize = 512;

/// The placeholder of the link, reading as the policy says. Cognito shows what stands between the
/// marks (developer guide, *Customizing email verification messages*).
fn link(text: Option<&str>, placeholder: &str) -> String {
    let marked = placeholder.starts_with("{##") && placeholder.ends_with("##}");
    match text {
        Some(text) if marked => format!("{{##{text}##}}"),
        Some(_) | None => placeholder.to_owned(),
    }
}

#[cfg(test)]
mod tests;
