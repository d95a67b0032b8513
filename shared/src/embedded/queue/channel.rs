use super::Database;
use super::message::{Item, Message, item, read};
use super::schema::{TABLE, VISIBLE};
use crate::aws::fault;
use crate::chance;
use crate::clock::{self, Clock};
use crate::disposition::FaultKind;
use crate::port::{Cause, Fault, Hidden, QueueLimits, Waiting};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::future::join_all;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use usher_events::Time;

/// How often an empty queue is asked again while its reader waits.
const POLL: Duration = Duration::from_millis(25);

const WORK: &str = "work";
pub(super) const DEAD: &str = "dead";

/// One queue of the table.
#[derive(Clone)]
pub(super) struct Channel {
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) name: &'static str,
    pub(super) limits: QueueLimits,
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
        delay: Duration,
    ) -> Result<(), Fault> {
        let now = self.clock.now();
        let message = Message {
            queue: self.name.to_owned(),
            id: chance::event_id().to_string(),
            body: body.to_owned(),
            group: group.map(ToOwned::to_owned),
            sent: Some(now),
            visible_at: now.plus(delay).unix_millis(),
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

    /// Receives, and hides for `hold` if that is said, else for the queue's own time.
    pub(super) async fn receive(
        &self,
        most: u32,
        wait: Duration,
        hold: Option<Duration>,
    ) -> Result<Vec<Message>, Fault> {
        let end = tokio::time::Instant::now() + wait;
        loop {
            let messages = self.take(most, hold).await?;
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            if !messages.is_empty() || left.is_zero() {
                return Ok(messages);
            }
            clock::sleep(POLL.min(left)).await;
        }
    }

    pub(super) async fn delete_many(&self, receipts: &[&str]) -> Vec<Result<(), Fault>> {
        join_all(receipts.iter().map(|receipt| self.delete(receipt))).await
    }

    /// As in SQS, a stale receipt deletes nothing and is no error.
    async fn delete(&self, receipt: &str) -> Result<(), Fault> {
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

    pub(super) async fn hide_many(&self, deliveries: &[Hidden]) -> Result<(), Fault> {
        let mut hidden = Ok(());
        for delivery in deliveries {
            let one = self.hide(&delivery.receipt, delivery.duration).await;
            hidden = hidden.and(one);
        }
        hidden
    }

    /// Counts what there is, page after page.
    pub(super) async fn waiting(&self) -> Result<Waiting, Fault> {
        let now = self.clock.now();
        let shown = self.count("#visible <= :now", now).await?;
        let hidden = self.count("#visible > :now", now).await?;
        Ok(Waiting { shown, hidden })
    }

    async fn count(&self, which: &str, now: Time) -> Result<u64, Fault> {
        let mut counted = 0;
        let mut from = None;
        loop {
            let request = self
                .client
                .query()
                .table_name(TABLE)
                .index_name(VISIBLE)
                .select(Select::Count)
                .key_condition_expression(format!("#queue = :queue AND {which}"))
                .expression_attribute_names("#queue", "queue")
                .expression_attribute_names("#visible", "visible_at")
                .expression_attribute_values(":queue", text(self.name))
                .expression_attribute_values(":now", number(now.unix_millis()))
                .set_exclusive_start_key(from);
            let page = request.send().await;
            let page = page.map_err(|error| fault("queue.count", &error))?;
            counted += u64::try_from(page.count).unwrap_or_default();
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(counted);
            }
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

    pub(super) fn key(&self, id: &str) -> Item {
        HashMap::from([
            ("queue".to_owned(), text(self.name)),
            ("id".to_owned(), text(id)),
        ])
    }

    pub(super) fn hidden_for(&self, now: Time, duration: Option<Duration>) -> AttributeValue {
        number(
            now.plus(duration.unwrap_or(self.limits.visibility_timeout))
                .unix_millis(),
        )
    }
}

fn id_of(receipt: &str) -> &str {
    receipt.split_once('.').map_or(receipt, |(id, _)| id)
}

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Whether a condition did not hold, which is an answer and not a failure.
pub(super) fn condition_failed<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        == Some("ConditionalCheckFailedException")
}
