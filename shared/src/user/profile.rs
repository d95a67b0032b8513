use super::User;
use serde::{Deserialize, Serialize};
use usher_events::{AccountType, OrganizationId, Personal, Role, RoleSource, Time};

/// Whether the account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Has shown a sign of life, such as a confirmation, a sign-in or a token, and is not suspended.
    Active,
    /// Suspended by an operator.
    Suspended,
    /// Has shown none: only an operator has done something, or somebody was refused.
    Pending,
}

impl Status {
    /// The status of a user.
    pub fn of(user: &User) -> Self {
        match () {
            () if user.is_suspended() => Self::Suspended,
            () if user.first_seen_at.is_some() => Self::Active,
            () => Self::Pending,
        }
    }

    /// The word in tables and tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Pending => "pending",
        }
    }
}

/// What applications read of a user: the folded state under the names that they know.
///
/// Absent values are left out rather than null, so that an item stays small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Mail address, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Personal>,
    /// First name, at most 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Personal>,
    /// Last name, at most 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Personal>,
    /// Phone number: a plus sign and digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Personal>,
    /// The role that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Who gave the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_source: Option<RoleSource>,
    /// When that source last said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_assigned_at: Option<Time>,
    /// The kind of account; never taken from the user's own attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_type: Option<AccountType>,
    /// Whether the account can be used.
    pub status: Status,
    /// The organization that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Personal>,
    /// The confirmation; of a user who was never seen confirming, the first sign of life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
    /// The latest sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<Time>,
    /// The latest thing that the user did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_at: Option<Time>,
    /// The latest password reset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_password_reset_at: Option<Time>,
    /// Whether `status` is active.
    pub is_active: bool,
    /// Whether Cognito says that the mail address is verified.
    pub email_verified: bool,
    /// Whether Cognito says that the phone number is verified.
    pub phone_verified: bool,
    /// Whether the application's own onboarding is done.
    pub onboarding_completed: bool,
}

impl Profile {
    /// The kind of account where nobody has given one.
    pub const DEFAULT_ACCOUNT_TYPE: &str = "standard";

    /// Shows a user as applications read it.
    pub fn of(user: &User) -> Self {
        let person = user.person.as_ref().map(|register| &register.value);
        let role = user.role();
        let membership = user.membership();
        let status = Status::of(user);
        Self {
            email: person.and_then(|person| person.email.clone()),
            first_name: person.and_then(|person| person.given_name.clone()),
            last_name: person.and_then(|person| person.family_name.clone()),
            phone_number: person.and_then(|person| person.phone_number.clone()),
            role: role.map(|(role, _)| role.clone()),
            role_source: role.map(|(_, source)| source),
            role_assigned_at: role
                .and_then(|(_, source)| user.roles.get(&source))
                .map(|register| register.at),
            account_type: user
                .account_type()
                .cloned()
                .or_else(|| AccountType::new(Self::DEFAULT_ACCOUNT_TYPE).ok()),
            status,
            organization_id: membership.map(|membership| membership.organization.clone()),
            department: person.and_then(|person| person.department.clone()),
            created_at: user.confirmed_at.or(user.first_seen_at),
            last_login_at: user.last_login_at,
            last_activity_at: user.last_activity_at,
            last_password_reset_at: user.last_password_reset_at,
            is_active: status == Status::Active,
            email_verified: person.is_some_and(|person| person.email_verified),
            phone_verified: person.is_some_and(|person| person.phone_number_verified),
            onboarding_completed: person
                .and_then(|person| person.onboarding_completed)
                .unwrap_or(false),
        }
    }
}
