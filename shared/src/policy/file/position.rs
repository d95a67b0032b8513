use std::cell::Cell;

/// Where an offset is in a text, by line and column.
///
/// One unclosed bracket can be a problem on every word that follows it. Looking at the whole text
/// again for each would take minutes for a megabyte; so each look goes on from the last.
pub(super) struct Positions<'t> {
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    /// The last offset that was found, and its column.
    last: Cell<(usize, usize)>,
}

impl<'t> Positions<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        Self {
            text,
            lines: std::iter::once(0).chain(ends).collect(),
            last: Cell::new((0, 1)),
        }
    }

    /// Line and column, both from 1, the column in characters. What is past the end, or within a
    /// character, is at the end.
    pub(super) fn find(&self, at: usize) -> (usize, usize) {
        let at = match self.text.is_char_boundary(at) {
            true => at,
            false => self.text.len(),
        };
        let line = self.lines.partition_point(|begin| *begin <= at);
        let begin = self.lines[line - 1];
        let (from, column) = match self.last.get() {
            (last, column) if (begin..=at).contains(&last) => (last, column),
            _ => (begin, 1),
        };
        let column = column + self.text[from..at].chars().count();
        self.last.set((at, column));
        (line, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By looking at everything before it.
    fn plainly(text: &str, at: usize) -> (usize, usize) {
        let before = text.get(..at).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or(before);
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    proptest! {
        #[test]
        fn in_any_order_every_offset_is_where_a_plain_look_finds_it(
            text in "[aé\n\r😀]{0,12}",
            offsets in proptest::collection::vec(0_usize..40, 0..12),
        ) {
            let positions = Positions::of(&text);
            for at in offsets {
                prop_assert_eq!(positions.find(at), plainly(&text, at), "{}", at);
            }
        }
    }
}
