//! The clock of a drill.

use std::time::Duration;
use tokio::time::Instant;
use usher_events::Time;
use usher_shared::clock::Clock;

/// Shows what virtual time it is: that of the runtime, which stands still while anybody works and
/// leaps to the next alarm when nobody does.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock {
    began: Instant,
    start: Time,
}

impl VirtualClock {
    /// Shows this instant now.
    pub fn begin(start: Time) -> Self {
        let began = Instant::now();
        Self { began, start }
    }

    /// How long the drill has gone on.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The instant so long after the beginning.
    pub fn at(&self, elapsed: Duration) -> Time {
        self.start.plus(elapsed)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Time {
        self.at(self.elapsed())
    }
}
