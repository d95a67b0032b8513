//! Who founds an organization, who joins one, and what becomes of it when a worker dies half-way.

use crate::MINUTES;
use crate::common::watched::{Call, Watched, Watcher, crashing};
use crate::common::{
    POLICY, World, at, confirmed, message, person, policy, record, signed_in, soon, sub, work,
};
use async_trait::async_trait;
use futures::future::join_all;
use std::sync::{Arc, Mutex};
use usher_events::{
    AccountType, DecidedEvent, Envelope, LifecycleEvent, OrganizationSource, Person, Plan, wire,
};
use usher_shared::organization::{Organization, id_of};
use usher_shared::policy::{Domain, Policy};
use usher_shared::port::{Fault, Organizations, Store};
use usher_worker::Worker;

const CREATE: &str = "mode = 'create'\nfounder_role = 'admin'\naccount_type = 'business'\nplan = 'pro'\n\
                      free_mail = ['isp.example']";
const JOIN: &str = "mode = 'join'\nfounder_role = 'admin'";
const ADA: &str = "ada@globe.example";
const BOB: &str = "bob@globe.example";

fn rules(founding: &str) -> Policy {
    policy(&format!("{POLICY}\n[founding]\n{founding}\n"))
}

async fn world(founding: &str) -> World {
    World::under(rules(founding)).await
}

async fn organization(world: &World, domain: &str) -> Option<Organization> {
    let id = id_of(&Domain::new(domain).unwrap());
    world.here.stack.store.organization(&id).await.unwrap()
}

/// Every organization there is.
async fn count(world: &World) -> usize {
    let listed = world.here.stack.store.organizations(None, 100).await;
    listed.unwrap().0.len()
}

/// Role and organization of a user, as folded.
async fn standing(world: &World, user: &str) -> (String, Option<String>) {
    let loaded = world.here.stack.store.load(&sub(user)).await.unwrap();
    let user = loaded.user.unwrap().user;
    let role = user.role().unwrap().0.to_string();
    let membership = user.memberships.get(&OrganizationSource::Domain);
    let membership = membership.and_then(|said| said.value.as_ref());
    let organization = membership.map(|membership| membership.organization.to_string());
    (role, organization)
}

fn founded(decided: &[DecidedEvent]) -> usize {
    let is_founding = |event: &&DecidedEvent| matches!(event, DecidedEvent::OrganizationFounded(_));
    decided.iter().filter(is_founding).count()
}

/// How often the log of these users says that somebody founded an organization.
async fn foundings(world: &World, users: &[&str]) -> usize {
    let mut count = 0;
    for user in users {
        for commit in world.commits(user).await {
            count += founded(&commit.decided);
        }
    }
    count
}

fn member(role: &str) -> (String, Option<String>) {
    let id = id_of(&Domain::new("globe.example").unwrap());
    (role.to_owned(), Some(id.to_string()))
}

fn nobody() -> (String, Option<String>) {
    ("user".to_owned(), None)
}

#[tokio::test]
async fn the_first_of_a_domain_founds_and_everybody_later_joins() {
    let world = world(CREATE).await;
    record(&world.worker(), &confirmed("ada", person(ADA))).await;
    record(&world.worker(), &confirmed("bob", person(BOB))).await;
    let globe = organization(&world, "globe.example").await.unwrap();
    assert_eq!((globe.founder, globe.founded_at), (sub("ada"), at(1)));
    assert_eq!(
        (globe.terms.name.as_str(), globe.terms.active),
        ("Globe", true)
    );
    assert_eq!(globe.terms.account_type, AccountType::new("business").ok());
    assert_eq!(globe.terms.plan, Plan::new("pro").ok());
    assert_eq!(standing(&world, "ada").await, member("admin"));
    assert_eq!(standing(&world, "bob").await, member("user"));
    assert_eq!(foundings(&world, &["ada"]).await, 1);
    assert_eq!(foundings(&world, &["bob"]).await, 0);
    assert_eq!(count(&world).await, 1);
    let told = world.told();
    let told = told
        .iter()
        .filter(|line| line["detail-type"] == "usher.organization_founded");
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn the_welcome_mail_names_the_organization_also_to_whoever_is_greeted_later() {
    let world = world(CREATE).await;
    record(&world.worker(), &confirmed("ada", person(ADA))).await;
    let mut globe = organization(&world, "globe.example").await.unwrap();
    globe.terms.name = "Globe Ltd.".to_owned();
    globe.version += 1;
    world
        .here
        .stack
        .store
        .write_organization(&globe)
        .await
        .unwrap();
    record(&world.worker(), &confirmed("bob", person(BOB))).await;
    let mails = world.mails();
    for (mail, name) in mails
        .iter()
        .zip(["member of Globe,", "member of Globe Ltd.,"])
    {
        assert!(mail.contains(name), "{mail}");
    }
    assert_eq!(mails.len(), 2);
}

#[tokio::test]
async fn the_founder_stays_it_at_every_later_event_and_founds_no_second_time() {
    let world = world(CREATE).await;
    record(&world.worker(), &confirmed("ada", person(ADA))).await;
    for minute in 1..4 {
        record(
            &world.worker(),
            &signed_in("ada", person(ADA), at(minute * 60)),
        )
        .await;
    }
    assert_eq!(standing(&world, "ada").await, member("admin"));
    assert_eq!(foundings(&world, &["ada"]).await, 1);
}

#[tokio::test]
async fn where_the_policy_gives_founders_nothing_they_are_members_like_all() {
    let world = world("mode = 'create'").await;
    record(&world.worker(), &confirmed("ada", person(ADA))).await;
    assert_eq!(standing(&world, "ada").await, member("user"));
    assert_eq!(foundings(&world, &["ada"]).await, 1);
    let globe = organization(&world, "globe.example").await.unwrap();
    assert_eq!((globe.terms.account_type, globe.terms.plan), (None, None));
}

#[tokio::test]
async fn whoever_only_joins_founds_nothing() {
    let world = world(JOIN).await;
    record(&world.worker(), &confirmed("ada", person(ADA))).await;
    assert_eq!(standing(&world, "ada").await, nobody());
    assert_eq!(count(&world).await, 0);
    let founders = Worker {
        policy: Arc::new(rules(CREATE)),
        ..world.worker()
    };
    record(&founders, &confirmed("bob", person(BOB))).await;
    record(&world.worker(), &signed_in("ada", person(ADA), at(60))).await;
    assert_eq!(standing(&world, "ada").await, member("user"));
    record(&world.worker(), &signed_in("bob", person(BOB), at(60))).await;
    assert_eq!(standing(&world, "bob").await, member("admin"));
}

#[tokio::test]
async fn no_address_that_proves_no_domain_of_its_own_founds_or_joins() {
    let world = world(CREATE).await;
    record(
        &world.worker(),
        &confirmed("eve", person("eve@globe.example")),
    )
    .await;
    let unverified = Person {
        email_verified: false,
        ..person(ADA)
    };
    let by_a_stranger = Person {
        providers: vec!["Evil".to_owned()],
        ..person(ADA)
    };
    let cases = [
        ("gmail", person("ada@gmail.com")),
        ("country", person("ada@yahoo.co.uk")),
        ("throw-away", person("ada@mailinator.com")),
        ("listed", person("ada@isp.example")),
        ("unverified", unverified),
        ("federated", by_a_stranger),
        ("nowhere", Person::default()),
        ("two", person("ada@globe.example, eve@other.example")),
    ];
    for (user, person) in cases {
        for event in [
            confirmed(user, person.clone()),
            signed_in(user, person, at(60)),
        ] {
            record(&world.worker(), &event).await;
        }
        assert_eq!(standing(&world, user).await, nobody(), "{user}");
    }
    assert_eq!(count(&world).await, 1);
}

/// Acme is the policy's own; its domain needs none that is founded.
#[tokio::test]
async fn a_domain_with_an_organization_of_the_policy_founds_none() {
    let world = world(CREATE).await;
    record(
        &world.worker(),
        &confirmed("ada", person("ada@acme.example")),
    )
    .await;
    let acme = ("manager".to_owned(), Some("acme".to_owned()));
    assert_eq!(standing(&world, "ada").await, acme);
    // A rule that gives a role alone leaves the organization to founding.
    record(
        &world.worker(),
        &confirmed("bob", person("bob@root.example")),
    )
    .await;
    assert_eq!(foundings(&world, &["bob"]).await, 1);
    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn without_founding_the_table_is_not_asked_for_organizations() {
    for (text, asked) in [("mode = 'off'", 0), ("mode = 'join'", 1)] {
        let world = world(text).await;
        let (worker, calls) = counted(world.worker());
        record(&worker, &confirmed("ada", person(ADA))).await;
        let calls = calls.0.lock().unwrap();
        let about = ["organization", "found", "commit"];
        let count = calls.iter().filter(|call| about.contains(call)).count();
        assert_eq!(count, asked, "{text}: {calls:?}");
    }
}

#[tokio::test]
async fn an_organization_is_read_once_in_its_lifetime() {
    let world = world(CREATE).await;
    let (worker, calls) = counted(world.worker());
    record(&worker, &confirmed("ada", person(ADA))).await;
    for user in ["bob", "cleo", "dora"] {
        record(
            &worker,
            &confirmed(user, person(&format!("{user}@globe.example"))),
        )
        .await;
    }
    let calls = calls.0.lock().unwrap();
    let of = |name| calls.iter().filter(|call| **call == name).count();
    assert_eq!((of("organization"), of("found")), (1, 1), "{calls:?}");
}

#[tokio::test]
async fn who_leaves_the_domain_leaves_organization_and_role_and_has_both_again_on_return() {
    let world = world(CREATE).await;
    record(&world.worker(), &confirmed("ada", person(ADA))).await;
    record(
        &world.worker(),
        &signed_in("ada", person("ada@gmail.com"), at(60)),
    )
    .await;
    assert_eq!(standing(&world, "ada").await, nobody());
    record(&world.worker(), &signed_in("ada", person(ADA), at(120))).await;
    assert_eq!(standing(&world, "ada").await, member("admin"));
    assert_eq!(foundings(&world, &["ada"]).await, 1);
    // With another address she founds another one.
    record(
        &world.worker(),
        &signed_in("ada", person("ada@other.example"), at(180)),
    )
    .await;
    assert_eq!(foundings(&world, &["ada"]).await, 2);
    assert_eq!(count(&world).await, 2);
}

#[tokio::test]
async fn a_crash_between_any_two_steps_leaves_one_founder_who_is_recorded_once() {
    for call in ["organization", "commit", "found", "append", "write_user"] {
        for after in [false, true] {
            for rival in [false, true] {
                let place = format!("{call} {after} {rival}");
                let world = world(CREATE).await;
                let event = confirmed("ada", person(ADA));
                let body = [wire::encode(&event)];
                let dying = crashing(world.worker(), call, after);
                let outcomes = work(&dying, &body).await;
                assert!(!outcomes[0].is_done(), "{place}: {outcomes:?}");
                let was_founded = organization(&world, "globe.example").await.is_some();
                if rival {
                    record(&world.worker(), &confirmed("bob", person(BOB))).await;
                }
                // The dead one may hold the lease on the welcome mail.
                world.here.clock.advance(MINUTES);
                let outcomes = work(&world.worker(), &body).await;
                assert!(outcomes[0].is_done(), "{place}: {outcomes:?}");
                record(&world.worker(), &event).await;
                let ada_founds = was_founded || !rival;
                let globe = organization(&world, "globe.example").await.unwrap();
                assert_eq!(globe.founder == sub("ada"), ada_founds, "{place}");
                let role = if ada_founds { "admin" } else { "user" };
                assert_eq!(standing(&world, "ada").await, member(role), "{place}");
                let by_ada = foundings(&world, &["ada"]).await;
                assert_eq!(by_ada, usize::from(ada_founds), "{place}");
                if rival {
                    let role = if ada_founds { "user" } else { "admin" };
                    assert_eq!(standing(&world, "bob").await, member(role), "{place}");
                    let all = foundings(&world, &["ada", "bob"]).await;
                    assert_eq!(all, 1, "{place}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_dozen_who_come_at_once_to_several_workers_one_is_the_founder() {
    let world = world(CREATE).await;
    let names: Vec<String> = (0..12).map(|number| format!("n{number}")).collect();
    let events = names
        .iter()
        .map(|name| confirmed(name, person(&format!("{name}@globe.example"))));
    let events: Vec<Envelope<LifecycleEvent>> = events.collect();
    let workers: Vec<Worker> = (0..3).map(|_| world.worker()).collect();
    // Every worker gets every message.
    let messages: Vec<_> = events
        .iter()
        .map(|event| message(&wire::encode(event)))
        .collect();
    join_all(workers.iter().map(|worker| worker.work(&messages, soon()))).await;
    for event in &events {
        record(&world.worker(), event).await;
    }
    let users: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(foundings(&world, &users).await, 1);
    let mut admins = Vec::new();
    for user in users {
        let (role, organization) = standing(&world, user).await;
        assert_eq!(organization, member("").1, "{user}");
        admins.extend((role == "admin").then(|| sub(user)));
    }
    let globe = organization(&world, "globe.example").await.unwrap();
    assert_eq!(admins, [globe.founder]);
    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn a_policy_that_founds_by_now_founds_nothing_for_what_is_recorded() {
    let world = world("mode = 'off'").await;
    let event = signed_in("ada", person(ADA), at(60));
    record(&world.worker(), &event).await;
    let founders = Worker {
        policy: Arc::new(rules(CREATE)),
        ..world.worker()
    };
    assert!(!record(&founders, &event).await.appended);
    assert_eq!(count(&world).await, 0);
    record(&founders, &signed_in("ada", person(ADA), at(120))).await;
    assert_eq!(standing(&world, "ada").await, member("admin"));
}

#[tokio::test]
async fn nothing_is_decided_while_the_table_does_not_say_which_organization_there_is() {
    let world = world(CREATE).await;
    let body = [wire::encode(&confirmed("ada", person(ADA)))];
    let outcomes = work(&crashing(world.worker(), "organization", false), &body).await;
    assert!(!outcomes[0].is_done(), "{outcomes:?}");
    assert_eq!(world.commits("ada").await.len(), 0);
}

/// Which calls were made, by name.
#[derive(Default)]
struct Calls(Mutex<Vec<&'static str>>);

#[async_trait]
impl Watcher for Calls {
    async fn before(&self, call: &Call) -> Result<(), Fault> {
        self.0.lock().unwrap().push(call.name);
        Ok(())
    }
}

fn counted(worker: Worker) -> (Worker, Arc<Calls>) {
    let calls = Arc::new(Calls::default());
    let store = Watched {
        store: Arc::clone(&worker.store),
        watcher: Arc::clone(&calls),
    };
    let worker = Worker {
        store: Arc::new(store),
        ..worker
    };
    (worker, calls)
}
