//! What a claim can tell of a user: a closed list, and the value of each for one user.

use super::super::person::verified_domain;
use super::super::{Organization, Policy, UserRead};
use super::Grant;
use super::value::{ClaimValue, Kind};
use crate::user::{Profile, Status, User};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use usher_events::{OrganizationId, Person, Personal, Plan, Time};

/// What a claim can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The role.
    Role,
    /// Who gave the role.
    RoleSource,
    /// What the role may do.
    Permissions,
    /// Everything of the organization in one object: id, name, plan and features.
    Organization,
    /// The organization's id.
    OrganizationId,
    /// The organization's name.
    OrganizationName,
    /// The organization's plan.
    OrganizationPlan,
    /// What the organization's plan includes.
    OrganizationFeatures,
    /// The kind of account.
    AccountType,
    /// Whether the account can be used; with a token at hand, "active".
    Status,
    /// When the account was confirmed, or else first seen.
    CreatedAt,
    /// The latest sign-in that is recorded.
    LastLoginAt,
    /// Whether the application's own onboarding is done, as the user's attribute says.
    OnboardingCompleted,
    /// Whether the address is verified by somebody whom the policy trusts.
    EmailVerified,
    /// The mail address, if so.
    Email,
    /// The phone number, if the pool alone has verified it.
    PhoneNumber,
    /// First name, as the user wrote it.
    GivenName,
    /// Last name, as the user wrote it.
    FamilyName,
    /// Language, as the user wrote it.
    Locale,
    /// Time zone, as the user wrote it.
    Zoneinfo,
    /// Department, as the user wrote it.
    Department,
}

impl Source {
    /// Every source, under its name in the policy, with the kind of its value.
    pub const ALL: [(&'static str, Self, Kind); 21] = [
        ("role", Self::Role, Kind::Text),
        ("role_source", Self::RoleSource, Kind::Text),
        ("permissions", Self::Permissions, Kind::List),
        ("organization", Self::Organization, Kind::Object),
        ("organization.id", Self::OrganizationId, Kind::Text),
        ("organization.name", Self::OrganizationName, Kind::Text),
        ("organization.plan", Self::OrganizationPlan, Kind::Text),
        (
            "organization.features",
            Self::OrganizationFeatures,
            Kind::List,
        ),
        ("account_type", Self::AccountType, Kind::Text),
        ("status", Self::Status, Kind::Text),
        ("created_at", Self::CreatedAt, Kind::Number),
        ("last_login_at", Self::LastLoginAt, Kind::Number),
        (
            "onboarding_completed",
            Self::OnboardingCompleted,
            Kind::Boolean,
        ),
        ("email_verified", Self::EmailVerified, Kind::Boolean),
        ("email", Self::Email, Kind::Text),
        ("phone_number", Self::PhoneNumber, Kind::Text),
        ("given_name", Self::GivenName, Kind::Text),
        ("family_name", Self::FamilyName, Kind::Text),
        ("locale", Self::Locale, Kind::Text),
        ("zoneinfo", Self::Zoneinfo, Kind::Text),
        ("department", Self::Department, Kind::Text),
    ];

    /// Reads the policy's name.
    pub fn read(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(known, ..)| *known == name);
        found.map(|(_, source, _)| *source)
    }

    /// The policy's name; of a standard attribute, also that of the attribute.
    pub fn as_str(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, source, _)| *source == self);
        known.map_or("unknown", |(name, ..)| name)
    }

    /// What kind of value it has.
    pub fn kind(self) -> Kind {
        let known = Self::ALL.iter().find(|(_, source, _)| *source == self);
        known.map_or(Kind::Text, |(.., kind)| *kind)
    }

    /// Whether it says who the user is.
    pub fn is_personal(self) -> bool {
        match self {
            Self::Email
            | Self::PhoneNumber
            | Self::GivenName
            | Self::FamilyName
            | Self::Locale
            | Self::Zoneinfo
            | Self::Department => true,
            Self::Role
            | Self::RoleSource
            | Self::Permissions
            | Self::Organization
            | Self::OrganizationId
            | Self::OrganizationName
            | Self::OrganizationPlan
            | Self::OrganizationFeatures
            | Self::AccountType
            | Self::Status
            | Self::CreatedAt
            | Self::LastLoginAt
            | Self::OnboardingCompleted
            | Self::EmailVerified => false,
        }
    }

    /// Whether a token keeps it however large it gets: without these two nobody could tell whose
    /// data the bearer may touch.
    pub(super) fn is_kept(self) -> bool {
        matches!(self, Self::Role | Self::OrganizationId)
    }

    /// The value for one user; `None` where there is none, or nobody can tell.
    pub fn value(self, bearer: &Bearer<'_>) -> Option<ClaimValue> {
        let text = |text: &str| ClaimValue::Text(text.to_owned());
        let time = |time: Time| ClaimValue::Number(time.unix_seconds().into());
        let grant = bearer.grant;
        match self {
            Self::Role => Some(text(grant.role.as_str())),
            Self::RoleSource => Some(text(grant.role_source.as_str())),
            Self::Permissions => Some(ClaimValue::words(&grant.permissions)),
            Self::Organization => bearer.organization_object(),
            Self::OrganizationId => bearer.organization_id().map(|id| text(id.as_str())),
            Self::OrganizationName => Some(text(bearer.organization_name()?)),
            Self::OrganizationPlan => Some(text(bearer.plan()?.as_str())),
            Self::OrganizationFeatures => Some(ClaimValue::words(bearer.features()?)),
            Self::AccountType => Some(text(grant.account_type.as_str())),
            Self::Status => Some(text(bearer.status()?.as_str())),
            Self::CreatedAt => Profile::of(bearer.item()?).created_at.map(time),
            Self::LastLoginAt => bearer.item()?.last_login_at.map(time),
            Self::OnboardingCompleted => {
                let is_done = bearer.person()?.onboarding_completed.unwrap_or(false);
                Some(ClaimValue::Boolean(is_done))
            }
            Self::EmailVerified => Some(ClaimValue::Boolean(bearer.has_verified_address())),
            Self::Email => bearer.personal(|person| {
                let address = person.email.as_ref();
                address.filter(|_| bearer.has_verified_address())
            }),
            Self::PhoneNumber => bearer.personal(|person| {
                let is_verified = person.phone_number_verified && person.providers.is_empty();
                person.phone_number.as_ref().filter(|_| is_verified)
            }),
            Self::GivenName => bearer.personal(|person| person.given_name.as_ref()),
            Self::FamilyName => bearer.personal(|person| person.family_name.as_ref()),
            Self::Locale => bearer.personal(|person| person.locale.as_ref()),
            Self::Zoneinfo => bearer.personal(|person| person.zoneinfo.as_ref()),
            Self::Department => bearer.personal(|person| person.department.as_ref()),
        }
    }
}

/// The user of a token, as far as anything is known.
#[derive(Clone, Copy, Debug)]
pub struct Bearer<'a> {
    /// What the policy makes of all of it.
    pub policy: &'a Policy,
    /// What the token grants.
    pub grant: &'a Grant,
    /// What the table says.
    pub user: UserRead<'a>,
    /// The attributes as the pool gives them now, in their recorded form.
    pub person: Option<&'a Person>,
}

impl<'a> Bearer<'a> {
    fn item(&self) -> Option<&'a User> {
        match self.user {
            UserRead::Found(user) => Some(user),
            UserRead::Absent | UserRead::StoreDown => None,
        }
    }

    /// The attributes of now, or else those that were recorded last.
    fn person(&self) -> Option<&'a Person> {
        let recorded = || self.item()?.person.as_ref().map(|register| &register.value);
        self.person.or_else(recorded)
    }

    fn personal(&self, field: impl Fn(&'a Person) -> Option<&'a Personal>) -> Option<ClaimValue> {
        let value = field(self.person()?)?;
        Some(ClaimValue::Text(value.expose().to_owned()))
    }

    fn has_verified_address(&self) -> bool {
        let domain = |person| verified_domain(self.policy, person);
        self.person().and_then(domain).is_some()
    }

    /// Who bears a token has signed in, and so is not pending, whatever the worker has yet to see.
    fn status(&self) -> Option<Status> {
        match self.user {
            UserRead::Found(user) if user.is_suspended() => Some(Status::Suspended),
            UserRead::Found(_) | UserRead::Absent => Some(Status::Active),
            UserRead::StoreDown => None,
        }
    }

    fn organization_id(&self) -> Option<&'a OrganizationId> {
        self.grant.organization.as_ref()
    }

    fn organization(&self) -> Option<&'a Organization> {
        self.grant.terms.as_ref()
    }

    /// Its name; one that the worker is about to found has none yet.
    fn organization_name(&self) -> Option<&'a str> {
        let name = self.organization()?.name.as_str();
        (!name.is_empty()).then_some(name)
    }

    fn plan(&self) -> Option<&'a Plan> {
        self.organization()?.plan.as_ref()
    }

    fn features(&self) -> Option<&'a BTreeSet<String>> {
        Some(&self.policy.plans.get(self.plan()?)?.features)
    }

    fn organization_object(&self) -> Option<ClaimValue> {
        let id = self.organization_id()?;
        let mut object = Map::new();
        object.insert("id".to_owned(), id.as_str().into());
        if let Some(name) = self.organization_name() {
            object.insert("name".to_owned(), name.into());
        }
        if let Some(plan) = self.plan() {
            object.insert("plan".to_owned(), plan.as_str().into());
        }
        if let Some(features) = self.features() {
            let features = features.iter().map(|feature| feature.as_str().into());
            object.insert("features".to_owned(), Value::Array(features.collect()));
        }
        Some(ClaimValue::Object(object))
    }
}
