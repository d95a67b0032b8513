//! Services that fail as they are told.

use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::Mutex;
use usher_shared::disposition::FaultKind;
use usher_shared::port::{
    Bus, BusEntry, Cause, DeadLetters, Delayed, Fault, Hidden, Mail, MailError, Mailer, Outgoing,
    Queue, Visibility,
};

/// A mail service that fails in the given ways, one a call, and then accepts everything.
#[derive(Default)]
pub struct Post {
    pub failures: Mutex<VecDeque<MailError>>,
    pub accepted: Mutex<Vec<Mail>>,
}

impl Post {
    pub fn failing(failures: impl IntoIterator<Item = MailError>) -> Self {
        Self {
            failures: Mutex::new(failures.into_iter().collect()),
            accepted: Mutex::default(),
        }
    }

    /// Fails this often in one way.
    pub fn out(kind: FaultKind, times: usize) -> Self {
        let fault = MailError::Fault(Fault::new("post.send", kind));
        Self::failing(std::iter::repeat_n(fault, times))
    }

    pub fn accepted(&self) -> usize {
        self.accepted.lock().unwrap().len()
    }
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        if let Some(failure) = self.failures.lock().unwrap().pop_front() {
            return Err(failure);
        }
        let mut accepted = self.accepted.lock().unwrap();
        accepted.push(mail.clone());
        Ok(format!("mail-{}", accepted.len()))
    }
}

/// A bus that does not take entries about one subject, while it is told not to.
#[derive(Default)]
pub struct Line {
    pub refusing: Mutex<Option<(String, FaultKind)>>,
    /// Sizes of the calls.
    pub calls: Mutex<Vec<usize>>,
    pub taken: Mutex<Vec<BusEntry>>,
    /// Panics instead.
    pub breaking: bool,
}

impl Line {
    pub fn refusing(subject: &str, kind: FaultKind) -> Self {
        Self {
            refusing: Mutex::new(Some((subject.to_owned(), kind))),
            ..Self::default()
        }
    }

    /// The ids of the entries taken about a subject.
    pub fn ids(&self, subject: &str) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        let details = taken
            .iter()
            .map(|entry| serde_json::from_str::<serde_json::Value>(&entry.detail).unwrap())
            .filter(|detail| detail["subject"] == subject);
        details
            .map(|detail| detail["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[async_trait]
impl Bus for Line {
    async fn publish(&self, entries: &[BusEntry]) -> Vec<Result<(), Fault>> {
        assert!(!self.breaking, "planted");
        self.calls.lock().unwrap().push(entries.len());
        let refusing = self.refusing.lock().unwrap().clone();
        let results = entries.iter().map(|entry| {
            if let Some((subject, kind)) = &refusing
                && entry.detail.contains(&format!("\"subject\":\"{subject}\""))
            {
                return Err(Fault::new("bus.publish", *kind));
            }
            self.taken.lock().unwrap().push(entry.clone());
            Ok(())
        });
        results.collect()
    }
}

/// A queue that writes down what it is to hide, and does as it is told.
#[derive(Default)]
pub struct Blinds {
    pub calls: Mutex<Vec<Vec<Hidden>>>,
    pub failing: bool,
    /// Panics instead.
    pub breaking: bool,
}

#[async_trait]
impl Visibility for Blinds {
    async fn hide_many(&self, deliveries: &[Hidden]) -> Result<(), Fault> {
        assert!(!self.breaking, "planted");
        self.calls.lock().unwrap().push(deliveries.to_vec());
        if self.failing {
            return Err(Fault::new("queue.hide", FaultKind::Unavailable));
        }
        Ok(())
    }
}

/// A queue that takes nothing, in any of its roles.
pub struct NoQueue;

#[async_trait]
impl Queue for NoQueue {
    async fn send(&self, _message: &Outgoing) -> Result<(), Fault> {
        Err(Fault::new("queue.send", FaultKind::Unavailable))
    }

    async fn send_many(&self, messages: &[Delayed]) -> Vec<Result<(), Fault>> {
        vec![Err(Fault::new("queue.send", FaultKind::Unavailable)); messages.len()]
    }
}

#[async_trait]
impl DeadLetters for NoQueue {
    async fn set_aside(&self, _body: &str, _cause: &Cause) -> Result<(), Fault> {
        Err(Fault::new("queue.send", FaultKind::Unavailable))
    }
}
