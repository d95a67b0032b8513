//! What follows from an event, and what is owed?

use super::{DomainOrganization, DomainRule, Findings, Policy, person};
use crate::commit::EffectKind;
use usher_events::{
    DecidedEvent, LifecycleEvent, OrganizationFounded, OrganizationJoined, OrganizationLeft,
    OrganizationSource, Person, Role, RoleAssigned, RoleSource,
};

/// What one event brings with it. Recorded with the event, and never decided again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    /// What else is true now.
    pub decided: Vec<DecidedEvent>,
    /// Which effects the ledger opens with.
    pub owes: Vec<EffectKind>,
}

/// Decides from the event, the policy and what was looked up, never from the user: that is what lets
/// a repeat, an old event or another order of events come to the same end.
///
/// Every event that carries a person says anew what each source gives that goes by the person, also
/// where that is nothing: who leaves a list, a domain or an organization leaves what came with it.
/// Attributes that users write for themselves, such as `custom:role`, give nothing.
pub fn react(policy: &Policy, event: &LifecycleEvent, findings: &Findings) -> Reaction {
    let mut reaction = Reaction::default();
    if let LifecycleEvent::SignUpConfirmed(confirmed) = event {
        reaction.decided.push(assigned(
            RoleSource::Default,
            Some(policy.roles.default.clone()),
        ));
        if policy.mail.welcome && may_be_written_to(policy, &confirmed.person) {
            reaction.owes.push(EffectKind::WelcomeMail);
        }
    }
    if let Some(person) = event.person() {
        reaction.decided.extend(by_person(policy, person, findings));
    }
    reaction
}

fn by_person(policy: &Policy, person: &Person, findings: &Findings) -> Vec<DecidedEvent> {
    let rule = policy.rule_for(person);
    let joined = policy.joined(person, findings);
    let mut decided = Vec::new();
    if let Some(found) = joined.filter(|found| found.founded_now) {
        let organization = found.id.clone();
        decided.push(OrganizationFounded { organization }.into());
    }
    if policy.asks(RoleSource::Administrators) {
        let role = policy.administrator(person).cloned();
        decided.push(assigned(RoleSource::Administrators, role));
    }
    if policy.asks(RoleSource::Organization) {
        let role = policy.founder(joined).cloned();
        decided.push(assigned(RoleSource::Organization, role));
    }
    let role = rule.and_then(|rule| rule.role.clone());
    decided.push(assigned(RoleSource::Domain, role));
    if let Some(answer) = findings.lookup.as_ref() {
        decided.push(assigned(RoleSource::Lookup, answer.role.clone()));
    }
    decided.push(membership(policy, rule, joined));
    decided
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
    rule: Option<&DomainRule>,
    joined: Option<&DomainOrganization>,
) -> DecidedEvent {
    let source = OrganizationSource::Domain;
    let (organization, account_type) = match (policy.ruled(rule), joined) {
        (Some(ruled), _) => ruled,
        (None, Some(found)) => (found.id.clone(), found.account_type.clone()),
        (None, None) => return OrganizationLeft { source }.into(),
    };
    OrganizationJoined {
        source,
        organization,
        account_type,
    }
    .into()
}

#[cfg(test)]
mod tests;
