use crate::{AccountType, InviteId, OrganizationId, RefusalReason, Role, fact::facts};
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
        /// The user was the first of a domain, and its organization was made.
        "organization_founded" 1 => OrganizationFounded,
        /// One source of account types has spoken.
        "account_type_assigned" 1 => AccountTypeAssigned,
        /// A use of an invite is the user's for good.
        "invite_redeemed" 1 => InviteRedeemed,
        /// The user signed up with an invite that gives nothing any more.
        "invite_lapsed" 1 => InviteLapsed,
        /// One name, or one invite's code, was refused again and again.
        "suspicious_sign_up" 1 => SuspiciousSignUp,
    }
}

/// Who says which role a user has, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoleSource {
    /// The policy's default, for everybody.
    Default,
    /// An answer to a question put to another system.
    Lookup,
    /// A rule for the domain of a verified mail address.
    Domain,
    /// The user's organization, such as the one that the user founded.
    Organization,
    /// The invite with which the user signed up.
    Invite,
    /// The policy's list of administrators.
    Administrators,
    /// An operator.
    Operator,
}

impl RoleSource {
    /// Every source, weakest first.
    pub const ALL: [Self; 7] = [
        Self::Default,
        Self::Lookup,
        Self::Domain,
        Self::Organization,
        Self::Invite,
        Self::Administrators,
        Self::Operator,
    ];

    /// The name on the wire and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Lookup => "lookup",
            Self::Domain => "domain",
            Self::Organization => "organization",
            Self::Invite => "invite",
            Self::Administrators => "administrators",
            Self::Operator => "operator",
        }
    }
}

/// Who says that a user belongs to an organization, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrganizationSource {
    /// A rule for the domain of a verified mail address, or the organization of that domain.
    Domain,
    /// The invite with which the user signed up.
    Invite,
    /// An operator.
    Operator,
}

impl OrganizationSource {
    /// Every source, weakest first.
    pub const ALL: [Self; 3] = [Self::Domain, Self::Invite, Self::Operator];

    /// The name on the wire and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Invite => "invite",
            Self::Operator => "operator",
        }
    }
}

/// Who says what kind of account a user has, other than the user's organization; from the weakest
/// to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccountTypeSource {
    /// The invite with which the user signed up.
    Invite,
    /// An operator.
    Operator,
}

/// Why an invite gives nothing to a user who signed up with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LapseReason {
    /// The use went to somebody else, because the confirmation came late.
    Used,
    /// The invite had expired by then.
    Expired,
    /// The invite was revoked meanwhile.
    Revoked,
    /// The invite is bound to an address, and the user's verified address is not that one.
    Foreign,
    /// There is no such invite any more.
    Gone,
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

/// See [`DecidedEvent::OrganizationFounded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrganizationFounded {
    /// Which organization.
    pub organization: OrganizationId,
}

/// See [`DecidedEvent::AccountTypeAssigned`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountTypeAssigned {
    /// Who says so.
    pub source: AccountTypeSource,
    /// Which kind; `None` where this source no longer says one.
    pub account_type: Option<AccountType>,
}

/// See [`DecidedEvent::InviteRedeemed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InviteRedeemed {
    /// Which invite.
    pub invite: InviteId,
}

/// See [`DecidedEvent::InviteLapsed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InviteLapsed {
    /// Which invite.
    pub invite: InviteId,
    /// Why.
    pub reason: LapseReason,
}

/// See [`DecidedEvent::SuspiciousSignUp`]. Raised once for one name and hour, and once for one invite
/// and hour, with the refusal that was one too many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SuspiciousSignUp {
    /// Why it was refused that time.
    pub reason: RefusalReason,
    /// How often it was refused within the hour by then, for whichever reasons.
    pub attempts: u32,
    /// The invite whose code was tried again and again, under whichever names; else it is the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<InviteId>,
}
