//! How long a verb that works on a deployment tries.

use std::time::Duration;
use tokio::time::Instant;
use usher_shared::retry::Schedule;

/// Waits between tries of one call. Nobody but the person at the keyboard waits for it.
pub const TRIES: Schedule = Schedule {
    first_wait: Duration::from_millis(50),
    max_wait: Duration::from_millis(800),
    attempts: 5,
};

/// How long one thing may take, lost races and throttling included.
const PATIENCE: Duration = Duration::from_secs(30);

/// When something that begins now has to be over.
pub fn deadline() -> Instant {
    Instant::now() + PATIENCE
}
