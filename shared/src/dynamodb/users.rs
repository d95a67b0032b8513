//! User items, keys and preferences.

use super::Table;
use super::fault::{Item, fault, held, item, read};
use super::keys::{self, KEY, PK, PREFERENCES, SK, USER};
use super::record::Bytes;
use crate::commit::EffectKind;
use crate::disposition::FaultKind;
use crate::port::{Fault, Written};
use crate::preferences::Preferences;
use crate::seal::UserKey;
use crate::user::{Marks, Profile, User, UserItem};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use usher_events::{EventId, Sub};

const PUT: &str = "dynamodb.put_item";
const GET: &str = "dynamodb.get_item";

#[derive(Serialize, Deserialize)]
struct UserRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    version: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    claims: BTreeMap<EffectKind, EventId>,
    profile: Profile,
    marks: Marks,
}

#[derive(Serialize, Deserialize)]
struct KeyRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    key: Bytes,
}

/// Top-level attributes, because the application owns them and writes them one by one.
#[derive(Serialize, Deserialize)]
struct PreferencesRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    #[serde(rename = "userId")]
    user_id: Sub,
    #[serde(flatten)]
    preferences: Preferences,
}

impl Table {
    pub(super) async fn glance_user(&self, sub: &Sub) -> Result<Option<UserItem>, Fault> {
        let item = self.get(sub, USER, false).await?;
        item.map(|item| user_of(GET, sub, item)).transpose()
    }

    pub(super) async fn put_key(&self, sub: &Sub, fresh: &UserKey) -> Result<UserKey, Fault> {
        if self.put_new(key_item(sub, fresh)?).await? {
            return Ok(fresh.clone());
        }
        let item = self.get(sub, KEY, true).await?;
        item.map_or(Err(Fault::new(GET, FaultKind::Corrupt)), |item| {
            key_of(GET, item)
        })
    }

    pub(super) async fn put_user(&self, user: &UserItem) -> Result<Written, Fault> {
        let record = to_item(user)?;
        let now = match user.version.saturating_sub(1) {
            0 => self.put_new(record).await?,
            before => {
                let request = self
                    .client
                    .put_item()
                    .table_name(self.name())
                    .set_item(Some(record))
                    .condition_expression("#version = :before")
                    .expression_attribute_names("#version", "version")
                    .expression_attribute_values(":before", AttributeValue::N(before.to_string()));
                held(PUT, request.send().await)?
            }
        };
        Ok(if now {
            Written::Now
        } else {
            Written::Overtaken
        })
    }

    pub(super) async fn put_preferences(
        &self,
        sub: &Sub,
        initial: &Preferences,
    ) -> Result<(), Fault> {
        let record = PreferencesRecord {
            pk: keys::user(sub),
            sk: PREFERENCES.to_owned(),
            user_id: sub.clone(),
            preferences: initial.clone(),
        };
        self.put_new(item(PUT, record)?).await?;
        Ok(())
    }

    pub(super) async fn get_preferences(&self, sub: &Sub) -> Result<Option<Preferences>, Fault> {
        let item = self.get(sub, PREFERENCES, true).await?;
        item.map(|item| read::<PreferencesRecord>(GET, item).map(|record| record.preferences))
            .transpose()
    }

    async fn get(&self, sub: &Sub, sk: &str, consistent: bool) -> Result<Option<Item>, Fault> {
        let request = self
            .client
            .get_item()
            .table_name(self.name())
            .set_key(Some(key(sub, sk)))
            .consistent_read(consistent);
        Ok(request
            .send()
            .await
            .map_err(|error| fault(GET, &error))?
            .item)
    }

    /// Puts an item unless there is one, and says whether it did.
    pub(super) async fn put_new(&self, item: Item) -> Result<bool, Fault> {
        let request = self
            .client
            .put_item()
            .table_name(self.name())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK);
        held(PUT, request.send().await)
    }
}

/// Writes a user's key.
pub(super) fn key_item(sub: &Sub, key: &UserKey) -> Result<Item, Fault> {
    let record = KeyRecord {
        pk: keys::user(sub),
        sk: KEY.to_owned(),
        key: Bytes(key.bytes().to_vec()),
    };
    item(PUT, record)
}

pub(super) fn key(sub: &Sub, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        (PK.to_owned(), AttributeValue::S(keys::user(sub))),
        (SK.to_owned(), AttributeValue::S(sk.to_owned())),
    ])
}

/// Writes a user item.
pub(super) fn to_item(user: &UserItem) -> Result<Item, Fault> {
    let (profile, marks) = user.user.to_parts();
    let record = UserRecord {
        pk: keys::user(&user.sub),
        sk: USER.to_owned(),
        version: user.version,
        claims: user.claims.clone(),
        profile,
        marks,
    };
    item(PUT, record)
}

pub(super) fn user_of(operation: &'static str, sub: &Sub, item: Item) -> Result<UserItem, Fault> {
    let record: UserRecord = read(operation, item)?;
    if record.pk != keys::user(sub) || record.sk != USER {
        return Err(Fault::new(operation, FaultKind::Corrupt));
    }
    let user = User::from_parts(record.profile, record.marks)
        .map_err(|_error| Fault::new(operation, FaultKind::Corrupt))?;
    Ok(UserItem {
        sub: sub.clone(),
        user,
        claims: record.claims,
        version: record.version,
    })
}

pub(super) fn key_of(operation: &'static str, item: Item) -> Result<UserKey, Fault> {
    let record: KeyRecord = read(operation, item)?;
    let bytes = <[u8; 32]>::try_from(record.key.0);
    bytes
        .map(UserKey::new)
        .map_err(|_error| Fault::new(operation, FaultKind::Corrupt))
}
