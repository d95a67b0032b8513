//! The only place where the wall clock is read and where anybody sleeps.

use std::time::Duration;
use usher_events::Time;

/// Tells what time it is. Decisions take a [`Time`]; only edges hold a clock.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Time;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the wall clock's home")]
    fn now(&self) -> Time {
        jiff::Timestamp::now().into()
    }
}

/// A clock that stands still, for tests and samples.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub Time);

impl Clock for FixedClock {
    fn now(&self) -> Time {
        self.0
    }
}

/// Waits. On a runtime whose time is paused, virtual time passes instead.
#[expect(clippy::disallowed_methods, reason = "this is the home of sleeping")]
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}
