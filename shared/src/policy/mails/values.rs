use super::MailKind;
use crate::policy::custom_messages::speakable;
use crate::policy::{Organization, Policy};
use crate::user::Profile;
use minijinja::Value;
use std::collections::BTreeMap;
use usher_events::{OrganizationId, Time};

/// Every value that a template may ask for. What nobody said is there, and empty.
#[derive(Clone)]
pub struct MailValues {
    /// What the reader is called, in letters alone.
    pub first_name: String,
    /// The application.
    pub app_name: String,
    /// Where it is.
    pub app_url: String,
    /// The reader's kind of account.
    pub account_type: String,
    /// The organization's name.
    pub organization_name: String,
    /// The organization's plan.
    pub organization_plan: String,
    /// What that plan includes.
    pub organization_features: Vec<String>,
    /// What mails to its members say, by name.
    pub organization_content: BTreeMap<String, String>,
    /// Whether the kind of account is any but the standard one.
    pub show_business_features: bool,
    /// What brought the reader.
    pub source: String,
    /// Which campaign did.
    pub campaign: String,
    /// The first steps in the application.
    pub onboarding_url: String,
    /// The application's first page.
    pub dashboard_url: String,
    /// Where people ask.
    pub support_url: String,
    /// Where people sign in.
    pub login_url: String,
    /// When it happened that the mail is about, to the minute.
    pub happened_at: String,
    /// Where the reader has no more mails sent.
    pub unsubscribe_url: String,
}

impl MailValues {
    /// The values under their names.
    pub fn named(&self) -> [(&'static str, Value); 17] {
        let text = |text: &String| Value::from(text.as_str());
        let content = self.organization_content.iter();
        let content = content.map(|(name, said)| (name.as_str(), said.as_str()));
        [
            ("first_name", text(&self.first_name)),
            ("app_name", text(&self.app_name)),
            ("app_url", text(&self.app_url)),
            ("account_type", text(&self.account_type)),
            ("organization_name", text(&self.organization_name)),
            ("organization_plan", text(&self.organization_plan)),
            (
                "organization_features",
                self.organization_features.clone().into(),
            ),
            ("organization_content", Value::from_pairs(content)),
            ("show_business_features", self.show_business_features.into()),
            ("source", text(&self.source)),
            ("campaign", text(&self.campaign)),
            ("onboarding_url", text(&self.onboarding_url)),
            ("dashboard_url", text(&self.dashboard_url)),
            ("support_url", text(&self.support_url)),
            ("login_url", text(&self.login_url)),
            ("happened_at", text(&self.happened_at)),
            ("unsubscribe_url", text(&self.unsubscribe_url)),
        ]
    }
}

/// What is known of a mail's reader, and why it is sent. Names are as users wrote them.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Which mail.
    pub mail: MailKind,
    /// The reader's first name.
    pub first_name: Option<&'a str>,
    /// The reader's kind of account.
    pub account_type: &'a str,
    /// What brought the reader: a word ([`usher_events::SignUpContext::word`]).
    pub source: Option<&'a str>,
    /// Which campaign did; a word too.
    pub campaign: Option<&'a str>,
    /// The reader's organization, and what is known of it.
    pub organization: Option<(&'a OrganizationId, Option<&'a Organization>)>,
    /// When it happened that the mail is about.
    pub happened_at: Time,
    /// Where the reader has no more mails sent.
    pub unsubscribe_url: Option<&'a str>,
}

/// The values of one mail. Of what users write only names come into a mail, and of a name only what
/// cannot be a link or a line of its own.
pub fn values(policy: &Policy, facts: &Facts<'_>) -> MailValues {
    let known = facts.organization.and_then(|(_, known)| known);
    let plan = known.and_then(|known| known.plan.as_ref());
    let features = plan.and_then(|plan| policy.plans.get(plan));
    let features = features.map(|plan| Vec::from_iter(plan.features.iter().cloned()));
    let account_type = facts.account_type;
    let link = |path: &str, query: &str| match facts.mail {
        MailKind::Welcome => welcome_link(policy, path, query, facts),
        MailKind::PasswordChanged | MailKind::Suspension => link(policy, path),
    };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    MailValues {
        first_name: facts.first_name.map(speakable).unwrap_or_default(),
        app_name: policy.mail.app_name.clone(),
        app_url: policy.mail.app_url.clone(),
        account_type: account_type.to_owned(),
        organization_name: text(known.map(|known| known.name.as_str())),
        organization_plan: text(plan.map(|plan| plan.as_str())),
        organization_features: features.unwrap_or_default(),
        organization_content: policy.mail.content.of(facts.organization.map(|(id, _)| id)),
        show_business_features: account_type != Profile::DEFAULT_ACCOUNT_TYPE,
        source: text(facts.source),
        campaign: text(facts.campaign),
        onboarding_url: link("/onboarding", &format!("type={account_type}&")),
        dashboard_url: link("/dashboard", ""),
        support_url: link("/support", ""),
        login_url: link("/login", ""),
        happened_at: happened_at(facts.happened_at),
        unsubscribe_url: text(facts.unsubscribe_url),
    }
}

/// A link into the application that says which mail it came from, and which campaign brought the
/// user. Kinds of account and campaigns are words of a closed alphabet, so nothing needs escaping.
fn welcome_link(policy: &Policy, path: &str, query: &str, facts: &Facts<'_>) -> String {
    let campaign = facts.campaign;
    let campaign = campaign.map(|campaign| format!("&utm_content={campaign}"));
    format!(
        "{}{path}?{query}utm_source=welcome_email&utm_medium=email&utm_campaign=welcome_{}{}",
        policy.mail.app_url,
        facts.account_type,
        campaign.unwrap_or_default()
    )
}

/// A link into the application, or nothing where the policy says not where that is.
fn link(policy: &Policy, path: &str) -> String {
    match policy.mail.app_url.as_str() {
        "" => String::new(),
        url => format!("{url}{path}"),
    }
}

/// An instant as people read it, to the minute.
fn happened_at(time: Time) -> String {
    let text = time.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => text,
    }
}

/// A subject as a header takes it: one line, whatever a template or a name brought in.
pub fn subject_line(text: &str) -> String {
    text.split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
