use crate::clock::Clock;
use std::sync::Mutex;
use std::time::Duration;
use usher_events::Time;

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct StepClock(Mutex<Time>);

impl StepClock {
    /// A clock that shows this instant.
    pub fn at(now: Time) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(by);
    }

    /// Sets it, backwards too.
    pub fn set(&self, to: Time) {
        *self.0.lock().unwrap() = to;
    }
}

impl Clock for StepClock {
    fn now(&self) -> Time {
        *self.0.lock().unwrap()
    }
}
