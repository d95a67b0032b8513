//! Promises about ledgers that are replaced as a whole.

use super::{Stored, at, commit, crowd, deferred, id, sign_up, user};
use crate::clock::sleep;
use crate::commit::{EffectKind, Entry, Lane, Lease, Ledger};
use crate::port::{Due, TakenLease, Written};
use crate::seal::SealedCommit;
use std::time::Duration;
use usher_events::{Subject, Time};

const MAIL: EffectKind = EffectKind::WelcomeMail;
const BUS: EffectKind = EffectKind::Publication;

fn ledger<const N: usize>(entries: [(EffectKind, Entry); N]) -> Ledger {
    let mut ledger = Ledger::default();
    for (kind, entry) in entries {
        ledger.set(kind, entry);
    }
    ledger
}

fn given_up() -> Entry {
    Entry::Failed {
        at: at(5),
        fault: "too_old".to_owned(),
        last_error: Some("throttled".to_owned()),
    }
}

fn done() -> Entry {
    Entry::Done {
        at: at(70),
        receipt: Some("0100018f".to_owned()),
    }
}

fn lease(owner: &str, until: Time) -> Lease {
    Lease {
        owner: owner.to_owned(),
        until,
    }
}

/// Appends a commit with this ledger.
async fn with(store: &impl Stored, subject: &Subject, ledger: &Ledger) {
    let commit = SealedCommit {
        ledger: ledger.clone(),
        ..commit(subject, 1)
    };
    store.append(&commit).await.unwrap();
}

async fn stored(store: &impl Stored, subject: &Subject) -> SealedCommit {
    store.commit(subject, id(1)).await.unwrap().unwrap()
}

/// The index may show a change a moment late, so what is expected is waited for.
async fn listed(store: &impl Stored, lane: Lane, subject: &Subject, expected: Option<Time>) {
    let expected: Vec<Due> = expected
        .map(|due| Due::Commit {
            subject: subject.clone(),
            id: id(1),
            due,
        })
        .into_iter()
        .collect();
    let mut due = Vec::new();
    for _ in 0..40 {
        due = store.due(lane, at(100_000), 100).await.unwrap();
        if due == expected {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(due, expected, "in {}", lane.as_str());
}

/// Of users and of sign-ups alike, and nothing else changes.
pub async fn a_ledger_is_replaced_with_what_is_due_by_it(store: impl Stored) {
    let was = ledger([(MAIL, given_up()), (BUS, done())]);
    let new = ledger([(MAIL, Entry::re_owed(at(60))), (BUS, done())]);
    for subject in [user(), sign_up()] {
        with(&store, &subject, &was).await;
        let written = store
            .replace_ledger(&subject, id(1), &was, &new, at(60))
            .await;
        assert_eq!(written, Ok(Written::Now));
        let expected = SealedCommit {
            ledger: new.clone(),
            ..commit(&subject, 1)
        };
        assert_eq!(stored(&store, &subject).await, expected);
    }
    let due = |subject| Due::Commit {
        subject,
        id: id(1),
        due: at(60),
    };
    for _ in 0..40 {
        let listed = store.due(Lane::Mail, at(60), 9).await.unwrap();
        if listed.contains(&due(user())) && listed.contains(&due(sign_up())) {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("both are due");
}

/// Whatever of it has changed, and be it only the instant.
pub async fn a_ledger_that_is_no_longer_as_read_is_left(store: impl Stored) {
    let stands = ledger([(MAIL, given_up()), (BUS, deferred(at(9)))]);
    with(&store, &user(), &stands).await;
    let new = ledger([(MAIL, Entry::re_owed(at(60))), (BUS, deferred(at(9)))]);
    let later = Entry::Failed {
        at: at(6),
        fault: "too_old".to_owned(),
        last_error: Some("throttled".to_owned()),
    };
    for was in [
        ledger([(MAIL, later), (BUS, deferred(at(9)))]),
        ledger([
            (MAIL, Entry::given_up(at(5), "too_old")),
            (BUS, deferred(at(9))),
        ]),
        ledger([(MAIL, given_up()), (BUS, done())]),
        ledger([(MAIL, given_up())]),
        ledger([]),
        new.clone(),
    ] {
        let written = store
            .replace_ledger(&user(), id(1), &was, &new, at(60))
            .await;
        assert_eq!(written, Ok(Written::Overtaken), "{was:?}");
    }
    assert_eq!(stored(&store, &user()).await.ledger, stands);
    listed(&store, Lane::Mail, &user(), None).await;
    listed(&store, Lane::Bus, &user(), Some(at(9))).await;
}

/// Two operators, or one who repeats the command.
pub async fn of_twenty_who_replace_a_ledger_at_once_one_has_written(store: impl Stored) {
    let was = ledger([(MAIL, given_up())]);
    with(&store, &user(), &was).await;
    let written = crowd(|number| {
        let (store, was) = (store.clone(), was.clone());
        let now = at(100 + i64::try_from(number).unwrap());
        let new = ledger([(MAIL, Entry::re_owed(now))]);
        async move {
            let subject = user();
            let write = store.replace_ledger(&subject, id(1), &was, &new, now);
            (write.await.unwrap(), new)
        }
    });
    let written = written.await;
    let now: Vec<_> = written
        .iter()
        .filter(|(written, _)| *written == Written::Now)
        .collect();
    assert_eq!(now.len(), 1);
    assert_eq!(stored(&store, &user()).await.ledger, now[0].1);
}

/// They may be about to write what became of it. Expired means what [`Lease::has_expired`] says.
pub async fn a_once_effect_is_not_touched_while_somebody_has_the_lease(store: impl Stored) {
    let was = ledger([(MAIL, given_up())]);
    with(&store, &user(), &was).await;
    let held = lease("a", at(30));
    let taken = store.take_lease(&user(), id(1), at(0), &held).await;
    assert_eq!(taken, Ok(TakenLease::Ours));
    let before = stored(&store, &user()).await;
    for now in (0..60).map(at) {
        let new = ledger([(MAIL, Entry::re_owed(now))]);
        let written = store.replace_ledger(&user(), id(1), &was, &new, now).await;
        if !held.has_expired(now) {
            assert_eq!(written, Ok(Written::Overtaken), "at {now}");
            assert_eq!(stored(&store, &user()).await, before);
        } else {
            assert_eq!(written, Ok(Written::Now), "at {now}");
            assert_eq!(stored(&store, &user()).await.ledger, new);
            return;
        }
    }
    panic!("a lease never expires");
}

/// A worker that was stopped for an hour while it wrote must not undo it.
pub async fn whoever_had_the_lease_writes_no_more_of_what_was_replaced(store: impl Stored) {
    let was = ledger([(MAIL, given_up())]);
    with(&store, &user(), &was).await;
    let held = lease("a", at(30));
    let taken = store.take_lease(&user(), id(1), at(0), &held).await;
    assert_eq!(taken, Ok(TakenLease::Ours));
    let new = ledger([(MAIL, Entry::re_owed(at(3600)))]);
    let written = store
        .replace_ledger(&user(), id(1), &was, &new, at(3600))
        .await;
    assert_eq!(written, Ok(Written::Now));
    let late = store
        .write_entry(&user(), id(1), MAIL, &given_up(), None, Some("a"))
        .await;
    assert_eq!(late, Ok(Written::Overtaken));
    let commit = stored(&store, &user()).await;
    assert_eq!((commit.lease, commit.ledger), (None, new));
    let anew = lease("b", at(3700));
    let taken = store.take_lease(&user(), id(1), at(3601), &anew).await;
    assert_eq!(taken, Ok(TakenLease::Ours));
}

/// What may be repeated needs none, and leaves one alone.
pub async fn a_lease_matters_to_nothing_but_once_effects(store: impl Stored) {
    let was = ledger([(MAIL, Entry::Owed), (BUS, given_up())]);
    with(&store, &user(), &was).await;
    let held = lease("a", at(30));
    let taken = store.take_lease(&user(), id(1), at(0), &held).await;
    assert_eq!(taken, Ok(TakenLease::Ours));
    let new = ledger([(MAIL, Entry::Owed), (BUS, Entry::re_owed(at(9)))]);
    let written = store
        .replace_ledger(&user(), id(1), &was, &new, at(9))
        .await;
    assert_eq!(written, Ok(Written::Now));
    let written = store
        .write_entry(&user(), id(1), MAIL, &done(), None, Some("a"))
        .await;
    assert_eq!(written, Ok(Written::Now));
    let commit = stored(&store, &user()).await;
    assert_eq!(commit.lease, Some(held));
    let expected = ledger([(MAIL, done()), (BUS, Entry::re_owed(at(9)))]);
    assert_eq!(commit.ledger, expected);
    listed(&store, Lane::Bus, &user(), Some(at(9))).await;
}

/// In its lane, and no longer in that of another.
pub async fn a_commit_is_due_by_the_earliest_of_a_replaced_ledger(store: impl Stored) {
    let mut was = ledger([(MAIL, given_up()), (BUS, given_up())]);
    with(&store, &user(), &was).await;
    let (mail, bus) = (Lane::Mail, Lane::Bus);
    for (mail_at, bus_at, lane, other, due) in [
        (60, 50, bus, mail, 50),
        (60, 70, mail, bus, 60),
        (80, 70, bus, mail, 70),
    ] {
        let new = ledger([
            (MAIL, Entry::re_owed(at(mail_at))),
            (BUS, Entry::re_owed(at(bus_at))),
        ]);
        let written = store
            .replace_ledger(&user(), id(1), &was, &new, at(60))
            .await;
        assert_eq!(written, Ok(Written::Now));
        listed(&store, lane, &user(), Some(at(due))).await;
        listed(&store, other, &user(), None).await;
        was = new;
    }
}

/// Written again as it is, a ledger that is done leaves the index.
pub async fn a_ledger_with_nothing_set_aside_is_no_longer_due(store: impl Stored) {
    let was = ledger([(MAIL, deferred(at(60)))]);
    with(&store, &user(), &was).await;
    let done = ledger([(MAIL, done())]);
    let known = Some(crate::commit::DueAt {
        at: at(60),
        lane: Lane::Mail,
    });
    for (kind, entry) in done.entries() {
        let written = store
            .write_entry(&user(), id(1), kind, entry, known, None)
            .await;
        assert_eq!(written, Ok(Written::Now));
    }
    listed(&store, Lane::Mail, &user(), Some(at(60))).await;
    let written = store
        .replace_ledger(&user(), id(1), &done, &done, at(70))
        .await;
    assert_eq!(written, Ok(Written::Now));
    listed(&store, Lane::Mail, &user(), None).await;
    assert_eq!(stored(&store, &user()).await.ledger, done);
}

/// And nothing appears in its place.
pub async fn a_ledger_of_a_commit_that_is_not_there_is_not_replaced(store: impl Stored) {
    let new = ledger([(MAIL, Entry::re_owed(at(60)))]);
    for was in [Ledger::default(), ledger([(MAIL, given_up())])] {
        let written = store
            .replace_ledger(&user(), id(1), &was, &new, at(60))
            .await;
        assert_eq!(written, Ok(Written::Overtaken));
    }
    assert_eq!(store.stream(&user()).await, Ok(Vec::new()));
    assert_eq!(store.due(Lane::Mail, at(1000), 10).await, Ok(Vec::new()));
}
