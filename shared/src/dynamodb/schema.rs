use super::Table;
use super::fault::fault;
use super::keys::{DUE_AT, DUE_INDEX, DUE_SHARD, PK, SK};
use crate::port::Fault;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};

/// Where an item says, in seconds since the epoch, when it may be forgotten.
pub(super) const EXPIRES_AT: &str = "expires_at";

const CREATE: &str = "dynamodb.create_table";

impl Table {
    /// Makes the table unless there is one, as the deployment's template does: for one machine and
    /// for tests.
    pub async fn create(&self) -> Result<(), Fault> {
        let request = self
            .client
            .create_table()
            .table_name(self.name())
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(definitions()))
            .set_key_schema(Some(key(PK, SK)))
            .global_secondary_indexes(due_index());
        if let Err(error) = request.send().await {
            let there = error
                .as_service_error()
                .is_some_and(|e| e.is_resource_in_use_exception());
            return if there {
                Ok(())
            } else {
                Err(fault(CREATE, &error))
            };
        }
        let expiry = TimeToLiveSpecification::builder()
            .attribute_name(EXPIRES_AT)
            .enabled(true);
        self.client
            .update_time_to_live()
            .table_name(self.name())
            .time_to_live_specification(known(expiry.build()))
            .send()
            .await
            .map_err(|error| fault("dynamodb.update_time_to_live", &error))?;
        Ok(())
    }
}

fn definitions() -> Vec<AttributeDefinition> {
    let text = |name| {
        let text = AttributeDefinition::builder().attribute_name(name);
        known(text.attribute_type(ScalarAttributeType::S).build())
    };
    [PK, SK, DUE_SHARD, DUE_AT].map(text).into()
}

fn key(hash: &str, range: &str) -> Vec<KeySchemaElement> {
    let part = |name, kind| {
        known(
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build(),
        )
    };
    vec![part(hash, KeyType::Hash), part(range, KeyType::Range)]
}

fn due_index() -> GlobalSecondaryIndex {
    let keys_only = Projection::builder()
        .projection_type(ProjectionType::KeysOnly)
        .build();
    let index = GlobalSecondaryIndex::builder()
        .index_name(DUE_INDEX)
        .projection(keys_only);
    known(index.set_key_schema(Some(key(DUE_SHARD, DUE_AT))).build())
}

/// The builders want to be told what the lines above them tell.
fn known<T>(built: Result<T, BuildError>) -> T {
    built.expect("every required field is set in the same expression")
}
