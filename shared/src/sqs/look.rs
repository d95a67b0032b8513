//! Whether a queue is there and may be used, before anything is received from it.

use super::{DeadLetterQueue, WorkQueue};
use crate::aws::{Named, Unseen, unseen};
use aws_sdk_sqs::types::QueueAttributeName;

const LOOK: &str = "sqs.get_queue_attributes";

impl WorkQueue {
    /// Looks whether the queue is there.
    pub async fn look(&self) -> Result<(), Unseen> {
        match self.look_as("queue", "USHER_QUEUE_URL").await {
            // Sending may be allowed to whoever may not describe it.
            Ok(()) | Err((_, None)) => Ok(()),
            Err((_, Some(unseen))) => Err(unseen),
        }
    }

    /// What is wrong, if whoever asks may know, and with what.
    async fn look_as(
        &self,
        kind: &'static str,
        variable: &'static str,
    ) -> Result<(), (Named, Option<Unseen>)> {
        let request = self.client.get_queue_attributes().queue_url(&*self.url);
        let request = request.attribute_names(QueueAttributeName::QueueArn);
        let Err(error) = request.send().await else {
            return Ok(());
        };
        let region = self.client.config().region();
        let of = Named {
            kind,
            name: self.url.to_string(),
            variable,
            region: region.map_or_else(|| "no region".to_owned(), ToString::to_string),
        };
        let unseen = unseen(of.clone(), LOOK, &error);
        Err((of, unseen))
    }
}

impl DeadLetterQueue {
    /// Looks whether the queue is there.
    pub async fn look(&self) -> Result<(), Unseen> {
        let looked = self.0.look_as("dead-letter queue", "USHER_DEAD_LETTER_URL");
        // Whoever looks through it has to know how many letters there are.
        let looked = looked.await;
        looked.map_err(|(of, unseen)| unseen.unwrap_or(Unseen::NotAllowed { of }))
    }
}
