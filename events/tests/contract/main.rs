//! What every version of this program keeps to: the stored schemas and fixtures, and the wire.
//!
//! `schemas/` and `fixtures/` hold each version of each type that has ever been written, and
//! `SHA256SUMS` the digest of each of their files. All three only grow. A new type or version is
//! written by `USHER_WRITE_FIXTURES=1 cargo test -p usher-events --test contract`, which adds what
//! is missing and touches nothing that is there.
//!
//! The digests guard against accident, in any checkout and without its history. Against intent
//! there is the reviewer, who sees a line of `SHA256SUMS` change where lines are only ever added.

#![expect(
    clippy::panic,
    reason = "what tests share fails as they do, and names the file at fault"
)]

mod compatibility;
mod fixtures;
mod properties;
mod samples;
mod stored;
