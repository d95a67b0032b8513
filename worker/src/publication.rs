//! Telling the bus what was recorded: repeatable, batched, and written down only where it fails.

use crate::record::Kept;
use crate::story::{Again, Fate};
use crate::{TRIES, Worker, fault};
use futures::{FutureExt, StreamExt, stream};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use usher_events::{Envelope, Fact, wire};
use usher_shared::clock;
use usher_shared::commit::{Commit, EffectKind, Entry, Setback};
use usher_shared::disposition::{Disposition, FaultKind};
use usher_shared::port::{BusEntry, Fault};
use usher_shared::retry::retry;

/// Who says it, on the bus.
pub const SOURCE: &str = "usher";

/// How often entries are published within one batch: the bus takes some of a call and not others,
/// and those it throttled it takes a moment later.
const ROUNDS: usize = 3;
/// The moment.
const PAUSE: Duration = Duration::from_millis(200);

/// An entry that nobody answered for before time ran out.
const NO_TIME: Fault = Fault {
    operation: "bus.publish",
    kind: FaultKind::TimedOut,
};

impl Worker {
    /// Publishes what these commits say, all in one go, and gives each its fate.
    ///
    /// An event and what was decided from it are entries of their own. What fails is set aside in
    /// its ledger; only if that cannot be written does the message have to come again.
    pub(crate) async fn publish(
        &self,
        kept: &[&Kept],
        deadline: Instant,
    ) -> Vec<Result<Option<Fate>, Again>> {
        if !self.policy.bus.publish || kept.is_empty() {
            return kept.iter().map(|_| Ok(None)).collect();
        }
        let mut entries = Vec::new();
        for (place, kept) in kept.iter().enumerate() {
            let of_commit = self.entries(&kept.commit).into_iter();
            entries.extend(of_commit.map(|entry| (place, entry)));
        }
        let mut faults = vec![None; kept.len()];
        for (place, fault) in self.refused(entries, deadline).await {
            faults[place] = Some(fault);
        }
        // Made before they are streamed: a closure within the stream would keep it from being `Send`.
        let notes: Vec<_> = kept
            .iter()
            .zip(faults)
            .map(|(kept, fault)| AssertUnwindSafe(self.note(&kept.commit, fault, deadline)))
            .map(|note| note.catch_unwind())
            .collect();
        stream::iter(notes)
            .buffered(self.policy.worker.concurrency)
            .map(|fate| fate.unwrap_or(Err(Again::Panicked)).map(Some))
            .collect()
            .await
    }

    /// Publishes entries, each with the place of its commit, and gives the faults of those that the
    /// bus did not take in any round.
    async fn refused(
        &self,
        entries: Vec<(usize, BusEntry)>,
        deadline: Instant,
    ) -> Vec<(usize, Fault)> {
        let mut left = entries;
        let mut refused = Vec::new();
        for round in 1..=ROUNDS {
            let batch: Vec<BusEntry> = left.iter().map(|(_, entry)| entry.clone()).collect();
            let results = timeout_at(deadline, self.bus.publish(&batch)).await;
            let answers = results.unwrap_or_default().into_iter();
            let mut again = Vec::new();
            let may_go_on = round < ROUNDS && Instant::now() + PAUSE < deadline;
            for (placed, result) in left
                .into_iter()
                .zip(answers.chain(std::iter::repeat(Err(NO_TIME))))
            {
                match result {
                    Ok(()) => {}
                    Err(fault) if may_go_on && fault.disposition() == Disposition::Retry => {
                        again.push(placed);
                    }
                    Err(fault) => refused.push((placed.0, fault)),
                }
            }
            left = again;
            if left.is_empty() {
                break;
            }
            clock::sleep(PAUSE).await;
        }
        refused
    }

    /// Writes down a failure, and the end of one that was written down before.
    async fn note(
        &self,
        commit: &Commit,
        fault: Option<Fault>,
        deadline: Instant,
    ) -> Result<Fate, Again> {
        let envelope = &commit.envelope;
        fault::point("published", envelope.subject.as_str());
        let before = commit.ledger.get(EffectKind::Publication);
        let now = self.clock.now();
        let (entry, fate) = match (fault, before) {
            (None, None | Some(Entry::Done { .. })) => return Ok(Fate::Performed(None)),
            (None, Some(_)) => {
                let done = Entry::Done {
                    at: now,
                    receipt: None,
                };
                (done, Fate::Performed(None))
            }
            (Some(fault), _) => {
                let setback = Setback::from(fault.kind);
                let entry = self.deferred(commit, EffectKind::Publication, setback);
                let fate = Fate::of(&entry, setback);
                (entry, fate)
            }
        };
        let mut ledger = commit.ledger.clone();
        ledger.set(EffectKind::Publication, entry.clone());
        let due = ledger.due();
        let (subject, kind) = (&envelope.subject, EffectKind::Publication);
        let write = || {
            self.store
                .write_entry(subject, envelope.id, kind, &entry, due, None)
        };
        retry(&TRIES, deadline, Fault::disposition, write).await?;
        Ok(fate)
    }

    fn entries(&self, commit: &Commit) -> Vec<BusEntry> {
        let envelope = &commit.envelope;
        let mut entries = vec![self.entry(envelope)];
        let decided = commit.decided_envelopes();
        entries.extend(decided.map(|decided| self.entry(&decided)));
        entries
    }

    fn entry<E: Fact>(&self, envelope: &Envelope<E>) -> BusEntry {
        let detail = if self.policy.bus.include_person {
            wire::encode(envelope)
        } else {
            wire::encode_without_person(envelope)
        };
        BusEntry {
            source: SOURCE.to_owned(),
            detail_type: wire::type_of(&envelope.event),
            detail,
            time: envelope.time,
        }
    }
}
