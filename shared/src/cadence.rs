//! When something that is kept is read anew, and by whom.

use crate::clock;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long an answer that is made may take to be written to the socket that is waiting for it.
const LEAVING: Duration = Duration::from_millis(1);

/// Gives out turns: one at a time, and the next not before the interval is over.
///
/// It is due at once to begin with. Many of us start together when many users come at once, and
/// would ask together for ever; so each wait is drawn anew, between one and one and a half
/// intervals.
#[derive(Clone, Debug)]
pub struct Cadence(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    interval: Duration,
    draw: fn() -> f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    due: Instant,
    taken: bool,
}

impl Cadence {
    /// Turns at intervals; `draw` gives numbers from 0 to 1.
    pub fn new(interval: Duration, draw: fn() -> f64) -> Self {
        let state = State {
            due: Instant::now(),
            taken: false,
        };
        Self(Arc::new(Shared {
            interval,
            draw,
            state: Mutex::new(state),
        }))
    }

    /// A turn, if it is time for one and nobody has it.
    pub fn turn(&self) -> Option<Turn> {
        let mut state = self.0.state();
        if state.taken || Instant::now() < state.due {
            return None;
        }
        state.taken = true;
        Some(Turn(Arc::clone(&self.0)))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing can panic while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to read anew. Dropped without [`Turn::over`] – cut off, or panicked – it is due again
/// at once.
#[derive(Debug)]
pub struct Turn(Arc<Shared>);

impl Turn {
    /// Does the work beside the answers of a function that Lambda freezes between its calls.
    ///
    /// First the answer at hand may leave. Work that took more than twice its limit was not slow but
    /// frozen, and what it was waiting for is lost; it is done once more, now that there is a call
    /// again for which the function runs.
    pub async fn take<F: Future<Output = ()>>(self, limit: Duration, work: impl Fn() -> F) {
        clock::sleep(LEAVING).await;
        let begun = Instant::now();
        work().await;
        if begun.elapsed() > 2 * limit {
            work().await;
        }
        self.over();
    }

    /// The turn was used, well or not: the next one is an interval away.
    pub fn over(self) {
        let wait = self.0.interval.mul_f64(1.0 + (self.0.draw)() / 2.0);
        self.0.state().due = Instant::now() + wait;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.state().taken = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const MINUTE: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn a_turn_comes_at_once_and_then_an_interval_later() {
        for (draw, wait) in [((|| 0.0) as fn() -> f64, 60), (|| 0.5, 75), (|| 1.0, 90)] {
            let cadence = Cadence::new(MINUTE, draw);
            cadence.turn().unwrap().over();
            advance(Duration::from_secs(wait - 1)).await;
            assert!(cadence.turn().is_none(), "{wait}");
            advance(Duration::from_secs(1)).await;
            assert!(cadence.turn().is_some(), "{wait}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_has_the_turn() {
        let cadence = Cadence::new(MINUTE, || 0.0);
        let turn = cadence.turn().unwrap();
        advance(10 * MINUTE).await;
        assert!(cadence.turn().is_none());
        turn.over();
        assert!(cadence.turn().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_was_cut_off_is_due_again() {
        let cadence = Cadence::new(MINUTE, || 0.0);
        drop(cadence.turn().unwrap());
        let broken = cadence.clone();
        let panics = tokio::spawn(async move {
            let _turn = broken.turn().unwrap();
            panic!("planted");
        });
        assert!(panics.await.is_err());
        assert!(cadence.turn().is_some());
    }
}
