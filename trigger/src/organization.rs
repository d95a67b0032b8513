//! What a token grants, with those organizations looked up that the policy does not declare.

use crate::budget::Budget;
use crate::facts::Witness;
use std::sync::Arc;
use usher_events::{OrganizationId, Person, Sub};
use usher_shared::organization::{Cache, Organization, id_of};
use usher_shared::policy::claims::{self, Grant};
use usher_shared::policy::{Findings, Policy, UserRead};
use usher_shared::port::{Fault, Store};

/// Whose token it is, as far as anything is known.
#[derive(Clone, Copy)]
pub struct Bearer<'a> {
    /// What the table says, or what an invite is about to make of the user.
    pub user: UserRead<'a>,
    /// The user's id.
    pub sub: &'a Sub,
    /// The attributes as the pool gives them now, in their recorded form.
    pub person: &'a Person,
}

/// What a token of this user grants now.
///
/// Where nobody founds organizations, or the policy declares the user's, nothing is asked; else the
/// cache, and only if that does not know, the table. While the worker has not seen a user, that is the
/// organization of the verified domain, also of one that the worker is about to found. If the table
/// does not say in time, nobody can tell what was taken away, and this is what everybody has.
pub async fn grant(
    witness: Witness<'_>,
    (store, cache): (&dyn Store, &Cache),
    bearer: Bearer<'_>,
    budget: Budget,
) -> Grant {
    let policy = witness.policy;
    let explain = |user, findings: &Findings| {
        claims::explain_grant(policy, user, Some(bearer.person), findings)
    };
    match budget.look(look_up(policy, (store, cache), bearer)).await {
        Some(Ok((grant, findings))) => {
            witness.note(|| explain(bearer.user, &findings));
            return grant;
        }
        Some(Err(fault)) => {
            tracing::warn!(fault = %fault, "An organization could not be read; deciding without it");
        }
        None => tracing::warn!("The table was too slow for an organization; deciding without it"),
    }
    witness.note(|| explain(UserRead::StoreDown, &Findings::default()));
    claims::least(policy)
}

async fn look_up(
    policy: &Policy,
    (store, cache): (&dyn Store, &Cache),
    bearer: Bearer<'_>,
) -> Result<(Grant, Findings), Fault> {
    let read = async |id: &OrganizationId| -> Result<Option<Arc<Organization>>, Fault> {
        cache
            .get(id, policy.founding.cache, store.organization(id))
            .await
    };
    let domain = claims::domain_to_look_up(policy, bearer.user, bearer.person);
    let by_domain = match domain.map(|domain| id_of(&domain)) {
        None => None,
        Some(id) => match read(&id).await? {
            Some(found) => Some((found.seen_by(bearer.sub), found.terms.clone())),
            None => policy.to_be_founded(id),
        },
    };
    let findings = Findings {
        organization: by_domain.as_ref().map(|(seen, _)| seen.clone()),
        ..Findings::default()
    };
    let mut grant = claims::grant(policy, bearer.user, Some(bearer.person), &findings);
    if let Some(id) = claims::organization_to_look_up(policy, &grant) {
        grant.terms = match by_domain {
            Some((seen, terms)) if seen.id == *id => Some(terms),
            Some(_) | None => read(id).await?.map(|found| found.terms.clone()),
        };
    }
    Ok((grant, findings))
}
