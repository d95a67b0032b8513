//! What recording costs in write units, computed from the sizes of the items that are written.

#![allow(
    clippy::unwrap_used,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use common::watched::{Call, Watched, Watcher};
use common::{
    POLICY, World, at, confirmed, confirmed_from, first_seen, greeting, password_reset, person,
    policy, record, signed_in,
};
use std::sync::{Arc, Mutex};
use usher_events::{
    ClientId, CorrelationId, Envelope, LifecycleEvent, Person, Personal, SignUpContext,
};
use usher_shared::port::Fault;
use usher_shared::testkit::item_size::{item_size, write_units};
use usher_worker::Worker;

/// Adds up what each write costs: the larger of what was there and what is there then, as DynamoDB
/// counts, and for a write that was refused what was there.
struct Meter {
    client: Client,
    table: String,
    before: Mutex<usize>,
    writes: Mutex<Vec<(&'static str, usize)>>,
}

impl Meter {
    async fn size(&self, (pk, sk): &(String, String)) -> usize {
        let request = self.client.get_item().table_name(&self.table);
        let request = request
            .key("PK", AttributeValue::S(pk.clone()))
            .key("SK", AttributeValue::S(sk.clone()))
            .consistent_read(true);
        let item = request.send().await.unwrap().item;
        item.map_or(0, |item| item_size(&item))
    }

    /// The sizes written since the last time, by call.
    fn take(&self) -> Vec<(&'static str, usize)> {
        std::mem::take(&mut self.writes.lock().unwrap())
    }
}

#[async_trait]
impl Watcher for Meter {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        if let Some(key) = &call.writes {
            let size = self.size(key).await;
            *self.before.lock().unwrap() = size;
        }
        Ok(())
    }

    async fn after(&self, call: &Call) {
        if let Some(key) = &call.writes {
            let after = self.size(key).await;
            let size = after.max(*self.before.lock().unwrap());
            self.writes.lock().unwrap().push((call.name, size));
        }
    }
}

fn metered(world: &World) -> (Worker, Arc<Meter>) {
    let worker = world.worker();
    let meter = Arc::new(Meter {
        client: world.client(),
        table: world.here.stack.store.name().to_owned(),
        before: Mutex::default(),
        writes: Mutex::default(),
    });
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: Arc::clone(&meter),
    };
    let worker = Worker {
        store: Arc::new(store),
        ..worker
    };
    (worker, meter)
}

fn units(writes: &[(&'static str, usize)]) -> usize {
    writes.iter().map(|(_, size)| write_units(*size)).sum()
}

/// Somebody who filled in everything, in a company with long names for things.
fn talkative() -> Person {
    let text = |text| Some(Personal::new(text));
    Person {
        email: text("maximiliane.oberhuber-schwarzenegger@acme.example"),
        email_verified: true,
        phone_number: text("+436761234567890"),
        phone_number_verified: true,
        given_name: text("Maximiliane Theresia"),
        family_name: text("Oberhuber-Schwarzenegger"),
        locale: text("de-AT"),
        zoneinfo: text("America/Argentina/ComodRivadavia"),
        department: text("Research and Development, Vienna"),
        marketing_consent: Some(true),
        onboarding_completed: Some(true),
        providers: Vec::new(),
    }
}

const TALKATIVE: &str = "3f0c2a1e-7b44-4c1d-9f5e-2d8a6b90c1f7";
const QUIET: &str = "a3b1c2d4-7b44-4c1d-9f5e-2d8a6b90c1f7";

/// A whole life of one user, each event as the trigger sends it.
fn life(user: &str, person: &Person) -> Vec<(&'static str, Envelope<LifecycleEvent>)> {
    let context = SignUpContext {
        source: Some("referral".to_owned()),
        campaign: Some("spring_2026".to_owned()),
        referrer: None,
    };
    let mut life = vec![
        (
            "registration",
            confirmed_from(user, person.clone(), context, at(1)),
        ),
        ("sign-in", signed_in(user, person.clone(), at(60))),
        ("sign-in", signed_in(user, person.clone(), at(120))),
        ("reset", password_reset(user, person.clone(), at(180))),
        ("sign-in", signed_in(user, person.clone(), at(240))),
    ];
    for (_, event) in &mut life {
        event.correlation_id = CorrelationId::new("c2f4e7a0-1b2c-4d3e-8f90-a1b2c3d4e5f6").ok();
        if let LifecycleEvent::SignedIn(event) = &mut event.event {
            event.client = ClientId::new("1h57kf5cpq17m0eml12EXAMPLE").ok();
            event.new_device = Some(false);
        }
    }
    life
}

#[tokio::test]
async fn a_sign_in_costs_two_units_and_a_registration_at_most_seven() {
    for (user, person) in [
        (QUIET, person("ada@home.example")),
        (TALKATIVE, talkative()),
    ] {
        let world = World::new().await;
        let (worker, meter) = metered(&world);
        for (what, event) in life(user, &person) {
            record(&worker, &event).await;
            let writes = meter.take();
            let cost = units(&writes);
            println!("{user}: a {what} costs {cost}: {writes:?}");
            match what {
                "registration" => assert!(cost <= 7, "{writes:?}"),
                // The mail's entry is a write more of a commit that a lease makes larger.
                "reset" => assert!(cost <= 5, "{writes:?}"),
                _ => assert_eq!(cost, 2, "{user}: {what}: {writes:?}"),
            }
        }
        assert_eq!(world.mails().len(), 2);
    }
}

#[tokio::test]
async fn a_repeat_costs_at_most_one_unit_whichever_event_it_repeats() {
    for (user, person) in [
        (QUIET, person("ada@home.example")),
        (TALKATIVE, talkative()),
    ] {
        let world = World::new().await;
        let (worker, meter) = metered(&world);
        let life = life(user, &person);
        for (_, event) in &life {
            record(&worker, event).await;
        }
        meter.take();
        for (what, event) in life.iter().rev() {
            assert!(!record(&worker, event).await.appended);
            let writes = meter.take();
            println!("{user}: a repeated {what} costs {}", units(&writes));
            assert!(units(&writes) <= 1, "{user}: {what}: {writes:?}");
        }
    }
}

#[tokio::test]
async fn who_was_never_seen_before_costs_a_key_more_than_a_sign_in() {
    let world = World::new().await;
    let (worker, meter) = metered(&world);
    record(
        &worker,
        &signed_in(QUIET, person("ada@home.example"), at(5)),
    )
    .await;
    let calls: Vec<&str> = meter.take().into_iter().map(|(name, _)| name).collect();
    assert_eq!(calls, ["ensure_key", "append", "write_user"]);
    record(&worker, &confirmed(QUIET, person("ada@home.example"))).await;
    let calls: Vec<&str> = meter.take().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        calls,
        ["append", "write_user", "ensure_preferences", "write_entry"]
    );
}

/// A transaction costs two units for each unit of each item.
#[tokio::test]
async fn founding_an_organization_costs_six_units_once() {
    let rules = format!("{POLICY}\n[founding]\nmode = 'create'\nplan = 'enterprise'\n");
    let world = World::under(policy(&rules)).await;
    let domain = format!("{}.{}.example", "d".repeat(63), "e".repeat(63));
    for user in ["ada", "bob"] {
        let person = person(&format!("{user}@{domain}"));
        record(&world.worker(), &confirmed(user, person)).await;
    }
    let items = world.items().await;
    let of_organizations = items.iter().filter(|item| {
        let pk = item["PK"].as_s().unwrap();
        pk.starts_with("O#") || pk.starts_with("D#")
    });
    let sizes: Vec<usize> = of_organizations.map(item_size).collect();
    assert_eq!(sizes.len(), 3, "{sizes:?}");
    let units: usize = sizes.iter().map(|size| 2 * write_units(*size)).sum();
    assert_eq!(units, 6, "{sizes:?}");
}

#[tokio::test]
async fn who_is_first_seen_costs_less_than_a_registration_and_the_confirmation_then_less_than_one()
{
    for (user, person) in [
        (QUIET, person("ada@home.example")),
        (TALKATIVE, talkative()),
    ] {
        for rules in [POLICY.to_owned(), greeting()] {
            let world = World::under(policy(&rules)).await;
            let (worker, meter) = metered(&world);
            let seen = first_seen(user, person.clone(), at(5));
            let confirmed = confirmed(user, person.clone());
            for (what, event, expected, most) in [
                (
                    "first token",
                    &seen,
                    &["ensure_key", "append", "write_user", "ensure_preferences"][..],
                    6,
                ),
                ("repeated first token", &seen, &[], 0),
                (
                    "confirmation after it",
                    &confirmed,
                    &["append", "write_user", "write_entry"],
                    6,
                ),
                ("repeated confirmation", &confirmed, &[], 0),
            ] {
                record(&worker, event).await;
                let writes = meter.take();
                let cost = units(&writes);
                println!("{user}: a {what} costs {cost}: {writes:?}");
                let calls: Vec<&str> = writes.iter().map(|(name, _)| *name).collect();
                assert_eq!(calls, expected, "{user}: {what}");
                assert!(cost <= most, "{user}: {what}: {writes:?}");
            }
        }
    }
}
