//! The way from a worker to the mail service, watched for the one window in which a mail may go twice.

use super::clock::VirtualClock;
use super::scenario::Outage;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use usher_events::Personal;
use usher_shared::memory::Outbox;
use usher_shared::port::{Mail, MailError, Mailer};

/// How long it takes at most, where the table is well, until it is written down that a mail was taken.
const RECORD: Duration = Duration::from_millis(100);

/// A mail service that notes which mails it took when nobody could write that down: as the table went
/// out, or while it was. Cheap to clone.
#[derive(Clone)]
pub struct Post {
    outbox: Outbox,
    clock: VirtualClock,
    table_out: Option<Outage>,
    unrecorded: Arc<Mutex<HashMap<String, u64>>>,
}

impl Post {
    pub fn new(outbox: Outbox, clock: VirtualClock, table_out: Option<Outage>) -> Self {
        let unrecorded = Arc::default();
        Self {
            outbox,
            clock,
            table_out,
            unrecorded,
        }
    }

    /// How many mails to this address nobody could write down.
    pub fn unrecorded_to(&self, to: &Personal) -> u64 {
        self.lock().get(to.expose()).copied().unwrap_or(0)
    }

    /// How many mails nobody could write down.
    pub fn unrecorded(&self) -> u64 {
        self.lock().values().sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.unrecorded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_table_out(&self) -> bool {
        let now = self.clock.elapsed();
        let out = |outage: Outage| now + RECORD > outage.begins && now < outage.ends;
        self.table_out.is_some_and(out)
    }
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let receipt = self.outbox.send(mail).await?;
        if self.is_table_out() {
            *self.lock().entry(mail.to.expose().to_owned()).or_default() += 1;
        }
        Ok(receipt)
    }
}
