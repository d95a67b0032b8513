//! The sweep: each minute, what is due goes back on the queue.

use crate::message::Resume;
use crate::{Worker, fault};
use std::time::Duration;
use tokio::time::Instant;
use usher_shared::disposition::Disposition;
use usher_shared::port::{Due, Fault, Outgoing, Written};

/// How far a due time is moved before its message is sent. Long enough for the queue to deliver it;
/// if it is lost all the same, the sweep finds the due time again.
const UNTIL_NEXT: Duration = Duration::from_secs(15 * 60);

/// The most that one sweep sends, so that a service that has just recovered is not run over.
const MOST: u32 = 500;

/// The longest that one sweep takes, so that it ends before the next begins, and well before the
/// time of an invocation does.
const LONGEST: Duration = Duration::from_secs(40);

/// What one sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Commits whose open effects were put on the queue.
    pub resumed: u32,
    /// Spilled events that were put on the queue.
    pub sent_on: u32,
    /// Due things that another sweep had, that could not be sent, or for which there was no time.
    pub left: u32,
}

impl Worker {
    /// Puts what is due on the queue. Several sweeps at once send nothing twice: each thing is
    /// taken by a conditional write first.
    ///
    /// Ends at the first sign that the table or the queue is in trouble: what is due stays due, and
    /// only what was taken already waits a quarter of an hour.
    pub async fn sweep(&self) -> Result<Swept, Fault> {
        let now = self.clock.now();
        let end = Instant::now() + LONGEST;
        let mut swept = Swept::default();
        let mut all = self.store.due(now, MOST).await?.into_iter();
        for due in all.by_ref() {
            let sent = match self.store.move_due(&due, now.plus(UNTIL_NEXT)).await {
                Ok(Written::Now) => self.send_on(&due).await,
                Ok(Written::Overtaken) => Ok(Sent::Left),
                Err(fault) => Err(fault),
            };
            match sent {
                Ok(Sent::Resume) => swept.resumed += 1,
                Ok(Sent::Spill) => swept.sent_on += 1,
                Ok(Sent::Left) => swept.left += 1,
                Ok(Sent::Nothing) => {}
                Err(fault) => {
                    tracing::warn!(fault = %fault, "Something due could not be put on the queue; it stays due");
                    swept.left += 1;
                    if fault.disposition() == Disposition::Retry {
                        break;
                    }
                }
            }
            if Instant::now() >= end {
                break;
            }
        }
        swept.left += u32::try_from(all.len()).unwrap_or(u32::MAX);
        tracing::info!(
            swept.resumed,
            swept.sent_on,
            swept.left,
            "Swept what is due"
        );
        Ok(swept)
    }

    async fn send_on(&self, due: &Due) -> Result<Sent, Fault> {
        fault::point("due_moved", "");
        match due {
            Due::Commit { subject, id, .. } => {
                let resume = Resume {
                    subject: subject.clone(),
                    id: *id,
                };
                let message = Outgoing {
                    body: resume.encode(),
                    group: Some(subject.to_string()),
                };
                self.queue.send(&message).await?;
                Ok(Sent::Resume)
            }
            Due::Spill { id, .. } => {
                let Some(body) = self.store.spilled(*id).await? else {
                    return Ok(Sent::Nothing);
                };
                self.queue.send(&Outgoing { body, group: None }).await?;
                fault::point("spill_sent", "");
                // The queue has it. Where this fails it is sent once more, and its id is known.
                self.store.remove_spill(*id).await?;
                Ok(Sent::Spill)
            }
        }
    }
}

enum Sent {
    Resume,
    Spill,
    /// Another sweep has it.
    Left,
    /// It was sent on before.
    Nothing,
}
