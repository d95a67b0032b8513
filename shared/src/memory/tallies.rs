//! How often sign-ups were refused.

use super::table::{Kept, follows};
use crate::port::TallyWritten;
use crate::tally::{Counted, Tally};
use std::collections::BTreeMap;
use usher_events::Time;

#[derive(Default)]
pub(super) struct TallyTable(BTreeMap<(Counted, Time), Tally>);

impl TallyTable {
    pub(super) fn get(&self, of: &Counted, hour: Time) -> Option<Tally> {
        self.0.get(&(of.clone(), hour)).cloned()
    }
}

impl Kept {
    pub(super) fn write_tally(&mut self, tally: &Tally) -> TallyWritten {
        let events: usize = tally.counted.values().map(|events| 16 * events.len()).sum();
        self.units.write(100 + events);
        let place = (tally.of.clone(), tally.hour);
        let stored = self.tallies.0.get(&place);
        if !follows(stored.map(|stored| stored.version), tally.version) {
            return TallyWritten::Overtaken(stored.cloned().map(Box::new));
        }
        self.tallies.0.insert(place, tally.clone());
        TallyWritten::Now
    }
}
