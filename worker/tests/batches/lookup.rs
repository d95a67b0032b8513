//! What another system says of somebody: asked where the rules need it, recorded once, and missing
//! without harm.

use crate::HOME;
use crate::common::{
    POLICY, World, at, confirmed, message, person, policy, record, signed_in, sub,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{DecidedEvent, Envelope, LifecycleEvent, Person, RoleSource, wire};
use usher_shared::operator;
use usher_shared::policy::Policy;
use usher_shared::port::Store;
use usher_shared::testkit::crm::{Crm, Says};
use usher_worker::Worker;

/// Longer than a busy machine needs.
const PATIENT: u32 = 5000;

/// A policy under which this system may make managers and guests, and is left alone after three
/// failures.
fn asking(crm: &Crm, timeout_ms: u32) -> Policy {
    policy(&format!(
        "{POLICY}\n[lookup]\nurl = '{}'\nroles = ['manager', 'guest']\ntimeout_ms = {timeout_ms}\n\
         [breaker.lookup]\nfailures_in_a_row = 3\ncool_down_s = 30\n",
        crm.url()
    ))
}

async fn stage(says: Says) -> (World, Crm) {
    let crm = Crm::start(says).await;
    let world = World::under(asking(&crm, PATIENT)).await;
    (world, crm)
}

fn sign_in(user: &str, second: u64) -> Envelope<LifecycleEvent> {
    signed_in(user, person(HOME), at(second))
}

/// The role that counts, and who gave it.
async fn role(world: &World, user: &str) -> Option<(String, RoleSource)> {
    let item = world.here.stack.store.glance(&sub(user)).await.unwrap()?;
    let (role, source) = item.user.role()?;
    Some((role.to_string(), source))
}

fn given(role: &str) -> Option<(String, RoleSource)> {
    Some((role.to_owned(), RoleSource::Lookup))
}

/// What the commit of an event says of the lookup: nothing, or a role or none.
async fn decided(world: &World, event: &Envelope<LifecycleEvent>) -> Option<Option<String>> {
    let user = event.subject.sub().unwrap().as_str();
    let commits = world.commits(user).await;
    let commit = commits.iter().find(|commit| commit.envelope.id == event.id);
    let decided = &commit.unwrap().decided;
    decided.iter().find_map(|decided| match decided {
        DecidedEvent::RoleAssigned(said) if said.source == RoleSource::Lookup => {
            Some(said.role.clone().map(String::from))
        }
        _ => None,
    })
}

#[tokio::test]
async fn an_answer_gives_a_role_is_recorded_and_is_never_asked_for_again() {
    let (world, crm) = stage(Says::role("manager")).await;
    let worker = world.worker();
    let event = confirmed("ada", person(HOME));
    record(&worker, &event).await;
    assert_eq!(role(&world, "ada").await, given("manager"));
    let asked = crm.take_asked();
    let bodies: Vec<&str> = asked.iter().map(|asked| asked.body.as_str()).collect();
    assert_eq!(bodies, [format!("{{\"email\":\"{HOME}\"}}")]);

    let event = sign_in("ada", 60);
    record(&worker, &event).await;
    assert_eq!(crm.take_asked().len(), 1);
    crm.says(Says::no_role());
    for worker in [worker, world.worker()] {
        let story = record(&worker, &event).await;
        assert!(!story.appended);
        assert_eq!(crm.take_asked(), []);
        assert_eq!(role(&world, "ada").await, given("manager"));
    }
}

#[tokio::test]
async fn whoever_gives_none_any_more_takes_the_role_away_at_the_next_event() {
    let (world, crm) = stage(Says::role("manager")).await;
    let worker = world.worker();
    record(&worker, &confirmed("ada", person(HOME))).await;
    // The last one is not on the list.
    for (second, says) in [(60, Says::no_role()), (180, Says::role("admin"))] {
        crm.says(says);
        let event = sign_in("ada", second);
        record(&worker, &event).await;
        assert_eq!(decided(&world, &event).await, Some(None));
        let default = Some(("user".to_owned(), RoleSource::Default));
        assert_eq!(role(&world, "ada").await, default);

        crm.says(Says::role("guest"));
        record(&worker, &sign_in("ada", second + 60)).await;
        assert_eq!(role(&world, "ada").await, given("guest"));
    }
}

#[tokio::test]
async fn whoever_does_not_answer_holds_nobody_up_and_takes_nothing_away() {
    let text = |text: &str| Says::Text(text.to_owned());
    let gone = "http://127.0.0.1:1/role".to_owned();
    for (says, questions) in [
        (Says::Status(400), 1),
        (Says::Status(404), 1),
        (Says::Elsewhere(gone), 1),
        (text("<p>Please log in</p>"), 1),
        (text("{}"), 1),
        (Says::Endless, 1),
        (Says::Status(429), 2),
        (Says::Status(500), 2),
        (Says::Nothing, 2),
    ] {
        let (world, crm) = stage(Says::role("manager")).await;
        let worker = world.worker();
        record(&worker, &confirmed("ada", person(HOME))).await;
        assert_eq!(crm.take_asked().len(), 1);
        let impatient = match says {
            Says::Nothing => Worker {
                policy: Arc::new(asking(&crm, 100)),
                ..world.worker()
            },
            _ => world.worker(),
        };
        crm.says(says.clone());
        for event in [sign_in("ada", 60), sign_in("bob", 60)] {
            let story = record(&impatient, &event).await;
            assert!(story.appended, "{says:?}");
            assert_eq!(decided(&world, &event).await, None, "{says:?}");
        }
        assert!(crm.take_asked().len() > questions, "{says:?}");
        assert_eq!(role(&world, "ada").await, given("manager"), "{says:?}");
        assert_eq!(role(&world, "bob").await, None, "{says:?}");

        crm.says(Says::role("guest"));
        for user in ["ada", "bob"] {
            record(&worker, &sign_in(user, 120)).await;
            assert_eq!(role(&world, user).await, given("guest"), "{says:?}");
        }
    }
}

#[tokio::test]
async fn after_some_failures_it_is_left_alone_until_one_question_is_answered() {
    let (world, crm) = stage(Says::Status(500)).await;
    let worker = world.worker();
    for user in ["ada", "bob", "eve", "joe"] {
        assert!(record(&worker, &sign_in(user, 10)).await.appended);
    }
    // Ada's two, and Bob's first.
    assert_eq!(crm.take_asked().len(), 3);

    world.here.clock.advance(Duration::from_secs(30));
    record(&worker, &sign_in("ada", 60)).await;
    assert_eq!(crm.take_asked().len(), 1, "one shows that it is still down");
    record(&worker, &sign_in("bob", 60)).await;
    assert_eq!(crm.take_asked().len(), 0);

    world.here.clock.advance(Duration::from_secs(60));
    crm.says(Says::role("manager"));
    for user in ["ada", "bob", "eve", "joe"] {
        record(&worker, &sign_in(user, 120)).await;
        assert_eq!(role(&world, user).await, given("manager"));
    }
    assert_eq!(crm.take_asked().len(), 4);
}

#[tokio::test]
async fn with_too_little_time_for_a_question_the_event_is_recorded_without_one() {
    let (world, crm) = stage(Says::role("manager")).await;
    let event = sign_in("ada", 10);
    let messages = [message(&wire::encode(&event))];
    // A quarter of what is left of it is less than one question may take.
    let deadline = Instant::now() + Duration::from_secs(20);
    let outcomes = world.worker().work(&messages, deadline).await;
    assert!(outcomes[0].is_done(), "{outcomes:?}");
    assert_eq!(
        (decided(&world, &event).await, crm.take_asked().len()),
        (None, 0)
    );
}

#[tokio::test]
async fn who_refuses_single_questions_is_asked_all_the_others() {
    let (world, crm) = stage(Says::Status(404)).await;
    let worker = world.worker();
    for second in 1..8 {
        record(&worker, &sign_in("ada", 10 * second)).await;
    }
    assert_eq!(crm.take_asked().len(), 7);
}

#[tokio::test]
async fn another_system_is_not_taken_for_the_one_before() {
    let (world, crm) = stage(Says::Status(500)).await;
    let worker = world.worker();
    for user in ["ada", "bob", "eve"] {
        record(&worker, &sign_in(user, 10)).await;
    }
    assert_eq!(crm.take_asked().len(), 3);
    let other = Crm::start(Says::role("guest")).await;
    let worker = Worker {
        policy: Arc::new(asking(&other, PATIENT)),
        ..worker
    };
    record(&worker, &sign_in("eve", 60)).await;
    assert_eq!((crm.take_asked().len(), other.take_asked().len()), (0, 1));
    assert_eq!(role(&world, "eve").await, given("guest"));
}

#[tokio::test]
async fn a_role_does_not_move_to_another_address_while_nobody_answers() {
    let moved = || person("ada@elsewhere.example");
    let unverified = Person {
        email_verified: false,
        ..person(HOME)
    };
    for (now, questions) in [(moved(), 2), (unverified, 0)] {
        let (world, crm) = stage(Says::role("manager")).await;
        let worker = world.worker();
        record(&worker, &confirmed("ada", person(HOME))).await;
        crm.take_asked();
        crm.says(Says::Status(500));
        record(&worker, &signed_in("ada", now, at(60))).await;
        assert_eq!(crm.take_asked().len(), questions);
        let default = Some(("user".to_owned(), RoleSource::Default));
        assert_eq!(role(&world, "ada").await, default);
    }
}

#[tokio::test]
async fn who_has_a_stronger_role_is_not_asked_about() {
    let (world, crm) = stage(Says::role("guest")).await;
    let worker = world.worker();
    // By the domain.
    record(&worker, &confirmed("eve", person("eve@acme.example"))).await;
    // By an operator.
    let act = operator::Act {
        id: usher_shared::chance::event_id(),
        pool: crate::common::pool(),
        sub: sub("ada"),
        event: usher_events::RoleSet {
            role: usher_events::Role::new("admin").ok(),
        }
        .into(),
    };
    let commit = act
        .commit(&world.policy, &usher_shared::user::User::default(), at(1))
        .unwrap();
    let sealed = usher_shared::seal::seal(&commit, None, usher_shared::chance::bytes()).unwrap();
    world.here.stack.store.append(&sealed).await.unwrap();
    world.later(&worker, crate::MINUTES).await;
    record(&worker, &sign_in("ada", 600)).await;
    assert_eq!(crm.take_asked(), []);
    let admin = Some(("admin".to_owned(), RoleSource::Operator));
    assert_eq!(role(&world, "ada").await, admin);
}
