//! Organizations that users found.

use super::invites::page;
use super::table::Kept;
use crate::organization::Organization;
use crate::policy::Domain;
use crate::port::Written;
use std::collections::{BTreeMap, BTreeSet};
use usher_events::OrganizationId;

#[derive(Default)]
pub(super) struct OrganizationTables {
    organizations: BTreeMap<OrganizationId, Organization>,
    domains: BTreeMap<Domain, OrganizationId>,
    /// Under names that sort by age.
    listed: BTreeSet<(String, OrganizationId)>,
}

impl OrganizationTables {
    pub(super) fn get(&self, id: &OrganizationId) -> Option<Organization> {
        self.organizations.get(id).cloned()
    }

    pub(super) fn list(
        &self,
        after: Option<&str>,
        most: u32,
    ) -> (Vec<Organization>, Option<String>) {
        let (ids, next) = page(self.listed.iter(), after, most);
        (ids.iter().filter_map(|id| self.get(id)).collect(), next)
    }
}

impl Kept {
    pub(super) fn found(&mut self, new: &Organization) -> Organization {
        // A transaction costs twice what its three writes would.
        for _ in 0..6 {
            self.units.write(0);
        }
        let tables = &mut self.organizations;
        let claimed = tables.domains.get(&new.domain);
        if let Some(there) = claimed.and_then(|id| tables.get(id)) {
            return there;
        }
        tables.domains.insert(new.domain.clone(), new.id.clone());
        let name = format!("{}#{}", new.founded_at, new.id);
        tables.listed.insert((name, new.id.clone()));
        tables.organizations.insert(new.id.clone(), new.clone());
        new.clone()
    }

    pub(super) fn write_organization(&mut self, organization: &Organization) -> Written {
        self.units.write(0);
        let stored = self.organizations.organizations.get_mut(&organization.id);
        let before = organization.version.saturating_sub(1);
        match stored.filter(|stored| stored.version == before) {
            Some(stored) => {
                *stored = organization.clone();
                Written::Now
            }
            None => Written::Overtaken,
        }
    }
}
