//! What the program says about itself, and what it must never say.
//!
//! Only our own rooms speak in detail. Every library is held at `warn`, whatever the filter asks
//! for: the SDK's and hyper's lines of `debug` and below show requests and answers, which hold
//! personal data.

use std::io::Write;
use std::panic::{self, Location, PanicHookInfo};
use thiserror::Error;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::{Registry, fmt};

/// The target whose lines are ours: every room's crate and every binary is named `usher`, or after it.
const OURS: &str = "usher";

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line on standard output, its fields beside the message, and under `spans`
    /// the deployment, invocation and message that it belongs to. For Lambda.
    Json,
    /// For a person, on standard error.
    Pretty,
    /// No log. Panics still say where they happened.
    None,
}

/// The log cannot be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error(
        "USHER_LOG must be a level or a list of target=level, such as info or usher_worker=debug"
    )]
    BadFilter,
    /// There is a log already.
    #[error("the log was set up twice")]
    AlreadySetUp,
}

/// Begins the log, and makes a panic say where it happened and nothing else: what it was raised
/// with may quote a value.
pub fn init(filter: &str, format: Format) -> Result<(), TelemetryError> {
    let begun = match format {
        Format::Json => tracing::subscriber::set_global_default(json(filter, std::io::stdout)?),
        Format::Pretty => {
            let form = fmt::layer()
                .with_writer(std::io::stderr)
                .with_target(false)
                .compact();
            tracing::subscriber::set_global_default(subscriber(filter, form)?)
        }
        Format::None => Ok(()),
    };
    begun.map_err(|_error| TelemetryError::AlreadySetUp)?;
    panic::set_hook(Box::new(move |panic| report(panic, format)));
    Ok(())
}

fn json<W>(filter: &str, writer: W) -> Result<impl tracing::Subscriber + use<W>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let form = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_writer(writer);
    subscriber(filter, form)
}

fn subscriber<L>(filter: &str, form: L) -> Result<impl tracing::Subscriber + use<L>, TelemetryError>
where
    L: Layer<Registry> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter).map_err(|_error| TelemetryError::BadFilter)?;
    Ok(tracing_subscriber::registry()
        .with(form)
        .with(filter)
        .with(filter_fn(may_speak)))
}

fn may_speak(metadata: &Metadata<'_>) -> bool {
    is_ours(metadata.target()) || *metadata.level() <= loudest(metadata.target())
}

/// How much a library may say. The embedded database warns of every call that it refuses, also where
/// a refusal is the answer that was asked for.
fn loudest(target: &str) -> Level {
    if target.starts_with("dynoxide") {
        Level::ERROR
    } else {
        Level::WARN
    }
}

/// Whether a target is [`OURS`], or a crate whose name begins with it and an underscore.
fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    name.strip_prefix(OURS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

fn report(panic: &PanicHookInfo<'_>, format: Format) {
    let place = panic
        .location()
        .map_or_else(|| "unknown".to_owned(), Location::to_string);
    match format {
        Format::Json => tracing::error!(panic.location = place, "A panic; its text is not shown"),
        Format::Pretty | Format::None => {
            // There is nowhere to say that standard error is closed.
            let _ = writeln!(std::io::stderr(), "usher panicked at {place}");
        }
    }
}

#[cfg(test)]
mod tests;
