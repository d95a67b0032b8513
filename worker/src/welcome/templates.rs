use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use thiserror::Error;
use usher_shared::policy::{MailTemplate, Policy};

/// The subject of our own mails.
const SUBJECT: &str = include_str!("../../templates/welcome.subject.txt");
const TEXT: &str = include_str!("../../templates/welcome.txt");
const HTML: &str = include_str!("../../templates/welcome.html");
const BUSINESS_TEXT: &str = include_str!("../../templates/welcome.business.txt");
const BUSINESS_HTML: &str = include_str!("../../templates/welcome.business.html");

/// Our own mails, by the kind of account they are for. Any other kind gets the first.
const OURS: [(&str, &str, &str); 3] = [
    ("standard", TEXT, HTML),
    ("business", BUSINESS_TEXT, BUSINESS_HTML),
    ("enterprise", BUSINESS_TEXT, BUSINESS_HTML),
];

/// Why a mail cannot be made.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// The commit names nobody to write to.
    #[error("there is nobody to write to")]
    NoRecipient,
    /// A template is not one, or asks for what is not there.
    #[error("template {name}, line {line}: {problem}")]
    Bad {
        /// Which template: kind of account and part.
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
            Self::Bad { .. } => "bad_template",
        }
    }

    fn of(error: &minijinja::Error) -> Self {
        Self::Bad {
            name: error.name().unwrap_or("?").to_owned(),
            line: error.line().unwrap_or(0),
            problem: error.kind().to_string(),
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
}

/// Every mail template there is: ours, and the owner's in place of ours.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

impl Templates {
    /// Compiles the policy's templates. HTML parts escape every value; a name that no value has is
    /// an error here and not an empty place in somebody's mail.
    pub fn new(policy: &Policy) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html") {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        for (account_type, text, html) in OURS {
            let ours = MailTemplate {
                subject: SUBJECT.to_owned(),
                text: text.to_owned(),
                html: html.to_owned(),
            };
            add(&mut environment, account_type, ours)?;
        }
        for (account_type, template) in &policy.mail.templates {
            add(&mut environment, account_type.as_str(), template.clone())?;
        }
        Ok(Self(environment))
    }

    /// Renders the mail for one kind of account.
    pub fn render(&self, account_type: &str, values: &Value) -> Result<Rendered, TemplateError> {
        let known = self.0.get_template(&name(account_type, "html")).is_ok();
        let account_type = if known { account_type } else { OURS[0].0 };
        let part = |part| {
            let template = self.0.get_template(&name(account_type, part))?;
            template.render(values)
        };
        let part = |which| part(which).map_err(|error: minijinja::Error| TemplateError::of(&error));
        Ok(Rendered {
            subject: part("subject")?,
            text: part("txt")?,
            html: part("html")?,
        })
    }
}

fn name(account_type: &str, part: &str) -> String {
    format!("{account_type}.{part}")
}

fn add(
    environment: &mut Environment<'static>,
    account_type: &str,
    template: MailTemplate,
) -> Result<(), TemplateError> {
    for (part, source) in [
        ("subject", template.subject),
        ("txt", template.text),
        ("html", template.html),
    ] {
        environment
            .add_template_owned(name(account_type, part), source)
            .map_err(|error| TemplateError::of(&error))?;
    }
    Ok(())
}
