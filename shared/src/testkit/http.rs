//! Networks that fail in a chosen way.

use crate::aws::{Clients, Timeouts};

/// How every call through it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    /// Nothing ever comes back.
    Hangs,
    /// There is nobody at the other end.
    RefusesConnection,
    /// The service asks for fewer calls.
    Throttles,
    /// The service says that it is broken.
    Breaks,
    /// The service will not let us.
    Denies,
}

/// Clients all of whose calls end in this way. Time may be paused.
pub fn clients(behavior: Behavior, timeouts: Timeouts) -> Clients {
    let _ = (behavior, timeouts);
    todo!()
}
