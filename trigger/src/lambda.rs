//! The trigger as a Lambda function.

use crate::deployed::Deployed;
use crate::handle::Trigger;
use crate::refusal::Refusal;
use futures::FutureExt;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tracing::Instrument;
use usher_shared::config::Environment;

/// Answers invocations until the environment ends. Each line of the log names the deployment, the
/// invocation and the policy that it belongs to.
pub async fn serve(deployed: Deployed, environment: Environment) -> Result<(), Error> {
    let deployed = Arc::new(deployed);
    let answer = move |event| one(Arc::clone(&deployed), environment, event);
    lambda_runtime::run(service_fn(answer)).await
}

/// Answers one invocation by the policy that is in force when it begins, and then sees whether there
/// is another.
///
/// # Errors
///
/// As [`invoke`].
pub async fn one(
    deployed: Arc<Deployed>,
    environment: Environment,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<Box<RawValue>, Refusal> {
    let (trigger, edition) = deployed.trigger();
    let span = tracing::info_span!(
        "invocation",
        environment = environment.as_str(),
        request.id = event.context.request_id,
        policy.version = %edition.version
    );
    let answer = invoke(Arc::new(trigger), event)
        .instrument(span.clone())
        .await;
    span.in_scope(|| deployed.after_an_answer());
    answer
}

/// Answers one invocation.
///
/// # Errors
///
/// A refusal and nothing else: Lambda reports it under [`Refusal::ERROR_TYPE`] in the policy's words.
pub async fn invoke(
    trigger: Arc<Trigger>,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<Box<RawValue>, Refusal> {
    let answer = AssertUnwindSafe(trigger.handle(&event.payload, &event.context.request_id))
        .catch_unwind()
        .await;
    match answer {
        Ok(handled) => handled.answer,
        // Handling holds in its own panics; one that got past it came before we knew which trigger
        // this is, and an event that we do not know goes back as it came.
        Err(_panic) => {
            tracing::error!("Reading a trigger panicked; the event goes back as it came");
            Ok(event.payload)
        }
    }
}
