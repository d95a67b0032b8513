//! What must hold of a fact that is published: the worker can read it, and make of it what it will.

use usher_events::{Envelope, LifecycleEvent, Time, wire};
use usher_shared::commit::{Commit, Ledger, Recorded};
use usher_shared::policy::{Findings, MailKind, Policy, react};
use usher_shared::user::User;
use usher_worker::mails::{self, Occasion, Templates};

/// The fact is about the kind of subject that it can be about, comes back from its wire form as it
/// was, and folds into the same user once and twice. Gives back the commit that it becomes.
pub(crate) fn check(fact: &Envelope<LifecycleEvent>, policy: &Policy, now: Time) -> Commit {
    assert!(fact.event.fits(&fact.subject), "{fact:?}");
    let body = wire::encode(fact);
    assert_eq!(wire::decode(&body).as_ref(), Ok(fact), "{body}");
    let reaction = react::react(policy, &fact.event, &Findings::default());
    let again = react::react(policy, &fact.event, &Findings::default());
    assert_eq!(reaction, again, "{body}");
    let commit = Commit {
        envelope: Envelope {
            id: fact.id,
            source: fact.source.clone(),
            subject: fact.subject.clone(),
            time: fact.time,
            correlation_id: fact.correlation_id.clone(),
            causation_id: fact.causation_id,
            event: Recorded::Lifecycle(fact.event.clone()),
        },
        decided: reaction.decided,
        ledger: Ledger::default(),
        lease: None,
        recorded_at: now,
    };
    let once = User::fold([&commit]);
    assert_eq!(User::fold([&commit, &commit]), once, "{body}");
    commit
}

/// A mail that is owed can be written, by templates with which nothing is wrong.
pub(crate) fn check_mail(policy: &Policy, templates: &Templates, commit: &Commit) {
    let Recorded::Lifecycle(event) = &commit.envelope.event else {
        return;
    };
    let kind = match event {
        LifecycleEvent::SignUpConfirmed(_) | LifecycleEvent::FirstSeen(_) => MailKind::Welcome,
        LifecycleEvent::PasswordReset(_) => MailKind::PasswordChanged,
        LifecycleEvent::SignUpRequested(_)
        | LifecycleEvent::SignUpRefused(_)
        | LifecycleEvent::SignInRefused(_)
        | LifecycleEvent::SignedIn(_)
        | LifecycleEvent::AttributesChanged(_)
        | LifecycleEvent::MessageRequested(_) => return,
    };
    let has_address = event.person().is_some_and(|person| person.email.is_some());
    if has_address && !policy.mail.from.is_empty() {
        let occasion = Occasion {
            kind,
            commit,
            user: &User::of(commit),
            founded: None,
            unsubscribe_url: None,
        };
        let mail = mails::mail(policy, templates, &occasion);
        assert!(mail.is_ok(), "{:?}", mail.err());
    }
}
