use crate::{AccountType, OrganizationId, Role, fact::facts};
use serde::{Deserialize, Serialize};

facts! {
    /// What the policy decided from a lifecycle event. Recorded with its cause and never decided
    /// again: tomorrow's policy must not change what was granted yesterday.
    ///
    /// The wire never brings one in.
    DecidedEvent {
        /// One source of roles has spoken.
        "role_assigned" 1 => RoleAssigned,
        /// One source of memberships has spoken.
        "organization_joined" 1 => OrganizationJoined,
        /// One source of memberships no longer gives one.
        "organization_left" 1 => OrganizationLeft,
    }
}

/// Who says which role a user has, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoleSource {
    /// The policy's default, for everybody.
    Default,
    /// A rule for the domain of a verified mail address.
    Domain,
}

impl RoleSource {
    /// Every source, weakest first.
    pub const ALL: [Self; 2] = [Self::Default, Self::Domain];

    /// The name on the wire and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Domain => "domain",
        }
    }
}

/// Who says that a user belongs to an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrganizationSource {
    /// A rule for the domain of a verified mail address.
    Domain,
}

/// See [`DecidedEvent::RoleAssigned`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleAssigned {
    /// Who says so.
    pub source: RoleSource,
    /// Which role; `None` where this source no longer gives one.
    pub role: Option<Role>,
}

/// See [`DecidedEvent::OrganizationJoined`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrganizationJoined {
    /// Who says so.
    pub source: OrganizationSource,
    /// Which organization.
    pub organization: OrganizationId,
    /// The kind of account that this organization's members have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_type: Option<AccountType>,
}

/// See [`DecidedEvent::OrganizationLeft`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrganizationLeft {
    /// Who says so.
    pub source: OrganizationSource,
}
