//! The sweep: each minute, what is due goes back on the queue.

use crate::Worker;
use crate::message::Resume;
use std::time::Duration;
use usher_shared::port::{Due, Fault, Outgoing, Written};

/// How far a due time is moved before its message is sent. Long enough for the queue to deliver it;
/// if it is lost all the same, the sweep finds the due time again.
const UNTIL_NEXT: Duration = Duration::from_secs(15 * 60);

/// The most that one sweep sends, so that a service that has just recovered is not run over.
const MOST: u32 = 500;

/// What one sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Commits whose open effects were put on the queue.
    pub resumed: u32,
    /// Spilled events that were put on the queue.
    pub sent_on: u32,
    /// Due things that another sweep had, or that could not be sent and stay due.
    pub left: u32,
}

impl Worker {
    /// Puts what is due on the queue. Several sweeps at once send nothing twice: each thing is
    /// taken by a conditional write first.
    pub async fn sweep(&self) -> Result<Swept, Fault> {
        let now = self.clock.now();
        let mut swept = Swept::default();
        for due in self.store.due(now, MOST).await? {
            let taken = self.store.move_due(&due, now.plus(UNTIL_NEXT)).await;
            if !matches!(taken, Ok(Written::Now)) {
                swept.left += 1;
                continue;
            }
            match self.send_on(&due).await {
                Ok(Sent::Resumed) => swept.resumed += 1,
                Ok(Sent::SentOn) => swept.sent_on += 1,
                Ok(Sent::Nothing) => {}
                Err(fault) => {
                    tracing::warn!(fault = %fault, "Something due could not be put on the queue; it stays due");
                    swept.left += 1;
                }
            }
        }
        tracing::info!(
            swept.resumed,
            swept.sent_on,
            swept.left,
            "Swept what is due"
        );
        Ok(swept)
    }

    async fn send_on(&self, due: &Due) -> Result<Sent, Fault> {
        match due {
            Due::Commit { subject, id, .. } => {
                let body = Resume {
                    subject: subject.clone(),
                    id: *id,
                }
                .encode();
                self.queue
                    .send(&Outgoing {
                        body,
                        group: Some(subject.to_string()),
                    })
                    .await?;
                Ok(Sent::Resumed)
            }
            Due::Spill { id, .. } => {
                let Some(body) = self.store.spilled(*id).await? else {
                    return Ok(Sent::Nothing);
                };
                self.queue.send(&Outgoing { body, group: None }).await?;
                self.store.remove_spill(*id).await?;
                Ok(Sent::SentOn)
            }
        }
    }
}

enum Sent {
    Resumed,
    SentOn,
    Nothing,
}
