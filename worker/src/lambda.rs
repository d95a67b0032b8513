//! The worker as a Lambda function: batches from SQS, and a call each minute to sweep.

use crate::batch::Message;
use crate::{Deployed, Worker};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::FutureExt;
use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;
use usher_events::Time;
use usher_shared::clock::Clock;
use usher_shared::config::Environment;

/// Kept back from an invocation's time, to answer before Lambda ends it.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What somebody reads who invokes the worker with something else.
const UNKNOWN: &str = "the worker takes a batch of SQS messages, or {\"usher\":\"sweep\"}";

/// Answers invocations until the environment ends. Each line of the log names the deployment, the
/// invocation and the policy that it belongs to.
pub async fn serve(deployed: Deployed, environment: Environment) -> Result<(), Error> {
    let deployed = Arc::new(deployed);
    let answer = move |event: LambdaEvent<Box<RawValue>>| {
        let deployed = Arc::clone(&deployed);
        async move {
            let (worker, edition) = deployed.worker();
            let span = tracing::info_span!(
                "invocation",
                environment = environment.as_str(),
                request.id = event.context.request_id,
                policy.version = %edition.version
            );
            let answer = invoke(Arc::new(worker), event)
                .instrument(span.clone())
                .await;
            span.in_scope(|| deployed.after_a_batch());
            answer
        }
    };
    lambda_runtime::run(service_fn(answer)).await
}

/// The event that the schedule sends each minute: `{"usher":"sweep"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scheduled {
    usher: Verb,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verb {
    Sweep,
}

/// An invocation that the worker cannot make sense of, or could not carry out.
#[derive(Debug)]
pub struct Unanswerable(&'static str);

impl Unanswerable {
    /// The name under which Lambda reports it.
    pub const ERROR_TYPE: &'static str = "Unanswerable";

    /// The sentence.
    pub fn text(&self) -> &'static str {
        self.0
    }
}

impl From<Unanswerable> for Diagnostic {
    fn from(error: Unanswerable) -> Self {
        Self {
            error_type: Unanswerable::ERROR_TYPE.to_owned(),
            error_message: error.0.to_owned(),
        }
    }
}

async fn invoke(
    worker: Arc<Worker>,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<SqsBatchResponse, Unanswerable> {
    let deadline = deadline(&event.context, worker.clock.as_ref());
    let answer = AssertUnwindSafe(worker.answer(&event.payload, deadline)).catch_unwind();
    // The runtime would tell whoever asks what the panic said, and that may quote a message.
    let broken = |_| {
        Err(Unanswerable(
            "the worker broke; the messages will come again",
        ))
    };
    answer.await.unwrap_or_else(broken)
}

impl Worker {
    /// Answers one invocation: a batch of messages, or the schedule's call to sweep.
    pub async fn answer(
        &self,
        payload: &RawValue,
        deadline: Instant,
    ) -> Result<SqsBatchResponse, Unanswerable> {
        if let Ok(Scheduled { usher: Verb::Sweep }) = serde_json::from_str(payload.get()) {
            self.sweep()
                .await
                .map_err(|_error| Unanswerable("what is due cannot be read now"))?;
            return Ok(SqsBatchResponse::default());
        }
        let batch: SqsEvent =
            serde_json::from_str(payload.get()).map_err(|_error| Unanswerable(UNKNOWN))?;
        let messages: Vec<Message> = batch
            .records
            .into_iter()
            .map(|record| message(record).ok_or(Unanswerable(UNKNOWN)))
            .collect::<Result<_, _>>()?;
        let outcomes = self.work(&messages, deadline).await;
        let failed = messages
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| !outcome.is_done());
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failed
            .map(|(message, _)| {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier.clone_from(&message.id);
                failure
            })
            .collect();
        tracing::info!(
            messages = messages.len(),
            failed = response.batch_item_failures.len(),
            "Worked on a batch"
        );
        Ok(response)
    }
}

/// A message as SQS gives it. `None` for a record of something else, which has no id to be reported
/// by, or no body to be kept.
fn message(record: SqsMessage) -> Option<Message> {
    let attribute = |name: &str| {
        let text = record.attributes.get(name)?;
        text.parse::<i64>().ok()
    };
    Some(Message {
        receive_count: attribute("ApproximateReceiveCount")
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(1),
        first_received: attribute("ApproximateFirstReceiveTimestamp")
            .and_then(Time::from_unix_millis),
        id: record.message_id.filter(|id| !id.is_empty())?,
        body: record.body?,
        receipt: record.receipt_handle.filter(|receipt| !receipt.is_empty()),
    })
}

/// When the batch has to be finished, by the clock that runs here.
fn deadline(context: &Context, clock: &dyn Clock) -> Instant {
    let left = i64::try_from(context.deadline).unwrap_or(i64::MAX) - clock.now().unix_millis();
    let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
    Instant::now() + left.saturating_sub(LAST_WORDS)
}
