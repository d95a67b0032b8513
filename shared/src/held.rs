//! One value that everybody reads and one place replaces.

use std::sync::{Arc, PoisonError, RwLock};

/// The value that holds now.
///
/// Whoever asks has a snapshot that nobody changes: a call that takes one works with it to its end,
/// whatever holds meanwhile. Nobody waits: the lock is held while a pointer is copied, never while
/// anything is read, made or dropped. That is why this is the standard library's lock and not one
/// more library.
#[derive(Debug)]
pub struct Held<T>(RwLock<Arc<T>>);

impl<T> Held<T> {
    /// Holds a first value.
    pub fn new(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }

    /// The value that holds now.
    pub fn current(&self) -> Arc<T> {
        // Nothing can panic while the lock is held, so that a poisoned one holds a whole value too.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another in its place.
    pub fn replace(&self, value: T) {
        let value = Arc::new(value);
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *held, value);
        // What was held may be large, and is dropped only when nobody has to wait for it.
        drop(held);
        drop(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_stays_what_it_was() {
        let held = Held::new(1);
        let before = held.current();
        held.replace(2);
        assert_eq!((*before, *held.current()), (1, 2));
    }

    /// Each value is a pair of equal numbers; no reader may ever see half of one and half of another.
    #[test]
    fn readers_see_whole_values_while_they_are_replaced() {
        let held = Held::new((0, 0));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut last = 0;
                    while last < 1_000 {
                        let seen = held.current();
                        assert!(seen.0 == seen.1 && seen.0 >= last);
                        last = seen.0;
                    }
                });
            }
            for value in 1..=1_000 {
                held.replace((value, value));
            }
        });
    }
}
