//! Organizations that their first member founded, by having the first verified address of a domain.

mod cache;

pub use cache::Cache;

use crate::invite::base_32;
use crate::policy::{self, Domain, DomainOrganization};
use ring::digest::{SHA256, digest};
use usher_events::{EventId, OrganizationId, Sub, Time};

/// Of a domain's SHA-256, how many bytes are its organization's id; as many as an invite's has.
const ID_BYTES: usize = 16;

/// An organization that was founded. A domain has one at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id, which follows from the domain.
    pub id: OrganizationId,
    /// Whose verified addresses make members: this very domain, and none below it.
    pub domain: Domain,
    /// What an organization is that the policy declares: its name, its plan, whether it is active.
    pub terms: policy::Organization,
    /// Whose event founded it. Stays who it is, whatever becomes of the user.
    pub founder: Sub,
    /// Which event that was: a retry of it is still the founding, and no other event is.
    pub founded_by: EventId,
    /// When that was.
    pub founded_at: Time,
    /// Counts the writes, from 1.
    pub version: u64,
}

impl Organization {
    /// A new one of that domain; its id is the domain's.
    pub fn new(
        domain: Domain,
        terms: policy::Organization,
        founder: Sub,
        founded_by: EventId,
        founded_at: Time,
    ) -> Self {
        Self {
            id: id_of(&domain),
            domain,
            terms,
            founder,
            founded_by,
            founded_at,
            version: 1,
        }
    }

    /// What it is to this user when this event is decided on.
    pub fn found_by(&self, sub: &Sub, event: EventId) -> DomainOrganization {
        DomainOrganization {
            founded_now: self.founder == *sub && self.founded_by == event,
            ..self.seen_by(sub)
        }
    }

    /// What it is to this user, whenever it was founded.
    pub fn seen_by(&self, sub: &Sub) -> DomainOrganization {
        DomainOrganization {
            id: self.id.clone(),
            account_type: self.terms.account_type.clone(),
            is_founder: self.founder == *sub,
            founded_now: false,
        }
    }
}

/// The id of a domain's organization, also of one that nobody has founded yet.
///
/// It follows from the domain alone, so that whoever founds it founds the same one, a retry as well
/// as a rival, and so that a token can name it before the worker has. No secret is in it: it outlives
/// every change of one.
pub fn id_of(domain: &Domain) -> OrganizationId {
    let digest = digest(&SHA256, format!("organization:{domain}").as_bytes());
    let id = base_32(&digest.as_ref()[..ID_BYTES]).to_lowercase();
    OrganizationId::new(id).expect("a digest's text is short and has no white space")
}

/// Whether a founded organization may have this id. The names that a policy gives are hardly ever like
/// that, and then the table need not be asked.
pub fn is_id(id: &OrganizationId) -> bool {
    let id = id.as_str();
    id.len() == (ID_BYTES * 8).div_ceil(5) && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> Domain {
        Domain::new(text).unwrap()
    }

    #[test]
    fn a_domain_has_one_id_in_every_spelling_and_no_other_domain_has_it() {
        let id = id_of(&domain("acme.example"));
        assert_eq!(id, id_of(&domain("ACME.Example.")));
        assert_eq!(id.as_str(), "n3cf5z5p47aq956j40e0e5x3f4");
        assert!(is_id(&id));
        for declared in ["acme", "that-one-of-its-own-founds"] {
            assert!(!is_id(&OrganizationId::new(declared).unwrap()));
        }
        for other in ["acme.example.com", "mail.acme.example", "acme-example"] {
            assert_ne!(id, id_of(&domain(other)), "{other}");
        }
    }

    #[test]
    fn the_founder_is_known_by_every_event_and_the_founding_by_one() {
        let (ada, bob) = (Sub::new("ada").unwrap(), Sub::new("bob").unwrap());
        let event = |number| EventId::from_uuid(uuid::Uuid::from_u128(number));
        let terms = policy::Organization {
            name: "Acme".to_owned(),
            account_type: None,
            active: true,
            plan: None,
        };
        let at = Time::from_unix_seconds(0).unwrap();
        let founded = Organization::new(domain("acme.example"), terms, ada.clone(), event(1), at);
        for (sub, by, is_founder, founded_now) in [
            (&ada, 1, true, true),
            (&ada, 2, true, false),
            (&bob, 1, false, false),
            (&bob, 2, false, false),
        ] {
            let seen = founded.found_by(sub, event(by));
            assert_eq!(
                (seen.is_founder, seen.founded_now),
                (is_founder, founded_now)
            );
        }
    }
}
