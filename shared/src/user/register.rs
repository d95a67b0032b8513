use std::collections::BTreeMap;
use usher_events::{EventId, Time};

/// A value that the latest fact about it wins; of two facts at one instant, the one with the
/// greater id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register<T> {
    /// The value.
    pub value: T,
    /// When it was said.
    pub at: Time,
    /// By which event. One event says one thing, so equal stamps mean equal values.
    pub by: EventId,
}

impl<T> Register<T> {
    /// A value with its stamp.
    pub fn new(value: T, at: Time, by: EventId) -> Self {
        Self { value, at, by }
    }
}

/// The later of two.
pub(super) fn join<T>(a: Option<Register<T>>, b: Option<Register<T>>) -> Option<Register<T>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if (b.at, b.by) > (a.at, a.by) { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// The later of two, for each key.
pub(super) fn join_maps<K: Ord, T>(
    mut a: BTreeMap<K, Register<T>>,
    b: BTreeMap<K, Register<T>>,
) -> BTreeMap<K, Register<T>> {
    for (key, register) in b {
        let joined = join(a.remove(&key), Some(register));
        a.extend(joined.map(|register| (key, register)));
    }
    a
}
