//! The welcome mail: from a recorded announcement of a user to a mail that can be sent.

mod templates;

pub use templates::{TemplateError, Templates};

use minijinja::context;
use usher_events::{DecidedEvent, LifecycleEvent, Person};
use usher_shared::commit::{Commit, Recorded};
use usher_shared::policy::{Organization, Policy};
use usher_shared::port::{Mail, Tag};
use usher_shared::user::Profile;

/// What brought a user whose sign-up says nothing of it.
const DEFAULT_SOURCE: &str = "organic";

/// What brought a user whom no confirmation announces: nothing that a client could have said.
const FIRST_SEEN: &str = "first_seen";

/// Renders the welcome mail that a commit owes. Everything in it comes from the commit and the
/// policy, so that a resumed mail is the mail that was owed – and, where the user belongs to an
/// organization that somebody `founded`, its name from there.
pub fn mail(
    policy: &Policy,
    templates: &Templates,
    commit: &Commit,
    founded: Option<&Organization>,
) -> Result<Mail, TemplateError> {
    let announced = announced(commit).ok_or(TemplateError::NoRecipient)?;
    let person = announced.person;
    let to = person.email.clone().ok_or(TemplateError::NoRecipient)?;
    let joined = commit.decided.iter().find_map(|decided| match decided {
        DecidedEvent::OrganizationJoined(joined) => Some(joined),
        DecidedEvent::RoleAssigned(_)
        | DecidedEvent::OrganizationLeft(_)
        | DecidedEvent::OrganizationFounded(_)
        | DecidedEvent::AccountTypeAssigned(_)
        | DecidedEvent::InviteRedeemed(_)
        | DecidedEvent::InviteLapsed(_)
        | DecidedEvent::SuspiciousSignUp(_) => None,
    });
    let account_type = joined
        .and_then(|joined| joined.account_type.as_ref())
        .map_or(Profile::DEFAULT_ACCOUNT_TYPE, |account_type| {
            account_type.as_str()
        });
    let organization = joined.and_then(|joined| policy.organizations.get(&joined.organization));
    let Announced {
        source, campaign, ..
    } = announced;
    let link = |path: &str, query: &str| link(policy, path, query, account_type, campaign);
    let values = context! {
        first_name => person.given_name.as_ref().map_or("", |name| name.expose()),
        app_name => &policy.mail.app_name,
        app_url => &policy.mail.app_url,
        account_type,
        organization_name => organization.or(founded).map_or("", |known| &known.name),
        show_business_features => account_type != Profile::DEFAULT_ACCOUNT_TYPE,
        source,
        campaign => campaign.unwrap_or_default(),
        onboarding_url => link("/onboarding", &format!("type={account_type}&")),
        dashboard_url => link("/dashboard", ""),
        support_url => link("/support", ""),
        login_url => link("/login", ""),
    };
    let rendered = templates.render(account_type, &values)?;
    Ok(Mail {
        to,
        from: policy.mail.from.clone(),
        reply_to: policy.mail.reply_to.clone(),
        subject: one_line(&rendered.subject),
        text: rendered.text,
        html: rendered.html,
        tags: vec![
            tag("mail", "welcome"),
            tag("account_type", account_type),
            tag("source", source),
        ],
        configuration_set: policy.mail.configuration_set.clone(),
    })
}

/// Whom a commit announces, and where that user came from.
struct Announced<'a> {
    person: &'a Person,
    source: &'a str,
    campaign: Option<&'a str>,
}

fn announced(commit: &Commit) -> Option<Announced<'_>> {
    match &commit.envelope.event {
        Recorded::Lifecycle(LifecycleEvent::SignUpConfirmed(event)) => Some(Announced {
            person: &event.person,
            source: event.context.source.as_deref().unwrap_or(DEFAULT_SOURCE),
            campaign: event.context.campaign.as_deref(),
        }),
        Recorded::Lifecycle(LifecycleEvent::FirstSeen(event)) => Some(Announced {
            person: &event.person,
            source: FIRST_SEEN,
            campaign: None,
        }),
        Recorded::Lifecycle(_) | Recorded::Operator(_) => None,
    }
}

/// A link into the application that says which mail it came from, and which campaign brought the
/// user. Kinds of account and campaigns are words of a closed alphabet, so nothing needs escaping.
fn link(
    policy: &Policy,
    path: &str,
    query: &str,
    account_type: &str,
    campaign: Option<&str>,
) -> String {
    let campaign = campaign
        .map(|campaign| format!("&utm_content={campaign}"))
        .unwrap_or_default();
    format!(
        "{}{path}?{query}utm_source=welcome_email&utm_medium=email&utm_campaign=welcome_{account_type}{campaign}",
        policy.mail.app_url
    )
}

/// A tag's value, in the alphabet that the mail service takes.
fn tag(name: &'static str, value: &str) -> Tag {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    Tag {
        name,
        value: value.chars().map(plain).collect(),
    }
}

/// A header's value: one line, whatever a template or a name brought in.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests;
