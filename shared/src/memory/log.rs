//! The log: appending, reading, leases and the ledger.

use super::OURS;
use super::alike::Alike;
use super::table::Kept;
use crate::commit::{DueAt, EffectKind, Entry, Lease, Ledger};
use crate::port::{Appended, TakenLease, Written};
use crate::seal::{SealedCommit, StoredEvent};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use usher_events::{CorrelationId, Envelope, EventId, PoolId, Subject, Time};

/// What an item's keys and attribute names take beside its values, in bytes.
const NAMES: usize = 250;
/// What an entry of a ledger takes, or a lease.
const ENTRY: usize = 90;

const ALWAYS: &str = "texts, numbers and lists are always JSON";

/// A commit as it is kept: small, because an outage leaves millions.
pub(super) struct Record {
    time: Time,
    recorded_at: Time,
    causation: Option<EventId>,
    said: Box<[u8]>,
    /// What many commits say alike: the pool, and what was decided.
    alike: Arc<[u8]>,
    person: Option<Box<[u8]>>,
    ledger: Vec<(EffectKind, Entry)>,
    lease: Option<Box<Lease>>,
    pub(super) due: Option<DueAt>,
}

/// What of a commit never changes and is its own, as JSON.
#[derive(Serialize, Deserialize)]
struct Said<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation: Option<Cow<'a, CorrelationId>>,
    event: Cow<'a, StoredEvent>,
}

/// What of a commit never changes and others say as well, as JSON.
#[derive(Serialize, Deserialize)]
struct SaidAlike<'a> {
    source: Cow<'a, PoolId>,
    decided: Cow<'a, [StoredEvent]>,
}

/// The commits of one subject by their ids: few, and so in no tree, whose nodes have room for many.
#[derive(Default)]
pub(super) struct Commits(Vec<(EventId, Record)>);

impl Commits {
    fn place(&self, id: EventId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |(there, _)| *there)
    }

    fn get(&self, id: EventId) -> Option<&Record> {
        let place = self.place(id).ok()?;
        self.0.get(place).map(|(_, record)| record)
    }

    fn get_mut(&mut self, id: EventId) -> Option<&mut Record> {
        let place = self.place(id).ok()?;
        self.0.get_mut(place).map(|(_, record)| record)
    }

    /// Adds one that is not there.
    fn insert(&mut self, id: EventId, record: Record) {
        if let Err(place) = self.place(id) {
            self.0.reserve_exact(1);
            self.0.insert(place, (id, record));
        }
    }

    /// Each, with its id.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, (EventId, Record)> {
        self.0.iter()
    }

    /// Those that are due, and when.
    pub(super) fn due(&self) -> impl Iterator<Item = (EventId, DueAt)> {
        let due = self.iter().map(|(id, record)| Some((*id, record.due?)));
        due.flatten()
    }
}

impl Record {
    fn of(commit: &SealedCommit, alike: &mut Alike) -> Self {
        let envelope = &commit.envelope;
        let said = Said {
            correlation: envelope.correlation_id.as_ref().map(Cow::Borrowed),
            event: Cow::Borrowed(&envelope.event),
        };
        let said = serde_json::to_vec(&said).expect(ALWAYS);
        let others_too = SaidAlike {
            source: Cow::Borrowed(&envelope.source),
            decided: Cow::Borrowed(&commit.decided),
        };
        let others_too = serde_json::to_vec(&others_too).expect(ALWAYS);
        let entries = commit.ledger.entries();
        Self {
            time: envelope.time,
            recorded_at: commit.recorded_at,
            causation: envelope.causation_id,
            said: said.into(),
            alike: alike.keep(others_too),
            person: commit.sealed_person.as_deref().map(Into::into),
            ledger: entries.map(|(kind, entry)| (kind, entry.clone())).collect(),
            lease: commit.lease.clone().map(Box::new),
            due: commit.ledger.due(),
        }
    }

    pub(super) fn read(&self, subject: &Subject, id: EventId) -> SealedCommit {
        let said: Said<'_> = serde_json::from_slice(&self.said).expect(OURS);
        let alike: SaidAlike<'_> = serde_json::from_slice(&self.alike).expect(OURS);
        SealedCommit {
            envelope: Envelope {
                id,
                source: alike.source.into_owned(),
                subject: subject.clone(),
                time: self.time,
                correlation_id: said.correlation.map(Cow::into_owned),
                causation_id: self.causation,
                event: said.event.into_owned(),
            },
            sealed_person: self.person.as_deref().map(Into::into),
            decided: alike.decided.into_owned(),
            ledger: self.ledger(),
            lease: self.lease.as_deref().cloned(),
            recorded_at: self.recorded_at,
        }
    }

    fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for (kind, entry) in &self.ledger {
            ledger.set(*kind, entry.clone());
        }
        ledger
    }

    fn bytes(&self) -> usize {
        let person = self.person.as_ref().map_or(0, |person| person.len());
        let entries = self.ledger.len() + usize::from(self.lease.is_some());
        NAMES + self.said.len() + self.alike.len() + person + entries * ENTRY
    }

    /// Whether something of it is set aside, beside what this kind's entry says.
    fn is_deferred_beside(&self, kind: EffectKind) -> bool {
        let mut others = self.ledger.iter().filter(|(other, _)| *other != kind);
        others.any(|(_, entry)| entry.due().is_some())
    }

    fn set(&mut self, kind: EffectKind, entry: Entry) {
        match self.ledger.iter_mut().find(|(there, _)| *there == kind) {
            Some((_, there)) => *there = entry,
            None => {
                self.ledger.reserve_exact(1);
                self.ledger.push((kind, entry));
            }
        }
    }
}

impl Kept {
    pub(super) fn append(&mut self, commit: &SealedCommit) -> Appended {
        let envelope = &commit.envelope;
        let (_, holder) = self.holder(&envelope.subject);
        if let Some(there) = holder.commits.get(envelope.id) {
            let bytes = there.bytes();
            self.units.write(bytes);
            return Appended::AlreadyThere;
        }
        let record = Record::of(commit, &mut self.alike);
        let (bytes, due) = (record.bytes(), record.due);
        let (subject, holder) = self.holder(&envelope.subject);
        holder.commits.insert(envelope.id, record);
        self.units.write(bytes);
        self.set_due((&subject, envelope.id), None, due);
        Appended::Now
    }

    pub(super) fn commit(&self, subject: &Subject, id: EventId) -> Option<SealedCommit> {
        let record = self.holders.get(subject)?.commits.get(id)?;
        Some(record.read(subject, id))
    }

    pub(super) fn stream(&self, subject: &Subject) -> Vec<SealedCommit> {
        let holder = self.holders.get(subject);
        let commits = holder.into_iter().flat_map(|holder| holder.commits.iter());
        commits
            .map(|(id, record)| record.read(subject, *id))
            .collect()
    }

    pub(super) fn take_lease(
        &mut self,
        (subject, id): (&Subject, EventId),
        now: Time,
        lease: &Lease,
    ) -> TakenLease {
        let Some(record) = record(&mut self.holders, subject, id) else {
            self.units.write(0);
            return TakenLease::Anothers;
        };
        let theirs = record.lease.as_deref();
        let is_free = theirs.is_none_or(|it| it.owner == lease.owner || it.has_expired(now));
        if is_free {
            record.lease = Some(Box::new(lease.clone()));
        }
        let bytes = record.bytes();
        self.units.write(bytes);
        if is_free {
            TakenLease::Ours
        } else {
            TakenLease::Anothers
        }
    }

    pub(super) fn write_entry(
        &mut self,
        (subject, id): (&Subject, EventId),
        kind: EffectKind,
        entry: &Entry,
        due: Option<DueAt>,
        owner: Option<&str>,
    ) -> Written {
        let Some((name, _)) = self.holders.get_key_value(subject) else {
            self.units.write(0);
            return Written::Overtaken;
        };
        let name = Arc::clone(name);
        let Some(record) = record(&mut self.holders, subject, id) else {
            self.units.write(0);
            return Written::Overtaken;
        };
        let holder = record.lease.as_deref().map(|lease| lease.owner.as_str());
        if owner.is_some() && owner != holder {
            let bytes = record.bytes();
            self.units.write(bytes);
            return Written::Overtaken;
        }
        record.set(kind, entry.clone());
        let was = record.due;
        // A writer that knew of less does not make the sweep forget what it did not know.
        let due = match due {
            None if record.is_deferred_beside(kind) => was,
            known => known,
        };
        record.due = due;
        let bytes = record.bytes();
        self.units.write(bytes);
        self.set_due((&name, id), was, due);
        Written::Now
    }

    pub(super) fn replace_ledger(
        &mut self,
        (subject, id): (&Subject, EventId),
        was: &Ledger,
        ledger: &Ledger,
        now: Time,
    ) -> Written {
        let name = self.holders.get_key_value(subject);
        let name = name.map(|(name, _)| Arc::clone(name));
        let record = record(&mut self.holders, subject, id);
        let (Some(name), Some(record)) = (name, record) else {
            self.units.write(0);
            return Written::Overtaken;
        };
        let once = ledger.differs_in_once(was);
        let held = record.lease.as_deref();
        let is_held = once && held.is_some_and(|lease| !lease.has_expired(now));
        if is_held || record.ledger() != *was {
            let bytes = record.bytes();
            self.units.write(bytes);
            return Written::Overtaken;
        }
        if once {
            record.lease = None;
        }
        let entries = ledger.entries();
        record.ledger = entries.map(|(kind, entry)| (kind, entry.clone())).collect();
        let (due_before, due) = (record.due, ledger.due());
        record.due = due;
        let bytes = record.bytes();
        self.units.write(bytes);
        self.set_due((&name, id), due_before, due);
        Written::Now
    }
}

/// The record of a commit, if it was appended.
pub(super) fn record<'a>(
    holders: &'a mut std::collections::HashMap<Arc<Subject>, super::users::Holder>,
    subject: &Subject,
    id: EventId,
) -> Option<&'a mut Record> {
    holders.get_mut(subject)?.commits.get_mut(id)
}
