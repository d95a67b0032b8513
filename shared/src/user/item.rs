use super::{Membership, Profile, Refusals, Register, Standing, User};
use crate::commit::EffectKind;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;
use usher_events::{
    AccountType, AccountTypeSource, EventId, OrganizationId, OrganizationSource, Person, Personal,
    RefusalReason, Role, RoleSource, Sub, Time,
};
use uuid::Uuid;

/// The user item: the folded user, and beside it the bookkeeping that no fold gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserItem {
    /// Whose it is.
    pub sub: Sub,
    /// The fold.
    pub user: User,
    /// Which commit may perform each once-effect. Written with the fold and never taken back.
    pub claims: BTreeMap<EffectKind, EventId>,
    /// How often the item was written; every write is conditional on the one before.
    pub version: u64,
}

impl UserItem {
    /// An item that was never written.
    pub fn new(sub: Sub) -> Self {
        Self {
            sub,
            user: User::default(),
            claims: BTreeMap::new(),
            version: 0,
        }
    }
}

/// Why a stored user cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ItemError {
    /// A stamp is not an instant.
    #[error("a stamp of the user item is not an instant")]
    BadStamp,
}

/// Instant in milliseconds, and event: what makes a value a register. Numbers, because an item of
/// more than a kilobyte costs a second write unit at each sign-in.
type Stamp = (i64, ShortId);

/// Organization, and the kind of account that comes with it.
type Belonging = (OrganizationId, Option<AccountType>);

/// An event's id in 22 characters instead of 36, for the same reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct ShortId(EventId);

impl From<ShortId> for String {
    fn from(id: ShortId) -> Self {
        URL_SAFE_NO_PAD.encode(id.0.uuid().as_bytes())
    }
}

impl TryFrom<String> for ShortId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        let uuid = bytes.map(Uuid::from_bytes).ok_or("not an event's id")?;
        Ok(Self(EventId::from_uuid(uuid)))
    }
}

/// The folded part of a user item that [`Profile`] does not show: stamps, and values behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    #[serde(default, rename = "c", skip_serializing_if = "Option::is_none")]
    confirmed: Option<i64>,
    #[serde(default, rename = "a", skip_serializing_if = "Option::is_none")]
    first_seen: Option<i64>,
    #[serde(default, rename = "n", skip_serializing_if = "Option::is_none")]
    noticed: Option<i64>,
    #[serde(default, rename = "p", skip_serializing_if = "Option::is_none")]
    person: Option<Stamp>,
    #[serde(default, rename = "x", skip_serializing_if = "Rest::is_empty")]
    rest: Rest,
    #[serde(default, rename = "r", skip_serializing_if = "BTreeMap::is_empty")]
    roles: BTreeMap<RoleSource, (Stamp, Option<Role>)>,
    #[serde(default, rename = "o", skip_serializing_if = "BTreeMap::is_empty")]
    memberships: BTreeMap<OrganizationSource, (Stamp, Option<Belonging>)>,
    #[serde(default, rename = "t", skip_serializing_if = "BTreeMap::is_empty")]
    account_types: BTreeMap<AccountTypeSource, (Stamp, Option<AccountType>)>,
    #[serde(default, rename = "s", skip_serializing_if = "Option::is_none")]
    standing: Option<(Stamp, bool)>,
    // Not `f`, which held the one refusal that was kept before there were several.
    #[serde(default, rename = "d", skip_serializing_if = "Option::is_none")]
    refusals: Option<(i64, BTreeSet<RefusalReason>)>,
}

/// What the latest event said of the person beyond what a profile shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Rest {
    #[serde(default, rename = "l", skip_serializing_if = "Option::is_none")]
    locale: Option<Personal>,
    #[serde(default, rename = "z", skip_serializing_if = "Option::is_none")]
    zoneinfo: Option<Personal>,
    #[serde(default, rename = "m", skip_serializing_if = "Option::is_none")]
    marketing_consent: Option<bool>,
    #[serde(default, rename = "b", skip_serializing_if = "Option::is_none")]
    onboarding_completed: Option<bool>,
    #[serde(default, rename = "i", skip_serializing_if = "Vec::is_empty")]
    providers: Vec<String>,
}

impl Rest {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl User {
    /// The user as an item holds it: what applications read, and what the fold needs besides.
    pub fn to_parts(&self) -> (Profile, Marks) {
        let stamp = |at: Time, by: EventId| (at.unix_millis(), ShortId(by));
        let person = self.person.as_ref();
        let rest = person
            .map(|register| &register.value)
            .map_or_else(Rest::default, |person| Rest {
                locale: person.locale.clone(),
                zoneinfo: person.zoneinfo.clone(),
                marketing_consent: person.marketing_consent,
                onboarding_completed: person.onboarding_completed,
                providers: person.providers.clone(),
            });
        // Nearly everybody is first seen confirming.
        let earlier = self
            .first_seen_at
            .filter(|seen| Some(*seen) != self.confirmed_at);
        let marks = Marks {
            confirmed: self.confirmed_at.map(Time::unix_millis),
            first_seen: earlier.map(Time::unix_millis),
            noticed: self.noticed_at.map(Time::unix_millis),
            person: person.map(|register| stamp(register.at, register.by)),
            rest,
            roles: self
                .roles
                .iter()
                .map(|(source, role)| (*source, (stamp(role.at, role.by), role.value.clone())))
                .collect(),
            memberships: self
                .memberships
                .iter()
                .map(|(source, register)| {
                    let value = register.value.as_ref();
                    let value =
                        value.map(|value| (value.organization.clone(), value.account_type.clone()));
                    (*source, (stamp(register.at, register.by), value))
                })
                .collect(),
            account_types: self
                .account_types
                .iter()
                .map(|(source, kind)| (*source, (stamp(kind.at, kind.by), kind.value.clone())))
                .collect(),
            standing: self.standing.as_ref().map(|register| {
                (
                    stamp(register.at, register.by),
                    register.value == Standing::Suspended,
                )
            }),
            refusals: self
                .refusals
                .as_ref()
                .map(|refusals| (refusals.hour.unix_millis(), refusals.reasons.clone())),
        };
        (Profile::of(self), marks)
    }

    /// The user that these parts were made of.
    pub fn from_parts(profile: Profile, marks: Marks) -> Result<Self, ItemError> {
        let person = match marks.person {
            None => None,
            Some(stamp) => Some(register(
                stamp,
                Person {
                    email: profile.email,
                    email_verified: profile.email_verified,
                    phone_number: profile.phone_number,
                    phone_number_verified: profile.phone_verified,
                    given_name: profile.first_name,
                    family_name: profile.last_name,
                    locale: marks.rest.locale,
                    zoneinfo: marks.rest.zoneinfo,
                    department: profile.department,
                    marketing_consent: marks.rest.marketing_consent,
                    onboarding_completed: marks.rest.onboarding_completed,
                    providers: marks.rest.providers,
                },
            )?),
        };
        let roles = marks
            .roles
            .into_iter()
            .map(|(source, (stamp, role))| Ok((source, register(stamp, role)?)));
        let memberships = marks
            .memberships
            .into_iter()
            .map(|(source, (stamp, value))| {
                let value = value.map(|(organization, account_type)| Membership {
                    organization,
                    account_type,
                });
                Ok((source, register(stamp, value)?))
            });
        let account_types = marks
            .account_types
            .into_iter()
            .map(|(source, (stamp, kind))| Ok((source, register(stamp, kind)?)));
        let standing = marks.standing.map(|(stamp, suspended)| {
            register(
                stamp,
                if suspended {
                    Standing::Suspended
                } else {
                    Standing::Good
                },
            )
        });
        Ok(Self {
            first_seen_at: marks
                .first_seen
                .or(marks.confirmed)
                .map(instant)
                .transpose()?,
            confirmed_at: marks.confirmed.map(instant).transpose()?,
            noticed_at: marks.noticed.map(instant).transpose()?,
            last_login_at: profile.last_login_at,
            last_activity_at: profile.last_activity_at,
            last_password_reset_at: profile.last_password_reset_at,
            person,
            roles: roles.collect::<Result<_, ItemError>>()?,
            memberships: memberships.collect::<Result<_, ItemError>>()?,
            account_types: account_types.collect::<Result<_, ItemError>>()?,
            standing: standing.transpose()?,
            refusals: marks
                .refusals
                .map(|(hour, reasons)| {
                    let hour = instant(hour)?;
                    Ok(Refusals { hour, reasons })
                })
                .transpose()?,
        })
    }
}

fn instant(millis: i64) -> Result<Time, ItemError> {
    Time::from_unix_millis(millis).ok_or(ItemError::BadStamp)
}

fn register<T>((at, by): Stamp, value: T) -> Result<Register<T>, ItemError> {
    Ok(Register::new(value, instant(at)?, by.0))
}
