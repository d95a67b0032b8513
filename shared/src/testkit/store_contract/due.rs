//! Promises about what is set aside.

use super::{Stored, at, commit, crowd, deferred, id, sign_up, user};
use crate::clock::sleep;
use crate::commit::{DueAt, EffectKind, Entry, Lane, Ledger};
use crate::port::{Due, Written};
use crate::seal::SealedCommit;
use std::time::Duration;
use usher_events::{Subject, Time};

const MAIL: EffectKind = EffectKind::WelcomeMail;

fn commit_due(subject: &Subject, number: u128, due: Time) -> Due {
    Due::Commit {
        subject: subject.clone(),
        id: id(number),
        due,
    }
}

fn mail_at(at: Time) -> DueAt {
    DueAt {
        at,
        lane: Lane::Mail,
    }
}

/// The index may show a change a moment late, so what is expected is waited for.
async fn listed(store: &impl Stored, lane: Lane, now: Time, expected: &[Due]) {
    let mut due = Vec::new();
    for _ in 0..40 {
        due = store.due(lane, now, 100).await.unwrap();
        if due == expected {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(due, expected, "at {now}");
}

async fn defer(store: &impl Stored, subject: &Subject, number: u128, due: Time) {
    store.append(&commit(subject, number)).await.unwrap();
    let entry = deferred(due);
    let written = store
        .write_entry(subject, id(number), MAIL, &entry, Some(mail_at(due)), None)
        .await;
    assert_eq!(written, Ok(Written::Now));
}

/// Of users and of sign-ups alike.
pub async fn what_is_deferred_is_due_at_its_time_and_not_before(store: impl Stored) {
    store.append(&commit(&user(), 9)).await.unwrap();
    defer(&store, &user(), 1, at(60)).await;
    defer(&store, &sign_up(), 2, at(61)).await;
    listed(&store, Lane::Mail, at(59), &[]).await;
    listed(
        &store,
        Lane::Mail,
        at(60),
        &[commit_due(&user(), 1, at(60))],
    )
    .await;
    let both = [
        commit_due(&user(), 1, at(60)),
        commit_due(&sign_up(), 2, at(61)),
    ];
    listed(&store, Lane::Mail, at(100_000), &both).await;
}

/// The healthy path leaves nothing in the index.
pub async fn what_is_done_is_no_longer_due(store: impl Stored) {
    defer(&store, &user(), 1, at(60)).await;
    listed(
        &store,
        Lane::Mail,
        at(60),
        &[commit_due(&user(), 1, at(60))],
    )
    .await;
    let done = Entry::Done {
        at: at(61),
        receipt: None,
    };
    store
        .write_entry(&user(), id(1), MAIL, &done, None, None)
        .await
        .unwrap();
    listed(&store, Lane::Mail, at(100_000), &[]).await;
}

/// Two workers each set something of one commit aside, and one of them ends knowing of its own alone.
pub async fn what_a_writer_did_not_know_of_stays_due(store: impl Stored) {
    defer(&store, &user(), 1, at(60)).await;
    let done = Entry::Done {
        at: at(61),
        receipt: None,
    };
    store
        .write_entry(&user(), id(1), EffectKind::Publication, &done, None, None)
        .await
        .unwrap();
    listed(
        &store,
        Lane::Mail,
        at(60),
        &[commit_due(&user(), 1, at(60))],
    )
    .await;
    let commit = store.commit(&user(), id(1)).await.unwrap().unwrap();
    assert_eq!(commit.ledger.get(EffectKind::Publication), Some(&done));
    assert_eq!(commit.ledger.get(MAIL), Some(&deferred(at(60))));
}

/// So that the sweep finishes what its appender began.
pub async fn a_commit_appended_already_due_is_due(store: impl Stored) {
    let mut ledger = Ledger::default();
    ledger.set(MAIL, deferred(at(5)));
    store
        .append(&SealedCommit {
            ledger,
            ..commit(&user(), 1)
        })
        .await
        .unwrap();
    listed(&store, Lane::Mail, at(5), &[commit_due(&user(), 1, at(5))]).await;
}

/// However the index is spread.
pub async fn what_is_due_is_listed_oldest_first_and_bounded(store: impl Stored) {
    for number in 0..30_u8 {
        // Scattered, so that neither id nor order of writing is the order of time.
        let due = at(i64::from(number) * 7 % 30);
        store
            .spill(id(u128::from(number)), "{}", due)
            .await
            .unwrap();
    }
    let all: Vec<Time> = store
        .due(Lane::Queue, at(29), 100)
        .await
        .unwrap()
        .iter()
        .map(Due::at)
        .collect();
    assert_eq!(all, (0..30).map(at).collect::<Vec<_>>());
    assert_eq!(store.due(Lane::Queue, at(9), 100).await.unwrap().len(), 10);
    for most in [0, 1, 7] {
        let some = store.due(Lane::Queue, at(29), most).await.unwrap();
        assert_eq!(some.len(), most as usize);
    }
}

/// The old time is the proof that nobody was there meanwhile.
pub async fn a_due_time_moves_once(store: impl Stored) {
    defer(&store, &user(), 1, at(60)).await;
    let due = commit_due(&user(), 1, at(60));
    assert_eq!(store.move_due(&due, at(120)).await, Ok(Written::Now));
    assert_eq!(store.move_due(&due, at(180)).await, Ok(Written::Overtaken));
    listed(&store, Lane::Mail, at(119), &[]).await;
    listed(
        &store,
        Lane::Mail,
        at(120),
        &[commit_due(&user(), 1, at(120))],
    )
    .await;
    let commit = store.commit(&user(), id(1)).await.unwrap().unwrap();
    assert_eq!(
        commit.ledger.get(MAIL),
        Some(&deferred(at(60))),
        "the ledger stays as it is"
    );
}

/// Two sweeps at once send one message.
pub async fn of_twenty_who_move_a_due_time_at_once_one_has_it(store: impl Stored) {
    defer(&store, &user(), 1, at(60)).await;
    let due = commit_due(&user(), 1, at(60));
    let moved = crowd(|number| {
        let (store, due) = (store.clone(), due.clone());
        let to = at(100 + i64::try_from(number).unwrap());
        async move { store.move_due(&due, to).await.unwrap() }
    });
    let now = moved
        .await
        .into_iter()
        .filter(|moved| *moved == Written::Now)
        .count();
    assert_eq!(now, 1);
}

/// Nor does a move bring it back.
pub async fn what_was_finished_meanwhile_does_not_move(store: impl Stored) {
    defer(&store, &user(), 1, at(60)).await;
    let done = Entry::Done {
        at: at(61),
        receipt: None,
    };
    store
        .write_entry(&user(), id(1), MAIL, &done, None, None)
        .await
        .unwrap();
    let due = commit_due(&user(), 1, at(60));
    assert_eq!(store.move_due(&due, at(120)).await, Ok(Written::Overtaken));
    let never = Due::Spill {
        id: id(5),
        due: at(60),
    };
    assert_eq!(
        store.move_due(&never, at(120)).await,
        Ok(Written::Overtaken)
    );
    for lane in Lane::ALL {
        listed(&store, lane, at(100_000), &[]).await;
    }
    assert_eq!(store.spilled(id(5)).await, Ok(None));
}

/// From its spilling to its end.
pub async fn a_spilled_event_is_kept_due_and_removed(store: impl Stored) {
    let body = r#"{"specversion":"1.0","data":{"name":"Zoë ☃"}}"#;
    assert_eq!(store.spilled(id(1)).await, Ok(None));
    store.spill(id(1), body, at(0)).await.unwrap();
    assert_eq!(store.spilled(id(1)).await, Ok(Some(body.to_owned())));
    assert_eq!(store.spilled(id(2)).await, Ok(None));
    listed(
        &store,
        Lane::Queue,
        at(0),
        &[Due::Spill {
            id: id(1),
            due: at(0),
        }],
    )
    .await;
    for _ in 0..2 {
        assert_eq!(store.remove_spill(id(1)).await, Ok(()));
    }
    assert_eq!(store.spilled(id(1)).await, Ok(None));
    listed(&store, Lane::Queue, at(100_000), &[]).await;
}

/// And keeps its body.
pub async fn a_spilled_event_moves_like_a_commit(store: impl Stored) {
    store.spill(id(1), "{}", at(0)).await.unwrap();
    let due = Due::Spill {
        id: id(1),
        due: at(0),
    };
    assert_eq!(store.move_due(&due, at(60)).await, Ok(Written::Now));
    assert_eq!(store.move_due(&due, at(60)).await, Ok(Written::Overtaken));
    listed(
        &store,
        Lane::Queue,
        at(60),
        &[Due::Spill {
            id: id(1),
            due: at(60),
        }],
    )
    .await;
    assert_eq!(store.spilled(id(1)).await, Ok(Some("{}".to_owned())));
}

/// A repeat is no error, and of two bodies under one id the first is the event.
pub async fn a_spilled_event_is_spilled_once(store: impl Stored) {
    store.spill(id(1), "first", at(0)).await.unwrap();
    store.spill(id(1), "second", at(9)).await.unwrap();
    assert_eq!(store.spilled(id(1)).await, Ok(Some("first".to_owned())));
    listed(
        &store,
        Lane::Queue,
        at(100),
        &[Due::Spill {
            id: id(1),
            due: at(0),
        }],
    )
    .await;
}

/// As large as a message of SQS's may be, and more.
pub async fn a_large_event_is_spilled_whole(store: impl Stored) {
    let body = "é".repeat(150_000);
    store.spill(id(1), &body, at(0)).await.unwrap();
    assert_eq!(store.spilled(id(1)).await, Ok(Some(body)));
}

/// So that an outage of one service holds up nothing that waits for another.
pub async fn what_is_due_is_listed_in_its_lane_alone(store: impl Stored) {
    defer(&store, &user(), 1, at(60)).await;
    let mut ledger = Ledger::default();
    ledger.set(EffectKind::Publication, deferred(at(60)));
    let for_the_bus = SealedCommit {
        ledger,
        ..commit(&user(), 2)
    };
    store.append(&for_the_bus).await.unwrap();
    store.spill(id(3), "{}", at(60)).await.unwrap();
    let spilled = Due::Spill {
        id: id(3),
        due: at(60),
    };
    for (lane, due) in [
        (Lane::Mail, commit_due(&user(), 1, at(60))),
        (Lane::Bus, commit_due(&user(), 2, at(60))),
        (Lane::Queue, spilled),
    ] {
        listed(&store, lane, at(60), std::slice::from_ref(&due)).await;
        assert_eq!(store.move_due(&due, at(90)).await, Ok(Written::Now));
        listed(&store, lane, at(89), &[]).await;
        assert_eq!(store.due(lane, at(90), 9).await.map(|due| due.len()), Ok(1));
    }
}

/// The earliest entry has the say; once it is done, the other is found in its own lane.
pub async fn a_commit_changes_lanes_with_its_earliest_entry(store: impl Stored) {
    let bus_at = |seconds| DueAt {
        at: at(seconds),
        lane: Lane::Bus,
    };
    defer(&store, &user(), 1, at(60)).await;
    let later = deferred(at(90));
    let bus = EffectKind::Publication;
    for (kind, entry, due, lane) in [
        (bus, &later, mail_at(at(60)), Lane::Mail),
        (MAIL, &deferred(at(100)), bus_at(90), Lane::Bus),
        (bus, &deferred(at(120)), mail_at(at(100)), Lane::Mail),
    ] {
        store
            .write_entry(&user(), id(1), kind, entry, Some(due), None)
            .await
            .unwrap();
        for other in Lane::ALL {
            let here = [commit_due(&user(), 1, due.at)];
            let expected = if other == lane { &here[..] } else { &[] };
            listed(&store, other, at(1000), expected).await;
        }
    }
}
