//! What is kept of sign-ups.

use super::Table;
use super::fault::{Item, fault, held, item, read};
use super::keys::SIGN_UP;
use super::schema::EXPIRES_AT;
use super::spill::primary_key;
use crate::disposition::FaultKind;
use crate::port::{Fault, Written};
use crate::sign_up::{Held, SignUp};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use usher_events::{SignUpContext, SignUpKey, Sub, Time};

const GET: &str = "dynamodb.get_item";
const PUT: &str = "dynamodb.put_item";
const UPDATE: &str = "dynamodb.update_item";

#[derive(Serialize, Deserialize)]
struct SignUpRecord {
    #[serde(rename = "PK")]
    pk: String,
    #[serde(rename = "SK")]
    sk: String,
    context: SignUpContext,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Held>,
    /// In seconds: the table's own expiry reads it.
    expires_at: i64,
}

impl Table {
    pub(super) async fn get_sign_up(&self, key: &SignUpKey) -> Result<Option<SignUp>, Fault> {
        let request = self
            .client
            .get_item()
            .table_name(self.name())
            .set_key(Some(sign_up_key(key)))
            .consistent_read(true);
        let answer = request.send().await.map_err(|error| fault(GET, &error))?;
        answer.item.map(|item| from_item(key, item)).transpose()
    }

    pub(super) async fn overwrite_sign_up(&self, sign_up: &SignUp) -> Result<(), Fault> {
        let record = SignUpRecord {
            pk: sign_up.key.as_str().to_owned(),
            sk: SIGN_UP.to_owned(),
            context: sign_up.context.clone(),
            held: sign_up.held.clone(),
            expires_at: sign_up.expires_at.unix_seconds(),
        };
        let request = self.client.put_item().table_name(self.name());
        let request = request.set_item(Some(item(PUT, record)?));
        request.send().await.map_err(|error| fault(PUT, &error))?;
        Ok(())
    }

    pub(super) async fn set_redeemed_by(
        &self,
        key: &SignUpKey,
        from: &Held,
        sub: &Sub,
    ) -> Result<Written, Fault> {
        let same =
            format!("{SAME_ATTEMPT} AND (attribute_not_exists(#held.#by) OR #held.#by = :sub)");
        let request = self
            .update_held(key, from)
            .update_expression("SET #held.#by = :sub")
            .condition_expression(same)
            .expression_attribute_names("#by", "redeemed_by")
            .expression_attribute_values(":sub", text(sub.as_str()));
        written(request).await
    }

    pub(super) async fn set_held_until(
        &self,
        key: &SignUpKey,
        from: &Held,
        until: Time,
        expires_at: Time,
    ) -> Result<Written, Fault> {
        let seconds = expires_at.unix_seconds().to_string();
        let request = self
            .update_held(key, from)
            .update_expression("SET #held.#until = :until, #expires = :expires")
            .condition_expression(SAME_ATTEMPT)
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#expires", EXPIRES_AT)
            .expression_attribute_values(":until", text(&until.to_string()))
            .expression_attribute_values(":expires", AttributeValue::N(seconds));
        written(request).await
    }

    fn update_held(&self, key: &SignUpKey, from: &Held) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(self.name())
            .set_key(Some(sign_up_key(key)))
            .expression_attribute_names("#held", "held")
            .expression_attribute_names("#invite", "invite")
            .expression_attribute_names("#in", "sign_in")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":invite", text(from.invite.as_str()))
            .expression_attribute_values(":in", text(from.sign_in.as_str()))
            .expression_attribute_values(":at", text(&from.at.to_string()))
    }
}

/// Of two attempts under one user name the later one is held from another instant on; what becomes
/// of the earlier one says nothing of it.
const SAME_ATTEMPT: &str = "#held.#invite = :invite AND #held.#in = :in AND #held.#at = :at";

async fn written(request: UpdateItemFluentBuilder) -> Result<Written, Fault> {
    let now = held(UPDATE, request.send().await)?;
    Ok(if now {
        Written::Now
    } else {
        Written::Overtaken
    })
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn sign_up_key(key: &SignUpKey) -> Item {
    primary_key(key.as_str().to_owned(), SIGN_UP.to_owned())
}

fn from_item(key: &SignUpKey, item: Item) -> Result<SignUp, Fault> {
    let record: SignUpRecord = read(GET, item)?;
    if record.pk != key.as_str() {
        return Err(Fault::new(GET, FaultKind::Corrupt));
    }
    let expires_at = Time::from_unix_seconds(record.expires_at);
    Ok(SignUp {
        key: key.clone(),
        context: record.context,
        held: record.held,
        expires_at: expires_at.ok_or(Fault::new(GET, FaultKind::Corrupt))?,
    })
}

/// The table's own expiry goes by the attribute that [`SignUpRecord`] writes.
const _: () = assert!(matches!(EXPIRES_AT.as_bytes(), b"expires_at"));
