//! Promises about leases and ledger entries.

use super::{Stored, at, commit, crowd, deferred, id, sign_up, user};
use crate::commit::{DueAt, EffectKind, Entry, Lane, Lease, Ledger};
use crate::port::{TakenLease, Written};
use crate::seal::SealedCommit;
use usher_events::Time;

const MAIL: EffectKind = EffectKind::WelcomeMail;

fn lease(owner: &str, until: Time) -> Lease {
    Lease {
        owner: owner.to_owned(),
        until,
    }
}

fn mail_at(at: Time) -> DueAt {
    DueAt {
        at,
        lane: Lane::Mail,
    }
}

/// Where a commit is due that has this entry alone.
fn due(kind: EffectKind, entry: &Entry) -> Option<DueAt> {
    let (at, lane) = (entry.due()?, kind.lane());
    Some(DueAt { at, lane })
}

fn done() -> Entry {
    Entry::Done {
        at: at(5),
        receipt: Some("0100018f".to_owned()),
    }
}

async fn stored(store: &impl Stored) -> SealedCommit {
    store.commit(&user(), id(1)).await.unwrap().unwrap()
}

/// Taking it again, as after an answer that was lost, prolongs it.
pub async fn a_free_lease_is_given_and_kept_by_its_owner(store: impl Stored) {
    store.append(&commit(&user(), 1)).await.unwrap();
    for until in [at(30), at(60)] {
        let mine = lease("a", until);
        let taken = store.take_lease(&user(), id(1), at(0), &mine).await;
        assert_eq!(taken, Ok(TakenLease::Ours));
        assert_eq!(stored(&store).await.lease, Some(mine));
    }
    let expected = SealedCommit {
        lease: Some(lease("a", at(60))),
        ..commit(&user(), 1)
    };
    assert_eq!(stored(&store).await, expected, "nothing else has changed");
}

/// Expired means what [`Lease::has_expired`] says, to the second.
pub async fn a_lease_is_anothers_until_it_has_expired(store: impl Stored) {
    store.append(&commit(&user(), 1)).await.unwrap();
    let first = lease("a", at(30));
    store
        .take_lease(&user(), id(1), at(0), &first)
        .await
        .unwrap();
    let later = at(3600);
    for now in (0..60).map(at) {
        let taken = store
            .take_lease(&user(), id(1), now, &lease("b", later))
            .await
            .unwrap();
        if !first.has_expired(now) {
            assert_eq!(taken, TakenLease::Anothers, "at {now}");
            assert_eq!(stored(&store).await.lease, Some(first.clone()));
        } else {
            assert_eq!(taken, TakenLease::Ours, "at {now}");
            assert_eq!(stored(&store).await.lease, Some(lease("b", later)));
            let back = store
                .take_lease(&user(), id(1), now, &lease("a", later))
                .await;
            assert_eq!(back, Ok(TakenLease::Anothers), "it is the other's now");
            return;
        }
    }
    panic!("a lease never expires");
}

/// Two workers that resume one commit.
pub async fn of_twenty_who_take_a_lease_at_once_one_has_it(store: impl Stored) {
    store.append(&commit(&user(), 1)).await.unwrap();
    let taken = crowd(|number| {
        let (store, mine) = (store.clone(), lease(&number.to_string(), at(30)));
        async move {
            (
                store
                    .take_lease(&user(), id(1), at(0), &mine)
                    .await
                    .unwrap(),
                mine,
            )
        }
    });
    let taken = taken.await;
    let ours: Vec<_> = taken
        .iter()
        .filter(|(taken, _)| *taken == TakenLease::Ours)
        .collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(stored(&store).await.lease, Some(ours[0].1.clone()));
}

/// And nothing appears in its place.
pub async fn a_commit_that_is_not_there_has_no_lease_to_give(store: impl Stored) {
    let taken = store
        .take_lease(&user(), id(1), at(0), &lease("a", at(30)))
        .await;
    assert_eq!(taken, Ok(TakenLease::Anothers));
    assert_eq!(store.commit(&user(), id(1)).await, Ok(None));
    assert_eq!(store.stream(&user()).await, Ok(Vec::new()));
}

/// And only that entry is.
pub async fn an_entry_is_written_by_who_has_the_lease(store: impl Stored) {
    let both = Ledger::owing([MAIL, EffectKind::Publication]);
    let commit = SealedCommit {
        ledger: both,
        ..commit(&user(), 1)
    };
    store.append(&commit).await.unwrap();
    store
        .take_lease(&user(), id(1), at(0), &lease("a", at(30)))
        .await
        .unwrap();
    for _ in 0..2 {
        let written = store
            .write_entry(&user(), id(1), MAIL, &done(), None, Some("a"))
            .await;
        assert_eq!(written, Ok(Written::Now));
    }
    let mut expected = SealedCommit {
        lease: Some(lease("a", at(30))),
        ..commit
    };
    expected.ledger.set(MAIL, done());
    assert_eq!(stored(&store).await, expected);
}

/// Whoever was stopped for an hour must not overwrite what another has done meanwhile.
pub async fn an_entry_is_not_written_by_who_lost_the_lease(store: impl Stored) {
    store.append(&commit(&user(), 1)).await.unwrap();
    let none = store
        .write_entry(&user(), id(1), MAIL, &done(), None, Some("a"))
        .await;
    assert_eq!(none, Ok(Written::Overtaken), "nobody has a lease yet");
    store
        .take_lease(&user(), id(1), at(0), &lease("a", at(30)))
        .await
        .unwrap();
    store
        .take_lease(&user(), id(1), at(60), &lease("b", at(90)))
        .await
        .unwrap();
    let late = deferred(at(99));
    let written = store
        .write_entry(
            &user(),
            id(1),
            MAIL,
            &late,
            Some(mail_at(at(99))),
            Some("a"),
        )
        .await;
    assert_eq!(written, Ok(Written::Overtaken));
    assert_eq!(stored(&store).await.ledger, Ledger::owing([MAIL]));
    assert_eq!(store.due(Lane::Mail, at(1000), 10).await, Ok(Vec::new()));
}

/// What may be repeated needs no lease, and leaves one alone.
pub async fn an_entry_without_an_owner_is_always_written(store: impl Stored) {
    store.append(&commit(&sign_up(), 1)).await.unwrap();
    let kind = EffectKind::Publication;
    store
        .take_lease(&sign_up(), id(1), at(0), &lease("a", at(30)))
        .await
        .unwrap();
    let entry = deferred(at(9));
    let written = store
        .write_entry(&sign_up(), id(1), kind, &entry, due(kind, &entry), None)
        .await;
    assert_eq!(written, Ok(Written::Now));
    let commit = store.commit(&sign_up(), id(1)).await.unwrap().unwrap();
    assert_eq!(commit.ledger.get(kind), Some(&deferred(at(9))));
    assert_eq!(commit.ledger.get(MAIL), Some(&Entry::Owed));
    assert_eq!(commit.lease, Some(lease("a", at(30))));
}

/// And nothing appears in its place.
pub async fn an_entry_of_a_commit_that_is_not_there_is_not_written(store: impl Stored) {
    for owner in [None, Some("a")] {
        let written = store
            .write_entry(
                &user(),
                id(1),
                MAIL,
                &deferred(at(9)),
                Some(mail_at(at(9))),
                owner,
            )
            .await;
        assert_eq!(written, Ok(Written::Overtaken));
    }
    assert_eq!(store.stream(&user()).await, Ok(Vec::new()));
    assert_eq!(store.due(Lane::Mail, at(1000), 10).await, Ok(Vec::new()));
}

/// Everything that an entry can say comes back.
pub async fn entries_of_every_kind_and_state_are_read_back(store: impl Stored) {
    store.append(&commit(&user(), 1)).await.unwrap();
    let states = [
        Entry::Owed,
        done(),
        Entry::Done {
            at: at(5),
            receipt: None,
        },
        Entry::Deferred {
            due: at(9),
            attempts: 12,
            fault: "timed_out".to_owned(),
            since: None,
        },
        Entry::later(at(9)),
        Entry::given_up(at(9), "refused"),
        Entry::Failed {
            at: at(9),
            fault: "too_old".to_owned(),
            last_error: Some("throttled".to_owned()),
        },
        Entry::Anothers { commit: id(2) },
    ];
    for kind in [MAIL, EffectKind::Publication] {
        for state in &states {
            let due = due(kind, state);
            store
                .write_entry(&user(), id(1), kind, state, due, None)
                .await
                .unwrap();
            assert_eq!(stored(&store).await.ledger.get(kind), Some(state));
        }
    }
}
