use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use std::sync::Arc;
use thiserror::Error;
use usher_shared::policy::{MailKind, Policy};
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
const OURS: [(MailKind, &str, [&str; 3]); 5] = {
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

/// Every name that a template may ask for. What a user did not say is there, and empty.
pub(super) const NAMES: [&str; 16] = [
    "first_name",
    "app_name",
    "app_url",
    "account_type",
    "organization_name",
    "organization_plan",
    "organization_features",
    "show_business_features",
    "source",
    "campaign",
    "onboarding_url",
    "dashboard_url",
    "support_url",
    "login_url",
    "happened_at",
    "unsubscribe_url",
];

/// Why a mail cannot be made.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// There is no address, or none that may be written to.
    #[error("there is nobody to write to")]
    NoRecipient,
    /// The policy names no sender.
    #[error("mail.from is missing")]
    NoSender,
    /// A template asks for a name that no value has.
    #[error("template {name}: there is no value named {value}")]
    UnknownName {
        /// Which template: mail, kind of account and part.
        name: String,
        /// The name that it asks for.
        value: String,
    },
    /// A template is not one, or asks for something that cannot be done with a value.
    #[error("template {name}, line {line}: {problem}")]
    Bad {
        /// Which template: mail, kind of account and part.
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
            Self::UnknownName { .. } | Self::Bad { .. } => "bad_template",
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

/// Every mail template there is: ours, and the owner's in place of ours. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Templates(Arc<Environment<'static>>);

impl Templates {
    /// Compiles the policy's templates. HTML parts escape every value.
    ///
    /// A name that no value has, or something that cannot be done with one, is an error here, where
    /// a policy is checked, and not an empty place or no mail at all at somebody's first sign-in.
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
        for (kind, account_type, texts) in OURS {
            add(&mut environment, kind, account_type, texts)?;
        }
        for (account_type, template) in &policy.mail.templates {
            let texts = [&template.subject, &template.text, &template.html];
            let texts = texts.map(String::as_str);
            add(
                &mut environment,
                MailKind::Welcome,
                account_type.as_str(),
                texts,
            )?;
        }
        check(&environment)?;
        Ok(Self(Arc::new(environment)))
    }

    /// Renders a mail for one kind of account.
    pub fn render(
        &self,
        kind: MailKind,
        account_type: &str,
        values: &Value,
    ) -> Result<Rendered, TemplateError> {
        let known = self.0.get_template(&name(kind, account_type, "html"));
        let account_type = known.map_or(DEFAULT, |_| account_type);
        let part = |part| {
            let template = self.0.get_template(&name(kind, account_type, part))?;
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

fn name(kind: MailKind, account_type: &str, part: &str) -> String {
    format!("{}.{account_type}.{part}", kind.as_str())
}

fn add(
    environment: &mut Environment<'static>,
    kind: MailKind,
    account_type: &str,
    texts: [&str; 3],
) -> Result<(), TemplateError> {
    for (part, source) in ["subject", "txt", "html"].into_iter().zip(texts) {
        environment
            .add_template_owned(name(kind, account_type, part), source.to_owned())
            .map_err(|error| TemplateError::of(&error))?;
    }
    Ok(())
}

/// Asks every template which names it may ever look up, and renders it once.
fn check(environment: &Environment<'_>) -> Result<(), TemplateError> {
    let functions: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
    let sample = sample();
    for (name, template) in environment.templates() {
        let unknown = template
            .undeclared_variables(false)
            .into_iter()
            .filter(|asked| !NAMES.contains(&asked.as_str()))
            .filter(|asked| !functions.contains(&asked.as_str()))
            .min();
        if let Some(value) = unknown {
            let name = name.to_owned();
            return Err(TemplateError::UnknownName { name, value });
        }
        template
            .render(&sample)
            .map_err(|error| TemplateError::of(&error))?;
    }
    Ok(())
}

/// Values such as a mail has, every one of them there.
fn sample() -> Value {
    let link = "https://app.example/?utm_source=welcome_email";
    context! {
        first_name => "Ada",
        app_name => "Example",
        app_url => "https://app.example",
        account_type => "business",
        organization_name => "Acme",
        organization_plan => "team",
        organization_features => vec!["api", "reports"],
        show_business_features => true,
        source => "organic",
        campaign => "spring",
        onboarding_url => link,
        dashboard_url => link,
        support_url => link,
        login_url => link,
        happened_at => "2026-01-02 03:04 UTC",
        unsubscribe_url => link,
    }
}
