//! The queue's contract on SQS as ministack has it. Fails where there is none:
//! `USHER_TEST_SQS` says where it is.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that meets the unexpected has failed its test"
)]

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName::{QueueArn, RedrivePolicy, VisibilityTimeout};
use std::time::Duration;
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::sqs::{DeadLetterQueue, WorkQueue};
use usher_shared::testkit::queue_contract::{RECEIVE_LIMIT, Subject};
use usher_shared::{chance, clock};

/// Short, because a real server's time cannot be moved.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone)]
struct Sqs {
    work: WorkQueue,
    dead: DeadLetterQueue,
}

#[async_trait]
impl Subject for Sqs {
    type Work = WorkQueue;
    type Dead = DeadLetterQueue;

    fn work(&self) -> &WorkQueue {
        &self.work
    }

    fn dead(&self) -> &DeadLetterQueue {
        &self.dead
    }

    async fn pass_visibility_timeout(&self) {
        clock::sleep(VISIBILITY_TIMEOUT + Duration::from_millis(200)).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "only the reference tests know where the server is"
)]
async fn fresh() -> Sqs {
    let endpoint = std::env::var("USHER_TEST_SQS").expect("USHER_TEST_SQS is an SQS's address");
    let clients = Clients::local(&endpoint, Timeouts::WORKER);
    let client = Client::new(clients.sdk());
    let name = chance::owner();
    let timeout = VISIBILITY_TIMEOUT.as_secs().to_string();

    let dead = client.create_queue().queue_name(format!("dead-{name}"));
    let dead = dead
        .attributes(VisibilityTimeout, &timeout)
        .send()
        .await
        .unwrap();
    let dead_url = dead.queue_url.unwrap();
    let arn = client
        .get_queue_attributes()
        .queue_url(&dead_url)
        .attribute_names(QueueArn);
    let arn = arn
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap()
        .remove(&QueueArn)
        .unwrap();
    let redrive = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{RECEIVE_LIMIT}}}"#);
    let work = client
        .create_queue()
        .queue_name(format!("work-{name}"))
        .attributes(VisibilityTimeout, timeout)
        .attributes(RedrivePolicy, redrive);
    let work_url = work.send().await.unwrap().queue_url.unwrap();
    Sqs {
        work: WorkQueue::new(&clients, work_url),
        dead: DeadLetterQueue::new(&clients, dead_url),
    }
}

usher_shared::queue_contract!(fresh);
