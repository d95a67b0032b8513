//! The trigger's entry point: `bootstrap` once it is zipped.

use usher_shared::{config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init(&config::log_filter(), telemetry::Format::Json)?;
    let config = config::Config::from_env()?;
    usher_trigger::lambda::serve(usher_trigger::wiring::trigger(config).await).await
}
