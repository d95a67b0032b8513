//! Trying again within one invocation. The only file that names the `backoff` crate.

use crate::disposition::Disposition;
use crate::{chance, clock};
use backoff::{backoff::Backoff, exponential::ExponentialBackoff};
use std::time::Duration;
use tokio::time::Instant;

/// How often something is tried, and how long is waited in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The longest that is waited before the second try; each later limit is twice the one before.
    pub first_wait: Duration,
    /// The limit beyond which no wait grows.
    pub max_wait: Duration,
    /// How many tries there are, the first included. Zero is read as one.
    pub attempts: u32,
}

/// Tries until something succeeds, cannot succeed, or there is no try or no time left, and gives
/// the last result.
///
/// Only [`Disposition::Retry`] is tried again. Each wait is drawn evenly between nothing and its
/// limit, so that callers that failed together do not come back together. A wait that would not end
/// before `deadline` is not begun: the caller has the error while there is time to do something
/// else. A try that is under way is not cut off; what it calls has limits of its own.
pub async fn retry<T, E, F, Fut>(
    schedule: &Schedule,
    deadline: Instant,
    disposition_of: impl Fn(&E) -> Disposition,
    mut op: F,
) -> Result<T, E>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut waits = schedule.waits();
    let mut tries = 1;
    loop {
        let error = match op().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if disposition_of(&error) != Disposition::Retry || tries >= schedule.attempts {
            return Err(error);
        }
        let Some(limit) = waits.next_backoff() else {
            return Err(error);
        };
        let wait = limit.mul_f64(chance::fraction());
        if Instant::now() + wait >= deadline {
            return Err(error);
        }
        clock::sleep(wait).await;
        tries += 1;
    }
}

impl Schedule {
    /// The limits of the waits. The jitter is drawn where all chance comes from, so that `backoff`,
    /// which has a source of its own, draws nothing.
    fn waits(&self) -> ExponentialBackoff<TokioClock> {
        let mut waits = ExponentialBackoff {
            current_interval: self.first_wait,
            initial_interval: self.first_wait,
            randomization_factor: 0.0,
            multiplier: 2.0,
            max_interval: self.max_wait.max(self.first_wait),
            max_elapsed_time: None,
            clock: TokioClock,
            start_time: Instant::now().into_std(),
        };
        waits.reset();
        waits
    }
}

/// Tokio's own time, so that a test may pause it.
struct TokioClock;

impl backoff::Clock for TokioClock {
    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }
}

#[cfg(test)]
mod tests;
