//! What Cognito, its users and the worker may rely on.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what tests share fails as they do, by panicking"
)]

mod canary;
mod counts;
mod deployed;
mod echo;
mod explained;
mod failures;
mod invites;
mod lambda;
mod listen;
#[allow(dead_code, reason = "others look at more of an answer")]
mod members;
mod messages;
mod noticing;
mod organizations;
mod outages;
mod refusals;
mod senders;
mod sign_ins;
mod sources;
mod tokens;
mod world;
