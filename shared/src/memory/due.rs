//! What is due: commits with something set aside, and spilled events.

use super::log;
use super::table::Kept;
use crate::commit::{DueAt, Lane};
use crate::port::{Due, Written};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use usher_events::{EventId, Subject, Time};

/// What is set aside, by lane and when it is due.
#[derive(Default)]
pub(super) struct DueIndex {
    lanes: BTreeMap<Lane, BTreeSet<Row>>,
    spills: HashMap<EventId, Spill>,
}

/// When something is due, and what; a spilled event has no subject here.
type Row = (Time, EventId, Option<Arc<Subject>>);

struct Spill {
    body: String,
    due: Time,
}

impl DueIndex {
    pub(super) fn len(&self) -> usize {
        self.lanes.values().map(BTreeSet::len).sum()
    }

    pub(super) fn until(&self, lane: Lane, now: Time, most: u32) -> Vec<Due> {
        let rows = self.lanes.get(&lane).into_iter().flatten();
        let rows = rows.take_while(|(due, _, _)| *due <= now);
        let listed = rows.take(most as usize).map(|(due, id, subject)| {
            let (id, due) = (*id, *due);
            match subject {
                Some(subject) => Due::Commit {
                    subject: subject.as_ref().clone(),
                    id,
                    due,
                },
                None => Due::Spill { id, due },
            }
        });
        listed.collect()
    }

    fn add(&mut self, lane: Lane, row: Row) {
        self.lanes.entry(lane).or_default().insert(row);
    }

    fn remove(&mut self, lane: Lane, row: &Row) {
        if let Some(rows) = self.lanes.get_mut(&lane) {
            rows.remove(row);
        }
    }
}

impl Kept {
    /// Moves a commit within the index, into it or out of it.
    pub(super) fn set_due(
        &mut self,
        (subject, id): (&Arc<Subject>, EventId),
        was: Option<DueAt>,
        due: Option<DueAt>,
    ) {
        if was == due {
            return;
        }
        let row = |due: DueAt| (due.at, id, Some(Arc::clone(subject)));
        if let Some(was) = was {
            self.due.remove(was.lane, &row(was));
            self.units.index(1);
        }
        if let Some(due) = due {
            self.due.add(due.lane, row(due));
            self.units.index(1);
        }
    }

    pub(super) fn move_due(&mut self, item: &Due, to: Time) -> Written {
        match item {
            Due::Commit { subject, id, due } => self.move_commit((subject, *id), *due, to),
            Due::Spill { id, due } => self.move_spill(*id, *due, to),
        }
    }

    fn move_commit(&mut self, (subject, id): (&Subject, EventId), was: Time, to: Time) -> Written {
        // As long as a commit that owes a mail usually is.
        self.units.write(1024);
        let name = self.holders.get_key_value(subject);
        let name = name.map(|(name, _)| Arc::clone(name));
        let record = log::record(&mut self.holders, subject, id);
        let record = record.and_then(|record| {
            let listed = record.due.filter(|due| due.at == was)?;
            Some((record, listed))
        });
        match (name, record) {
            (Some(name), Some((record, was))) => {
                let moved = Some(DueAt { at: to, ..was });
                record.due = moved;
                self.set_due((&name, id), Some(was), moved);
                Written::Now
            }
            _ => Written::Overtaken,
        }
    }

    fn move_spill(&mut self, id: EventId, was: Time, to: Time) -> Written {
        let Some(spill) = self
            .due
            .spills
            .get_mut(&id)
            .filter(|spill| spill.due == was)
        else {
            self.units.write(0);
            return Written::Overtaken;
        };
        spill.due = to;
        self.units.write(spill.body.len());
        self.due.remove(Lane::Queue, &(was, id, None));
        self.due.add(Lane::Queue, (to, id, None));
        self.units.index(2);
        Written::Now
    }

    pub(super) fn spill(&mut self, id: EventId, body: &str, due: Time) {
        self.units.write(body.len());
        if self.due.spills.contains_key(&id) {
            return;
        }
        let body = body.to_owned();
        self.due.spills.insert(id, Spill { body, due });
        self.due.add(Lane::Queue, (due, id, None));
        self.units.index(1);
    }

    pub(super) fn spilled(&self, id: EventId) -> Option<String> {
        Some(self.due.spills.get(&id)?.body.clone())
    }

    pub(super) fn remove_spill(&mut self, id: EventId) {
        let Some(spill) = self.due.spills.remove(&id) else {
            self.units.write(0);
            return;
        };
        self.units.write(spill.body.len());
        self.due.remove(Lane::Queue, &(spill.due, id, None));
        self.units.index(1);
    }
}
