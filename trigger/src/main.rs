//! The trigger's entry point: `bootstrap` once it is zipped.

use usher_shared::{config, telemetry};

/// The runtime logs as an error whatever the handler gives back as one. Ours are refusals, which are
/// in the log already, and panics do not get that far.
const REFUSALS_ARE_NO_ERRORS: &str = "lambda_runtime::layers::panic=off";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let filter = format!("{},{REFUSALS_ARE_NO_ERRORS}", config::log_filter());
    telemetry::init(&filter, telemetry::Format::Json)?;
    let config = config::Config::from_env()?;
    let environment = config.environment;
    let deployed = Box::pin(usher_trigger::wiring::trigger(config)).await?;
    usher_trigger::lambda::serve(deployed, environment).await
}
