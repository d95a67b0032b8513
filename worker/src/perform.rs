//! Performing once-effects: under a claim that says which commit, and a lease that says which worker.

use crate::story::{Again, Fate};
use crate::{TRIES, Worker, fault, welcome};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use usher_shared::commit::{Commit, EffectKind, Entry, Lease, Ledger};
use usher_shared::disposition::{Disposition, FaultKind};
use usher_shared::port::{Fault, Mail, MailError, TakenLease, Written};
use usher_shared::retry::retry;
use usher_shared::user::UserItem;

/// The longest that one call to the mail service may take. A lease has to outlast it.
pub const MAIL_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether this worker holds the commit's lease.
pub(crate) enum Right {
    /// It wrote the lease with the commit.
    Held(Lease),
    /// It has to take it first.
    Untaken,
}

/// Why a mail did not go out.
enum Unsent {
    /// The mail service said so.
    Mail(MailError),
    /// The lease does not last: another worker may send it any moment.
    LeaseTooShort,
    /// The invocation may end before the call does.
    NoTime,
}

impl Worker {
    /// Performs a commit's open once-effects, if the item says that they are this commit's.
    pub(crate) async fn perform_once(
        &self,
        commit: &Commit,
        item: &UserItem,
        right: Right,
        deadline: Instant,
    ) -> Result<Vec<(EffectKind, Fate)>, Again> {
        let open: Vec<EffectKind> = commit.ledger.open_once().collect();
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let lease = match right {
            Right::Held(lease) => lease,
            Right::Untaken => self.take_lease(commit).await?,
        };
        let mut ledger = commit.ledger.clone();
        let mut fates = Vec::new();
        for kind in open {
            let holder = item
                .claims
                .get(&kind)
                .copied()
                .unwrap_or(commit.envelope.id);
            let (entry, fate) = if holder == commit.envelope.id {
                self.perform(kind, commit, &ledger, &lease, deadline)
                    .await?
            } else {
                (Entry::Anothers { commit: holder }, Fate::Anothers)
            };
            ledger.set(kind, entry.clone());
            self.close(commit, kind, &entry, &ledger, &lease, deadline)
                .await?;
            fates.push((kind, fate));
        }
        Ok(fates)
    }

    async fn take_lease(&self, commit: &Commit) -> Result<Lease, Again> {
        let now = self.clock.now();
        let lease = self.new_lease(now);
        let envelope = &commit.envelope;
        match self
            .store
            .take_lease(&envelope.subject, envelope.id, now, &lease)
            .await?
        {
            TakenLease::Ours => Ok(lease),
            TakenLease::Anothers => Err(Again::LeaseNotOurs),
        }
    }

    async fn perform(
        &self,
        kind: EffectKind,
        commit: &Commit,
        ledger: &Ledger,
        lease: &Lease,
        deadline: Instant,
    ) -> Result<(Entry, Fate), Again> {
        debug_assert!(
            kind == EffectKind::WelcomeMail,
            "the only once-effect there is"
        );
        let before = ledger.get(kind).cloned().unwrap_or(Entry::Owed);
        let given_up = |why: &'static str| {
            (
                Entry::Failed {
                    at: self.clock.now(),
                    fault: why.to_owned(),
                },
                Fate::Failed(why),
            )
        };
        let mail = match welcome::mail(&self.policy, &self.templates, commit) {
            Ok(mail) => mail,
            Err(error) => {
                tracing::error!(event.id = %commit.envelope.id, error = %error, "A welcome mail cannot be made");
                return Ok(given_up(error.as_str()));
            }
        };
        let sent = retry(&TRIES, deadline, Unsent::disposition, || {
            self.send(&mail, commit, lease, deadline)
        })
        .await;
        match sent {
            Ok(receipt) => {
                fault::point("mail_sent", commit.envelope.subject.as_str());
                let entry = Entry::Done {
                    at: self.clock.now(),
                    receipt: Some(receipt.clone()),
                };
                Ok((entry, Fate::Performed(Some(receipt))))
            }
            Err(Unsent::LeaseTooShort) => Err(Again::LeaseNotOurs),
            Err(Unsent::NoTime) => Err(Again::OutOfTime),
            Err(Unsent::Mail(error)) => match error.disposition() {
                Disposition::DeadLetter => Ok(given_up(error.kind().as_str())),
                Disposition::Retry | Disposition::Defer => {
                    let fault = error.kind();
                    tracing::warn!(event.id = %commit.envelope.id, fault = %fault, "A welcome mail is set aside until later");
                    Ok((
                        before.deferred(self.clock.now(), fault),
                        Fate::Deferred(fault.as_str()),
                    ))
                }
            },
        }
    }

    /// One call to the mail service, begun only on a lease that outlasts it, and only where there is
    /// time to hear the answer.
    async fn send(
        &self,
        mail: &Mail,
        commit: &Commit,
        lease: &Lease,
        deadline: Instant,
    ) -> Result<String, Unsent> {
        if Instant::now() + MAIL_TIMEOUT > deadline {
            return Err(Unsent::NoTime);
        }
        if !lease.outlasts(self.clock.now(), MAIL_TIMEOUT) {
            return Err(Unsent::LeaseTooShort);
        }
        fault::point("mail_begun", commit.envelope.subject.as_str());
        match timeout(MAIL_TIMEOUT, self.mailer.send(mail)).await {
            Ok(sent) => sent.map_err(Unsent::Mail),
            Err(_) => Err(Unsent::Mail(
                Fault::new("mail.send", FaultKind::TimedOut).into(),
            )),
        }
    }

    /// Writes what became of a once-effect, on condition that the lease is still ours.
    async fn close(
        &self,
        commit: &Commit,
        kind: EffectKind,
        entry: &Entry,
        ledger: &Ledger,
        lease: &Lease,
        deadline: Instant,
    ) -> Result<(), Again> {
        let envelope = &commit.envelope;
        let write = || {
            self.store.write_entry(
                &envelope.subject,
                envelope.id,
                kind,
                entry,
                ledger.due(),
                Some(&lease.owner),
            )
        };
        match retry(&TRIES, deadline, Fault::disposition, write).await? {
            Written::Now => Ok(()),
            Written::Overtaken => {
                tracing::warn!(event.id = %envelope.id, effect = kind.as_str(), "Another worker took this effect over");
                Err(Again::LeaseNotOurs)
            }
        }
    }
}

impl Unsent {
    /// A mail whose fate nobody knows is not sent again at once: it waits in the ledger.
    fn disposition(&self) -> Disposition {
        match self {
            Self::LeaseTooShort | Self::NoTime => Disposition::Defer,
            Self::Mail(error) => match error.kind() {
                FaultKind::TimedOut => Disposition::Defer,
                FaultKind::Unavailable
                | FaultKind::Throttled
                | FaultKind::Refused
                | FaultKind::Corrupt => error.disposition(),
            },
        }
    }
}
