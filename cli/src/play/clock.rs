//! The clock of a play.

use std::sync::{Mutex, PoisonError};
use usher_events::Time;
use usher_shared::clock::{Clock, WallClock};

/// Shows the machine's time, until it is set; then it stands still until it is set again.
#[derive(Debug, Default)]
pub struct StageClock(Mutex<Option<Time>>);

impl StageClock {
    /// Stops at an instant.
    pub fn set(&self, at: Time) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }
}

impl Clock for StageClock {
    fn now(&self) -> Time {
        let set = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.unwrap_or_else(|| WallClock.now())
    }
}
