//! What DynamoDB's errors mean.

use crate::disposition::FaultKind;
use crate::port::Fault;
use aws_sdk_dynamodb::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::aws_sdk_dynamodb_1 as dynamo;
use std::collections::HashMap;

pub(super) use crate::aws::fault;

/// An item as the SDK has it.
pub(super) type Item = HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

/// Whether a conditional write's condition did not hold, which is an answer and not a failure.
pub(super) fn condition_failed<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        == Some("ConditionalCheckFailedException")
}

/// Turns the result of a conditional write into whether it was done.
pub(super) fn held<T, E>(
    operation: &'static str,
    result: Result<T, SdkError<E, HttpResponse>>,
) -> Result<bool, Fault>
where
    E: ProvideErrorMetadata,
{
    match result {
        Ok(_) => Ok(true),
        Err(error) if condition_failed(&error) => Ok(false),
        Err(error) => Err(fault(operation, &error)),
    }
}

/// Reads an item. What cannot be read is [`FaultKind::Corrupt`]; the reason is not told, because it
/// may quote a value.
pub(super) fn read<T: DeserializeOwned>(operation: &'static str, item: Item) -> Result<T, Fault> {
    dynamo::from_item(item).map_err(|_error| Fault::new(operation, FaultKind::Corrupt))
}

/// Writes an item. What has no form as an item is refused.
pub(super) fn item<T: Serialize>(operation: &'static str, value: T) -> Result<Item, Fault> {
    dynamo::to_item(value).map_err(|_error| Fault::new(operation, FaultKind::Refused))
}
