use std::collections::{BTreeMap, BTreeSet};
use usher_events::OrganizationId;

/// What mails to members of one organization say, and to nobody else: `[organizations.<id>.content]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganizationContent {
    names: BTreeSet<String>,
    of: BTreeMap<OrganizationId, BTreeMap<String, String>>,
}

impl OrganizationContent {
    /// What each organization has mails say.
    pub fn new(of: BTreeMap<OrganizationId, BTreeMap<String, String>>) -> Self {
        let names = of.values().flat_map(BTreeMap::keys).cloned().collect();
        Self { names, of }
    }

    /// Every name that some organization has a text for.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.names.iter().map(String::as_str)
    }

    /// Every text of any organization under this name.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let texts = self.of.values().filter_map(move |texts| texts.get(name));
        texts.map(String::as_str)
    }

    /// What mails to a member say under each name; nothing under those that the organization has no
    /// text for, and nothing at all to a member of none.
    pub fn of(&self, organization: Option<&OrganizationId>) -> BTreeMap<String, String> {
        let texts = organization.and_then(|id| self.of.get(id));
        let text = |name: &String| texts.and_then(|texts| texts.get(name)).cloned();
        let names = self.names.iter();
        names
            .map(|name| (name.clone(), text(name).unwrap_or_default()))
            .collect()
    }
}
