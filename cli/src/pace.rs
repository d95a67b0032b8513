use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use usher_shared::clock::sleep;

/// How fast those of one kind may follow each other: users, letters, effects.
pub struct Pace {
    between: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// At most so many a second; without a number, as fast as it goes.
    pub fn new(rate: Option<NonZeroU32>) -> Self {
        let between = rate.map(|rate| Duration::from_secs(1) / rate.get());
        Self {
            between: between.unwrap_or_default(),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits until it is the next one's turn, in whichever segment.
    pub async fn turn(&self) {
        if self.between.is_zero() {
            return;
        }
        let wait = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let mine = (*next).max(now);
            *next = mine + self.between;
            mine - now
        };
        sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_take_their_turn_than_a_second_allows() {
        let pace = Pace::new(NonZeroU32::new(50));
        let begun = Instant::now();
        for _ in 0..101 {
            pace.turn().await;
        }
        let took = begun.elapsed();
        assert!((2_000..2_300).contains(&took.as_millis()), "{took:?}");
    }
}
