//! Mails: from what a commit owes to a mail that can be sent.

mod templates;

pub use templates::{TemplateError, Templates};

use minijinja::{Value, context};
use usher_events::{LifecycleEvent, Person, Time};
use usher_shared::commit::{Commit, Recorded};
use usher_shared::policy::custom_messages::speakable;
use usher_shared::policy::{MailKind, Organization, Policy, person};
use usher_shared::port::{Mail, Tag};
use usher_shared::unsubscribe::{self, Token};
use usher_shared::user::{Profile, User};

/// What brought a user whose sign-up says nothing of it.
const DEFAULT_SOURCE: &str = "organic";

/// What brought a user whom no confirmation announces: nothing that a client could have said.
const FIRST_SEEN: &str = "first_seen";

/// What a mail is made from.
pub struct Occasion<'a> {
    /// Which mail.
    pub kind: MailKind,
    /// What owes it.
    pub commit: &'a Commit,
    /// Its user, with the commit folded in.
    pub user: &'a User,
    /// The user's organization, where somebody has founded it.
    pub founded: Option<&'a Organization>,
    /// Where the reader stops such mails, with the token that says who that is.
    pub unsubscribe_url: Option<String>,
}

impl Occasion<'_> {
    /// The user as this mail shows one.
    ///
    /// A welcome goes by its commit alone, so that a resumed mail is the mail that was owed; a notice
    /// goes by what is known of the user when it is sent.
    pub fn user(kind: MailKind, commit: &Commit, folded: &User) -> User {
        match kind {
            MailKind::Welcome => User::of(commit),
            MailKind::PasswordChanged | MailKind::Suspension => folded.clone(),
        }
    }
}

/// Renders the mail that a commit owes.
///
/// Errors: there is nobody to write to – of a suspension, nobody whose address the record holds as
/// verified –, or a template cannot be rendered.
pub fn mail(
    policy: &Policy,
    templates: &Templates,
    occasion: &Occasion<'_>,
) -> Result<Mail, TemplateError> {
    if policy.mail.from.is_empty() {
        return Err(TemplateError::NoSender);
    }
    let Occasion { kind, user, .. } = occasion;
    let recipient = recipient(policy, occasion).ok_or(TemplateError::NoRecipient)?;
    let person = recipient.person;
    let to = person.email.clone().ok_or(TemplateError::NoRecipient)?;
    let account_type = user.account_type();
    let account_type = account_type.map_or(Profile::DEFAULT_ACCOUNT_TYPE, |kind| kind.as_str());
    let values = values(policy, occasion, &recipient, account_type);
    let rendered = templates.render(*kind, account_type, &values)?;
    let mut tags = vec![
        tag("mail", kind.as_str()),
        tag("account_type", account_type),
    ];
    tags.extend(recipient.source.map(|source| tag("source", source)));
    Ok(Mail {
        to,
        from: policy.mail.from.clone(),
        reply_to: policy.mail.reply_to.clone(),
        subject: one_line(&rendered.subject),
        text: rendered.text,
        html: rendered.html,
        unsubscribe_url: occasion.unsubscribe_url.clone(),
        tags,
        configuration_set: policy.mail.configuration_set.clone(),
    })
}

/// Where the reader of this mail stops such mails, if there is such a place: of a welcome alone, because
/// a notice is for the safety of its reader.
///
/// The token's time is the event's, so that a resumed mail is the mail that was owed.
pub fn unsubscribe_url(
    policy: &Policy,
    kind: MailKind,
    commit: &Commit,
    key: &unsubscribe::Key,
) -> Option<String> {
    let url = policy.mail.unsubscribe_url.as_ref()?;
    let sub = commit.sub().filter(|_| kind == MailKind::Welcome)?;
    let token = Token {
        pool: commit.envelope.source.clone(),
        sub: sub.clone(),
        mail: kind,
        issued_at: commit.envelope.time,
    };
    Some(format!("{url}?token={}", token.sign(key)))
}

/// Whom a mail goes to, and, of somebody who is new, where that user came from.
struct Recipient<'a> {
    person: &'a Person,
    source: Option<&'a str>,
    campaign: Option<&'a str>,
}

fn recipient<'a>(policy: &Policy, occasion: &Occasion<'a>) -> Option<Recipient<'a>> {
    let known = |person| Recipient {
        person,
        source: None,
        campaign: None,
    };
    match &occasion.commit.envelope.event {
        Recorded::Lifecycle(LifecycleEvent::SignUpConfirmed(event)) => Some(Recipient {
            person: &event.person,
            source: Some(event.context.source.as_deref().unwrap_or(DEFAULT_SOURCE)),
            campaign: event.context.campaign.as_deref(),
        }),
        Recorded::Lifecycle(LifecycleEvent::FirstSeen(event)) => Some(Recipient {
            person: &event.person,
            source: Some(FIRST_SEEN),
            campaign: None,
        }),
        Recorded::Lifecycle(event) => event.person().map(known),
        Recorded::Operator(_) => {
            let person = &occasion.user.person.as_ref()?.value;
            person::verified_domain(policy, person)?;
            Some(known(person))
        }
    }
}

/// Every value that a template may ask for. Of what users write only names come into a mail, and of a
/// name only what cannot be a link or a line of its own.
fn values(
    policy: &Policy,
    occasion: &Occasion<'_>,
    recipient: &Recipient<'_>,
    account_type: &str,
) -> Value {
    let membership = occasion.user.membership();
    let declared = membership.and_then(|one| policy.organizations.get(&one.organization));
    let organization = declared.or(occasion.founded);
    let plan = organization.and_then(|known| known.plan.as_ref());
    let features = plan.and_then(|plan| policy.plans.get(plan));
    let features = features.map(|plan| Vec::from_iter(plan.features.iter().cloned()));
    let features = features.unwrap_or_default();
    let campaign = recipient.campaign;
    let link = |path: &str, query: &str| match occasion.kind {
        MailKind::Welcome => welcome_link(policy, path, query, account_type, campaign),
        MailKind::PasswordChanged | MailKind::Suspension => link(policy, path),
    };
    let first_name = recipient.person.given_name.as_ref();
    context! {
        first_name => first_name.map(|name| speakable(name.expose())).unwrap_or_default(),
        app_name => &policy.mail.app_name,
        app_url => &policy.mail.app_url,
        account_type,
        organization_name => organization.map_or("", |known| &known.name),
        organization_plan => plan.map_or("", |plan| plan.as_str()),
        organization_features => features,
        show_business_features => account_type != Profile::DEFAULT_ACCOUNT_TYPE,
        source => recipient.source.unwrap_or_default(),
        campaign => campaign.unwrap_or_default(),
        onboarding_url => link("/onboarding", &format!("type={account_type}&")),
        dashboard_url => link("/dashboard", ""),
        support_url => link("/support", ""),
        login_url => link("/login", ""),
        happened_at => happened_at(occasion.commit.envelope.time),
        unsubscribe_url => occasion.unsubscribe_url.as_deref().unwrap_or_default(),
    }
}

/// A link into the application that says which mail it came from, and which campaign brought the
/// user. Kinds of account and campaigns are words of a closed alphabet, so nothing needs escaping.
fn welcome_link(
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
