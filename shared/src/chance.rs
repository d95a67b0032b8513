//! The only place where randomness comes from.

#[cfg(feature = "memory")]
mod seeded;

#[cfg(feature = "memory")]
pub use seeded::{Seeded, seed};

use ring::rand::{SecureRandom, SystemRandom};
use usher_events::EventId;
use uuid::Uuid;

/// Fresh random bytes, fit for keys and nonces.
///
/// # Panics
///
/// If the operating system has no randomness to give, in which case nothing safe can be done.
pub fn bytes<const N: usize>() -> [u8; N] {
    #[cfg(feature = "memory")]
    if let Some(bytes) = seeded::bytes() {
        return bytes;
    }
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system gives random bytes");
    bytes
}

/// A number from 0 up to 1, each as likely as the others.
pub fn fraction() -> f64 {
    f64::from(u32::from_be_bytes(bytes())) / (f64::from(u32::MAX) + 1.0)
}

/// A time-ordered id, made once by whoever first saw a fact that recurs and has no name of its own.
#[expect(clippy::disallowed_methods, reason = "this is the home of fresh ids")]
pub fn event_id() -> EventId {
    EventId::from_uuid(Uuid::now_v7())
}

/// A name that no other running process has: who holds a lease.
#[expect(clippy::disallowed_methods, reason = "this is the home of fresh ids")]
pub fn owner() -> String {
    Uuid::now_v7().simple().to_string()
}
