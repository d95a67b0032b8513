//! What must hold of any event and any policy, whatever somebody sends or writes.
//!
//! [`trigger`] and [`policy`] each take bytes, panic where something does not hold of them, and say
//! whether the bytes were of a kind worth keeping. `cargo fuzz` looks for bytes of which it does not;
//! the tests do the same with every input that was ever worth keeping, in `corpus/`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what does not hold is shown as tests show it, by panicking"
)]

mod answer;
mod facts;
mod log;
pub mod policy;
pub mod trigger;
mod worlds;

/// How the trigger's own tests look at JSON.
#[allow(
    dead_code,
    missing_docs,
    reason = "made for those tests, which use more of it"
)]
#[path = "../../trigger/tests/contract/members.rs"]
mod members;

/// The places of the trigger's own tests.
#[allow(
    dead_code,
    unused_imports,
    missing_docs,
    reason = "made for those tests, which use more of it"
)]
#[path = "../../trigger/tests/contract/world.rs"]
mod places;
