//! Mails: from what a commit owes to a mail that can be sent.

mod templates;

pub use templates::{TemplateError, Templates};

use usher_events::{LifecycleEvent, Person, Personal};
use usher_shared::commit::{Commit, Recorded};
use usher_shared::policy::mails::{
    FIRST_SEEN, Facts, ORGANIC, Reader, Tagged, subject_line, tags, values,
};
use usher_shared::policy::{MailKind, Organization, Policy, person};
use usher_shared::port::Mail;
use usher_shared::unsubscribe::{self, Token};
use usher_shared::user::{Profile, User};

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
    let membership = user.membership().map(|one| &one.organization);
    let organization = membership.map(|id| {
        let declared = policy.organizations.get(id);
        (id, declared.or(occasion.founded))
    });
    let values = values(
        policy,
        &Facts {
            mail: *kind,
            first_name: person.given_name.as_ref().map(Personal::expose),
            account_type,
            source: recipient.source,
            campaign: recipient.campaign,
            organization,
            happened_at: occasion.commit.envelope.time,
            unsubscribe_url: occasion.unsubscribe_url.as_deref(),
        },
    );
    let reader = Reader {
        mail: *kind,
        locale: person.locale.as_ref().map(Personal::expose),
        account_type,
        source: recipient.source,
    };
    let rendered = templates.render(&reader, &values)?;
    let plan = organization.and_then(|(_, known)| known?.plan.as_ref());
    let told = Tagged {
        mail: *kind,
        account_type,
        source: recipient.source,
        plan: plan.map(|plan| plan.as_str()),
        locale: rendered.locale.as_ref(),
    };
    Ok(Mail {
        to,
        from: policy.mail.from.clone(),
        reply_to: policy.mail.reply_to.clone(),
        subject: subject_line(&rendered.subject),
        text: rendered.text,
        html: rendered.html,
        unsubscribe_url: occasion.unsubscribe_url.clone(),
        tags: tags(policy, &told),
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
            source: Some(event.context.source.as_deref().unwrap_or(ORGANIC)),
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

#[cfg(test)]
mod tests;
