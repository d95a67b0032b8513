//! What usher's rooms share.
//!
//! Pure, without clock, chance or I/O: [`policy`] decides, [`commit`] and [`user`] say what is
//! recorded and what follows from it, [`invite`] and [`sign_up`] who is let in by a code, [`tally`]
//! how often somebody was refused, [`operator`] what an operator does to a user, [`organization`]
//! what a domain's first user founds, [`timeline`] how a user came to be so, [`rebuild`] whether a
//! user item is what the log says, [`re_owe`] what of it is owed again, [`seal`] and [`digest`] hide what must not be read, and
//! [`breaker`] says when to stop calling a [`dependency`] that does not answer.
//! Edges: [`port`] says what the outside world can do, and each adapter ([`dynamodb`], [`sqs`],
//! [`eventbridge`], [`ses`], [`ssm`], [`secrets_manager`], [`cognito_idp`], [`lookup`], [`embedded`],
//! [`memory`]) names one service and no other.

pub mod aws;
pub mod breaker;
pub mod cadence;
pub mod chance;
pub mod clock;
pub mod cognito_idp;
pub mod commit;
pub mod config;
pub mod dependency;
pub mod digest;
pub mod disposition;
pub mod dynamodb;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod eventbridge;
pub mod held;
pub mod invite;
pub mod loading;
pub mod lookup;
#[cfg(feature = "memory")]
pub mod memory;
pub mod operator;
pub mod organization;
pub mod policy;
pub mod port;
pub mod preferences;
pub mod re_owe;
pub mod rebuild;
pub mod retry;
pub mod seal;
pub mod secret;
pub mod secrets_manager;
pub mod ses;
pub mod sign_up;
pub mod sqs;
pub mod ssm;
pub mod tally;
pub mod telemetry;
pub mod template;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod timeline;
pub mod unsubscribe;
pub mod user;
