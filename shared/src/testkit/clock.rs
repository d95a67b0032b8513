use crate::clock::{Clock, WallClock};
use std::fs;
use std::path::PathBuf;
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

/// A clock that several processes share: the wall clock, set to another time by a file.
///
/// A process that is stopped while somebody moves it on finds that time has passed.
#[derive(Clone, Debug)]
pub struct SharedClock {
    /// Holds how far it is ahead of the wall clock, in milliseconds; where it is missing, not at all.
    file: PathBuf,
}

impl SharedClock {
    /// The clock that this file sets.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }

    /// Sets it, for all that share it.
    pub fn set(&self, to: Time) {
        let ahead = to.unix_millis() - WallClock.now().unix_millis();
        // Whoever reads it meanwhile reads the old one or the new one.
        let unfinished = self.file.with_extension("part");
        fs::write(&unfinished, ahead.to_string()).unwrap();
        fs::rename(&unfinished, &self.file).unwrap();
    }

    /// Moves it on, for all that share it.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Time {
        let ahead = fs::read_to_string(&self.file);
        let ahead: i64 = ahead.map_or(0, |text| text.parse().unwrap());
        let now = WallClock.now().unix_millis() + ahead;
        Time::from_unix_millis(now).unwrap()
    }
}
