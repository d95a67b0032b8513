//! The lookup: about whom another system is asked, and what its answer may give.

mod url;

pub use url::{Url, UrlError};

use super::person::{verified_address, verified_domain};
use super::{DomainPattern, LookedUp, Policy};
use crate::port::{Answer, Question};
use crate::secret::SecretRef;
use crate::user::User;
use std::collections::BTreeSet;
use std::time::Duration;
use usher_events::{DecidedEvent, Envelope, LifecycleEvent, Person, Role, RoleSource};

/// `[lookup]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupRules {
    /// Who is asked, and how.
    pub endpoint: Endpoint,
    /// About the addresses of which domains; of all, where there are none.
    pub domains: Vec<DomainPattern>,
    /// The roles that an answer may give, all of them declared. Any other one counts as none.
    pub roles: BTreeSet<Role>,
}

/// Who is asked, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where the question is sent.
    pub url: Url,
    /// Where the value of the header `authorization` is kept.
    pub authorization: Option<SecretRef>,
    /// The longest that one question may take, from the connection to the end of the answer.
    pub timeout: Duration,
}

/// What is to be done about the lookup before an event is decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inquiry {
    /// The other system is to be asked.
    Ask {
        /// What.
        question: Question,
        /// What is found if it does not answer.
        unanswered: Option<LookedUp>,
    },
    /// It need not be asked: this is found, as in [`super::Findings::lookup`].
    Settled(Option<LookedUp>),
}

impl Policy {
    /// Whether the other system is asked before this event is decided on, and about whom.
    ///
    /// It is asked about verified addresses alone, and not where a stronger source gives a role
    /// anyway: `decided` is everything that follows from the event without it. `known` is the user as
    /// the table has it. What is known there keeps an answer from outliving the address that it was
    /// about: whoever has another one by now loses the role also where nobody is asked or nobody
    /// answers, and an event that has come late asks nothing about the address before. Only where two
    /// workers record two events of one user at the same time, with another address each, can a role
    /// pass by this, until the next event that asks.
    pub fn inquiry(
        &self,
        event: &Envelope<LifecycleEvent>,
        known: Option<&User>,
        decided: &[DecidedEvent],
    ) -> Inquiry {
        let (Some(rules), Some(person)) = (&self.lookup, event.event.person()) else {
            return Inquiry::Settled(None);
        };
        let nothing = Some(LookedUp::default());
        let Some(question) = rules.question(self, person) else {
            return Inquiry::Settled(nothing);
        };
        let last = known.and_then(|user| user.person.as_ref());
        let moved = last
            .filter(|last| verified_address(self, &last.value) != verified_address(self, person));
        if moved.is_some_and(|last| (last.at, last.by) > (event.time, event.id)) {
            return Inquiry::Settled(nothing);
        }
        let role = known.and_then(|user| user.roles.get(&RoleSource::Lookup));
        let has_role = role.is_some_and(|said| said.value.is_some());
        let unanswered = nothing.filter(|_| has_role && moved.is_some());
        if self.is_outranked(known, decided) {
            return Inquiry::Settled(unanswered);
        }
        Inquiry::Ask {
            question,
            unanswered,
        }
    }

    /// Whether a source that is stronger than the lookup gives a role that counts.
    fn is_outranked(&self, known: Option<&User>, decided: &[DecidedEvent]) -> bool {
        let counts = |source: RoleSource, role: Option<&Role>| {
            source > RoleSource::Lookup && role.is_some_and(|role| self.counts(source, role))
        };
        let by_event = decided.iter().any(|decided| match decided {
            DecidedEvent::RoleAssigned(event) => counts(event.source, event.role.as_ref()),
            DecidedEvent::OrganizationFounded(_)
            | DecidedEvent::OrganizationJoined(_)
            | DecidedEvent::OrganizationLeft(_)
            | DecidedEvent::AccountTypeAssigned(_)
            | DecidedEvent::InviteRedeemed(_)
            | DecidedEvent::InviteLapsed(_)
            | DecidedEvent::SuspiciousSignUp(_) => false,
        });
        // Those that no event with a person says anew.
        let lasting = [RoleSource::Operator, RoleSource::Invite];
        let by_record = lasting.into_iter().any(|source| {
            let said = known.and_then(|user| user.roles.get(&source));
            counts(source, said.and_then(|said| said.value.as_ref()))
        });
        by_event || by_record
    }
}

impl LookupRules {
    /// What is asked about a person; `None` about somebody whose address is not verified, or is of
    /// a domain that is not asked about.
    fn question(&self, policy: &Policy, person: &Person) -> Option<Question> {
        let domain = verified_domain(policy, person)?;
        let asked =
            self.domains.is_empty() || self.domains.iter().any(|pattern| pattern.matches(&domain));
        let email = person.email.clone().filter(|_| asked)?;
        Some(Question { email })
    }

    /// What of an answer counts: a role on the list, and nothing else.
    pub fn heed(&self, answer: Answer) -> LookedUp {
        let role = answer.role.filter(|role| self.roles.contains(role));
        LookedUp { role }
    }
}

#[cfg(test)]
mod tests;
