//! The log: appending, reading, and the ledger within it.

use super::fault::{fault, held};
use super::keys::{self, DUE_AT, DUE_SHARD, PK, SK};
use super::{Table, record};
use crate::commit::{DueAt, EffectKind, Entry, Lease, Ledger};
use crate::disposition::FaultKind;
use crate::port::{Appended, Fault, TakenLease, Written};
use crate::seal::SealedCommit;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use usher_events::{EventId, Subject, Time};

const PUT: &str = "dynamodb.put_item";
const GET: &str = "dynamodb.get_item";
const QUERY: &str = "dynamodb.query";
const UPDATE: &str = "dynamodb.update_item";

impl Table {
    pub(super) async fn put_commit(&self, commit: &SealedCommit) -> Result<Appended, Fault> {
        let request = self
            .client
            .put_item()
            .table_name(self.name())
            .set_item(Some(record::to_item(PUT, commit)?))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK);
        let now = held(PUT, request.send().await)?;
        Ok(if now {
            Appended::Now
        } else {
            Appended::AlreadyThere
        })
    }

    pub(super) async fn get_commit(
        &self,
        subject: &Subject,
        id: EventId,
    ) -> Result<Option<SealedCommit>, Fault> {
        let request = self
            .client
            .get_item()
            .table_name(self.name())
            .key(PK, AttributeValue::S(keys::stream(subject)))
            .key(SK, AttributeValue::S(keys::event(id)))
            .consistent_read(true);
        let answer = request.send().await.map_err(|error| fault(GET, &error))?;
        answer
            .item
            .map(|item| record::from_item(GET, item))
            .transpose()
    }

    /// Asks for a stream's commits, consistently and in order of event id.
    pub(super) fn stream_request(&self, subject: &Subject) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(self.name())
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :event)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", text(&keys::stream(subject)))
            .expression_attribute_values(":event", text(keys::event_prefix()))
            .consistent_read(true)
    }

    pub(super) async fn query_stream(&self, subject: &Subject) -> Result<Vec<SealedCommit>, Fault> {
        let mut commits = Vec::new();
        let mut from = None;
        loop {
            let request = self.stream_request(subject).set_exclusive_start_key(from);
            let page = request.send().await.map_err(|error| fault(QUERY, &error))?;
            for item in page.items.unwrap_or_default() {
                commits.push(record::from_item(QUERY, item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(commits);
            }
        }
    }

    pub(super) async fn update_lease(
        &self,
        subject: &Subject,
        id: EventId,
        now: Time,
        lease: &Lease,
    ) -> Result<TakenLease, Fault> {
        let request = self
            .client
            .update_item()
            .table_name(self.name())
            .key(PK, AttributeValue::S(keys::stream(subject)))
            .key(SK, AttributeValue::S(keys::event(id)))
            .update_expression("SET #lease = :lease")
            .condition_expression(
                "attribute_exists(#pk) AND (attribute_not_exists(#lease) \
                 OR #lease.#owner = :owner OR #lease.#until <= :expired)",
            )
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#lease", "lease")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":lease", value(lease)?)
            .expression_attribute_values(":owner", text(&lease.owner))
            .expression_attribute_values(":expired", text(&Lease::expired_by(now).to_string()));
        let ours = held(UPDATE, request.send().await)?;
        Ok(if ours {
            TakenLease::Ours
        } else {
            TakenLease::Anothers
        })
    }

    pub(super) async fn update_entry(
        &self,
        place: (&Subject, EventId),
        kind: EffectKind,
        entry: &Entry,
        due: Option<DueAt>,
        owner: Option<&str>,
    ) -> Result<Written, Fault> {
        let index = due.map_or(Index::Remove, Index::Set);
        if self.set_entry(place, kind, entry, index, owner).await? {
            return Ok(Written::Now);
        }
        // Refused because the lease is another's, or because the writer did not know that something
        // else of this commit was set aside meanwhile: that must stay due.
        let known_to_be_due = due.is_some();
        if !known_to_be_due
            && self
                .set_entry(place, kind, entry, Index::Leave, owner)
                .await?
        {
            return Ok(Written::Now);
        }
        Ok(Written::Overtaken)
    }

    pub(super) async fn update_ledger(
        &self,
        (subject, id): (&Subject, EventId),
        was: &Ledger,
        ledger: &Ledger,
        now: Time,
    ) -> Result<Written, Fault> {
        let (mut set, mut remove) = (vec!["#ledger = :ledger"], Vec::new());
        let mut condition = "#ledger = :was".to_owned();
        let mut request = self
            .client
            .update_item()
            .table_name(self.name())
            .key(PK, AttributeValue::S(keys::stream(subject)))
            .key(SK, AttributeValue::S(keys::event(id)))
            .expression_attribute_names("#ledger", "ledger")
            .expression_attribute_names("#shard", DUE_SHARD)
            .expression_attribute_names("#due", DUE_AT)
            .expression_attribute_values(":was", value(was)?)
            .expression_attribute_values(":ledger", value(ledger)?);
        match ledger.due() {
            Some(due) => {
                set.extend(["#shard = :shard", "#due = :due"]);
                let shard = keys::due_shard(due.lane, keys::shard_of(id));
                request = request
                    .expression_attribute_values(":shard", text(&shard))
                    .expression_attribute_values(":due", text(&due.at.to_string()));
            }
            None => remove.extend(["#shard", "#due"]),
        }
        if ledger.differs_in_once(was) {
            remove.push("#lease");
            condition.push_str(" AND (attribute_not_exists(#lease) OR #lease.#until <= :expired)");
            request = request
                .expression_attribute_names("#lease", "lease")
                .expression_attribute_names("#until", "until")
                .expression_attribute_values(":expired", text(&Lease::expired_by(now).to_string()));
        }
        let mut update = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            update.push_str(&format!(" REMOVE {}", remove.join(", ")));
        }
        let request = request.update_expression(update);
        let request = request.condition_expression(condition);
        Ok(match held(UPDATE, request.send().await)? {
            true => Written::Now,
            false => Written::Overtaken,
        })
    }

    async fn set_entry(
        &self,
        (subject, id): (&Subject, EventId),
        kind: EffectKind,
        entry: &Entry,
        index: Index,
        owner: Option<&str>,
    ) -> Result<bool, Fault> {
        let mut condition = "attribute_exists(#pk)".to_owned();
        let mut request = self
            .client
            .update_item()
            .table_name(self.name())
            .key(PK, AttributeValue::S(keys::stream(subject)))
            .key(SK, AttributeValue::S(keys::event(id)))
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#ledger", "ledger")
            .expression_attribute_names("#kind", kind.as_str())
            .expression_attribute_values(":entry", value(entry)?);
        request = match index {
            Index::Set(due) => request
                .update_expression("SET #ledger.#kind = :entry, #shard = :shard, #due = :due")
                .expression_attribute_names("#shard", DUE_SHARD)
                .expression_attribute_names("#due", DUE_AT)
                .expression_attribute_values(
                    ":shard",
                    text(&keys::due_shard(due.lane, keys::shard_of(id))),
                )
                .expression_attribute_values(":due", text(&due.at.to_string())),
            Index::Remove => {
                let others = EffectKind::ALL.iter().filter(|other| **other != kind);
                for (number, other) in others.enumerate() {
                    let name = format!("#other{number}");
                    condition.push_str(&format!(
                        " AND (attribute_not_exists(#ledger.{name}) OR #ledger.{name}.#state <> :deferred)"
                    ));
                    request = request.expression_attribute_names(name, other.as_str());
                }
                request
                    .update_expression("SET #ledger.#kind = :entry REMOVE #shard, #due")
                    .expression_attribute_names("#shard", DUE_SHARD)
                    .expression_attribute_names("#due", DUE_AT)
                    .expression_attribute_names("#state", "state")
                    .expression_attribute_values(":deferred", text("deferred"))
            }
            Index::Leave => request.update_expression("SET #ledger.#kind = :entry"),
        };
        if let Some(owner) = owner {
            condition.push_str(" AND #lease.#owner = :owner");
            request = request
                .expression_attribute_names("#lease", "lease")
                .expression_attribute_names("#owner", "owner")
                .expression_attribute_values(":owner", text(owner));
        }
        held(UPDATE, request.condition_expression(condition).send().await)
    }
}

/// What a write of an entry does to the commit's place in the due index.
#[derive(Clone, Copy)]
enum Index {
    /// Due at this instant, in this lane.
    Set(DueAt),
    /// No longer due, unless something else of the commit is set aside.
    Remove,
    /// As it is.
    Leave,
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn value<T: Serialize>(value: &T) -> Result<AttributeValue, Fault> {
    serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(value)
        .map_err(|_error| Fault::new(UPDATE, FaultKind::Refused))
}
