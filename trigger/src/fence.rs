//! Holds in what breaks: a panic, or work that does not end.

use futures::FutureExt;
use std::fmt;
use std::panic::AssertUnwindSafe;
use tokio::time::{Instant, timeout_at};

/// How work broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It panicked.
    Panicked,
    /// Its time was used up.
    TooSlow,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panicked => "panicked",
            Self::TooSlow => "took too long",
        })
    }
}

/// Runs work until `deadline`. Whatever it leaves half done must be nothing that others look at.
pub async fn within<T>(deadline: Instant, work: impl Future<Output = T>) -> Result<T, Broken> {
    match timeout_at(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_panic)) => Err(Broken::Panicked),
        Err(_elapsed) => Err(Broken::TooSlow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn work_ends_panics_or_is_cut_off() {
        let deadline = Instant::now() + Duration::from_millis(10);
        assert_eq!(within(deadline, async { 1 }).await, Ok(1));
        let panics = within(deadline, async { panic!("planted") });
        assert_eq!(panics.await, Err::<(), _>(Broken::Panicked));
        let hangs = within(deadline, std::future::pending::<()>());
        assert_eq!(hangs.await, Err(Broken::TooSlow));
        assert_eq!(Instant::now(), deadline);
    }
}
