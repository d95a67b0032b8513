//! Short marks that stand for ids within one run, so that what is held of a letter is a few bytes.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The mark of an id or a digest. Of a million, two share one once in forty million runs.
pub fn of(id: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
