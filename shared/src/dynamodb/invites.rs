//! Invites, each an item of its own, and beside them a list for each pool.

use super::Table;
use super::fault::{Item, fault, item, read};
use super::items::{BATCH, BATCH_GET, Key};
use super::keys::{self, INVITE, PK, SK};
use super::spill::primary_key;
use crate::digest::{AddressKey, SignInKey};
use crate::disposition::FaultKind;
use crate::invite::{Grants, Invite, Redemption, Reservation, Terms};
use crate::port::{Fault, InviteWritten};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use usher_events::{InviteId, PoolId, Sub, Time};

const GET: &str = "dynamodb.get_item";
const PUT: &str = "dynamodb.put_item";
const QUERY: &str = "dynamodb.query";

/// What an invite's item holds. Its pool and id are in its key.
#[derive(Serialize, Deserialize)]
struct InviteRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    version: u64,
    uses: u32,
    // Not `expires_at`: the table would forget it then, and who has used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closes_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound_to: Option<AddressKey>,
    grants: Grants,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    created_at: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Time>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    reservations: BTreeMap<SignInKey, Reservation>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    redemptions: BTreeMap<Sub, Redemption>,
}

impl Table {
    pub(super) async fn get_invite(
        &self,
        pool: &PoolId,
        id: &InviteId,
    ) -> Result<Option<Invite>, Fault> {
        let request = self
            .client
            .get_item()
            .table_name(self.name())
            .set_key(Some(invite_key(pool, id)))
            .consistent_read(true);
        let answer = request.send().await.map_err(|error| fault(GET, &error))?;
        let found = answer.item.map(|item| from_item(GET, pool, id, item));
        found.transpose()
    }

    pub(super) async fn put_invite(&self, invite: &Invite) -> Result<InviteWritten, Fault> {
        let first = invite.version <= 1;
        if first {
            // Before the invite itself: one that is in no list would be out of an operator's sight,
            // while one that is only in the list is not there.
            self.list_invite(invite).await?;
        }
        let request = self
            .client
            .put_item()
            .table_name(self.name())
            .set_item(Some(to_item(invite)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let request = if first {
            request
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", PK)
        } else {
            let before = AttributeValue::N((invite.version - 1).to_string());
            request
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", before)
        };
        let error = match request.send().await {
            Ok(_) => return Ok(InviteWritten::Now),
            Err(SdkError::ServiceError(error)) => match error.err() {
                PutItemError::ConditionalCheckFailedException(failed) => {
                    let found = failed.item().cloned();
                    return self.overtaken(invite, found).await;
                }
                _ => SdkError::ServiceError(error),
            },
            Err(error) => error,
        };
        Err(fault(PUT, &error))
    }

    /// What is there now: as the refusal shows it, else by a read.
    async fn overtaken(
        &self,
        invite: &Invite,
        shown: Option<Item>,
    ) -> Result<InviteWritten, Fault> {
        let (pool, id) = (&invite.pool, &invite.id);
        let found = match shown.filter(|item| !item.is_empty()) {
            Some(item) => Some(from_item(PUT, pool, id, item)?),
            None => self.get_invite(pool, id).await?,
        };
        Ok(InviteWritten::Overtaken(found.map(Box::new)))
    }

    async fn list_invite(&self, invite: &Invite) -> Result<(), Fault> {
        let key = primary_key(
            keys::invites(&invite.pool),
            keys::listed(invite.created_at, &invite.id),
        );
        let request = self.client.put_item().table_name(self.name());
        let request = request.set_item(Some(key));
        request.send().await.map_err(|error| fault(PUT, &error))?;
        Ok(())
    }

    pub(super) async fn query_invites(
        &self,
        pool: &PoolId,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<Invite>, Option<String>), Fault> {
        let most = most.clamp(1, BATCH);
        let from = after.map(|after| primary_key(keys::invites(pool), after.to_owned()));
        let request = self
            .client
            .query()
            .table_name(self.name())
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", AttributeValue::S(keys::invites(pool)))
            .set_exclusive_start_key(from)
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .consistent_read(true);
        let page = request.send().await.map_err(|error| fault(QUERY, &error))?;
        let names: Vec<String> = page
            .items
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.get(SK)?.as_s().ok().cloned())
            .collect();
        let ids: Vec<InviteId> = names
            .iter()
            .filter_map(|name| keys::parse_listed(name))
            .collect();
        let next = page.last_evaluated_key.and(names.last().cloned());
        Ok((self.get_invites(pool, &ids).await?, next))
    }

    /// Reads several invites, in the order in which they are named, without those that are not there.
    async fn get_invites(&self, pool: &PoolId, ids: &[InviteId]) -> Result<Vec<Invite>, Fault> {
        let wanted = ids.iter().map(|id| invite_key(pool, id)).collect();
        let mut found = self.get_items(wanted).await?;
        let there = ids.iter().filter_map(|id| {
            let item = found.remove(&keys::invite(pool, id))?;
            Some(from_item(BATCH_GET, pool, id, item))
        });
        there.collect()
    }
}

fn invite_key(pool: &PoolId, id: &InviteId) -> Key {
    primary_key(keys::invite(pool, id), INVITE.to_owned())
}

fn to_item(invite: &Invite) -> Result<Item, Fault> {
    let terms = &invite.terms;
    let record = InviteRecord {
        pk: keys::invite(&invite.pool, &invite.id),
        sk: INVITE.to_owned(),
        version: invite.version,
        uses: terms.uses,
        closes_at: terms.expires_at,
        bound_to: terms.bound_to.clone(),
        grants: terms.grants.clone(),
        label: terms.label.clone(),
        created_at: invite.created_at,
        revoked_at: invite.revoked_at,
        reservations: invite.reservations.clone(),
        redemptions: invite.redemptions.clone(),
    };
    item(PUT, record)
}

fn from_item(
    operation: &'static str,
    pool: &PoolId,
    id: &InviteId,
    item: Item,
) -> Result<Invite, Fault> {
    let record: InviteRecord = read(operation, item)?;
    if record.pk != keys::invite(pool, id) {
        return Err(Fault::new(operation, FaultKind::Corrupt));
    }
    Ok(Invite {
        pool: pool.clone(),
        id: id.clone(),
        terms: Terms {
            uses: record.uses,
            expires_at: record.closes_at,
            bound_to: record.bound_to,
            grants: record.grants,
            label: record.label,
        },
        created_at: record.created_at,
        revoked_at: record.revoked_at,
        version: record.version,
        reservations: record.reservations,
        redemptions: record.redemptions,
    })
}
