//! What follows from an event, and what is owed?

use super::{DomainRule, Policy, person};
use crate::commit::EffectKind;
use usher_events::{
    DecidedEvent, LifecycleEvent, OrganizationJoined, OrganizationLeft, OrganizationSource, Person,
    RoleAssigned, RoleSource,
};

/// What one event brings with it. Recorded with the event, and never decided again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    /// What else is true now.
    pub decided: Vec<DecidedEvent>,
    /// Which effects the ledger opens with.
    pub owes: Vec<EffectKind>,
}

/// Decides from the event and the policy alone, never from the user: that is what lets a repeat, an
/// old event or another order of events come to the same end.
///
/// Every event that carries a person says anew what the domain of the verified address gives, also
/// where that is nothing, so that who leaves a domain leaves its role and organization as well.
/// Attributes that users write for themselves, such as `custom:role`, give nothing.
pub fn react(policy: &Policy, event: &LifecycleEvent) -> Reaction {
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
        let rule = policy.rule_for(person);
        let role = rule.and_then(|rule| rule.role.clone());
        reaction.decided.push(assigned(RoleSource::Domain, role));
        reaction.decided.push(membership(policy, rule));
    }
    reaction
}

/// An address that nobody trustworthy has verified may be anybody's.
fn may_be_written_to(policy: &Policy, person: &Person) -> bool {
    let verified = person::verified_domain(policy, person).is_some();
    verified || (person.email.is_some() && policy.mail.welcome_unverified)
}

fn assigned(source: RoleSource, role: Option<usher_events::Role>) -> DecidedEvent {
    RoleAssigned { source, role }.into()
}

fn membership(policy: &Policy, rule: Option<&DomainRule>) -> DecidedEvent {
    let source = OrganizationSource::Domain;
    match rule.and_then(|rule| rule.organization.as_ref()) {
        Some(id) => OrganizationJoined {
            source,
            organization: id.clone(),
            account_type: policy
                .organizations
                .get(id)
                .and_then(|found| found.account_type.clone()),
        }
        .into(),
        None => OrganizationLeft { source }.into(),
    }
}

impl Policy {
    /// The rule for the domain of this person's verified address: of all that match, the most
    /// specific one, whole. What it leaves out no wider rule fills in.
    pub fn rule_for(&self, person: &Person) -> Option<&DomainRule> {
        let domain = person::verified_domain(self, person)?;
        self.domains
            .iter()
            .filter(|rule| rule.domain.matches(&domain))
            .max_by_key(|rule| rule.domain.specificity())
    }
}

#[cfg(test)]
mod tests;
