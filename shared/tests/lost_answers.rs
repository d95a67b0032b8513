//! Calls that are carried out and whose answers are lost: repeated, they do no harm.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that meets the unexpected has failed its test"
)]

use serde_json::json;
use usher_events::{Envelope, EventId, Person, PoolId, Sub, Subject, Time};
use usher_shared::aws::Timeouts;
use usher_shared::commit::{EffectKind, Entry, Lane, Lease, Ledger};
use usher_shared::disposition::FaultKind;
use usher_shared::dynamodb::Table;
use usher_shared::embedded::Database;
use usher_shared::port::{Appended, Due, Fault, Store, TakenLease, Written};
use usher_shared::preferences::{Defaults, Preferences};
use usher_shared::seal::{SealedCommit, StoredEvent, UserKey};
use usher_shared::testkit::http::{Outcome, scripted};
use usher_shared::user::UserItem;
use uuid::Uuid;

/// A table, and the same table over a network that loses every answer.
async fn tables() -> (Table, Table, Database) {
    let database = Database::memory().await.unwrap();
    let sound = Table::new(&database.clients(), "usher");
    sound.create().await.unwrap();
    let lossy = scripted(database.endpoint(), Timeouts::WORKER, |_| {
        Outcome::LosesAnswer
    });
    (sound, Table::new(&lossy, "usher"), database)
}

#[track_caller]
fn lost<T: std::fmt::Debug>(result: Result<T, Fault>) {
    let fault = result.expect_err("the answer is lost");
    assert_eq!(
        fault.kind,
        FaultKind::TimedOut,
        "it may have been carried out"
    );
}

fn at(seconds: i64) -> Time {
    Time::from_unix_seconds(seconds).unwrap()
}

fn id() -> EventId {
    EventId::from_uuid(Uuid::from_u128(7))
}

fn sub() -> Sub {
    Sub::new("3f0c").unwrap()
}

fn commit() -> SealedCommit {
    let event = StoredEvent {
        name: "signed_in".to_owned(),
        version: 1,
        data: json!({}),
    };
    SealedCommit {
        envelope: Envelope {
            id: id(),
            source: PoolId::new("eu-west-1_A").unwrap(),
            subject: Subject::User(sub()),
            time: at(0),
            correlation_id: None,
            causation_id: None,
            event,
        },
        sealed_person: None,
        decided: Vec::new(),
        ledger: Ledger::owing([EffectKind::WelcomeMail]),
        lease: None,
        recorded_at: at(0),
    }
}

#[tokio::test]
async fn an_append_is_already_there() {
    let (sound, lossy, _database) = tables().await;
    lost(lossy.append(&commit()).await);
    assert_eq!(sound.append(&commit()).await, Ok(Appended::AlreadyThere));
}

#[tokio::test]
async fn a_user_is_overtaken_by_its_own_writer() {
    let (sound, lossy, _database) = tables().await;
    for version in 1..3 {
        let item = UserItem {
            version,
            ..UserItem::new(sub())
        };
        lost(lossy.write_user(&item).await);
        assert_eq!(sound.write_user(&item).await, Ok(Written::Overtaken));
        assert_eq!(sound.load(&sub()).await.unwrap().user, Some(item));
    }
}

#[tokio::test]
async fn a_key_is_the_key_that_was_made() {
    let (sound, lossy, _database) = tables().await;
    let (first, second) = (UserKey::new([1; 32]), UserKey::new([2; 32]));
    lost(lossy.ensure_key(&sub(), &first).await);
    assert_eq!(sound.ensure_key(&sub(), &second).await, Ok(first));
}

#[tokio::test]
async fn preferences_and_spilled_events_are_there_once() {
    let (sound, lossy, _database) = tables().await;
    let settings = Preferences::initial(&Defaults::default(), &Person::default(), at(0));
    lost(lossy.ensure_preferences(&sub(), &settings).await);
    assert_eq!(sound.ensure_preferences(&sub(), &settings).await, Ok(()));
    lost(lossy.spill(id(), "{}", at(0)).await);
    assert_eq!(sound.spill(id(), "{}", at(0)).await, Ok(()));
    lost(lossy.remove_spill(id()).await);
    assert_eq!(sound.remove_spill(id()).await, Ok(()));
    assert_eq!(sound.spilled(id()).await, Ok(None));
}

#[tokio::test]
async fn a_lease_and_an_entry_are_still_ours() {
    let (sound, lossy, _database) = tables().await;
    let (subject, kind) = (Subject::User(sub()), EffectKind::WelcomeMail);
    sound.append(&commit()).await.unwrap();
    let lease = Lease {
        owner: "a".to_owned(),
        until: at(30),
    };
    lost(lossy.take_lease(&subject, id(), at(0), &lease).await);
    let again = sound.take_lease(&subject, id(), at(0), &lease).await;
    assert_eq!(again, Ok(TakenLease::Ours));
    let done = Entry::Done {
        at: at(5),
        receipt: None,
    };
    lost(
        lossy
            .write_entry(&subject, id(), kind, &done, None, Some("a"))
            .await,
    );
    let again = sound
        .write_entry(&subject, id(), kind, &done, None, Some("a"))
        .await;
    assert_eq!(again, Ok(Written::Now));
}

/// The sweep that lost the answer leaves the item to the next one, which finds it at the new time.
#[tokio::test]
async fn a_due_time_has_moved() {
    let (sound, lossy, _database) = tables().await;
    sound.spill(id(), "{}", at(0)).await.unwrap();
    let due = Due::Spill {
        id: id(),
        due: at(0),
    };
    lost(lossy.move_due(&due, at(60)).await);
    assert_eq!(sound.move_due(&due, at(60)).await, Ok(Written::Overtaken));
    assert_eq!(
        sound.due(Lane::Queue, at(60), 10).await,
        Ok(vec![Due::Spill {
            id: id(),
            due: at(60)
        }])
    );
}
