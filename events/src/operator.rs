use crate::{AccountType, OrganizationId, Personal, Role, fact::facts};
use serde::{Deserialize, Serialize};

facts! {
    /// What an operator did to a user. Appended to the log by the command; the wire never brings
    /// one in.
    OperatorEvent {
        /// The user may no longer sign in or have tokens.
        "user_suspended" 1 => UserSuspended,
        /// The user may do so again.
        "user_reinstated" 1 => UserReinstated,
        /// The operator gave the user a role, or took back the one that operators gave.
        "role_set" 1 => RoleSet,
        /// The operator put the user into an organization, or took back what operators said of it.
        "membership_set" 1 => MembershipSet,
        /// The operator said what kind of account it is, or took that back.
        "account_type_set" 1 => AccountTypeSet,
        /// The operator had what says who the user is shown.
        "person_revealed" 1 => PersonRevealed,
        /// The operator changed a dead letter before it was sent again. Its cause is the event as which
        /// it was sent.
        "letter_edited" 1 => LetterEdited,
    }
}

/// Why a user was suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SuspensionReason {
    /// An operator decided it.
    Operator,
}

/// See [`OperatorEvent::UserSuspended`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserSuspended {
    /// Why.
    pub reason: SuspensionReason,
}

/// See [`OperatorEvent::UserReinstated`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserReinstated {}

/// See [`OperatorEvent::RoleSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleSet {
    /// Which role; `None` leaves it to the other sources again.
    pub role: Option<Role>,
}

/// See [`OperatorEvent::MembershipSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MembershipSet {
    /// Which organization; `None` leaves it to the other sources again.
    pub organization: Option<OrganizationId>,
    /// The kind of account that this organization's members have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_type: Option<AccountType>,
}

/// See [`OperatorEvent::AccountTypeSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountTypeSet {
    /// Which kind; `None` leaves it to the other sources again.
    pub account_type: Option<AccountType>,
}

/// See [`OperatorEvent::PersonRevealed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PersonRevealed {
    /// Whether what was recorded earlier was shown, and not only what holds.
    pub history: bool,
}

/// See [`OperatorEvent::LetterEdited`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LetterEdited {
    /// The dead-letter queue's id of the letter.
    pub letter: String,
    /// SHA-256 of the letter as it came, in hex.
    pub before_sha256: String,
    /// SHA-256 of the letter as it was sent, in hex.
    pub after_sha256: String,
    /// The places that were changed, as JSON Pointers.
    pub changed: Vec<String>,
    /// The letter itself. Left out where it is about nobody: there is no key to seal it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<EditedText>,
}

/// What a dead letter said, and what it said when it was sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EditedText {
    /// As it came.
    pub before: Personal,
    /// As it was sent.
    pub after: Personal,
}
