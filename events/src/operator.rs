use crate::fact::facts;
use serde::{Deserialize, Serialize};

facts! {
    /// What an operator did to a user. Appended to the log by the command; the wire never brings
    /// one in.
    OperatorEvent {
        /// The user may no longer sign in or have tokens.
        "user_suspended" 1 => UserSuspended,
        /// The user may do so again.
        "user_reinstated" 1 => UserReinstated,
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
