//! The organization of a user's domain: looked up, or founded, before an event is decided on.

mod name;

use crate::story::Again;
use crate::{TRIES, Worker, fault};
use std::sync::Arc;
use tokio::time::Instant;
use usher_events::{Envelope, LifecycleEvent, OrganizationId, Sub};
use usher_shared::commit::Commit;
use usher_shared::organization::{Organization, id_of, is_id};
use usher_shared::policy::{self, Domain, DomainOrganization, FoundingMode};
use usher_shared::port::Fault;
use usher_shared::retry::retry;
use usher_shared::seal::UserKey;
use usher_shared::user::User;

/// What a search for the organization of an event's person came to.
pub(crate) enum Sought {
    /// This, if the person belongs to one by domain.
    Found(Option<DomainOrganization>),
    /// Nothing is to be decided: the event is recorded after all, by somebody else.
    Recorded(Box<Commit>),
}

impl Worker {
    /// Finds the organization of an event's person, and founds it where the policy says so.
    ///
    /// One is founded only after a consistent read has found no commit: what was decided once is not
    /// decided again. From there to the append everything may be repeated: whoever was elected stays
    /// it, and a retry is told the same.
    pub(crate) async fn organization(
        &self,
        envelope: &Envelope<LifecycleEvent>,
        sub: &Sub,
        key: &UserKey,
        deadline: Instant,
    ) -> Result<Sought, Again> {
        let person = envelope.event.person();
        let domain = person.and_then(|person| self.policy.domain_to_join(person));
        let Some(domain) = domain else {
            return Ok(Sought::Found(None));
        };
        let seen = |found: &Organization| Sought::Found(Some(found.found_by(sub, envelope.id)));
        let id = id_of(&domain);
        let read = self.read_organization(&id, deadline);
        let lifetime = self.policy.founding.cache;
        if let Some(found) = self.organizations.get(&id, lifetime, read).await? {
            return Ok(seen(&found));
        }
        match self.policy.founding.mode {
            FoundingMode::Create => {}
            FoundingMode::Join | FoundingMode::Off => return Ok(Sought::Found(None)),
        }
        let recorded = self.recorded(&envelope.subject, envelope.id, Some(key), deadline);
        if let Some(commit) = recorded.await? {
            return Ok(Sought::Recorded(Box::new(commit)));
        }
        fault::point("founding", sub.as_str());
        let new = self.new_organization(domain, sub, envelope);
        let asked = Instant::now();
        let found = || self.store.found(&new);
        let found = retry(&TRIES, deadline, Fault::disposition, found).await?;
        fault::point("founded", sub.as_str());
        Ok(seen(&self.organizations.keep(found, asked)))
    }

    /// The organization of a user, where somebody has founded it.
    pub(crate) async fn founded(
        &self,
        user: &User,
        deadline: Instant,
    ) -> Result<Option<Arc<Organization>>, Again> {
        let joined = user.membership().map(|membership| &membership.organization);
        let may_be_founded = |id: &&OrganizationId| {
            let is_declared = self.policy.organizations.contains_key(*id);
            self.policy.has_founders() && !is_declared && is_id(id)
        };
        let Some(id) = joined.filter(may_be_founded) else {
            return Ok(None);
        };
        let read = self.read_organization(id, deadline);
        let lifetime = self.policy.founding.cache;
        self.organizations.get(id, lifetime, read).await
    }

    async fn read_organization(
        &self,
        id: &OrganizationId,
        deadline: Instant,
    ) -> Result<Option<Organization>, Again> {
        let read = || self.store.organization(id);
        Ok(retry(&TRIES, deadline, Fault::disposition, read).await?)
    }

    fn new_organization(
        &self,
        domain: Domain,
        founder: &Sub,
        event: &Envelope<LifecycleEvent>,
    ) -> Organization {
        let founding = &self.policy.founding;
        let terms = policy::Organization {
            name: name::of(&domain),
            account_type: founding.account_type.clone(),
            active: true,
            plan: founding.plan.clone(),
        };
        Organization::new(domain, terms, founder.clone(), event.id, event.time)
    }
}
