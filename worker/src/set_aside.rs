//! Copying to the dead letters what cannot be worked on: the body as it came, the cause beside it.

use crate::Worker;
use crate::batch::Message;
use crate::story::{Again, Outcome};
use tokio::time::Instant;
use usher_shared::port::{Cause, Fault};
use usher_shared::retry::retry;

/// Why a message is given up.
pub(crate) struct Given {
    /// The kind of failure.
    pub(crate) kind: &'static str,
    /// One sentence about it.
    pub(crate) text: String,
    /// What failed, where a service did.
    pub(crate) operation: Option<&'static str>,
}

impl Worker {
    /// Sets one message aside. It is done here only once the dead-letter queue has it.
    pub(crate) async fn set_aside(
        &self,
        message: &Message,
        Given {
            kind,
            text,
            operation,
        }: Given,
        deadline: Instant,
    ) -> Outcome {
        let cause = Cause {
            kind: kind.to_owned(),
            text,
            operation: operation.map(ToOwned::to_owned),
            message_id: message.id.clone(),
            first_received: message.first_received,
            set_aside: self.clock.now(),
            receive_count: message.receive_count,
        };
        let copy = || self.dead_letters.set_aside(&message.body, &cause);
        match retry(&crate::TRIES, deadline, Fault::disposition, copy).await {
            Ok(()) => {
                tracing::warn!(
                    message.id = message.id,
                    cause = kind,
                    "A message is set aside in the dead letters"
                );
                Outcome::SetAside(kind)
            }
            Err(fault) => {
                tracing::error!(message.id = message.id, fault = %fault, "The dead-letter queue takes nothing");
                Outcome::Again(Again::Fault(fault))
            }
        }
    }
}
