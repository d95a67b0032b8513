//! What DynamoDB charges, by the developer guide's *DynamoDB read and write operations*.

use crate::testkit::item_size::{Item, item_size, write_units};
use std::collections::HashMap;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul};

/// What the due index has of an item: its keys and the table's, and nothing else.
const INDEXED: [&str; 4] = ["PK", "SK", "due_shard", "due_at"];

/// Units of capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// Write units of the table itself.
    pub written: usize,
    /// Write units of the due index.
    pub indexed: usize,
    /// Halves of read units: a read that need not be consistent costs one.
    pub half_reads: usize,
}

impl Units {
    /// All write units.
    pub fn writes(self) -> usize {
        self.written + self.indexed
    }

    /// A write: the larger of what was there and what is there then, and what it changes in the
    /// index – a unit for each entry made or taken out, and so two where one moves.
    pub(super) fn write(before: Option<&Item>, after: Option<&Item>) -> Self {
        let units = |item: Option<&Item>| write_units(item.map_or(0, item_size));
        let (was, is) = (before.and_then(indexed), after.and_then(indexed));
        let entry = |entry: Option<&Item>| entry.map_or(0, |entry| write_units(item_size(entry)));
        let indexed = if was == is {
            0
        } else {
            // All of its attributes are keys, so no entry is changed in its place.
            entry(was.as_ref()) + entry(is.as_ref())
        };
        Self {
            written: units(before).max(units(after)),
            indexed,
            half_reads: 0,
        }
    }

    /// A write whose condition did not hold: what is there, all the same.
    pub(super) fn refused(there: Option<&Item>) -> Self {
        Self {
            indexed: 0,
            ..Self::write(there, there)
        }
    }

    /// A read of so many bytes, of one item or of a page: a unit for four kilobytes begun, and half of
    /// that where it need not be consistent. Nothing that is there costs as much as something small.
    pub(super) fn read(bytes: usize, consistent: bool) -> Self {
        let units = bytes.div_ceil(4096).max(1);
        Self {
            half_reads: if consistent { 2 * units } else { units },
            ..Self::default()
        }
    }
}

/// What the index has of an item, if it has it.
fn indexed(item: &Item) -> Option<Item> {
    let known = INDEXED.iter().map(|name| {
        let value = item.get(*name)?;
        Some(((*name).to_owned(), value.clone()))
    });
    known.collect::<Option<HashMap<_, _>>>()
}

impl Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            written: self.written + other.written,
            indexed: self.indexed + other.indexed,
            half_reads: self.half_reads + other.half_reads,
        }
    }
}

impl Sum for Units {
    fn sum<I: Iterator<Item = Self>>(units: I) -> Self {
        units.fold(Self::default(), Add::add)
    }
}

impl Mul<usize> for Units {
    type Output = Self;

    fn mul(self, times: usize) -> Self {
        Self {
            written: self.written * times,
            indexed: self.indexed * times,
            half_reads: self.half_reads * times,
        }
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, half) = (self.half_reads / 2, self.half_reads % 2 * 5);
        write!(
            f,
            "{}+{} WRU {whole}.{half} RRU",
            self.written, self.indexed
        )
    }
}
