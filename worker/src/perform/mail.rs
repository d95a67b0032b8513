//! Sending the welcome mail: begun only where its end can be heard and written down.

use crate::story::{Again, Fate};
use crate::welcome::{self, TemplateError};
use crate::{TRIES, Worker, fault};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use usher_shared::commit::{Commit, EffectKind, Entry, Lease, Setback};
use usher_shared::disposition::{Disposition, FaultKind};
use usher_shared::port::{Fault, Mail, MailError};
use usher_shared::retry::retry;

/// The longest that one call to the mail service may take, and never more than a third of a lease.
/// Longer than the SES client's own limit, so that it ends what that one does not.
pub const MAIL_TIMEOUT: Duration = Duration::from_secs(10);

/// Kept back of lease and invocation to write down what the mail service said, and never more than
/// a third of a lease. A mail whose acceptance is not written down goes out twice.
pub const RECORD_TIME: Duration = Duration::from_secs(5);

/// How long a mail may take.
pub(super) struct MailTime {
    /// One call to the mail service.
    call: Duration,
    /// That, and writing down its answer.
    pub(super) needed: Duration,
}

/// Why a mail did not go out.
enum Unsent {
    /// The mail service said so.
    Mail(MailError),
    /// The lease does not last: another worker may send it any moment.
    LeaseTooShort,
    /// The invocation may end before the call does, or before its end is written down.
    NoTime,
}

impl Worker {
    /// Sends the welcome mail that a commit owes, and says what its ledger is to say of it.
    pub(super) async fn welcome(
        &self,
        commit: &Commit,
        lease: &Lease,
        deadline: Instant,
    ) -> Result<(Entry, Fate), Again> {
        let id = commit.envelope.id;
        let founded = self.founded(commit, deadline).await?;
        let founded = founded.as_ref().map(|founded| &founded.terms);
        let mail = match welcome::mail(&self.policy, &self.templates, commit, founded) {
            Ok(mail) => mail,
            Err(error) => {
                tracing::error!(event.id = %id, error = %error, "A welcome mail cannot be made");
                return Ok(match error {
                    TemplateError::NoRecipient => self.given_up(error.as_str()),
                    // Whoever mends the template need not ask for the mails that it kept back.
                    TemplateError::Bad { .. } | TemplateError::UnknownName { .. } => {
                        self.set_back(commit, Setback::tried(error.as_str()))
                    }
                });
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
            Err(Unsent::Mail(error)) => {
                let fault = error.kind();
                match error.disposition() {
                    Disposition::DeadLetter => {
                        tracing::warn!(event.id = %id, fault = %fault, "A welcome mail is given up");
                        Ok(self.given_up(fault.as_str()))
                    }
                    Disposition::Retry | Disposition::Defer => {
                        Ok(self.set_back(commit, fault.into()))
                    }
                }
            }
        }
    }

    /// How long a mail may take: never more than two thirds of a lease.
    pub(super) fn mail_time(&self) -> MailTime {
        let third = self.policy.worker.lease / 3;
        let call = MAIL_TIMEOUT.min(third);
        let needed = call + RECORD_TIME.min(third);
        MailTime { call, needed }
    }

    fn given_up(&self, why: &'static str) -> (Entry, Fate) {
        (Entry::given_up(self.clock.now(), why), Fate::Failed(why))
    }

    fn set_back(&self, commit: &Commit, setback: Setback) -> (Entry, Fate) {
        let entry = self.deferred(commit, EffectKind::WelcomeMail, setback);
        let fate = Fate::of(&entry, setback);
        (entry, fate)
    }

    /// One call to the mail service, begun only on a lease that outlasts it, and only where there is
    /// time to hear and to write down the answer.
    async fn send(
        &self,
        mail: &Mail,
        commit: &Commit,
        lease: &Lease,
        deadline: Instant,
    ) -> Result<String, Unsent> {
        let MailTime { call, needed } = self.mail_time();
        if Instant::now() + needed > deadline {
            return Err(Unsent::NoTime);
        }
        if !lease.outlasts(self.clock.now(), needed) {
            return Err(Unsent::LeaseTooShort);
        }
        fault::point("mail_begun", commit.envelope.subject.as_str());
        match timeout(call, self.mailer.send(mail)).await {
            Ok(sent) => sent.map_err(Unsent::Mail),
            Err(_) => Err(Unsent::Mail(
                Fault::new("mail.send", FaultKind::TimedOut).into(),
            )),
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
