use super::channel::Channel;
use crate::aws::fault;
use crate::port::Fault;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};

/// The table that queues are kept in.
pub(super) const TABLE: &str = "usher-queue";
/// Lists a queue's messages by when they show.
pub(super) const VISIBLE: &str = "visible";

impl Channel {
    /// Makes the table unless there is one.
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
}

/// The builders want to be told what the lines above them tell.
pub(super) fn known<T>(built: Result<T, BuildError>) -> T {
    built.expect("every required field is set in the same function")
}
