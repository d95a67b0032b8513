//! What is due: commits with something set aside, and spilled events.

use super::log;
use super::table::Kept;
use crate::port::{Due, Written};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use usher_events::{EventId, Subject, Time};

/// What is set aside, by when it is due.
#[derive(Default)]
pub(super) struct DueIndex {
    /// A spilled event has no subject here.
    rows: BTreeSet<(Time, EventId, Option<Arc<Subject>>)>,
    spills: HashMap<EventId, Spill>,
}

struct Spill {
    body: String,
    due: Time,
}

impl DueIndex {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn until(&self, now: Time, most: u32) -> Vec<Due> {
        let rows = self.rows.iter().take_while(|(due, _, _)| *due <= now);
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
}

impl Kept {
    /// Moves a commit within the index, into it or out of it.
    pub(super) fn set_due(
        &mut self,
        (subject, id): (&Arc<Subject>, EventId),
        was: Option<Time>,
        due: Option<Time>,
    ) {
        if was == due {
            return;
        }
        let row = |due| (due, id, Some(Arc::clone(subject)));
        if let Some(was) = was {
            self.due.rows.remove(&row(was));
            self.units.index(1);
        }
        if let Some(due) = due {
            self.due.rows.insert(row(due));
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
        match (name, record.filter(|record| record.due == Some(was))) {
            (Some(name), Some(record)) => {
                record.due = Some(to);
                self.set_due((&name, id), Some(was), Some(to));
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
        self.due.rows.remove(&(was, id, None));
        self.due.rows.insert((to, id, None));
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
        self.due.rows.insert((due, id, None));
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
        self.due.rows.remove(&(spill.due, id, None));
        self.units.index(1);
    }
}
