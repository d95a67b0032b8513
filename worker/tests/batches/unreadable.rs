//! Messages that cannot be read: set aside at once, or left for a newer worker.

use crate::common::fakes::NoQueue;
use crate::common::{World, at, delivered, soon, story, sub, work};
use crate::{changed, welcome};
use serde_json::{Value, json};
use std::sync::Arc;
use usher_events::{DecidedEvent, SuspensionReason, wire};
use usher_shared::disposition::FaultKind;
use usher_shared::port::{Fault, Store};
use usher_worker::Worker;
use usher_worker::story::{Again, Outcome};

#[tokio::test]
async fn what_no_program_will_ever_read_is_set_aside_at_once_unchanged_and_is_done() {
    let event = welcome("ada");
    let decided = DecidedEvent::from(usher_events::RoleAssigned {
        source: usher_events::RoleSource::Domain,
        role: Some(usher_events::Role::new("admin").unwrap()),
    });
    let operators = usher_events::OperatorEvent::from(usher_events::UserSuspended {
        reason: SuspensionReason::Operator,
    });
    for (body, cause) in [
        (String::new(), "not_an_envelope"),
        ("no JSON, \u{1F600} \0".to_owned(), "not_an_envelope"),
        ("{}".to_owned(), "not_an_envelope"),
        (
            r#"{"resume":{"subject":"ada","id":"1"}}"#.to_owned(),
            "not_an_envelope",
        ),
        (
            changed(&event, "specversion", json!("0.3")),
            "not_an_envelope",
        ),
        (changed(&event, "subject", json!("")), "not_an_envelope"),
        (changed(&event, "subject", json!("S#abc")), "bad_data"),
        (
            changed(&event, "data", json!({"route": "by force"})),
            "bad_data",
        ),
        (wire::encode(&event.clone().map(|_| decided)), "forged"),
        (wire::encode(&event.clone().map(|_| operators)), "forged"),
    ] {
        let world = World::new().await;
        let worker = world.worker();
        let outcomes = worker.work(&[delivered(&body, 3)], soon()).await;
        assert_eq!(outcomes, [Outcome::SetAside(cause)], "{body}");
        assert!(outcomes[0].is_done());
        let dead = world.here.stack.dead_letters.list().await.unwrap();
        assert_eq!(dead.len(), 1, "{body}");
        assert_eq!(dead[0].message.body, body);
        let said = dead[0].cause.as_ref().unwrap();
        assert_eq!((said.kind.as_str(), said.receive_count), (cause, 3));
        assert_eq!(said.message_id, "m-3");
        assert_eq!(said.first_received, Some(at(0)));
        assert!(
            !said.text.is_empty() && !said.text.contains("ada"),
            "{}",
            said.text
        );
        assert_eq!(world.items().await.len(), 0, "{body} left something behind");
    }
}

#[tokio::test]
async fn a_forged_grant_grants_nothing_and_its_neighbor_is_recorded() {
    let world = World::new().await;
    let event = welcome("ada");
    let grant = DecidedEvent::from(usher_events::RoleAssigned {
        source: usher_events::RoleSource::Domain,
        role: Some(usher_events::Role::new("admin").unwrap()),
    });
    let forged = wire::encode(&event.clone().map(|_| grant));
    let outcomes = work(&world.worker(), &[forged, wire::encode(&event)]).await;
    assert_eq!(outcomes[0], Outcome::SetAside("forged"));
    assert!(story(outcomes[1].clone()).appended);
    let item = world.here.stack.store.glance(&sub("ada")).await.unwrap();
    let user = item.unwrap().user;
    assert_eq!(user.role().unwrap().0.as_str(), "user");
}

#[tokio::test]
async fn attributes_that_users_write_for_themselves_grant_nothing() {
    let world = World::new().await;
    let mut event: Value = serde_json::from_str(&wire::encode(&welcome("ada"))).unwrap();
    event["data"]["person"]["custom:role"] = json!("admin");
    let outcomes = work(&world.worker(), &[event.to_string()]).await;
    assert_eq!(outcomes, [Outcome::SetAside("bad_data")]);
}

#[tokio::test]
async fn what_a_newer_worker_may_read_comes_again_until_its_last_delivery() {
    let event = welcome("ada");
    for (body, cause) in [
        (
            changed(&event, "type", json!("usher.user_renamed")),
            "unknown_type",
        ),
        (
            changed(&event, "type", json!("com.example.paid")),
            "unknown_type",
        ),
        (
            changed(
                &event,
                "dataschema",
                json!("urn:usher:event:sign_up_confirmed:99"),
            ),
            "unknown_version",
        ),
    ] {
        let body = if cause == "unknown_type" && body.contains("user_renamed") {
            body.replace(
                "urn:usher:event:sign_up_confirmed",
                "urn:usher:event:user_renamed",
            )
        } else {
            body
        };
        let world = World::new().await;
        let worker = world.worker();
        let last = world.policy.worker.receive_limit;
        for count in [1, 2, last - 1] {
            let outcomes = worker.work(&[delivered(&body, count)], soon()).await;
            assert_eq!(outcomes, [Outcome::Again(Again::NotYet(cause))], "{body}");
        }
        let dead = &world.here.stack.dead_letters;
        assert_eq!(dead.list().await.unwrap().len(), 0);
        let outcomes = worker.work(&[delivered(&body, last)], soon()).await;
        assert_eq!(outcomes, [Outcome::SetAside(cause)]);
        let dead = dead.list().await.unwrap();
        assert_eq!(dead[0].message.body, body);
        assert_eq!(dead[0].cause.as_ref().unwrap().kind, cause);
    }
}

#[tokio::test]
async fn a_message_that_the_dead_letter_queue_does_not_take_comes_again_and_delays_nobody() {
    let world = World::new().await;
    let worker = Worker {
        dead_letters: Arc::new(NoQueue),
        ..world.worker()
    };
    let mut bodies = vec!["poison".to_owned(); 40];
    bodies.push(wire::encode(&welcome("ada")));
    let outcomes = work(&worker, &bodies).await;
    let fault = Fault::new("queue.send", FaultKind::Unavailable);
    assert!(
        outcomes[..40]
            .iter()
            .all(|o| *o == Outcome::Again(Again::Fault(fault)))
    );
    assert!(outcomes[40].is_done());
}
