use super::{Fault, Written};
use crate::organization::Organization;
use async_trait::async_trait;
use usher_events::OrganizationId;

/// Organizations that were founded.
#[async_trait]
pub trait Organizations: Send + Sync {
    /// Reads an organization, consistently. `None` if none of this id was founded.
    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>, Fault>;

    /// Makes this the organization of its domain unless that has one, and gives the one that it has:
    /// of any number of founders all get the same. May be repeated, also by whoever does not know
    /// what became of the first try.
    async fn found(&self, new: &Organization) -> Result<Organization, Fault>;

    /// Writes an organization if the stored one has the version below. May be repeated: the second is
    /// [`Written::Overtaken`], as is a write of one that was never founded.
    async fn write_organization(&self, organization: &Organization) -> Result<Written, Fault>;

    /// Lists organizations, oldest first, those founded at one instant in any order: at most `most`
    /// of them, and, where there may be more, where to go on. `after` is where the last list ended.
    /// Read consistently, each as it was at some moment of the call.
    async fn organizations(
        &self,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<Organization>, Option<String>), Fault>;
}
