//! Loading whom a batch is about, all at once.

use crate::story::Again;
use crate::turn::within;
use crate::{TRIES, Worker};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;
use usher_events::{Sub, Subject};
use usher_shared::disposition::{Disposition, FaultKind};
use usher_shared::port::{Fault, Loaded};
use usher_shared::retry::retry;

type Answers = BTreeMap<Sub, Result<Loaded, Again>>;

/// The users of a batch as they were at its beginning.
#[derive(Default)]
pub(crate) struct Users {
    answers: Answers,
    /// Why there is no point in asking the table for anything else.
    down: Option<Again>,
}

impl Users {
    /// Gives what is known of a subject, once. `None` if that is nothing, and it has to be loaded.
    pub(crate) fn take(&mut self, subject: &Subject) -> Option<Result<Loaded, Again>> {
        match subject {
            Subject::User(sub) => self.answers.remove(sub),
            Subject::SignUp(_) => Some(self.down.map_or(Ok(Loaded::default()), Err)),
        }
    }
}

impl Worker {
    /// Loads user and key of everybody whom a batch is about. Those who were left unread are asked
    /// for again; a table that is down answers for all, also for those who need nothing of it yet.
    pub(crate) async fn load_users(&self, subs: Vec<Sub>, deadline: Instant) -> Users {
        if subs.is_empty() {
            return Users::default();
        }
        let load = async { Ok(self.load_all(&subs, deadline).await) };
        let answers = match within(deadline, load).await {
            Ok(answers) => answers,
            // Our own bug, over somebody: each is loaded alone.
            Err(Again::Panicked) => Answers::new(),
            Err(again) => subs.into_iter().map(|sub| (sub, Err(again))).collect(),
        };
        let down = down(&answers);
        Users { answers, down }
    }

    async fn load_all(&self, subs: &[Sub], deadline: Instant) -> Answers {
        let answers = Mutex::new(Answers::new());
        let lock = || answers.lock().unwrap_or_else(PoisonError::into_inner);
        let load = || async {
            let unread = |sub: &&Sub| !lock().contains_key(sub);
            let left: Vec<Sub> = subs.iter().filter(unread).cloned().collect();
            let loaded = self.store.load_many(&left).await;
            let mut outage = None;
            let mut answers = lock();
            for (sub, loaded) in left.into_iter().zip(loaded) {
                match loaded {
                    Err(fault) if fault.disposition() == Disposition::Retry => {
                        outage = Some(fault);
                    }
                    Err(fault) => drop(answers.insert(sub, Err(fault.into()))),
                    Ok(loaded) => drop(answers.insert(sub, Ok(loaded))),
                }
            }
            outage.map_or(Ok(()), Err)
        };
        let loaded = retry(&TRIES, deadline, Fault::disposition, load).await;
        let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(fault) = loaded {
            for sub in subs {
                answers.entry(sub.clone()).or_insert(Err(fault.into()));
            }
        }
        answers
    }
}

/// Why the table is down, if it answered nobody's question. One that asks for fewer calls may mean a
/// single user's.
fn down(answers: &Answers) -> Option<Again> {
    let fault_of = |answer: &Result<Loaded, Again>| match answer {
        Err(Again::Fault(fault)) => match fault.kind {
            FaultKind::TimedOut | FaultKind::Unavailable => Some(*fault),
            FaultKind::Throttled | FaultKind::Refused | FaultKind::Corrupt | FaultKind::Held => {
                None
            }
        },
        Ok(_) | Err(_) => None,
    };
    let faults: Option<Vec<Fault>> = answers.values().map(fault_of).collect();
    faults?.first().map(|fault| Again::Fault(*fault))
}
