//! Notices: one for each reset and each suspension, to verified addresses alone.

use crate::common::fakes::Post;
use crate::common::{
    POLICY, World, at, mail_of, password_reset, person, policy, pool, record, sub,
};
use crate::{HOME, HOUR, MINUTES, entry, outage, welcome};
use std::sync::Arc;
use std::time::Duration;
use usher_events::{
    EventId, OperatorEvent, Person, SuspensionReason, UserReinstated, UserSuspended,
};
use usher_shared::chance;
use usher_shared::clock::Clock;
use usher_shared::commit::{EffectKind, Entry};
use usher_shared::disposition::FaultKind;
use usher_shared::operator::Act;
use usher_shared::policy::Policy;
use usher_shared::port::{Due, MailError, Store};
use usher_shared::seal;
use usher_worker::Worker;
use usher_worker::story::{Fate, Story};

const RESET: EffectKind = EffectKind::PasswordChangedNotice;
const SUSPENSION: EffectKind = EffectKind::SuspensionNotice;

fn fate_of(story: &Story, kind: EffectKind) -> Option<&Fate> {
    let mut effects = story.effects.iter();
    effects.find_map(|(one, fate)| (*one == kind).then_some(fate))
}

fn suspended() -> OperatorEvent {
    let reason = SuspensionReason::Operator;
    UserSuspended { reason }.into()
}

fn reinstated() -> OperatorEvent {
    UserReinstated {}.into()
}

/// What a command appends; the sweep does the rest.
async fn act(world: &World, user: &str, event: OperatorEvent, policy: &Policy) -> EventId {
    let store = &world.here.stack.store;
    let known = store.load(&sub(user)).await.unwrap().user;
    let known = known.map(|item| item.user).unwrap_or_default();
    let act = Act {
        id: chance::event_id(),
        pool: pool(),
        sub: sub(user),
        event,
    };
    let commit = act.commit(policy, &known, world.here.clock.now()).unwrap();
    let sealed = seal::seal(&commit, None, chance::bytes()).unwrap();
    store.append(&sealed).await.unwrap();
    commit.envelope.id
}

/// The ledger's entry of one kind in one commit.
async fn entry_of(world: &World, user: &str, id: EventId, kind: EffectKind) -> Option<Entry> {
    let commits = world.commits(user).await;
    let commit = commits.iter().find(|commit| commit.envelope.id == id);
    commit.unwrap().ledger.get(kind).cloned()
}

async fn nothing_is_due(world: &World) {
    let due = world.due(at(1_000_000)).await;
    assert_eq!(due, Vec::<Due>::new());
}

fn failed(entry: Option<&Entry>) -> Option<&str> {
    match entry {
        Some(Entry::Failed { fault, .. }) => Some(fault),
        _ => None,
    }
}

/// How many mails have this in their subject.
fn subjects(post: &Post, part: &str) -> usize {
    let accepted = post.accepted.lock().unwrap();
    accepted
        .iter()
        .filter(|mail| mail.subject.contains(part))
        .count()
}

#[tokio::test]
async fn each_reset_has_a_notice_of_its_own_and_no_repeat_has_another() {
    let world = World::new().await;
    let post = Arc::new(Post::default());
    let worker = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    record(&worker, &welcome("ada")).await;
    // Two of one minute are one fact.
    for (seconds, notices) in [(60, 1), (61, 1), (119, 1), (120, 2), (600, 3), (60, 3)] {
        record(&worker, &password_reset("ada", person(HOME), at(seconds))).await;
        assert_eq!(subjects(&post, "password"), notices, "after {seconds} s");
    }
    let item = world.here.stack.store.glance(&sub("ada")).await.unwrap();
    let claims = item.unwrap().claims;
    assert_eq!(Vec::from_iter(claims.keys()), [&EffectKind::WelcomeMail]);
    assert_eq!(world.later(&worker, HOUR).await, []);
    assert_eq!(post.accepted(), 4);
}

#[tokio::test]
async fn a_reset_is_told_only_to_a_verified_address_and_where_the_policy_says_so() {
    let mut silent = policy(POLICY);
    silent.mail.password_changed = false;
    let unverified = Person {
        email_verified: false,
        ..person(HOME)
    };
    for (policy, person) in [
        (silent, person(HOME)),
        (policy(POLICY), unverified),
        (policy(POLICY), Person::default()),
    ] {
        let world = World::under(policy).await;
        let story = record(&world.worker(), &password_reset("ada", person, at(60))).await;
        assert_eq!((fate_of(&story, RESET), world.mails().len()), (None, 0));
        assert_eq!(entry(&world, "ada", RESET).await, None);
    }
}

#[tokio::test]
async fn a_notice_that_was_owed_goes_out_although_the_policy_owes_none_any_more() {
    let mut world = World::new().await;
    let worker = Worker {
        mailer: outage(4),
        ..world.worker()
    };
    let story = record(&worker, &password_reset("ada", person(HOME), at(60))).await;
    assert_eq!(fate_of(&story, RESET), Some(&Fate::Deferred("unavailable")));
    let mut silent = policy(POLICY);
    silent.mail.password_changed = false;
    world.policy = Arc::new(silent);
    world.later(&world.worker(), MINUTES).await;
    assert_eq!(world.mails().len(), 1);
    nothing_is_due(&world).await;
}

#[tokio::test]
async fn two_workers_that_get_one_reset_send_one_notice() {
    let world = World::new().await;
    let post = Arc::new(Post::default());
    let [one, other] = [(); 2].map(|()| Worker {
        mailer: post.clone(),
        ..world.worker()
    });
    let event = password_reset("ada", person(HOME), at(60));
    for _ in 0..3 {
        let body = [usher_events::wire::encode(&event)];
        tokio::join!(
            crate::common::work(&one, &body),
            crate::common::work(&other, &body)
        );
    }
    assert_eq!(post.accepted(), 1);
    record(&other, &event).await;
    assert_eq!(post.accepted(), 1);
}

#[tokio::test]
async fn each_suspension_is_told_once_by_the_sweep_whoever_resumes_it() {
    let world = World::new().await;
    let post = Arc::new(Post::default());
    let [one, other] = [(); 2].map(|()| Worker {
        mailer: post.clone(),
        ..world.worker()
    });
    record(&one, &welcome("ada")).await;
    for round in 1..=2 {
        let id = act(&world, "ada", suspended(), &world.policy).await;
        one.sweep().await.unwrap();
        tokio::join!(world.drain(&one), world.drain(&other));
        let done = entry_of(&world, "ada", id, SUSPENSION).await;
        assert!(matches!(done, Some(Entry::Done { .. })), "{done:?}");
        assert_eq!(subjects(&post, "suspended"), round);
        act(&world, "ada", reinstated(), &world.policy).await;
        world.later(&other, MINUTES).await;
        assert_eq!(
            subjects(&post, "suspended"),
            round,
            "its end is told to nobody"
        );
    }
    world.later(&one, HOUR).await;
    assert_eq!(post.accepted(), 3);
    nothing_is_due(&world).await;
}

#[tokio::test]
async fn a_suspension_that_is_over_before_it_could_be_told_is_told_no_more() {
    let world = World::new().await;
    let post = outage(4);
    let worker = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    record(&world.worker(), &welcome("ada")).await;
    let first = act(&world, "ada", suspended(), &world.policy).await;
    worker.sweep().await.unwrap();
    world.drain(&worker).await;
    let deferred = entry_of(&world, "ada", first, SUSPENSION).await;
    assert!(
        matches!(deferred, Some(Entry::Deferred { .. })),
        "{deferred:?}"
    );
    act(&world, "ada", reinstated(), &world.policy).await;
    world.later(&worker, Duration::from_secs(1)).await;
    let second = act(&world, "ada", suspended(), &world.policy).await;
    world.later(&worker, Duration::from_secs(1)).await;
    world.later(&worker, HOUR).await;
    let first = entry_of(&world, "ada", first, SUSPENSION).await;
    assert_eq!(failed(first.as_ref()), Some("overtaken"));
    let second = entry_of(&world, "ada", second, SUSPENSION).await;
    assert!(matches!(second, Some(Entry::Done { .. })), "{second:?}");
    assert_eq!(post.accepted(), 1);
    nothing_is_due(&world).await;
}

#[tokio::test]
async fn a_suspension_goes_to_the_address_that_is_on_record_when_it_is_told_or_to_nobody() {
    let world = World::new().await;
    let worker = world.worker();
    let unverified = Person {
        email_verified: false,
        ..person("eve@home.example")
    };
    record(&worker, &crate::common::confirmed("eve", unverified)).await;
    // The other was never seen.
    for user in ["eve", "bob"] {
        let id = act(&world, user, suspended(), &world.policy).await;
        world.later(&worker, MINUTES).await;
        let entry = entry_of(&world, user, id, SUSPENSION).await;
        assert_eq!(failed(entry.as_ref()), Some("no_recipient"), "{user}");
    }
    assert_eq!(world.mails().len(), 0);
    nothing_is_due(&world).await;
}

#[tokio::test]
async fn a_suspension_is_told_only_if_both_policies_say_so_the_commands_and_the_workers() {
    let mut silent = policy(POLICY);
    silent.mail.suspension = false;
    let loud = policy(POLICY);
    for (workers, commands, expected) in [
        (&loud, &loud, None),
        (&loud, &silent, None),
        (&silent, &loud, Some("switched_off")),
    ] {
        let world = World::under(workers.clone()).await;
        let worker = world.worker();
        record(&worker, &welcome("ada")).await;
        let id = act(&world, "ada", suspended(), commands).await;
        world.later(&worker, MINUTES).await;
        let entry = entry_of(&world, "ada", id, SUSPENSION).await;
        assert_eq!(failed(entry.as_ref()), expected);
        let told = workers.mail.suspension && commands.mail.suspension;
        assert_eq!(entry.is_some(), commands.mail.suspension);
        assert_eq!(world.mails().len(), 1 + usize::from(told));
        nothing_is_due(&world).await;
    }
}

#[tokio::test]
async fn a_notice_that_is_refused_for_good_is_given_up_and_one_that_may_go_later_goes_once() {
    let world = World::new().await;
    let post = Arc::new(Post::failing([MailError::Rejected]));
    let worker = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    let story = record(&worker, &password_reset("ada", person(HOME), at(60))).await;
    assert!(matches!(fate_of(&story, RESET), Some(Fate::Failed(_))));
    assert_eq!(world.later(&worker, HOUR).await, []);
    *post.failures.lock().unwrap() = Post::out(FaultKind::Throttled, 4)
        .failures
        .into_inner()
        .unwrap();
    let story = record(&worker, &password_reset("ada", person(HOME), at(600))).await;
    assert_eq!(fate_of(&story, RESET), Some(&Fate::Deferred("throttled")));
    assert_eq!(mail_of(&story), None, "no welcome");
    for _ in 0..3 {
        world.later(&worker, HOUR).await;
    }
    assert_eq!(post.accepted(), 1);
    nothing_is_due(&world).await;
}
