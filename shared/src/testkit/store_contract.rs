//! What every store promises, as one suite.

use crate::port::Store;

/// Runs every promise of [`Store`] against stores that `fresh` makes. Panics at the first that is
/// broken, with its name.
pub async fn run<S, F, Fut>(fresh: F)
where
    S: Store + Clone + 'static,
    F: Fn() -> Fut,
    Fut: Future<Output = S>,
{
    let _ = fresh().await;
    todo!()
}
