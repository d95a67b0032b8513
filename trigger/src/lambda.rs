//! The trigger as a Lambda function.

use crate::handle::Trigger;
use crate::refusal::Refusal;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::sync::Arc;

/// Answers invocations until the environment ends.
pub async fn serve(trigger: Trigger) -> Result<(), Error> {
    let trigger = Arc::new(trigger);
    lambda_runtime::run(service_fn(move |event| invoke(Arc::clone(&trigger), event))).await
}

async fn invoke(trigger: Arc<Trigger>, event: LambdaEvent<Box<RawValue>>) -> Result<Box<RawValue>, Refusal> {
    trigger.handle(&event.payload, &event.context.request_id).await.answer
}
