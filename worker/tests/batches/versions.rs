//! Schema evolution: events of an older version are recorded as the current one, wherever they waited,
//! and what only a newer program can read is left for it, untouched.
//!
//! What a message of the version after the current one is to this worker, one of the current version
//! is to a worker that is one version behind: there is nothing that tells the two cases apart.

use crate::common::{World, at, delivered, record, refused, soon, story, sub, work};
use crate::welcome;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;
use usher_events::{
    Envelope, EventId, Fact, LifecycleEvent, RefusalReason, RefusedStep, Subject, wire,
};
use usher_shared::commit::{Commit, EffectKind, Entry, Ledger, Recorded};
use usher_shared::port::{Cause, DeadLetterInbox, DeadLetters, Inbox, Outgoing, Queue, Store};
use usher_shared::seal::{self, SealedCommit};
use usher_worker::message::Resume;
use usher_worker::story::{Again, Outcome};
use usher_worker::{Worker, poll};

/// The type that has had two versions.
const EVOLVED: &str = "sign_in_refused";

/// One of the stored fixtures, as it was written in its day.
fn fixture(file: &str) -> String {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/fixtures");
    fs::read_to_string(events.join(file)).unwrap()
}

/// What version 1 said, and the id and the user that it was about.
fn old() -> (String, EventId, String) {
    let body = fixture("sign_in_refused.v1.json");
    let envelope = wire::decode(&body).unwrap();
    let user = envelope.subject.sub().unwrap().to_string();
    (body, envelope.id, user)
}

/// Every type that the wire brings in, as a program that is one version further writes it.
fn of_tomorrow() -> Vec<(&'static str, String)> {
    let of = |&(name, version): &(&'static str, u16)| {
        let mut json: Value =
            serde_json::from_str(&fixture(&format!("{name}.v{version}.json"))).unwrap();
        json["dataschema"] = json!(format!("urn:usher:event:{name}:{}", version + 1));
        json["data"]["tomorrow"] = json!({ "is": "unheard of" });
        (name, json.to_string())
    };
    LifecycleEvent::TYPES.iter().map(of).collect()
}

/// In which version a commit is stored, and with which step.
async fn stored(world: &World, user: &str, id: EventId) -> (u16, Option<String>) {
    let item = world.item(&format!("U#{user}"), &format!("E#{id}")).await;
    let item = item.unwrap();
    let version = item["schema_version"].as_n().unwrap().parse().unwrap();
    let step = item["data"].as_m().unwrap().get("step");
    (version, step.map(|step| step.as_s().unwrap().clone()))
}

/// The commit is what it would be had today's trigger told of it without knowing more.
async fn is_recorded_as_version_2(world: &World, user: &str, id: EventId) {
    let commits = world.commits(user).await;
    assert_eq!(commits.len(), 1, "one fact, once");
    let Recorded::Lifecycle(LifecycleEvent::SignInRefused(event)) = &commits[0].envelope.event
    else {
        panic!("{:?}", commits[0].envelope.event);
    };
    assert_eq!(commits[0].envelope.id, id);
    assert_eq!(
        (event.step, event.reason, &event.client),
        (RefusedStep::Unknown, RefusalReason::UserSuspended, &None)
    );
    let (version, step) = stored(world, user, id).await;
    assert_eq!((version, step.as_deref()), (2, Some("unknown")));
    is_told_as_version_2(world, id);
}

/// The bus has heard of it in the current version and no other.
fn is_told_as_version_2(world: &World, id: EventId) {
    let told = world.told();
    let told = told.iter().map(|line| line.get("detail").unwrap_or(line));
    let of_it: Vec<&Value> = told.filter(|line| line["id"] == id.to_string()).collect();
    assert!(!of_it.is_empty(), "the bus was not told");
    for line in of_it {
        assert_eq!(line["dataschema"], "urn:usher:event:sign_in_refused:2");
        assert_eq!(line["data"]["step"], "unknown");
    }
}

async fn is_folded(world: &World, user: &str, reason: RefusalReason, of: EventId) {
    let item = world.here.stack.store.glance(&sub(user)).await.unwrap();
    let user = item.unwrap().user;
    let refusals = user.refusals.as_ref().unwrap();
    assert!(
        user.was_refused(reason, refusals.hour),
        "{of} is not folded"
    );
}

#[tokio::test]
async fn a_version_1_message_in_the_work_queue_is_recorded_as_version_2() {
    let world = World::new().await;
    let (body, id, user) = old();
    let queue = &world.here.stack.queue;
    queue.send(&Outgoing { body, group: None }).await.unwrap();
    let outcomes = world.drain(&world.worker()).await;
    assert!(story(outcomes[0].clone()).appended);
    assert!(
        queue.list().await.unwrap().is_empty(),
        "the message is done"
    );
    is_recorded_as_version_2(&world, &user, id).await;
    is_folded(&world, &user, RefusalReason::UserSuspended, id).await;
}

#[tokio::test]
async fn a_version_1_message_in_the_dead_letters_is_recorded_as_version_2_once_it_is_brought_back()
{
    let world = World::new().await;
    let (body, id, user) = old();
    let cause = Cause {
        kind: "unavailable".to_owned(),
        text: "delivered 40 times without success".to_owned(),
        operation: Some("dynamodb.put_item".to_owned()),
        message_id: "m-1".to_owned(),
        first_received: Some(at(0)),
        set_aside: at(1),
        receive_count: 40,
    };
    let (queue, dead) = (&world.here.stack.queue, &world.here.stack.dead_letters);
    dead.set_aside(&body, &cause).await.unwrap();
    // As a redrive does: as it is, with its version.
    let letter = dead
        .examine(10, Duration::ZERO, Duration::from_secs(30))
        .await
        .unwrap()
        .remove(0);
    let body = letter.message.body;
    assert_eq!(body, old().0);
    queue.send(&Outgoing { body, group: None }).await.unwrap();
    dead.delete(&letter.message.receipt).await.unwrap();
    let outcomes = world.drain(&world.worker()).await;
    assert!(story(outcomes[0].clone()).appended);
    is_recorded_as_version_2(&world, &user, id).await;
}

#[tokio::test]
async fn one_fact_told_in_two_versions_is_one_commit() {
    let (old, id, user) = old();
    let new = fixture("sign_in_refused.v2.json");
    for (first, second, step) in [(&old, &new, "unknown"), (&new, &old, "refresh")] {
        let world = World::new().await;
        let worker = world.worker();
        for (body, appended) in [(first, true), (second, false)] {
            let outcomes = work(&worker, std::slice::from_ref(body)).await;
            assert_eq!(story(outcomes[0].clone()).appended, appended);
        }
        let (_, stored) = stored(&world, &user, id).await;
        assert_eq!(
            stored.as_deref(),
            Some(step),
            "the first that came is the fact"
        );
    }
}

/// A commit as a worker of another version wrote it, before it could do anything else.
async fn appended_by(
    world: &World,
    event: &Envelope<LifecycleEvent>,
    ledger: Ledger,
    write: impl FnOnce(&mut SealedCommit),
) -> SealedCommit {
    let commit = Commit {
        envelope: event.clone().map(Recorded::Lifecycle),
        decided: Vec::new(),
        ledger,
        lease: None,
        recorded_at: at(0),
    };
    let mut sealed = seal::seal(&commit, None, [7; 12]).unwrap();
    write(&mut sealed);
    let store = &world.here.stack.store;
    store.append(&sealed).await.unwrap();
    sealed
}

fn as_version_1(sealed: &mut SealedCommit) {
    sealed.envelope.event.version = 1;
    let data = sealed.envelope.event.data.as_object_mut().unwrap();
    data.remove("step");
    data.remove("client");
}

fn as_version_3(sealed: &mut SealedCommit) {
    sealed.envelope.event.version = 3;
    sealed.envelope.event.data = json!({ "tomorrow": "unheard of" });
}

#[tokio::test]
async fn a_version_1_commit_is_folded_and_told_as_version_2_and_stays_as_it_was_written() {
    let world = World::new().await;
    let worker = world.worker();
    let event = refused("ada", RefusalReason::UserSuspended, at(1));
    let ledger = Ledger::owing([EffectKind::Publication]);
    appended_by(&world, &event, ledger, as_version_1).await;
    // The message comes once more, to a worker that knows both.
    let outcomes = work(&worker, &[wire::encode(&event)]).await;
    assert!(!story(outcomes[0].clone()).appended);
    is_folded(&world, "ada", RefusalReason::UserSuspended, event.id).await;
    is_told_as_version_2(&world, event.id);
    assert_eq!(stored(&world, "ada", event.id).await, (1, None));
}

#[tokio::test]
async fn what_a_version_1_commit_still_owes_is_performed_as_version_2() {
    let world = World::new().await;
    let worker = world.worker();
    let event = refused("ada", RefusalReason::UserSuspended, at(1));
    let mut ledger = Ledger::default();
    ledger.set(EffectKind::Publication, Entry::later(at(60)));
    appended_by(&world, &event, ledger, as_version_1).await;
    world.later(&worker, Duration::from_secs(3600)).await;
    is_told_as_version_2(&world, event.id);
    let commits = world.commits("ada").await;
    let publication = commits[0].ledger.get(EffectKind::Publication);
    assert!(!publication.unwrap().is_open(), "{publication:?}");
    assert_eq!(stored(&world, "ada", event.id).await, (1, None));
}

#[tokio::test]
async fn a_worker_one_version_behind_leaves_newer_messages_in_the_queue_untouched() {
    let world = World::new().await;
    let worker = world.worker();
    let queue = &world.here.stack.queue;
    let mut bodies = of_tomorrow();
    assert_eq!(bodies.len(), LifecycleEvent::TYPES.len());
    assert!(bodies.iter().any(|(name, _)| *name == EVOLVED));
    for (_, body) in &bodies {
        let body = body.clone();
        queue.send(&Outgoing { body, group: None }).await.unwrap();
    }
    // What it does know it goes on working on, also of a user about whom something newer waits.
    let (known, id, user) = old();
    let known = Outgoing {
        body: known,
        group: None,
    };
    queue.send(&known).await.unwrap();
    for delivery in 1..=3 {
        let mut outcomes = Vec::new();
        loop {
            let received = queue.receive(10, Duration::ZERO).await.unwrap();
            if received.is_empty() {
                break;
            }
            outcomes.extend(poll::take(&worker, queue, &received).await);
        }
        let left = Outcome::Again(Again::NotYet("unknown_version"));
        let not_yet = outcomes.iter().filter(|outcome| **outcome == left);
        assert_eq!(
            not_yet.count(),
            bodies.len(),
            "delivery {delivery}: {outcomes:?}"
        );
        world.here.clock.advance(Duration::from_secs(3600));
    }
    is_recorded_as_version_2(&world, &user, id).await;
    let left = queue.list().await.unwrap();
    assert!(
        left.iter().all(|message| message.receive_count == 3),
        "{left:?}"
    );
    let mut left: Vec<String> = left.into_iter().map(|message| message.body).collect();
    let mut sent: Vec<String> = bodies.drain(..).map(|(_, body)| body).collect();
    left.sort();
    sent.sort();
    assert_eq!(left, sent, "each is there, as it was sent");
    let dead = &world.here.stack.dead_letters;
    assert!(dead.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn only_at_its_last_delivery_a_newer_message_is_set_aside_unchanged_for_a_newer_worker() {
    for (name, body) in of_tomorrow() {
        let world = World::new().await;
        let worker = world.worker();
        let last = world.policy.worker.receive_limit;
        for count in [1, last / 2, last - 1] {
            let outcomes = worker.work(&[delivered(&body, count)], soon()).await;
            let left = Outcome::Again(Again::NotYet("unknown_version"));
            assert_eq!(outcomes, [left], "{name}, delivery {count}");
        }
        let dead = &world.here.stack.dead_letters;
        assert!(dead.list().await.unwrap().is_empty(), "{name}");
        let outcomes = worker.work(&[delivered(&body, last)], soon()).await;
        assert_eq!(outcomes, [Outcome::SetAside("unknown_version")], "{name}");
        let dead = dead.list().await.unwrap();
        assert_eq!(dead.len(), 1, "{name}");
        assert_eq!(dead[0].message.body, body, "{name}");
        assert_eq!(dead[0].cause.as_ref().unwrap().kind, "unknown_version");
        assert_eq!(world.items().await.len(), 0, "{name} left something behind");
    }
}

/// Works on a message and a resume of a commit that a newer worker wrote.
async fn cannot_be_worked_on(worker: &Worker, event: &Envelope<LifecycleEvent>) {
    let resume = Resume {
        subject: event.subject.clone(),
        id: event.id,
    };
    for body in [wire::encode(event), resume.encode()] {
        let outcomes = work(worker, &[body]).await;
        assert_eq!(outcomes, [Outcome::Again(Again::Unreadable)]);
    }
}

#[tokio::test]
async fn a_worker_one_version_behind_neither_folds_nor_overwrites_a_newer_commit() {
    let world = World::new().await;
    let worker = world.worker();
    let event = refused("ada", RefusalReason::UserSuspended, at(1));
    let mut ledger = Ledger::default();
    ledger.set(EffectKind::Publication, Entry::later(at(60)));
    let newer = appended_by(&world, &event, ledger, as_version_3).await;
    cannot_be_worked_on(&worker, &event).await;
    let store = &world.here.stack.store;
    assert!(
        store.glance(&sub("ada")).await.unwrap().is_none(),
        "nothing is folded"
    );
    assert!(world.told().is_empty(), "nothing is told");

    // What it knows of the same user it works on as ever, beside the newer commit.
    let known = welcome("ada");
    assert!(record(&worker, &known).await.appended);
    let other = refused("ada", RefusalReason::StoreUnavailable, at(1));
    assert!(record(&worker, &other).await.appended);
    cannot_be_worked_on(&worker, &event).await;
    let item = store.glance(&sub("ada")).await.unwrap().unwrap();
    assert!(item.user.confirmed_at.is_some());
    let subject = Subject::User(sub("ada"));
    let kept = store.commit(&subject, event.id).await.unwrap();
    assert_eq!(
        kept,
        Some(newer),
        "it is as it was written, with all that it owes"
    );
}
