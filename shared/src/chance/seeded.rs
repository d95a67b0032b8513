//! Chance that comes out the same each time, for what plays and keeps nothing: it is no secret.
//!
//! It is compiled where ports in memory are, and is in force only on a thread that has asked for it.

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// While it lives, all that its thread draws follows from a seed. Dropped, it leaves chance to the
/// operating system again.
#[must_use = "chance is seeded only while this lives"]
#[derive(Debug)]
pub struct Seeded {
    /// It ends on the thread on which it began.
    _thread: PhantomData<*const ()>,
}

/// Seeds the chance of this thread.
///
/// # Panics
///
/// If it is seeded already.
pub fn seed(seed: u64) -> Seeded {
    let before = STATE.replace(Some(seed));
    assert!(
        before.is_none(),
        "the chance of this thread is seeded once at a time"
    );
    let _thread = PhantomData;
    Seeded { _thread }
}

impl Drop for Seeded {
    fn drop(&mut self) {
        STATE.set(None);
    }
}

/// The next bytes, if this thread's chance is seeded.
pub(super) fn bytes<const N: usize>() -> Option<[u8; N]> {
    let mut state = STATE.get()?;
    let mut bytes = [0; N];
    for some in bytes.chunks_mut(8) {
        some.copy_from_slice(&next(&mut state).to_be_bytes()[..some.len()]);
    }
    STATE.set(Some(state));
    Some(bytes)
}

/// `SplitMix64`.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::{bytes, fraction};
    use super::*;

    #[test]
    fn one_seed_draws_the_same_on_its_own_thread_and_while_it_lives() {
        let draw = |of| {
            let _seeded = seed(of);
            (bytes::<32>(), bytes::<3>(), fraction())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let _seeded = seed(7);
        let first = bytes::<32>();
        assert_ne!(first, bytes::<32>(), "each draw is another");
        let elsewhere = std::thread::spawn(bytes::<32>).join().unwrap();
        assert_ne!(elsewhere, first, "another thread asks the operating system");
    }
}
