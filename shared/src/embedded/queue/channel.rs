use super::{Database, QueueLimits};
use crate::aws::fault;
use crate::chance;
use crate::clock::{self, Clock};
use crate::disposition::FaultKind;
use crate::port::{Cause, DeadLetter, Fault, Received};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, Delete, GlobalSecondaryIndex,
    KeySchemaElement, KeyType, Projection, ProjectionType, Put, ReturnValue, ScalarAttributeType,
    TransactWriteItem,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1 as dynamo;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use usher_events::Time;

/// The table that queues are kept in.
const TABLE: &str = "usher-queue";
/// Lists a queue's messages by when they show.
const VISIBLE: &str = "visible";
/// How often an empty queue is asked again while its reader waits.
const POLL: Duration = Duration::from_millis(25);

const WORK: &str = "work";
const DEAD: &str = "dead";

type Item = HashMap<String, AttributeValue>;

/// One queue of the table.
#[derive(Clone)]
pub(super) struct Channel {
    client: Client,
    clock: Arc<dyn Clock>,
    name: &'static str,
    limits: QueueLimits,
}

/// A message as it is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct Message {
    queue: String,
    /// Time-ordered, so that the oldest message comes first.
    id: String,
    body: String,
    #[serde(
        rename = "message_group",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    group: Option<String>,
    /// Milliseconds since the epoch. The message is hidden until then.
    visible_at: i64,
    receive_count: u32,
    /// Of the latest delivery; empty before the first.
    receipt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_received: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
}

impl Message {
    pub(super) fn into_received(self) -> Received {
        Received {
            id: self.id,
            receipt: self.receipt,
            body: self.body,
            receive_count: self.receive_count,
            first_received: self.first_received,
        }
    }

    pub(super) fn into_dead_letter(mut self) -> DeadLetter {
        let cause = self.cause.take();
        DeadLetter {
            message: self.into_received(),
            cause,
        }
    }
}

impl Channel {
    pub(super) fn work(database: &Database, clock: Arc<dyn Clock>, limits: QueueLimits) -> Self {
        Self {
            client: Client::new(database.clients().sdk()),
            clock,
            name: WORK,
            limits,
        }
    }

    pub(super) fn dead_letters(&self) -> Self {
        let limits = QueueLimits {
            receive_limit: u32::MAX,
            ..self.limits
        };
        Self {
            name: DEAD,
            limits,
            ..self.clone()
        }
    }

    pub(super) async fn put(
        &self,
        body: &str,
        group: Option<&str>,
        cause: Option<&Cause>,
    ) -> Result<(), Fault> {
        let message = Message {
            queue: self.name.to_owned(),
            id: chance::event_id().to_string(),
            body: body.to_owned(),
            group: group.map(ToOwned::to_owned),
            visible_at: self.clock.now().unix_millis(),
            receive_count: 0,
            receipt: String::new(),
            first_received: None,
            cause: cause.cloned(),
        };
        let item = item("queue.send", message)?;
        let request = self
            .client
            .put_item()
            .table_name(TABLE)
            .set_item(Some(item));
        request
            .send()
            .await
            .map_err(|error| fault("queue.send", &error))?;
        Ok(())
    }

    pub(super) async fn receive(&self, most: u32, wait: Duration) -> Result<Vec<Message>, Fault> {
        let end = tokio::time::Instant::now() + wait;
        loop {
            let messages = self.take(most).await?;
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            if !messages.is_empty() || left.is_zero() {
                return Ok(messages);
            }
            clock::sleep(POLL.min(left)).await;
        }
    }

    /// Takes what shows now. A message that another reader takes first is that reader's.
    async fn take(&self, most: u32) -> Result<Vec<Message>, Fault> {
        let now = self.clock.now();
        let request = self
            .client
            .query()
            .table_name(TABLE)
            .index_name(VISIBLE)
            .key_condition_expression("#queue = :queue AND #visible <= :now")
            .expression_attribute_names("#queue", "queue")
            .expression_attribute_names("#visible", "visible_at")
            .expression_attribute_values(":queue", text(self.name))
            .expression_attribute_values(":now", number(now.unix_millis()))
            .limit(i32::try_from(most.max(1)).unwrap_or(i32::MAX));
        let page = request
            .send()
            .await
            .map_err(|error| fault("queue.receive", &error))?;
        let mut taken = Vec::new();
        for candidate in page.items.unwrap_or_default() {
            let seen: Message = read("queue.receive", candidate)?;
            if seen.receive_count >= self.limits.receive_limit {
                self.bury(seen).await?;
            } else if let Some(message) = self.deliver(&seen, now).await? {
                taken.push(message);
            }
        }
        Ok(taken)
    }

    async fn deliver(&self, seen: &Message, now: Time) -> Result<Option<Message>, Fault> {
        let request = self
            .client
            .update_item()
            .table_name(TABLE)
            .set_key(Some(self.key(&seen.id)))
            .update_expression(
                "SET #visible = :until, #count = :count, #receipt = :receipt, \
                 #first = if_not_exists(#first, :now)",
            )
            .condition_expression("#visible = :seen AND #count = :before")
            .expression_attribute_names("#visible", "visible_at")
            .expression_attribute_names("#count", "receive_count")
            .expression_attribute_names("#receipt", "receipt")
            .expression_attribute_names("#first", "first_received")
            .expression_attribute_values(":until", self.hidden_for(now, None))
            .expression_attribute_values(":count", number(i64::from(seen.receive_count) + 1))
            .expression_attribute_values(":before", number(i64::from(seen.receive_count)))
            .expression_attribute_values(":seen", number(seen.visible_at))
            .expression_attribute_values(":receipt", text(&receipt(&seen.id)))
            .expression_attribute_values(":now", text(&now.to_string()))
            .return_values(ReturnValue::AllNew);
        match request.send().await {
            Ok(answer) => answer
                .attributes
                .map(|item| read("queue.receive", item))
                .transpose(),
            Err(error) if condition_failed(&error) => Ok(None),
            Err(error) => Err(fault("queue.receive", &error)),
        }
    }

    /// Moves a message that was delivered too often to the dead letters, in one transaction.
    async fn bury(&self, message: Message) -> Result<(), Fault> {
        let unchanged = Delete::builder()
            .table_name(TABLE)
            .set_key(Some(self.key(&message.id)))
            .condition_expression("#visible = :seen AND #count = :before")
            .expression_attribute_names("#visible", "visible_at")
            .expression_attribute_names("#count", "receive_count")
            .expression_attribute_values(":seen", number(message.visible_at))
            .expression_attribute_values(":before", number(i64::from(message.receive_count)));
        let dead = Message {
            queue: DEAD.to_owned(),
            ..message
        };
        let put = Put::builder()
            .table_name(TABLE)
            .set_item(Some(item("queue.bury", dead)?));
        let request = self
            .client
            .transact_write_items()
            .transact_items(
                TransactWriteItem::builder()
                    .delete(known(unchanged.build()))
                    .build(),
            )
            .transact_items(TransactWriteItem::builder().put(known(put.build())).build());
        match request.send().await {
            Ok(_) => Ok(()),
            // Another reader has buried it, or has it.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_transaction_canceled_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(fault("queue.bury", &error)),
        }
    }

    /// As in SQS, a stale receipt deletes nothing and is no error.
    pub(super) async fn delete(&self, receipt: &str) -> Result<(), Fault> {
        let request = self
            .client
            .delete_item()
            .table_name(TABLE)
            .set_key(Some(self.key(id_of(receipt))))
            .condition_expression("#receipt = :receipt")
            .expression_attribute_names("#receipt", "receipt")
            .expression_attribute_values(":receipt", text(receipt));
        match request.send().await {
            Err(error) if !condition_failed(&error) => Err(fault("queue.delete", &error)),
            _ => Ok(()),
        }
    }

    /// As in SQS, a receipt that is stale or of a message that shows already is refused.
    pub(super) async fn hide(&self, receipt: &str, duration: Duration) -> Result<(), Fault> {
        let now = self.clock.now();
        let request = self
            .client
            .update_item()
            .table_name(TABLE)
            .set_key(Some(self.key(id_of(receipt))))
            .update_expression("SET #visible = :until")
            .condition_expression("#receipt = :receipt AND #visible > :now")
            .expression_attribute_names("#receipt", "receipt")
            .expression_attribute_names("#visible", "visible_at")
            .expression_attribute_values(":receipt", text(receipt))
            .expression_attribute_values(":now", number(now.unix_millis()))
            .expression_attribute_values(":until", self.hidden_for(now, Some(duration)));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if condition_failed(&error) => {
                Err(Fault::new("queue.hide", FaultKind::Refused))
            }
            Err(error) => Err(fault("queue.hide", &error)),
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<Message>, Fault> {
        let mut messages = Vec::new();
        let mut from = None;
        loop {
            let request = self
                .client
                .query()
                .table_name(TABLE)
                .key_condition_expression("#queue = :queue")
                .expression_attribute_names("#queue", "queue")
                .expression_attribute_values(":queue", text(self.name))
                .set_exclusive_start_key(from)
                .consistent_read(true);
            let page = request
                .send()
                .await
                .map_err(|error| fault("queue.list", &error))?;
            for item in page.items.unwrap_or_default() {
                messages.push(read("queue.list", item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(messages);
            }
        }
    }

    pub(super) async fn create(&self) -> Result<(), Fault> {
        let attribute = |name, kind| {
            known(
                AttributeDefinition::builder()
                    .attribute_name(name)
                    .attribute_type(kind)
                    .build(),
            )
        };
        let key = |name, kind| {
            known(
                KeySchemaElement::builder()
                    .attribute_name(name)
                    .key_type(kind)
                    .build(),
            )
        };
        let all = Projection::builder()
            .projection_type(ProjectionType::All)
            .build();
        let index = GlobalSecondaryIndex::builder()
            .index_name(VISIBLE)
            .key_schema(key("queue", KeyType::Hash))
            .key_schema(key("visible_at", KeyType::Range))
            .projection(all);
        let request = self
            .client
            .create_table()
            .table_name(TABLE)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("queue", ScalarAttributeType::S))
            .attribute_definitions(attribute("id", ScalarAttributeType::S))
            .attribute_definitions(attribute("visible_at", ScalarAttributeType::N))
            .key_schema(key("queue", KeyType::Hash))
            .key_schema(key("id", KeyType::Range))
            .global_secondary_indexes(known(index.build()));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_in_use_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(fault("queue.create", &error)),
        }
    }

    fn key(&self, id: &str) -> Item {
        HashMap::from([
            ("queue".to_owned(), text(self.name)),
            ("id".to_owned(), text(id)),
        ])
    }

    fn hidden_for(&self, now: Time, duration: Option<Duration>) -> AttributeValue {
        number(
            now.plus(duration.unwrap_or(self.limits.visibility_timeout))
                .unix_millis(),
        )
    }
}

/// What deletes one delivery: the message's id and what no other delivery has.
fn receipt(id: &str) -> String {
    format!("{id}.{}", chance::owner())
}

fn id_of(receipt: &str) -> &str {
    receipt.split_once('.').map_or(receipt, |(id, _)| id)
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn read(operation: &'static str, item: Item) -> Result<Message, Fault> {
    dynamo::from_item(item).map_err(|_error| Fault::new(operation, FaultKind::Corrupt))
}

fn item(operation: &'static str, message: Message) -> Result<Item, Fault> {
    dynamo::to_item(message).map_err(|_error| Fault::new(operation, FaultKind::Refused))
}

fn condition_failed<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        == Some("ConditionalCheckFailedException")
}

fn known<T>(built: Result<T, BuildError>) -> T {
    built.expect("every required field is set in the same function")
}
