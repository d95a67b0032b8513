//! What tests and benchmarks of every room share. Never part of what is deployed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test kit that meets the unexpected has found a failure, and says so by panicking"
)]

mod clock;
pub mod crm;
pub mod draw;
pub mod feed_contract;
pub mod http;
pub mod item_size;
mod log;
pub mod meter;
pub mod percentile;
pub mod queue_contract;
pub mod runtime_api;
pub mod shipped;
mod stack;
pub mod stand_in;
pub mod store_contract;

pub use clock::{SharedClock, StepClock};
pub use log::Log;
pub use stack::{TestStack, stack};
