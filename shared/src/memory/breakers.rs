//! What all workers are told of their breakers.

use super::table::{Kept, follows};
use crate::breaker::Record;
use crate::dependency::Dependency;
use crate::port::BreakerWritten;
use std::collections::BTreeMap;

/// Bytes of a record's item, with room for a long word.
const ITEM: usize = 250;

#[derive(Default)]
pub(super) struct BreakerTable(BTreeMap<Dependency, Record>);

impl BreakerTable {
    pub(super) fn get(&self, of: Dependency) -> Option<Record> {
        self.0.get(&of).cloned()
    }

    pub(super) fn all(&self) -> BTreeMap<Dependency, Record> {
        self.0.clone()
    }
}

impl Kept {
    pub(super) fn write_breaker(&mut self, of: Dependency, record: &Record) -> BreakerWritten {
        self.units.write(ITEM);
        let stored = self.breakers.0.get(&of);
        if !follows(stored.map(|stored| stored.version), record.version) {
            return BreakerWritten::Overtaken(stored.cloned().map(Box::new));
        }
        self.breakers.0.insert(of, record.clone());
        BreakerWritten::Now
    }
}
