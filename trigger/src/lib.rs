//! The trigger: answers Cognito within the budget, and publishes what happened.
//!
//! [`handle`] shows the way of one call: read ([`cognito`]), decide ([`decide`]), publish
//! ([`publish`]), answer ([`answer`]). Cognito's JSON stays raw; only `response` is ever written.

pub mod answer;
pub mod budget;
pub mod cognito;
pub mod decide;
pub mod deployed;
pub mod explained;
pub mod facts;
mod fault;
mod fence;
pub mod handle;
pub mod invite;
pub mod lambda;
mod message;
pub mod organization;
pub mod publish;
pub mod refusal;
pub mod refused;
pub mod wiring;

pub use deployed::Deployed;
pub use handle::{Decision, Handled, Trigger};
pub use refusal::Refusal;
