use super::channel::{Channel, DEAD, condition_failed, number, text};
use super::message::{Message, item, read};
use super::schema::{TABLE, VISIBLE, known};
use crate::aws::fault;
use crate::chance;
use crate::port::Fault;
use aws_sdk_dynamodb::types::{Delete, Put, ReturnValue, TransactWriteItem};
use std::time::Duration;
use usher_events::Time;

impl Channel {
    /// Takes what shows now. A message that another reader takes first is that reader's.
    pub(super) async fn take(
        &self,
        most: u32,
        hold: Option<Duration>,
    ) -> Result<Vec<Message>, Fault> {
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
            } else if let Some(message) = self.deliver(&seen, now, hold).await? {
                taken.push(message);
            }
        }
        Ok(taken)
    }

    async fn deliver(
        &self,
        seen: &Message,
        now: Time,
        hold: Option<Duration>,
    ) -> Result<Option<Message>, Fault> {
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
            .expression_attribute_values(":until", self.hidden_for(now, hold))
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
}

/// What deletes one delivery: the message's id and what no other delivery has.
fn receipt(id: &str) -> String {
    format!("{id}.{}", chance::owner())
}
