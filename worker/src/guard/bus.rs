use super::{Guard, outcome};
use async_trait::async_trait;
use std::sync::Arc;
use usher_shared::breaker::Outcome;
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Bus, BusEntry, Fault};

/// How many entries one call of EventBridge takes: each call has an outcome of its own, and a probe is
/// one of them.
const ONE_CALL: usize = 10;

/// A bus behind its breaker.
pub(super) struct Guarded {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) guard: Arc<Guard>,
}

#[async_trait]
impl Bus for Guarded {
    async fn publish(&self, entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        let mut results = Vec::with_capacity(entries.len());
        for call in entries.chunks(ONE_CALL) {
            let Some(pass) = self.guard.admit().await else {
                results.extend(vec![Err(self.guard.held()); call.len()]);
                continue;
            };
            let answers = self.bus.publish(call).await;
            pass.report(fault_of(&answers)).await;
            results.extend(answers);
        }
        results
    }
}

/// What a call has come to whose entries came to these: a failure of the bus if it failed half of
/// them. Who takes most of them is there.
fn fault_of(answers: &[Result<(), Fault>]) -> Option<FaultKind> {
    let kinds = answers.iter().filter_map(|answer| answer.as_ref().err());
    let failed = kinds
        .map(|fault| fault.kind)
        .filter(|kind| outcome(Some(*kind)) == Some(Outcome::Failure));
    let failed: Vec<FaultKind> = failed.collect();
    failed
        .first()
        .copied()
        .filter(|_| failed.len() * 2 >= answers.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_failed_if_the_bus_failed_half_of_its_entries() {
        use FaultKind::{Refused, Throttled, Unavailable};
        let refused = |kind| Err(Fault::new("bus.publish", kind));
        for (answers, expected) in [
            (vec![], None),
            (vec![Ok(()), Ok(())], None),
            (vec![refused(Refused), refused(Refused)], None),
            (vec![Ok(()), Ok(()), refused(Throttled)], None),
            (vec![Ok(()), refused(Throttled)], Some(Throttled)),
            (
                vec![refused(Unavailable), refused(Refused), refused(Throttled)],
                Some(Unavailable),
            ),
        ] {
            assert_eq!(fault_of(&answers), expected, "{answers:?}");
        }
    }
}
