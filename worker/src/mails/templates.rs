use minijinja::Value;
use std::sync::Arc;
use thiserror::Error;
use usher_shared::policy::locale::Locale;
use usher_shared::policy::mails::{MailValues, Reader, Readers, choose};
use usher_shared::policy::{MailKind, Policy};
use usher_shared::template::{self, Broken, HTML};
use usher_shared::user::Profile;

const WELCOME: &str = include_str!("../../templates/welcome.subject.txt");
const WELCOME_TEXT: &str = include_str!("../../templates/welcome.txt");
const WELCOME_HTML: &str = include_str!("../../templates/welcome.html");
const BUSINESS_TEXT: &str = include_str!("../../templates/welcome.business.txt");
const BUSINESS_HTML: &str = include_str!("../../templates/welcome.business.html");
const PASSWORD_CHANGED: &str = include_str!("../../templates/password_changed.subject.txt");
const PASSWORD_CHANGED_TEXT: &str = include_str!("../../templates/password_changed.txt");
const PASSWORD_CHANGED_HTML: &str = include_str!("../../templates/password_changed.html");
const SUSPENSION: &str = include_str!("../../templates/suspension.subject.txt");
const SUSPENSION_TEXT: &str = include_str!("../../templates/suspension.txt");
const SUSPENSION_HTML: &str = include_str!("../../templates/suspension.html");

/// The kind of account whose mail any other kind gets.
const DEFAULT: &str = Profile::DEFAULT_ACCOUNT_TYPE;

/// Our own mails, by the kind of account they are for: subject, text and HTML.
pub(super) const OURS: [(MailKind, &str, [&str; 3]); 5] = {
    let business = [WELCOME, BUSINESS_TEXT, BUSINESS_HTML];
    [
        (
            MailKind::Welcome,
            DEFAULT,
            [WELCOME, WELCOME_TEXT, WELCOME_HTML],
        ),
        (MailKind::Welcome, "business", business),
        (MailKind::Welcome, "enterprise", business),
        (
            MailKind::PasswordChanged,
            DEFAULT,
            [
                PASSWORD_CHANGED,
                PASSWORD_CHANGED_TEXT,
                PASSWORD_CHANGED_HTML,
            ],
        ),
        (
            MailKind::Suspension,
            DEFAULT,
            [SUSPENSION, SUSPENSION_TEXT, SUSPENSION_HTML],
        ),
    ]
};

/// Why a mail cannot be made.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// There is no address, or none that may be written to.
    #[error("there is nobody to write to")]
    NoRecipient,
    /// The policy names no sender.
    #[error("mail.from is missing")]
    NoSender,
    /// A template is not one, or asks for something that cannot be done with a value.
    #[error("{name}, line {line}: {problem}")]
    Bad {
        /// Which template, and which part of it.
        name: String,
        /// The line in it.
        line: usize,
        /// What is wrong, without any value.
        problem: String,
    },
}

impl TemplateError {
    /// The name in the ledger.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NoRecipient => "no_recipient",
            Self::NoSender => "no_sender",
            Self::Bad { .. } => "bad_template",
        }
    }

    fn of(name: String, broken: Broken) -> Self {
        Self::Bad {
            name,
            line: broken.line.unwrap_or(0),
            problem: broken.kind,
        }
    }
}

/// A mail's texts.
#[derive(Debug)]
pub struct Rendered {
    /// The subject as the template gave it.
    pub subject: String,
    /// The part for readers of plain text.
    pub text: String,
    /// The part for readers of HTML.
    pub html: String,
    /// The language of the owner's template; `None` where it is for all.
    pub locale: Option<Locale>,
}

/// Every mail template there is: ours, and the owner's in place of ours. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Templates(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    texts: template::Templates,
    /// For whom the owner's are, in the order of the policy.
    owners: Vec<Readers>,
}

impl Templates {
    /// Compiles the policy's templates. HTML parts escape every value.
    ///
    /// What they say was judged when the policy was read; an error here is one of a policy that was
    /// not.
    pub fn new(policy: &Policy) -> Result<Self, TemplateError> {
        let mut texts = template::Templates::new();
        for (kind, account_type, parts) in OURS {
            add(&mut texts, &our_name(kind, account_type), parts)?;
        }
        for (place, template) in policy.mail.templates.iter().enumerate() {
            let parts = [&template.subject, &template.text, &template.html];
            add(&mut texts, &owners_name(place), parts.map(String::as_str))?;
        }
        let owners = policy.mail.templates.iter();
        let owners = owners.map(|template| template.readers.clone()).collect();
        Ok(Self(Arc::new(Compiled { texts, owners })))
    }

    /// Renders the mail that this reader gets: the owner's that is closest, else ours.
    pub fn render(
        &self,
        reader: &Reader<'_>,
        values: &MailValues,
    ) -> Result<Rendered, TemplateError> {
        let Compiled { texts, owners } = self.0.as_ref();
        let chosen = choose(owners, reader);
        let name = match chosen {
            Some(place) => owners_name(place),
            None => {
                let mut own = OURS.iter();
                let own = own.find(|(kind, account_type, _)| {
                    *kind == reader.mail && *account_type == reader.account_type
                });
                our_name(reader.mail, own.map_or(DEFAULT, |(_, own, _)| own))
            }
        };
        let values = Value::from_pairs(values.named());
        let part = |ending: &str| {
            let name = format!("{name}{ending}");
            let rendered = texts.render(&name, &values);
            rendered.map_err(|broken| TemplateError::of(name, broken))
        };
        Ok(Rendered {
            subject: part(SUBJECT)?,
            text: part(TEXT)?,
            html: part(HTML)?,
            locale: chosen.and_then(|place| owners[place].locale.clone()),
        })
    }
}

/// What the names of the parts end in.
const SUBJECT: &str = ".subject";
const TEXT: &str = ".text";

/// As the places of a policy file are named.
fn owners_name(place: usize) -> String {
    format!("mail.templates[{place}]")
}

fn our_name(kind: MailKind, account_type: &str) -> String {
    format!("{}.{account_type}", kind.as_str())
}

fn add(
    templates: &mut template::Templates,
    name: &str,
    parts: [&str; 3],
) -> Result<(), TemplateError> {
    for (ending, source) in [SUBJECT, TEXT, HTML].into_iter().zip(parts) {
        let name = format!("{name}{ending}");
        let added = templates.add(name.clone(), source.to_owned());
        added.map_err(|broken| TemplateError::of(name, broken))?;
    }
    Ok(())
}
