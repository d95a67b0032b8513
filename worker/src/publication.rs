//! Telling the bus what was recorded: repeatable, batched, and written down only where it fails.

use crate::record::Kept;
use crate::story::{Again, Fate};
use crate::{TRIES, Worker};
use tokio::time::{Instant, timeout_at};
use usher_events::{Envelope, Fact, wire};
use usher_shared::commit::{Commit, EffectKind, Entry};
use usher_shared::disposition::FaultKind;
use usher_shared::port::{BusEntry, Fault};
use usher_shared::retry::retry;

/// Who says it, on the bus.
pub const SOURCE: &str = "usher";

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
        if !self.policy.bus.publish {
            return kept.iter().map(|_| Ok(None)).collect();
        }
        let entries: Vec<(usize, BusEntry)> = kept
            .iter()
            .enumerate()
            .flat_map(|(index, kept)| {
                self.entries(&kept.commit)
                    .into_iter()
                    .map(move |entry| (index, entry))
            })
            .collect();
        let faults = self.publish_entries(&entries, kept.len(), deadline).await;
        let mut fates = Vec::with_capacity(kept.len());
        for (kept, fault) in kept.iter().zip(faults) {
            fates.push(self.note(&kept.commit, fault, deadline).await.map(Some));
        }
        fates
    }

    async fn publish_entries(
        &self,
        entries: &[(usize, BusEntry)],
        commits: usize,
        deadline: Instant,
    ) -> Vec<Option<Fault>> {
        let mut faults = vec![None; commits];
        let mut left: Vec<&(usize, BusEntry)> = entries.iter().collect();
        // One more round for what failed: a bus that throttles takes the rest a moment later.
        for _ in 0..2 {
            let batch: Vec<BusEntry> = left.iter().map(|(_, entry)| entry.clone()).collect();
            let results = timeout_at(deadline, self.bus.publish(&batch)).await;
            let results = results.unwrap_or_else(|_| batch.iter().map(|_| Err(NO_TIME)).collect());
            let results = results.into_iter().chain(std::iter::repeat(Err(NO_TIME)));
            let failed: Vec<_> = left
                .into_iter()
                .zip(results)
                .filter_map(|(one, result)| Some((one, result.err()?)))
                .collect();
            for (index, _) in entries {
                faults[*index] = None;
            }
            for ((index, _), fault) in &failed {
                faults[*index] = Some(*fault);
            }
            left = failed.into_iter().map(|(one, _)| one).collect();
            if left.is_empty() {
                break;
            }
        }
        faults
    }

    /// Writes down a failure, and the end of one that was written down before.
    async fn note(
        &self,
        commit: &Commit,
        fault: Option<Fault>,
        deadline: Instant,
    ) -> Result<Fate, Again> {
        let before = commit.ledger.get(EffectKind::Publication);
        let (entry, fate) = match (fault, before) {
            (None, None | Some(Entry::Done { .. })) => return Ok(Fate::Performed(None)),
            (None, Some(_)) => (
                Entry::Done {
                    at: self.clock.now(),
                    receipt: None,
                },
                Fate::Performed(None),
            ),
            (Some(fault), before) => {
                tracing::warn!(event.id = %commit.envelope.id, fault = %fault, "A publication is set aside until later");
                let before = before.cloned().unwrap_or(Entry::Owed);
                (
                    before.deferred(self.clock.now(), fault.kind),
                    Fate::Deferred(fault.kind.as_str()),
                )
            }
        };
        let envelope = &commit.envelope;
        let mut ledger = commit.ledger.clone();
        ledger.set(EffectKind::Publication, entry.clone());
        let due = ledger.due();
        let write = || {
            self.store.write_entry(
                &envelope.subject,
                envelope.id,
                EffectKind::Publication,
                &entry,
                due,
                None,
            )
        };
        retry(&TRIES, deadline, Fault::disposition, write).await?;
        Ok(fate)
    }

    fn entries(&self, commit: &Commit) -> Vec<BusEntry> {
        let envelope = &commit.envelope;
        let mut entries = vec![self.entry(envelope)];
        for decided in &commit.decided {
            let id = usher_events::identity::decided(
                envelope.id,
                decided.name(),
                &decided.to_data().to_string(),
            );
            let decided = Envelope {
                id,
                causation_id: Some(envelope.id),
                ..envelope.clone().map(|_| decided.clone())
            };
            entries.push(self.entry(&decided));
        }
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
