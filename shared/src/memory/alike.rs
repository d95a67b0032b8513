//! Texts that many things say alike, kept once.

use std::collections::HashSet;
use std::sync::Arc;

/// So many different texts are looked for their like; what differs more often is worth no search.
const MOST: usize = 1_000;

/// The texts that were kept so far.
#[derive(Default)]
pub(super) struct Alike(HashSet<Arc<[u8]>>);

impl Alike {
    /// The text, shared with whatever said the same before.
    pub(super) fn keep(&mut self, text: Vec<u8>) -> Arc<[u8]> {
        if let Some(there) = self.0.get(text.as_slice()) {
            return Arc::clone(there);
        }
        let text: Arc<[u8]> = text.into();
        if self.0.len() < MOST {
            self.0.insert(Arc::clone(&text));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_alike_is_kept_once_and_searched_for_within_bounds() {
        let mut alike = Alike::default();
        let first = alike.keep(b"same".to_vec());
        assert!(Arc::ptr_eq(&first, &alike.keep(b"same".to_vec())));
        for number in 0..2 * MOST {
            let text = number.to_string().into_bytes();
            assert_eq!(alike.keep(text.clone())[..], text[..]);
        }
        assert_eq!(alike.0.len(), MOST);
    }
}
