//! Taking what is due, and putting it on the queue.

use super::Sweeper;
use crate::fault;
use crate::message::Resume;
use futures::future::join_all;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use usher_events::Time;
use usher_shared::disposition::{Disposition, FaultKind};
use usher_shared::port::{Delayed, Due, Fault, Outgoing, Written};

/// How far a due time is moved before its message is sent, beside the message's own delay.
///
/// While a worker has come to a standstill, what it has on its queue is not sent again before that.
/// A message that fails once or twice is back and done within it; whatever is lost all the same – a
/// sweep that died between move and send, a resume that met the lease of a worker that died – is
/// found again after it, which bounds how late that is.
pub const UNTIL_NEXT: Duration = Duration::from_mins(60);

/// What the queue has certainly not taken is due again at the next sweep.
const NEXT_SWEEP: Duration = Duration::from_secs(60);

/// What the messages of one lane and sweep have in common.
pub(super) struct Sending {
    now: Time,
    end: Instant,
    a_minute: u32,
    failed: AtomicBool,
    /// Set at the first sign that the table or the queue is in trouble.
    trouble: AtomicBool,
}

impl Sending {
    pub(super) fn new(now: Time, end: Instant, a_minute: u32) -> Self {
        Self {
            now,
            end,
            a_minute,
            failed: AtomicBool::new(false),
            trouble: AtomicBool::new(false),
        }
    }

    /// Spreads a lane evenly over the minute, in the whole seconds that the queue knows.
    fn delay(&self, place: usize) -> Duration {
        let seconds = place as u64 * 60 / u64::from(self.a_minute);
        Duration::from_secs(seconds.min(59))
    }

    fn may_go_on(&self) -> bool {
        !self.trouble.load(Ordering::Relaxed) && Instant::now() < self.end
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    fn note(&self, fault: Fault) {
        tracing::warn!(fault = %fault, "Something due could not be put on the queue; it stays due");
        self.failed.store(true, Ordering::Relaxed);
        match fault.disposition() {
            Disposition::Retry => self.trouble.store(true, Ordering::Relaxed),
            Disposition::Defer | Disposition::DeadLetter => {}
        }
    }
}

/// Something due that is ours, with its message.
struct Taken {
    /// As it is due since we moved it.
    moved: Due,
    delayed: Delayed,
}

impl Sweeper {
    /// Takes what it can of these, sends it, and says how much that was. `first` is the place of the
    /// first among all of its lane.
    ///
    /// Once begun it is carried through: nothing is left moved and unsent but by a crash.
    pub(super) async fn send_set(&self, set: &[Due], first: usize, sending: &Sending) -> u32 {
        if !sending.may_go_on() {
            return 0;
        }
        let takes = set.iter().zip(first..);
        let takes = takes.map(|(due, place)| self.take(due, sending.delay(place), sending));
        let taken: Vec<Taken> = join_all(takes).await.into_iter().flatten().collect();
        fault::point("due_moved", "");
        let messages: Vec<Delayed> = taken.iter().map(|taken| taken.delayed.clone()).collect();
        let results = self.queue.send_many(&messages).await;
        fault::point("spill_sent", "");
        let ends = taken.iter().zip(results);
        let ends = ends.map(|(taken, result)| self.settle_sent(&taken.moved, result, sending));
        join_all(ends).await.into_iter().map(u32::from).sum()
    }

    /// Moves one due time, and makes its message. `None` where another has it, where it is done, or
    /// where it cannot be had.
    async fn take(&self, due: &Due, delay: Duration, sending: &Sending) -> Option<Taken> {
        let to = sending.now.plus(delay).plus(UNTIL_NEXT);
        match self.store.move_due(due, to).await {
            Ok(Written::Now) => {}
            Ok(Written::Overtaken) => return None,
            Err(fault) => {
                sending.note(fault);
                return None;
            }
        }
        let (moved, message) = match due {
            Due::Commit { subject, id, .. } => {
                let (subject, id) = (subject.clone(), *id);
                let group = Some(subject.to_string());
                let resume = Resume { subject, id };
                let body = resume.encode();
                let Resume { subject, id } = resume;
                let moved = Due::Commit {
                    subject,
                    id,
                    due: to,
                };
                (moved, Outgoing { body, group })
            }
            Due::Spill { id, .. } => {
                let moved = Due::Spill { id: *id, due: to };
                match self.store.spilled(*id).await {
                    Ok(body) => (
                        moved,
                        Outgoing {
                            body: body?,
                            group: None,
                        },
                    ),
                    Err(fault) => {
                        sending.note(fault);
                        self.bring_back(&moved, sending).await;
                        return None;
                    }
                }
            }
        };
        let delayed = Delayed { message, delay };
        Some(Taken { moved, delayed })
    }

    /// Ends what was sent or not, and says whether it was.
    async fn settle_sent(&self, moved: &Due, result: Result<(), Fault>, sending: &Sending) -> bool {
        match (result, moved) {
            (Ok(()), Due::Commit { .. }) => true,
            (Ok(()), Due::Spill { id, .. }) => {
                // The queue has it. Where this fails it is sent once more, and its id is known.
                if let Err(fault) = self.store.remove_spill(*id).await {
                    sending.note(fault);
                }
                true
            }
            (Err(fault), _) => {
                sending.note(fault);
                // Where nobody knows, it may be on the queue, and is not sent twice for that.
                if fault.kind != FaultKind::TimedOut {
                    self.bring_back(moved, sending).await;
                }
                false
            }
        }
    }

    /// Makes due again at the next sweep what was moved and is not on the queue. Where that fails too
    /// it is due when its move says.
    async fn bring_back(&self, moved: &Due, sending: &Sending) {
        let next = sending.now.plus(NEXT_SWEEP);
        if let Err(fault) = self.store.move_due(moved, next).await {
            tracing::debug!(fault = %fault, "What was not sent is due again only after its move");
        }
    }
}
