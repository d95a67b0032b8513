//! What follows from an event, and what is owed?

use super::trace::{Question, Said, Step};
use super::{DomainOrganization, Findings, Policy, person};
use crate::commit::EffectKind;
use std::time::Duration;
use usher_events::{
    DecidedEvent, LifecycleEvent, OperatorEvent, OrganizationFounded, OrganizationJoined,
    OrganizationLeft, OrganizationSource, Person, Role, RoleAssigned, RoleSource,
};

/// What one event brings with it. Recorded with the event, and never decided again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    /// What else is true now.
    pub decided: Vec<DecidedEvent>,
    /// Which effects the ledger opens with.
    pub owes: Vec<EffectKind>,
    /// Which it opens with to be performed only after so long, unless another event has claimed them
    /// by then.
    pub owes_later: Vec<(EffectKind, Duration)>,
}

/// Decides from the event, the policy and what was looked up, never from the user: that is what lets
/// a repeat, an old event or another order of events come to the same end.
///
/// A user is announced by the confirmation, or by the first token that shows somebody whom no
/// confirmation announces; either gives the default role. Welcomed is only who is confirmed, unless the
/// policy asks for more: among users first seen may be a whole pool of old ones, and those who have
/// just signed up have a confirmation under way that welcomes them better.
///
/// Every event that carries a person says anew what each source gives that goes by the person, also
/// where that is nothing: who leaves a list, a domain or an organization leaves what came with it.
/// Attributes that users write for themselves, such as `custom:role`, give nothing.
pub fn react(policy: &Policy, event: &LifecycleEvent, findings: &Findings) -> Reaction {
    let mut reaction = Reaction::default();
    if let LifecycleEvent::SignUpConfirmed(_) | LifecycleEvent::FirstSeen(_) = event {
        let role = Some(policy.roles.default.clone());
        reaction.decided.push(assigned(RoleSource::Default, role));
    }
    match event {
        LifecycleEvent::SignUpConfirmed(event) if is_welcomed(policy, &event.person) => {
            reaction.owes.push(EffectKind::WelcomeMail);
        }
        LifecycleEvent::FirstSeen(event)
            if policy.mail.welcome_first_seen && is_welcomed(policy, &event.person) =>
        {
            let after = policy.mail.welcome_first_seen_delay;
            reaction.owes_later.push((EffectKind::WelcomeMail, after));
        }
        LifecycleEvent::PasswordReset(event) if is_told_of_reset(policy, &event.person) => {
            reaction.owes.push(EffectKind::PasswordChangedNotice);
        }
        LifecycleEvent::SignUpConfirmed(_)
        | LifecycleEvent::FirstSeen(_)
        | LifecycleEvent::PasswordReset(_)
        | LifecycleEvent::SignUpRequested(_)
        | LifecycleEvent::SignUpRefused(_)
        | LifecycleEvent::SignedIn(_)
        | LifecycleEvent::SignInRefused(_)
        | LifecycleEvent::MessageRequested(_)
        | LifecycleEvent::AttributesChanged(_) => {}
    }
    if let Some(person) = event.person() {
        reaction.decided.extend(by_person(policy, person, findings));
    }
    reaction
}

/// What an operator's act owes besides its publication, by the policy at hand. Recorded with the act.
///
/// To whom the notice of a suspension goes, and whether it is still true, is looked at when it is sent:
/// the act itself says nothing of the person.
pub fn owed_by_act(policy: &Policy, event: &OperatorEvent) -> Option<EffectKind> {
    match event {
        OperatorEvent::UserSuspended(_) => policy
            .mail
            .suspension
            .then_some(EffectKind::SuspensionNotice),
        OperatorEvent::UserReinstated(_)
        | OperatorEvent::RoleSet(_)
        | OperatorEvent::MembershipSet(_)
        | OperatorEvent::AccountTypeSet(_)
        | OperatorEvent::PersonRevealed(_)
        | OperatorEvent::LetterEdited(_) => None,
    }
}

/// The sources of roles that go by the person, in the order in which they are told.
const BY_PERSON: [RoleSource; 3] = [
    RoleSource::Administrators,
    RoleSource::Organization,
    RoleSource::Domain,
];

fn by_person(policy: &Policy, person: &Person, findings: &Findings) -> Vec<DecidedEvent> {
    let joined = policy.joined(person, findings);
    let mut decided = Vec::new();
    if let Some(found) = joined.filter(|found| found.founded_now) {
        let organization = found.id.clone();
        decided.push(OrganizationFounded { organization }.into());
    }
    let by_person = BY_PERSON.into_iter().filter(|source| policy.asks(*source));
    decided.extend(by_person.map(|source| {
        let told = policy.role_by(source, person, joined);
        assigned(source, told.gives.cloned())
    }));
    if let Some(answer) = findings.lookup.as_ref() {
        decided.push(assigned(RoleSource::Lookup, answer.role.clone()));
    }
    decided.push(membership(policy, person, joined));
    decided
}

/// Why [`react`] comes to what it does: of each source that speaks at this event what it gives, and of
/// each mail whether it is owed.
pub fn explain(policy: &Policy, event: &LifecycleEvent, findings: &Findings) -> Vec<Step> {
    let mut steps = Vec::new();
    let announced = match event {
        LifecycleEvent::SignUpConfirmed(event) => Some(explain_welcome(policy, &event.person)),
        LifecycleEvent::FirstSeen(event) => Some(explain_later_welcome(policy, &event.person)),
        LifecycleEvent::PasswordReset(event) => {
            steps.push(explain_notice(policy, &event.person));
            None
        }
        LifecycleEvent::SignUpRequested(_)
        | LifecycleEvent::SignUpRefused(_)
        | LifecycleEvent::SignedIn(_)
        | LifecycleEvent::SignInRefused(_)
        | LifecycleEvent::MessageRequested(_)
        | LifecycleEvent::AttributesChanged(_) => None,
    };
    if let Some(welcome) = announced {
        let said = Said::gives(policy.roles.default.as_str());
        let why = "everybody has it from the first announcement until somebody gives another";
        steps.push(Step::new(Question::Role, "roles.default", said, why).named("default"));
        steps.push(welcome);
    }
    let Some(person) = event.person() else {
        return steps;
    };
    let joined = policy.joined(person, findings);
    for source in BY_PERSON.into_iter().filter(|source| policy.asks(*source)) {
        let told = policy.role_by(source, person, joined);
        let said = told
            .gives
            .map_or(Said::Nothing, |role| Said::gives(role.as_str()));
        let step = Step::new(Question::Role, told.key, said, told.why);
        steps.push(step.named(source.as_str()));
    }
    let told = policy.membership_by_domain(person, joined);
    let said = told.gives.as_ref();
    let said = said.map_or(Said::Nothing, |found| {
        Said::gives(found.organization.as_str())
    });
    let step = Step::new(Question::Organization, told.key, said, told.why);
    steps.push(step.named(OrganizationSource::Domain.as_str()));
    steps
}

fn explain_welcome(policy: &Policy, person: &Person) -> Step {
    let owed = is_welcomed(policy, person);
    let said = match owed {
        true => Said::gives(EffectKind::WelcomeMail.as_str()),
        false => Said::Nothing,
    };
    let (key, why) = match person::judge(policy, person) {
        _ if !policy.mail.welcome => ("mail.welcome", "is false".to_owned()),
        Ok(_domain) => ("mail.welcome", "the mail address is verified".to_owned()),
        Err(doubt) if owed => (
            "mail.welcome_unverified",
            format!("is true, although {doubt}"),
        ),
        Err(doubt) => ("mail.welcome_unverified", format!("is false, and {doubt}")),
    };
    Step::new(Question::Owed, key, said, why).named(EffectKind::WelcomeMail.as_str())
}

fn explain_later_welcome(policy: &Policy, person: &Person) -> Step {
    let key = "mail.welcome_first_seen";
    let name = EffectKind::WelcomeMail.as_str();
    if !policy.mail.welcome_first_seen {
        let why = "is false, and no confirmation announces the user";
        return Step::new(Question::Owed, key, Said::Nothing, why).named(name);
    }
    if !is_welcomed(policy, person) {
        return explain_welcome(policy, person);
    }
    let minutes = policy.mail.welcome_first_seen_delay.as_secs() / 60;
    let why = format!("after {minutes} minutes, unless a confirmation sends it before");
    Step::new(Question::Owed, key, Said::gives(name), why).named(name)
}

fn explain_notice(policy: &Policy, person: &Person) -> Step {
    let name = EffectKind::PasswordChangedNotice.as_str();
    let (said, why) = match person::judge(policy, person) {
        _ if !policy.mail.password_changed => (Said::Nothing, "is false".to_owned()),
        Ok(_domain) => (Said::gives(name), "the mail address is verified".to_owned()),
        Err(doubt) => (Said::Nothing, doubt.to_string()),
    };
    Step::new(Question::Owed, "mail.password_changed", said, why).named(name)
}

/// A notice is for the account's own people, and so for no address that might be anybody's.
fn is_told_of_reset(policy: &Policy, person: &Person) -> bool {
    policy.mail.password_changed && person::verified_domain(policy, person).is_some()
}

fn is_welcomed(policy: &Policy, person: &Person) -> bool {
    policy.mail.welcome && may_be_written_to(policy, person)
}

/// An address that nobody trustworthy has verified may be anybody's.
fn may_be_written_to(policy: &Policy, person: &Person) -> bool {
    let verified = person::verified_domain(policy, person).is_some();
    verified || (person.email.is_some() && policy.mail.welcome_unverified)
}

fn assigned(source: RoleSource, role: Option<Role>) -> DecidedEvent {
    RoleAssigned { source, role }.into()
}

fn membership(
    policy: &Policy,
    person: &Person,
    joined: Option<&DomainOrganization>,
) -> DecidedEvent {
    let source = OrganizationSource::Domain;
    let Some(membership) = policy.membership_by_domain(person, joined).gives else {
        return OrganizationLeft { source }.into();
    };
    OrganizationJoined {
        source,
        organization: membership.organization,
        account_type: membership.account_type,
    }
    .into()
}

#[cfg(test)]
mod tests;
