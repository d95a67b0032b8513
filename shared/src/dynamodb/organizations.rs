//! Organizations, each an item of its own beside the claim on its domain and a line of the list.

use super::Table;
use super::fault::{Item, fault, held, item, read};
use super::items::{BATCH, BATCH_GET, Key};
use super::keys::{self, ORGANIZATION, PK, SK};
use super::spill::primary_key;
use crate::disposition::FaultKind;
use crate::organization::Organization;
use crate::policy::{self, Domain};
use crate::port::{Fault, Written};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use serde::{Deserialize, Serialize};
use usher_events::{AccountType, EventId, OrganizationId, Plan, Sub, Time};

const GET: &str = "dynamodb.get_item";
const PUT: &str = "dynamodb.put_item";
const QUERY: &str = "dynamodb.query";
const TRANSACT: &str = "dynamodb.transact_write_items";

/// What an organization's item holds. Its id is in its key.
#[derive(Serialize, Deserialize)]
struct OrganizationRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    version: u64,
    domain: String,
    name: String,
    active: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_type: Option<AccountType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<Plan>,
    founder: Sub,
    founded_by: EventId,
    founded_at: Time,
}

/// Which organization a domain has.
#[derive(Serialize, Deserialize)]
struct ClaimRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    organization: OrganizationId,
}

impl Table {
    pub(super) async fn get_organization(
        &self,
        id: &OrganizationId,
    ) -> Result<Option<Organization>, Fault> {
        let found = self.get_one(organization_key(id)).await?;
        found.map(|item| from_item(GET, id, item)).transpose()
    }

    /// Writes the organization, the claim on its domain and its line of the list, all or none.
    pub(super) async fn put_organization(&self, new: &Organization) -> Result<Organization, Fault> {
        let claim = ClaimRecord {
            pk: keys::domain(&new.domain),
            sk: ORGANIZATION.to_owned(),
            organization: new.id.clone(),
        };
        let listed = keys::listed_organization(new.founded_at, &new.id);
        let listed = primary_key(keys::ORGANIZATIONS.to_owned(), listed);
        let request = self
            .client
            .transact_write_items()
            .transact_items(self.first(item(TRANSACT, claim)?))
            .transact_items(self.first(to_item(TRANSACT, new)?))
            .transact_items(self.first(listed));
        let error = match request.send().await {
            Ok(_) => return Ok(new.clone()),
            Err(SdkError::ServiceError(error)) => match error.err() {
                TransactWriteItemsError::TransactionCanceledException(canceled) => {
                    return match why(canceled) {
                        None => self.elected(&new.domain).await,
                        Some(kind) => Err(Fault::new(TRANSACT, kind)),
                    };
                }
                _ => SdkError::ServiceError(error),
            },
            Err(error) => error,
        };
        Err(fault(TRANSACT, &error))
    }

    /// A write of an item that is not there yet.
    fn first(&self, item: Item) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(self.name())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK)
            .build()
            .expect("table and item are set in the same expression");
        TransactWriteItem::builder().put(put).build()
    }

    /// The organization that a domain has, after the table has said that it has one.
    async fn elected(&self, domain: &Domain) -> Result<Organization, Fault> {
        let key = primary_key(keys::domain(domain), ORGANIZATION.to_owned());
        let claim = self.get_one(key).await?;
        // Nothing there is what a condition never fails for. Another try will know better.
        let claim = claim.ok_or(Fault::new(TRANSACT, FaultKind::Unavailable))?;
        let claim: ClaimRecord = read(GET, claim)?;
        let found = self.get_organization(&claim.organization).await?;
        found.ok_or(Fault::new(GET, FaultKind::Corrupt))
    }

    async fn get_one(&self, key: Key) -> Result<Option<Item>, Fault> {
        let request = self.client.get_item().table_name(self.name());
        let request = request.set_key(Some(key)).consistent_read(true);
        let answer = request.send().await.map_err(|error| fault(GET, &error))?;
        Ok(answer.item)
    }

    pub(super) async fn overwrite_organization(
        &self,
        organization: &Organization,
    ) -> Result<Written, Fault> {
        let before = AttributeValue::N(organization.version.saturating_sub(1).to_string());
        let request = self
            .client
            .put_item()
            .table_name(self.name())
            .set_item(Some(to_item(PUT, organization)?))
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", before);
        let written = held(PUT, request.send().await)?;
        Ok(if written {
            Written::Now
        } else {
            Written::Overtaken
        })
    }

    pub(super) async fn query_organizations(
        &self,
        after: Option<&str>,
        most: u32,
    ) -> Result<(Vec<Organization>, Option<String>), Fault> {
        let most = most.clamp(1, BATCH);
        let list = || keys::ORGANIZATIONS.to_owned();
        let request = self
            .client
            .query()
            .table_name(self.name())
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", AttributeValue::S(list()))
            .set_exclusive_start_key(after.map(|after| primary_key(list(), after.to_owned())))
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .consistent_read(true);
        let page = request.send().await.map_err(|error| fault(QUERY, &error))?;
        let items = page.items.unwrap_or_default();
        let names: Vec<&String> = items
            .iter()
            .filter_map(|item| item.get(SK)?.as_s().ok())
            .collect();
        let ids: Vec<OrganizationId> = names
            .iter()
            .filter_map(|name| keys::parse_listed_organization(name))
            .collect();
        let next = page.last_evaluated_key.and(names.last().copied().cloned());
        let mut found = self
            .get_items(ids.iter().map(organization_key).collect())
            .await?;
        let there = ids.iter().filter_map(|id| {
            let item = found.remove(&keys::organization(id))?;
            Some(from_item(BATCH_GET, id, item))
        });
        Ok((there.collect::<Result<_, _>>()?, next))
    }
}

/// Why a transaction was not carried out; `None` where a condition did not hold, which is an answer.
fn why(canceled: &TransactionCanceledException) -> Option<FaultKind> {
    let reasons = canceled.cancellation_reasons();
    let mut codes = reasons.iter().filter_map(|reason| reason.code());
    if codes.clone().any(|code| code == "ConditionalCheckFailed") {
        return None;
    }
    Some(match codes.find(|code| *code != "None") {
        Some("ThrottlingError" | "ProvisionedThroughputExceeded") => FaultKind::Throttled,
        // Two founders at once: one of them is told so.
        Some("TransactionConflict") | None => FaultKind::Unavailable,
        Some(_) => FaultKind::Refused,
    })
}

fn organization_key(id: &OrganizationId) -> Key {
    primary_key(keys::organization(id), ORGANIZATION.to_owned())
}

fn to_item(operation: &'static str, organization: &Organization) -> Result<Item, Fault> {
    let terms = &organization.terms;
    let record = OrganizationRecord {
        pk: keys::organization(&organization.id),
        sk: ORGANIZATION.to_owned(),
        version: organization.version,
        domain: organization.domain.to_string(),
        name: terms.name.clone(),
        active: terms.active,
        account_type: terms.account_type.clone(),
        plan: terms.plan.clone(),
        founder: organization.founder.clone(),
        founded_by: organization.founded_by,
        founded_at: organization.founded_at,
    };
    item(operation, record)
}

fn from_item(
    operation: &'static str,
    id: &OrganizationId,
    item: Item,
) -> Result<Organization, Fault> {
    let record: OrganizationRecord = read(operation, item)?;
    let domain =
        Domain::new(&record.domain).map_err(|_error| Fault::new(operation, FaultKind::Corrupt))?;
    Ok(Organization {
        id: id.clone(),
        domain,
        terms: policy::Organization {
            name: record.name,
            account_type: record.account_type,
            active: record.active,
            plan: record.plan,
        },
        founder: record.founder,
        founded_by: record.founded_by,
        founded_at: record.founded_at,
        version: record.version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::types::CancellationReason;

    #[test]
    fn a_canceled_transaction_is_an_answer_only_where_a_condition_did_not_hold() {
        let none = "None";
        for (codes, expected) in [
            ([none, "ConditionalCheckFailed", none], None),
            (
                ["TransactionConflict", none, "ConditionalCheckFailed"],
                None,
            ),
            (
                [none, "TransactionConflict", none],
                Some(FaultKind::Unavailable),
            ),
            (["ThrottlingError", none, none], Some(FaultKind::Throttled)),
            (
                [none, none, "ProvisionedThroughputExceeded"],
                Some(FaultKind::Throttled),
            ),
            (["ValidationError", none, none], Some(FaultKind::Refused)),
            ([none, none, none], Some(FaultKind::Unavailable)),
        ] {
            let reasons = codes.map(|code| CancellationReason::builder().code(code).build());
            let canceled = TransactionCanceledException::builder()
                .set_cancellation_reasons(Some(reasons.into()))
                .build();
            assert_eq!(why(&canceled), expected, "{codes:?}");
        }
    }
}
