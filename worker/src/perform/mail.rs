//! Sending mail: begun only where its end can be heard and written down.

use crate::mails::{self, Occasion, TemplateError};
use crate::story::{Again, Fate};
use crate::{TRIES, Worker, fault};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use usher_shared::commit::{Commit, EffectKind, Entry, Lease, Recorded, Setback};
use usher_shared::disposition::{Disposition, FaultKind};
use usher_shared::operator;
use usher_shared::policy::MailKind;
use usher_shared::port::{Fault, Mail, MailError};
use usher_shared::retry::retry;
use usher_shared::user::User;

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
    /// Sends a mail that a commit owes, and says what its ledger is to say of it. `folded` is the user
    /// as the item has it, with this commit.
    pub(super) async fn send_mail(
        &self,
        (effect, kind): (EffectKind, MailKind),
        commit: &Commit,
        folded: &User,
        lease: &Lease,
        deadline: Instant,
    ) -> Result<(Entry, Fate), Again> {
        let (id, effect_name) = (commit.envelope.id, effect.as_str());
        if let Some(why) = self.pointless(kind, commit, folded) {
            return Ok(self.given_up(why));
        }
        let user = Occasion::user(kind, commit, folded);
        let founded = self.founded(&user, deadline).await?;
        let unsubscribe_url = match self.policy.mail.unsubscribe_url {
            None => None,
            Some(_) => {
                let Some(secret) = self.secret.get().await else {
                    return Ok(self.set_back(effect, commit, FaultKind::Unavailable.into()));
                };
                let key = secret.unsubscribe_key();
                mails::unsubscribe_url(&self.policy, kind, commit, &key)
            }
        };
        let occasion = Occasion {
            kind,
            commit,
            user: &user,
            founded: founded.as_ref().map(|founded| &founded.terms),
            unsubscribe_url,
        };
        let mail = match mails::mail(&self.policy, &self.templates, &occasion) {
            Ok(mail) => mail,
            Err(TemplateError::NoRecipient) => {
                tracing::warn!(event.id = %id, effect = effect_name, "A mail has nobody to go to");
                return Ok(self.given_up(TemplateError::NoRecipient.as_str()));
            }
            // Whoever mends the policy need not ask for the mails that it kept back.
            Err(error @ (TemplateError::NoSender | TemplateError::Bad { .. })) => {
                tracing::error!(event.id = %id, effect = effect_name, error = %error, "A mail cannot be made");
                return Ok(self.set_back(effect, commit, Setback::tried(error.as_str())));
            }
        };
        let sent = retry(&TRIES, deadline, Unsent::disposition, || {
            self.send(&mail, commit, lease, deadline)
        })
        .await;
        match sent {
            Ok(receipt) => {
                fault::point("mail_sent", commit.envelope.subject.as_str());
                let receipt = Some(receipt).filter(|receipt| !receipt.is_empty());
                let entry = Entry::Done {
                    at: self.clock.now(),
                    receipt: receipt.clone(),
                };
                Ok((entry, Fate::Performed(receipt)))
            }
            Err(Unsent::LeaseTooShort) => Err(Again::LeaseNotOurs),
            Err(Unsent::NoTime) => Err(Again::OutOfTime),
            Err(Unsent::Mail(error)) => {
                let fault = error.kind();
                match error.disposition() {
                    Disposition::DeadLetter => {
                        let why = error.as_str();
                        tracing::warn!(event.id = %id, effect = effect_name, fault = why, "A mail is given up");
                        Ok(self.given_up(why))
                    }
                    Disposition::Retry | Disposition::Defer => {
                        if fault == FaultKind::Refused {
                            tracing::error!(event.id = %id, effect = effect_name, "The mail service refuses every mail; see to sender, permission and account");
                        }
                        Ok(self.set_back(effect, commit, fault.into()))
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

    /// Why a mail would say what is not so, or what nobody wants said: of suspensions alone, because a
    /// command asks for their notice, and does so by a policy that need not be this one.
    fn pointless(&self, kind: MailKind, commit: &Commit, folded: &User) -> Option<&'static str> {
        match (kind, &commit.envelope.event) {
            (MailKind::Suspension, _) if !self.policy.mail.suspension => Some("switched_off"),
            (MailKind::Suspension, Recorded::Operator(act)) => {
                let counts = operator::counts(folded, act, commit.envelope.id);
                (!counts).then_some("overtaken")
            }
            (MailKind::Suspension, Recorded::Lifecycle(_))
            | (MailKind::Welcome | MailKind::PasswordChanged, _) => None,
        }
    }

    fn set_back(&self, effect: EffectKind, commit: &Commit, setback: Setback) -> (Entry, Fate) {
        let entry = self.deferred(commit, effect, setback);
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
                | FaultKind::Corrupt
                | FaultKind::Held => error.disposition(),
            },
        }
    }
}
