use super::way::{Passed, Way};
use crate::disposition::FaultKind;
use crate::port::{self, BusEntry, Fault};
use async_trait::async_trait;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use usher_events::EventId;

const PUT: &str = "eventbridge.put_events";

/// EventBridge takes so many entries a call.
const MOST: usize = 10;

/// A bus that remembers which events it was told of, and how often. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    way: Arc<dyn Way>,
    told: Arc<Mutex<HashMap<EventId, u32>>>,
}

#[derive(Deserialize)]
struct Named {
    id: EventId,
}

impl Bus {
    /// A bus at the end of this way.
    pub fn over(way: Arc<dyn Way>) -> Self {
        let told = Arc::default();
        Self { way, told }
    }

    /// How often it was told of an event.
    pub fn told(&self, id: EventId) -> u32 {
        self.lock().get(&id).copied().unwrap_or(0)
    }

    /// Forgets an event, and says how often it was told of it.
    pub fn forget(&self, id: EventId) -> u32 {
        self.lock().remove(&id).unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EventId, u32>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, entry: &BusEntry) -> Result<(), Fault> {
        let named: Named = serde_json::from_str(&entry.detail)
            .map_err(|_error| Fault::new(PUT, FaultKind::Refused))?;
        *self.lock().entry(named.id).or_default() += 1;
        Ok(())
    }
}

#[async_trait]
impl port::Bus for Bus {
    async fn publish(&self, entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        let mut results = Vec::with_capacity(entries.len());
        for call in entries.chunks(MOST) {
            let passed = self.way.pass(PUT).await;
            results.extend(call.iter().map(|entry| match passed {
                Passed::Through => self.take(entry),
                Passed::Stopped(kind) => Err(Fault::new(PUT, kind)),
                Passed::AnswerLost(kind) => {
                    self.take(entry)?;
                    Err(Fault::new(PUT, kind))
                }
            }));
        }
        results
    }
}
