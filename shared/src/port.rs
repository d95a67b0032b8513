//! What the outside world can do for us, without saying who does it.
//!
//! No type of an SDK crosses a port. Every method says whether it may be repeated; every error
//! answers what is to be done about it.

mod breakers;
mod bus;
mod feed;
mod invites;
mod log;
mod lookup;
mod mail;
mod organizations;
mod parameters;
mod pool;
mod queue;
mod store;
mod tallies;

pub use breakers::{BreakerWritten, Breakers};
pub use bus::{Bus, BusEntry};
pub use feed::{Fed, Feed, Turn};
pub use invites::{InviteWritten, Invites};
pub use log::{Found, Inspected, Log, Page, Position, Segment, StreamPage, What};
pub use lookup::{Answer, Lookup, Question};
pub use mail::{Mail, MailError, Mailer, Tag};
pub use organizations::Organizations;
pub use parameters::{Parameters, Secrets, Stored};
pub use pool::{Namesake, PoolUser, UserPools};
pub use queue::{
    Cause, DeadLetter, DeadLetterInbox, DeadLetters, Delayed, Hidden, Inbox, Outgoing, Queue,
    QueueLimits, Received, Visibility, Waiting,
};
pub use store::{Appended, Due, Loaded, Store, TakenLease, Written};
pub use tallies::{Tallies, TallyWritten};

use crate::disposition::{Disposition, FaultKind};
use thiserror::Error;

/// A call to another service failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{operation}: {kind}")]
pub struct Fault {
    /// What was tried, in the service's own words: `dynamodb.put_item`.
    pub operation: &'static str,
    /// Why it failed, as far as a caller can act on it.
    pub kind: FaultKind,
}

impl Fault {
    /// A failure of this operation, of this kind.
    pub fn new(operation: &'static str, kind: FaultKind) -> Self {
        Self { operation, kind }
    }

    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        self.kind.disposition()
    }
}
