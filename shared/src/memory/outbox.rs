use super::way::{self, Way};
use crate::port::{Mail, MailError, Mailer};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use usher_events::Personal;

const SEND: &str = "sesv2.send_email";

/// A mail service that remembers to whom it sent how many mails. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    way: Arc<dyn Way>,
    sent: Arc<Mutex<Sent>>,
}

#[derive(Default)]
struct Sent {
    mails: u64,
    by_recipient: HashMap<Box<str>, u32>,
}

impl Outbox {
    /// A mail service at the end of this way.
    pub fn over(way: Arc<dyn Way>) -> Self {
        let sent = Arc::default();
        Self { way, sent }
    }

    /// How many mails it has taken.
    pub fn mails(&self) -> u64 {
        self.lock().mails
    }

    /// How many of them went to this address.
    pub fn sent_to(&self, to: &Personal) -> u32 {
        let sent = self.lock();
        sent.by_recipient.get(to.expose()).copied().unwrap_or(0)
    }

    /// Forgets an address, and says how many went there.
    pub fn forget(&self, to: &Personal) -> u32 {
        self.lock().by_recipient.remove(to.expose()).unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let taken = way::call(self.way.as_ref(), SEND, || {
            let mut sent = self.lock();
            sent.mails += 1;
            let to = mail.to.expose().into();
            *sent.by_recipient.entry(to).or_default() += 1;
            format!("mail-{}", sent.mails)
        });
        Ok(taken.await?)
    }
}
