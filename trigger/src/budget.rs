//! The time that one call may take, and how it is shared out.

use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Kept back from every share, so that the answer itself has time to leave.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// Of what is left, how much one look at the table may take before we decide without it.
const LOOK: u32 = 3;

/// The budget of one call, by the clock that runs while it hangs.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    deadline: Instant,
}

impl Budget {
    /// A budget that began at `start`.
    pub fn new(start: Instant, length: Duration) -> Self {
        Self {
            deadline: start + length,
        }
    }

    /// When the answer must leave.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// When work must have ended for the answer to leave in time.
    pub fn end_of_work(&self) -> Instant {
        self.deadline - LAST_WORDS
    }

    /// Runs one look at the table within its share: a third of what is left. `None` if it was slow.
    pub async fn look<T>(&self, look: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.share(1, LOOK), look).await.ok()
    }

    /// The instant at which `parts` of `whole` of what is left are used up.
    pub fn share(&self, parts: u32, whole: u32) -> Instant {
        let now = Instant::now();
        now + self.end_of_work().saturating_duration_since(now) * parts / whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_leaves_most_of_the_budget() {
        let start = Instant::now();
        let budget = Budget::new(start, Duration::from_millis(2_450));
        assert_eq!(budget.look(std::future::pending::<()>()).await, None);
        assert_eq!(start.elapsed(), Duration::from_millis(800));
        assert!(budget.share(1, 1) < budget.deadline());
    }

    #[tokio::test(start_paused = true)]
    async fn every_stage_may_hang_and_the_answer_still_leaves_in_time() {
        for length in [200, 201, 999, 2_500, 4_000].map(Duration::from_millis) {
            let start = Instant::now();
            let budget = Budget::new(start, length);
            let mut turns = Vec::new();
            let mut hang = async |until: Option<Instant>| {
                let begun = Instant::now();
                match until {
                    None => drop(budget.look(std::future::pending::<()>()).await),
                    Some(until) => drop(timeout_at(until, std::future::pending::<()>()).await),
                }
                turns.push(begun.elapsed());
            };
            hang(None).await;
            hang(Some(budget.share(1, 2))).await;
            hang(Some(budget.share(1, 2))).await;
            hang(Some(budget.share(1, 1))).await;
            let slack = budget.deadline().saturating_duration_since(Instant::now());
            assert!(
                slack + Duration::from_millis(2) >= LAST_WORDS,
                "{length:?} {turns:?}"
            );
            assert!(
                turns.iter().all(|turn| *turn >= length / 10),
                "{length:?} {turns:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_that_is_used_up_has_no_share_left() {
        let budget = Budget::new(Instant::now(), Duration::from_millis(200));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(budget.share(1, 2), Instant::now());
        assert_eq!(budget.look(std::future::pending::<()>()).await, None);
        assert_eq!(budget.look(async { 1 }).await, Some(1));
    }
}
