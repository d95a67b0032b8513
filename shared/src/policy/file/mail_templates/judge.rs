use super::super::custom_messages::{SAMPLES, joined_to_a_name};
use super::super::roles::ACCOUNT_TYPES;
use super::super::section::Section;
use super::super::suggest::nearest;
use super::idle::warn_of_idle_ones;
use super::{LONGEST_WORD, Part, Written};
use crate::policy::mails::{Facts, MailValues, ORGANIC, Readers, subject_line, values};
use crate::policy::{MailKind, MailTemplate, Organization, Policy};
use crate::template::{Broken, Templates};
use minijinja::Value;
use std::collections::BTreeSet;
use usher_events::{OrganizationId, Time};

/// Longest subject with the longest values, in characters: every inbox cuts longer ones.
const LONGEST_SUBJECT: usize = 200;
/// Longest part with the longest values, in bytes. Large providers cut at about half of it.
const LONGEST_PART: usize = 200_000;
/// Longest name of an organization, in characters.
const LONGEST_NAME: usize = 100;

/// What must never come into HTML as it is. Templates in it are data, and stay so.
const HOSTILE: &str =
    "<x-hostile>{{ 7 * 7 }}{% if %}\r\nBcc: all@x.example\u{202e} https://x.example";
/// The part of it that is markup, in small letters.
const MARKUP: &str = "<x-hostile>";

/// Judges every template with values such as readers have: none, plain ones, the longest, and such as
/// are meant to do harm.
pub(in crate::policy::file) fn judge(document: &Section<'_>, policy: &Policy, written: &[Written]) {
    let entries = policy.mail.templates.iter().zip(written);
    let mut seen = BTreeSet::new();
    let mut doubled = false;
    for (template, written) in entries.clone() {
        if !seen.insert(&template.readers) {
            doubled = true;
            document.report(&written.entry, "is for the same readers as one before it");
        }
    }
    if !doubled {
        warn_of_idle_ones(document, policy, written);
    }
    for (template, Written { parts, .. }) in entries {
        for (part, at) in parts {
            if let Err(problem) = judge_part(policy, template, *part) {
                document.report(at, problem);
            }
        }
    }
}

fn judge_part(policy: &Policy, template: &MailTemplate, part: Part) -> Result<(), String> {
    let mut templates = Templates::new();
    let name = part.ending();
    let no_template = |broken: Broken| format!("is no template; {broken}");
    let added = templates.add(name.to_owned(), part.of(template).to_owned());
    added.map_err(no_template)?;
    let names = names(policy);
    let unknown = templates
        .asked(name)
        .into_iter()
        .find(|asked| !names.contains(asked));
    if let Some(asked) = unknown {
        return Err(unknown_name(&asked, &names));
    }
    let render = |values: &MailValues| {
        let rendered = templates.render(name, &Value::from_pairs(values.named()));
        rendered.map_err(|broken| format!("cannot be rendered; {broken}"))
    };
    let readers = &template.readers;
    let own_kind = readers.account_type.as_ref().map(|kind| kind.as_str());
    for kind in ACCOUNT_TYPES {
        if own_kind.is_some_and(|own| own != kind) {
            continue;
        }
        let world = World {
            policy,
            readers,
            kind,
        };
        for values in world.samples() {
            fits(part, &render(&values)?)?;
        }
        if let Some(joined) = joined_to_a_name(&render(&world.named(SAMPLES[1].0))?) {
            return Err(format!(
                "puts a name next to {joined:?}; leave a space between, or a name can make a link of both"
            ));
        }
        let hostile = render(&world.hostile())?;
        if part == Part::Html && hostile.to_ascii_lowercase().contains(MARKUP) {
            return Err(
                "puts what others wrote into HTML as it is; leave escaping on, without `safe`"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

/// Whether a part that was rendered can be sent.
fn fits(part: Part, text: &str) -> Result<(), String> {
    match part {
        Part::Subject => {
            let length = subject_line(text).chars().count();
            match length {
                0 => Err("is empty where a reader has given nothing that it asks for".to_owned()),
                1..=LONGEST_SUBJECT => Ok(()),
                _ => Err(format!(
                    "has {length} characters with the longest values; must have at most {LONGEST_SUBJECT}"
                )),
            }
        }
        Part::Text | Part::Html => match text.len() {
            _ if text.trim().is_empty() => {
                Err("is empty where a reader has given nothing that it asks for".to_owned())
            }
            0..=LONGEST_PART => Ok(()),
            length => Err(format!(
                "has {length} bytes with the longest values; must have at most {LONGEST_PART}"
            )),
        },
    }
}

/// Every name that a template may ask for.
fn names(policy: &Policy) -> Vec<String> {
    let readers = Readers {
        mail: MailKind::Welcome,
        locale: None,
        account_type: None,
        source: None,
    };
    let kind = ACCOUNT_TYPES[0];
    let world = World {
        policy,
        readers: &readers,
        kind,
    };
    let values = world.named("").named();
    let content = policy.mail.content.names();
    let content = content.map(|name| format!("organization_content.{name}"));
    values
        .map(|(name, _)| name.to_owned())
        .into_iter()
        .chain(content)
        .collect()
}

fn unknown_name(asked: &str, names: &[String]) -> String {
    let whole = asked.split_once('.').map_or(asked, |(whole, _)| whole);
    let has_parts = whole == "organization_content";
    let names = names.iter().map(String::as_str);
    let parts = format!("{whole}.");
    let near = names
        .clone()
        .filter(|name| !has_parts || name.starts_with(&parts));
    let hint = match nearest(asked, near) {
        Some(near) => format!("did you mean {near}?"),
        None if has_parts => "no organization has such a text in its content".to_owned(),
        None if names.clone().any(|name| name == whole) => format!("{whole} has no parts"),
        None => format!("there are {}", Vec::from_iter(names).join(", ")),
    };
    format!("asks for {asked}, which has no value; {hint}")
}

/// For whom a template is rendered when it is judged.
struct World<'p> {
    policy: &'p Policy,
    readers: &'p Readers,
    kind: &'static str,
}

impl World<'_> {
    /// Readers who have given nothing, something, and as much as they can.
    fn samples(&self) -> [MailValues; 4] {
        let own = self.readers.source.as_deref();
        let (word, name) = ("W".repeat(LONGEST_WORD), "W".repeat(LONGEST_NAME));
        let nothing = self.values(None, own, None);
        let plain = self.values(Some("Ada"), own, Some("spring"));
        let with_organization = |values: MailValues, name: &str, longest: bool| {
            let plans = self.policy.plans.iter();
            let plan =
                plans.max_by_key(|(_, plan)| plan.features.iter().map(String::len).sum::<usize>());
            let content = self.policy.mail.content.names().map(|name| {
                let texts = self.policy.mail.content.texts(name);
                let text = match longest {
                    true => texts.max_by_key(|text| text.chars().count()),
                    false => texts.min_by_key(|text| text.chars().count()),
                };
                (name.to_owned(), text.unwrap_or_default().to_owned())
            });
            MailValues {
                organization_name: name.to_owned(),
                organization_plan: plan.map_or(String::new(), |(plan, _)| plan.to_string()),
                organization_features: plan
                    .map(|(_, plan)| plan.features.iter().cloned().collect())
                    .unwrap_or_default(),
                organization_content: content.collect(),
                ..values
            }
        };
        let longest = self.values(Some(&"W".repeat(99)), own.or(Some(&word)), Some(&word));
        // Letters that run from right to left, with a mark that would turn what follows around.
        let turned = self.values(Some("محمد\u{202e}"), own, None);
        [
            nothing,
            with_organization(plain, "Acme", false),
            with_organization(longest, &name, true),
            turned,
        ]
    }

    /// A reader who is called this and nothing else.
    fn named(&self, name: &str) -> MailValues {
        self.values(Some(name), self.readers.source.as_deref(), None)
    }

    /// As if nothing had kept from the mail what others write.
    fn hostile(&self) -> MailValues {
        let hostile = || HOSTILE.to_owned();
        MailValues {
            first_name: hostile(),
            source: hostile(),
            campaign: hostile(),
            organization_name: hostile(),
            ..self.named("Ada")
        }
    }

    fn values(
        &self,
        name: Option<&str>,
        source: Option<&str>,
        campaign: Option<&str>,
    ) -> MailValues {
        let mail = self.readers.mail;
        let is_welcome = mail == MailKind::Welcome;
        let stop = self.policy.mail.unsubscribe_url.as_deref();
        let stop = stop.map(|url| format!("{url}?token={}", "A".repeat(400)));
        let facts = Facts {
            mail,
            first_name: name,
            account_type: self.kind,
            source: is_welcome.then(|| source.unwrap_or(ORGANIC)),
            campaign: campaign.filter(|_| is_welcome),
            organization: None::<(&OrganizationId, Option<&Organization>)>,
            happened_at: Time::from_unix_seconds(0).expect("1970 is within all times"),
            unsubscribe_url: stop.as_deref().filter(|_| is_welcome),
        };
        let mut values = values(self.policy, &facts);
        if values.app_name.is_empty() {
            // No mail is sent while nobody sends it; then it will have a name.
            "Example".clone_into(&mut values.app_name);
        }
        values
    }
}
