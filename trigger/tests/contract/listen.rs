//! What the trigger says in its log while a test listens.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use usher_shared::testkit::Log;

/// What is logged of this workspace's crates on this thread, everything down to the last trace, while
/// it is held.
pub(crate) fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let targets = ["usher_trigger", "usher_shared", "usher_events"];
    let layer = tracing_subscriber::fmt::layer().json();
    let layer = layer.with_writer(log.clone());
    let targets = Targets::new()
        .with_default(LevelFilter::OFF)
        .with_targets(targets.map(|target| (target, LevelFilter::TRACE)));
    let subscriber = tracing_subscriber::registry().with(layer).with(targets);
    (log, Log::listen(subscriber))
}
