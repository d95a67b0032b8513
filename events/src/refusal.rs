//! Why somebody was refused, and how much that should worry an operator.

use serde::{Deserialize, Serialize};

/// Why the policy refused. Never shown to anybody but operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// The mail address's domain is on the list of blocked ones.
    DomainBlocked,
    /// The mail address's domain is not on the list of allowed ones.
    DomainNotAllowed,
    /// The mail address is of a service that gives addresses away for minutes.
    DomainDisposable,
    /// The policy goes by address, and there is none.
    EmailMissing,
    /// The mail address is not one.
    EmailInvalid,
    /// The policy goes by address, and nobody whom it trusts has verified this one.
    EmailUnverified,
    /// The phone number is not one that can be called from everywhere.
    PhoneInvalid,
    /// An attribute that the policy demands is missing.
    AttributeMissing,
    /// An attribute has a value that the policy does not list.
    AttributeNotAllowed,
    /// A consent that the policy demands was not given.
    ConsentMissing,
    /// The policy demands an invite, and there is none.
    InviteMissing,
    /// There is no invite of this code.
    InviteUnknown,
    /// Every use of the invite is taken.
    InviteUsed,
    /// The invite has expired.
    InviteExpired,
    /// The invite was revoked.
    InviteRevoked,
    /// The invite is bound to another address.
    InviteForeign,
    /// The user is suspended.
    UserSuspended,
    /// The user is not confirmed yet.
    UserPending,
    /// The user's organization is not active.
    OrganizationInactive,
    /// It is outside the hours in which the user's role may sign in.
    OutsideHours,
    /// The policy refuses this trigger altogether.
    SourceRefused,
    /// The policy refuses what it cannot check, and the table did not answer.
    StoreUnavailable,
}

/// What a known user wanted and was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RefusedStep {
    /// To sign in, before the password was looked at, or by challenges of the owner's own.
    SignIn,
    /// The tokens of a sign-in; where refresh tokens rotate, also those of a refresh.
    Token,
    /// To have tokens refreshed.
    Refresh,
    /// One of these: events of version 1 do not say.
    Unknown,
}

impl RefusedStep {
    /// Every step.
    pub const ALL: [Self; 4] = [Self::SignIn, Self::Token, Self::Refresh, Self::Unknown];

    /// The name in events and in what operators read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Token => "token",
            Self::Refresh => "refresh",
            Self::Unknown => "unknown",
        }
    }
}

impl RefusalReason {
    /// Every reason.
    pub const ALL: [Self; 22] = [
        Self::DomainBlocked,
        Self::DomainNotAllowed,
        Self::DomainDisposable,
        Self::EmailMissing,
        Self::EmailInvalid,
        Self::EmailUnverified,
        Self::PhoneInvalid,
        Self::AttributeMissing,
        Self::AttributeNotAllowed,
        Self::ConsentMissing,
        Self::InviteMissing,
        Self::InviteUnknown,
        Self::InviteUsed,
        Self::InviteExpired,
        Self::InviteRevoked,
        Self::InviteForeign,
        Self::UserSuspended,
        Self::UserPending,
        Self::OrganizationInactive,
        Self::OutsideHours,
        Self::SourceRefused,
        Self::StoreUnavailable,
    ];

    /// The name on the wire, in log fields and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DomainBlocked => "domain_blocked",
            Self::DomainNotAllowed => "domain_not_allowed",
            Self::DomainDisposable => "domain_disposable",
            Self::EmailMissing => "email_missing",
            Self::EmailInvalid => "email_invalid",
            Self::EmailUnverified => "email_unverified",
            Self::PhoneInvalid => "phone_invalid",
            Self::AttributeMissing => "attribute_missing",
            Self::AttributeNotAllowed => "attribute_not_allowed",
            Self::ConsentMissing => "consent_missing",
            Self::InviteMissing => "invite_missing",
            Self::InviteUnknown => "invite_unknown",
            Self::InviteUsed => "invite_used",
            Self::InviteExpired => "invite_expired",
            Self::InviteRevoked => "invite_revoked",
            Self::InviteForeign => "invite_foreign",
            Self::UserSuspended => "user_suspended",
            Self::UserPending => "user_pending",
            Self::OrganizationInactive => "organization_inactive",
            Self::OutsideHours => "outside_hours",
            Self::SourceRefused => "source_refused",
            Self::StoreUnavailable => "store_unavailable",
        }
    }

    /// How much it should worry an operator.
    pub fn severity(self) -> Severity {
        match self {
            Self::EmailMissing
            | Self::EmailInvalid
            | Self::PhoneInvalid
            | Self::AttributeMissing
            | Self::ConsentMissing
            | Self::InviteMissing
            | Self::InviteExpired
            | Self::UserPending
            | Self::OutsideHours
            | Self::StoreUnavailable => Severity::Low,
            Self::DomainNotAllowed
            | Self::DomainDisposable
            | Self::EmailUnverified
            | Self::AttributeNotAllowed
            | Self::InviteUnknown
            | Self::InviteUsed
            | Self::InviteRevoked
            | Self::OrganizationInactive
            | Self::SourceRefused => Severity::Medium,
            Self::DomainBlocked | Self::InviteForeign | Self::UserSuspended => Severity::High,
        }
    }
}

/// How much a refusal should worry an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody mistyped, or came at the wrong time.
    Low,
    /// Somebody tries what the policy does not give.
    Medium,
    /// Somebody tries what the policy forbids in so many words.
    High,
}

impl Severity {
    /// The name on the wire, in log fields and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}
