//! Telling the bus: all at once, without persons, and again later where it fails.

use crate::common::fakes::Line;
use crate::common::{
    POLICY, World, at, mail_of, person, policy, publication_of, record, signed_in, story, work,
};
use crate::{HOME, HOUR, MINUTES, entry, outage, welcome};
use serde_json::Value;
use std::sync::Arc;
use usher_events::wire;
use usher_shared::commit::{EffectKind, Entry};
use usher_shared::disposition::FaultKind;
use usher_worker::Worker;
use usher_worker::story::Fate;

#[tokio::test]
async fn a_batch_is_published_in_one_call_without_persons() {
    let world = World::new().await;
    let bus = Arc::new(Line::default());
    let worker = Worker {
        bus: bus.clone(),
        ..world.worker()
    };
    let users = ["ada", "bob", "eve"];
    let bodies = users.map(|user| wire::encode(&signed_in(user, person(HOME), at(9))));
    work(&worker, &bodies).await;
    work(&worker, &["poison".to_owned()]).await;
    assert_eq!(
        *bus.calls.lock().unwrap(),
        [9],
        "an event and two decisions each"
    );
    let taken = bus.taken.lock().unwrap();
    let kinds: Vec<&str> = taken[..3]
        .iter()
        .map(|entry| entry.detail_type.as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "usher.signed_in",
            "usher.role_assigned",
            "usher.organization_left"
        ]
    );
    for entry in taken.iter() {
        assert_eq!(entry.source, "usher");
        assert!(!entry.detail.contains("home.example"), "{}", entry.detail);
    }
    let cause: Value = serde_json::from_str(&taken[0].detail).unwrap();
    let decided: Value = serde_json::from_str(&taken[1].detail).unwrap();
    assert_eq!(decided["causationid"], cause["id"]);
}

#[tokio::test]
async fn the_bus_is_told_of_persons_only_where_the_policy_says_so() {
    let text = format!("{POLICY}\n[bus]\ninclude_person = true\n");
    let world = World::under(policy(&text)).await;
    record(&world.worker(), &welcome("ada")).await;
    let with = world
        .told()
        .iter()
        .filter(|line| line.to_string().contains("ada@home"))
        .count();
    assert_eq!(with, 1);

    let text = format!("{POLICY}\n[bus]\npublish = false\n");
    let world = World::under(policy(&text)).await;
    let story = record(&world.worker(), &welcome("ada")).await;
    assert_eq!((publication_of(&story), world.told().len()), (None, 0));
}

#[tokio::test]
async fn what_the_bus_does_not_take_is_set_aside_alone_and_published_later() {
    for kind in [
        FaultKind::Throttled,
        FaultKind::Unavailable,
        FaultKind::Refused,
    ] {
        let world = World::new().await;
        let bus = Arc::new(Line::refusing("bob", kind));
        let worker = Worker {
            bus: bus.clone(),
            ..world.worker()
        };
        let users = ["ada", "bob", "eve"];
        let bodies = users.map(|user| wire::encode(&signed_in(user, person(HOME), at(9))));
        let outcomes = work(&worker, &bodies).await;
        let fates: Vec<Fate> = outcomes
            .into_iter()
            .map(|outcome| publication_of(&story(outcome)).unwrap().clone())
            .collect();
        let done = Fate::Performed(None);
        let deferred = Fate::Deferred(kind.as_str());
        assert_eq!(fates, [done.clone(), deferred, done]);
        let publication = EffectKind::Publication;
        assert_eq!(
            entry(&world, "ada", publication).await,
            None,
            "nothing is written"
        );
        assert!(entry(&world, "bob", publication).await.unwrap().is_open());
        assert_eq!(bus.ids("bob").len(), 0);

        *bus.refusing.lock().unwrap() = None;
        let outcomes = world.later(&worker, MINUTES).await;
        assert_eq!(outcomes.len(), 1, "{kind}");
        assert_eq!(bus.ids("bob").len(), 3, "{kind}");
        assert_eq!(bus.ids("ada").len(), 3, "no other is published again");
        let entry = entry(&world, "bob", publication).await.unwrap();
        assert!(matches!(entry, Entry::Done { .. }), "{entry:?}");
        assert_eq!(
            world.later(&worker, HOUR).await,
            [],
            "nothing is due any more"
        );
    }
}

#[tokio::test]
async fn mail_and_publication_that_fail_together_are_both_done_later_and_then_nothing_is_due() {
    let world = World::new().await;
    let post = outage(4);
    let bus = Arc::new(Line::refusing("ada", FaultKind::Throttled));
    let worker = Worker {
        mailer: post.clone(),
        bus: bus.clone(),
        ..world.worker()
    };
    let story = record(&worker, &welcome("ada")).await;
    assert_eq!(mail_of(&story), Some(&Fate::Deferred("unavailable")));
    assert_eq!(publication_of(&story), Some(&Fate::Deferred("throttled")));
    *bus.refusing.lock().unwrap() = None;
    assert_eq!(world.later(&worker, MINUTES).await.len(), 1);
    assert_eq!((post.accepted(), bus.ids("ada").len()), (1, 4));
    let due = world.due(at(1_000_000)).await;
    assert_eq!(
        due,
        [],
        "an end of one must not bring back the other's due time"
    );
}
