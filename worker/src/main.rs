//! The worker's entry point: `bootstrap` once it is zipped, and a service of its own in a container.

use tokio::signal::unix::{SignalKind, signal};
use tracing::Instrument;
use usher_shared::{config, telemetry};
use usher_worker::{lambda, poll, wiring};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init(&config::log_filter(), telemetry::Format::Json)?;
    let config = config::Config::from_env()?;
    let (in_lambda, environment) = (config.in_lambda, config.environment);
    let wired = Box::pin(wiring::worker(config)).await?;
    if in_lambda {
        return lambda::serve(wired.deployed, environment).await;
    }
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let stop = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    let span = tracing::info_span!("service", environment = environment.as_str());
    poll::run(wired.deployed, wired.inbox, stop)
        .instrument(span)
        .await;
    Ok(())
}
