//! Every service in the memory of one process: what [`crate::embedded`] is without a disk, and fast
//! enough to play days of an outage in seconds.
//!
//! Each port passes the suite that its adapters pass. Between a caller and each service lies a
//! [`Way`], which takes time and loses calls as it is told. Time is the caller's: on a runtime whose
//! time is paused, everything here runs on virtual time.

mod alike;
mod breakers;
mod bus;
mod due;
mod invites;
mod log;
mod organizations;
mod outbox;
mod pages;
mod queue;
mod table;
mod tallies;
mod users;
mod way;

pub use bus::Bus;
pub use outbox::Outbox;
pub use queue::{DeadLetterQueue, Depth, WorkQueue};
pub use table::{Table, Units};
pub use way::{Open, Passed, Way};

/// What is kept as text is written here and read here alone.
const OURS: &str = "it was written here";

#[cfg(test)]
mod tests;
