//! A user's record as JSON: what `usher user show` prints, and what `usher policy explain` reads.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use usher_events::{
    AccountType, AccountTypeSource, EventId, OrganizationId, OrganizationSource, Person, Personal,
    PoolId, RefusalReason, Role, RoleSource, Sub, Time,
};
use usher_shared::user::{Membership, Profile, Refusals, Register, Standing, Status, User};
use uuid::Uuid;

/// What is known of a user. What is not known is left out; all of it may be left out when it is read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<Sub>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_set_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_source: Option<RoleSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_assigned_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_type: Option<AccountType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_activity_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_password_reset_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    pub phone_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marketing_consent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onboarding_completed: Option<bool>,
    /// Outside providers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<String>,
    /// When the attributes were last told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noticed_at: Option<Time>,
    /// What each source says; the strongest that gives a role counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<RoleSource, SaidRole>,
    /// The same of organizations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub organizations: BTreeMap<OrganizationSource, SaidOrganization>,
    /// The same of kinds of account, other than by the organization.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub account_types: BTreeMap<AccountTypeSource, SaidAccountType>,
    /// The refusals of the latest hour with any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusals: Option<SaidRefusals>,
    /// What the pool says; nothing is decided by it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_pool: Option<InPool>,
}

/// A user as the pool has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InPool {
    pub pool: PoolId,
    /// Whether there is one.
    pub found: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// What one source says of the role; without one, it gives none any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaidRole {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Time>,
}

/// What one source says of the organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaidOrganization {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organization: Option<OrganizationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_type: Option<AccountType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Time>,
}

/// What one source says of the kind of account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaidAccountType {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_type: Option<AccountType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Time>,
}

/// The refusals of one hour.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaidRefusals {
    hour: Time,
    reasons: BTreeSet<RefusalReason>,
}

impl Record {
    /// Shows a user; what says who it is only if it is to be revealed.
    pub fn of(sub: &Sub, user: &User, reveal: bool) -> Self {
        let profile = Profile::of(user);
        let person = user.person.as_ref();
        let personal = |value: Option<&Personal>| {
            value.map(|value| match reveal {
                true => value.expose().to_owned(),
                false => value.to_string(),
            })
        };
        let of_person = |field: fn(&Person) -> Option<&Personal>| {
            person.and_then(|person| personal(field(&person.value)))
        };
        Self {
            sub: Some(sub.clone()),
            status: Some(profile.status),
            status_set_at: user.standing.as_ref().map(|register| register.at),
            role: profile.role,
            role_source: profile.role_source,
            role_assigned_at: profile.role_assigned_at,
            organization: profile.organization_id,
            account_type: profile.account_type,
            created_at: profile.created_at,
            last_login_at: profile.last_login_at,
            last_activity_at: profile.last_activity_at,
            last_password_reset_at: profile.last_password_reset_at,
            email: personal(profile.email.as_ref()),
            email_verified: profile.email_verified,
            first_name: personal(profile.first_name.as_ref()),
            last_name: personal(profile.last_name.as_ref()),
            phone_number: personal(profile.phone_number.as_ref()),
            phone_verified: profile.phone_verified,
            department: personal(profile.department.as_ref()),
            locale: of_person(|person| person.locale.as_ref()),
            zoneinfo: of_person(|person| person.zoneinfo.as_ref()),
            marketing_consent: person.and_then(|person| person.value.marketing_consent),
            onboarding_completed: person.and_then(|person| person.value.onboarding_completed),
            providers: person.map_or_else(Vec::new, |person| person.value.providers.clone()),
            attributes_at: person.map(|person| person.at),
            first_seen_at: user.first_seen_at,
            confirmed_at: user.confirmed_at,
            noticed_at: user.noticed_at,
            roles: of_sources(&user.roles, |role, at| SaidRole {
                role: role.clone(),
                at: Some(at),
            }),
            organizations: of_sources(&user.memberships, |membership, at| SaidOrganization {
                organization: membership.as_ref().map(|said| said.organization.clone()),
                account_type: membership
                    .as_ref()
                    .and_then(|said| said.account_type.clone()),
                at: Some(at),
            }),
            account_types: of_sources(&user.account_types, |kind, at| SaidAccountType {
                account_type: kind.clone(),
                at: Some(at),
            }),
            refusals: user.refusals.as_ref().map(|said| SaidRefusals {
                hour: said.hour,
                reasons: said.reasons.clone(),
            }),
            in_pool: None,
        }
    }

    /// Whether it was shown without what says who the user is.
    pub fn is_hidden(&self) -> bool {
        let hidden = Personal::new("").to_string();
        [
            &self.email,
            &self.first_name,
            &self.last_name,
            &self.phone_number,
            &self.department,
            &self.locale,
            &self.zoneinfo,
        ]
        .iter()
        .any(|value| value.as_ref() == Some(&hidden))
    }

    /// The user that it tells of. What is said without a time is said now, and who has no status is
    /// active. Where the attributes are hidden nothing is known of the person.
    pub fn into_user(self, now: Time) -> User {
        let person = self.person(now);
        let active = self.status != Some(Status::Pending);
        let born = self.created_at.or(active.then_some(now));
        let announced = self.confirmed_at.is_some() || self.noticed_at.is_some();
        let confirmed_at = match announced {
            true => self.confirmed_at,
            false if self.first_seen_at.is_some() => None,
            false => born,
        };
        let seen = [self.confirmed_at, self.noticed_at].into_iter().flatten();
        let standing = match self.status {
            Some(Status::Suspended) => Some(Standing::Suspended),
            Some(Status::Active | Status::Pending) | None => {
                self.status_set_at.map(|_at| Standing::Good)
            }
        };
        User {
            first_seen_at: self.first_seen_at.or(seen.min()).or(confirmed_at),
            confirmed_at,
            noticed_at: self.noticed_at,
            last_login_at: self.last_login_at,
            last_activity_at: self.last_activity_at,
            last_password_reset_at: self.last_password_reset_at,
            person,
            standing: standing.map(|value| said(value, self.status_set_at, now)),
            roles: self.said_roles(now),
            memberships: self.said_organizations(now),
            account_types: self.said_account_types(now),
            refusals: self.refusals.map(|said| Refusals {
                hour: said.hour,
                reasons: said.reasons,
            }),
        }
    }

    fn person(&self, now: Time) -> Option<Register<Person>> {
        if self.is_hidden() {
            return None;
        }
        let personal = |value: &Option<String>| value.as_deref().map(Personal::new);
        let person = Person {
            email: personal(&self.email),
            email_verified: self.email_verified,
            phone_number: personal(&self.phone_number),
            phone_number_verified: self.phone_verified,
            given_name: personal(&self.first_name),
            family_name: personal(&self.last_name),
            locale: personal(&self.locale),
            zoneinfo: personal(&self.zoneinfo),
            department: personal(&self.department),
            marketing_consent: self.marketing_consent,
            onboarding_completed: self.onboarding_completed,
            providers: self.providers.clone(),
        };
        let is_there = self.attributes_at.is_some() || person != Person::default();
        is_there.then(|| said(person, self.attributes_at, now))
    }

    fn said_roles(&self, now: Time) -> BTreeMap<RoleSource, Register<Option<Role>>> {
        if self.roles.is_empty() {
            let source = self.role_source.unwrap_or(RoleSource::Operator);
            let role = self.role.clone().map(Some);
            return by_source(source, role, self.role_assigned_at, now);
        }
        let all = self.roles.iter();
        all.map(|(source, it)| (*source, said(it.role.clone(), it.at, now)))
            .collect()
    }

    fn said_organizations(
        &self,
        now: Time,
    ) -> BTreeMap<OrganizationSource, Register<Option<Membership>>> {
        let membership =
            |organization: &OrganizationId, account_type: &Option<AccountType>| Membership {
                organization: organization.clone(),
                account_type: account_type.clone(),
            };
        if self.organizations.is_empty() {
            let own = self.organization.as_ref();
            let own = own.map(|organization| Some(membership(organization, &self.account_type)));
            return by_source(OrganizationSource::Operator, own, None, now);
        }
        let all = self.organizations.iter();
        all.map(|(source, it)| {
            let organization = it.organization.as_ref();
            let value = organization.map(|organization| membership(organization, &it.account_type));
            (*source, said(value, it.at, now))
        })
        .collect()
    }

    fn said_account_types(
        &self,
        now: Time,
    ) -> BTreeMap<AccountTypeSource, Register<Option<AccountType>>> {
        let has_organization = self.organization.is_some() || !self.organizations.is_empty();
        if self.account_types.is_empty() && !has_organization {
            let kind = self.account_type.clone();
            let own = kind.filter(|kind| kind.as_str() != Profile::DEFAULT_ACCOUNT_TYPE);
            return by_source(AccountTypeSource::Operator, own.map(Some), None, now);
        }
        let all = self.account_types.iter();
        all.map(|(source, it)| (*source, said(it.account_type.clone(), it.at, now)))
            .collect()
    }
}

fn of_sources<K: Ord + Copy, T, S>(
    registers: &BTreeMap<K, Register<T>>,
    said: impl Fn(&T, Time) -> S,
) -> BTreeMap<K, S> {
    let registers = registers.iter();
    registers
        .map(|(source, register)| (*source, said(&register.value, register.at)))
        .collect()
}

fn by_source<K: Ord, T>(
    source: K,
    value: Option<T>,
    at: Option<Time>,
    now: Time,
) -> BTreeMap<K, Register<T>> {
    let value = value.map(|value| (source, said(value, at, now)));
    value.into_iter().collect()
}

/// A register of a record. Which event said so, no record tells; nothing is decided by it.
fn said<T>(value: T, at: Option<Time>, now: Time) -> Register<T> {
    Register::new(value, at.unwrap_or(now), EventId::from_uuid(Uuid::nil()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(seconds: i64) -> Time {
        Time::from_unix_seconds(1_780_000_000 + seconds).unwrap()
    }

    fn read(json: serde_json::Value) -> User {
        let record: Record = serde_json::from_value(json).unwrap();
        record.into_user(at(0))
    }

    #[test]
    fn a_record_that_says_little_means_what_a_person_would_mean_by_it() {
        let nobody = read(json!({}));
        assert!(nobody.is_announced() && nobody.roles.is_empty());
        let suspended = read(json!({ "status": "suspended" }));
        assert!(suspended.is_suspended());
        let pending = read(json!({ "status": "pending", "role": "manager" }));
        assert!(pending.is_pending() && !pending.is_announced());
        let (role, source) = pending.role().unwrap();
        assert_eq!((role.as_str(), source), ("manager", RoleSource::Operator));
        let member = read(json!({ "organization": "acme", "account_type": "business" }));
        assert_eq!(member.membership().unwrap().organization.as_str(), "acme");
        assert_eq!(member.account_type().unwrap().as_str(), "business");
    }

    #[test]
    fn what_is_shown_is_read_as_the_same_user() {
        let user = read(json!({
            "status": "active", "status_set_at": at(1), "confirmed_at": at(2), "noticed_at": at(3),
            "first_seen_at": at(1), "last_login_at": at(4), "last_activity_at": at(5),
            "email": "ada@acme.example", "email_verified": true, "providers": ["AcmeLogin"],
            "locale": "de-AT", "marketing_consent": false, "attributes_at": at(2),
            "roles": { "domain": { "role": "manager", "at": at(2) }, "operator": { "at": at(4) } },
            "organizations": { "domain": { "organization": "acme", "account_type": "business",
                "at": at(2) }, "operator": { "at": at(3) } },
            "account_types": { "invite": { "account_type": "enterprise", "at": at(2) } },
            "refusals": { "hour": at(0), "reasons": ["outside_hours"] },
        }));
        let sub = Sub::new("3f0c").unwrap();
        let shown = serde_json::to_value(Record::of(&sub, &user, true)).unwrap();
        assert_eq!(read(shown), user);
        let hidden = Record::of(&sub, &user, false);
        let hidden = serde_json::to_value(&hidden).unwrap();
        assert!(!hidden.to_string().contains("ada@"), "{hidden}");
        let expected = User {
            person: None,
            ..user
        };
        assert_eq!(read(hidden), expected);
    }

    #[test]
    fn a_key_that_no_record_has_is_a_mistake() {
        let read = serde_json::from_value::<Record>(json!({ "rôle": "admin" }));
        assert!(read.unwrap_err().to_string().contains("unknown field"));
    }
}
