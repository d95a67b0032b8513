//! Mail that fails, what is spilled, and the sweep.

use crate::common::fakes::{NoQueue, Post};
use crate::common::{POLICY, World, at, mail_of, person, policy, record, story};
use crate::{HOME, HOUR, MINUTES, entry, outage, welcome};
use std::sync::Arc;
use std::time::Duration;
use usher_events::wire;
use usher_shared::commit::{EffectKind, Entry};
use usher_shared::disposition::FaultKind;
use usher_shared::port::{MailError, Store};
use usher_worker::Worker;
use usher_worker::story::{Fate, Outcome};

#[tokio::test]
async fn a_mail_that_is_rejected_is_given_up_and_never_tried_again() {
    for (error, kind) in [
        (MailError::Rejected, "rejected"),
        (MailError::BadAddress, "bad_address"),
        (MailError::Suppressed, "suppressed"),
    ] {
        let world = World::new().await;
        let post = Arc::new(Post::failing([error]));
        let worker = Worker {
            mailer: post.clone(),
            ..world.worker()
        };
        let story = record(&worker, &welcome("ada")).await;
        assert_eq!(mail_of(&story), Some(&Fate::Failed(kind)));
        let entry = entry(&world, "ada", EffectKind::WelcomeMail).await.unwrap();
        assert!(
            matches!(&entry, Entry::Failed { fault, .. } if fault == kind),
            "{entry:?}"
        );
        record(&worker, &welcome("ada")).await;
        assert_eq!(world.later(&worker, HOUR).await, []);
        assert_eq!(post.accepted(), 0);
    }
}

#[tokio::test]
async fn a_mail_that_cannot_go_now_goes_later_exactly_once() {
    for (kind, failures) in [
        (FaultKind::Unavailable, 4),
        (FaultKind::Throttled, 4),
        (FaultKind::Refused, 1),
        (FaultKind::TimedOut, 1),
    ] {
        let world = World::new().await;
        let post = Arc::new(Post::out(kind, failures));
        let worker = Worker {
            mailer: post.clone(),
            ..world.worker()
        };
        let story = record(&worker, &welcome("ada")).await;
        assert_eq!(mail_of(&story), Some(&Fate::Deferred(kind.as_str())));
        assert_eq!(
            post.failures.lock().unwrap().len(),
            0,
            "{kind}: tried as often as it should"
        );
        assert_eq!(
            world.later(&worker, Duration::from_secs(8)).await,
            [],
            "not due yet"
        );
        let story = record(&worker, &welcome("ada")).await;
        assert_eq!(mail_of(&story), None, "a repeat does not hurry it");
        assert_eq!(
            world.later(&worker, Duration::from_secs(30)).await.len(),
            1,
            "{kind}"
        );
        assert_eq!(post.accepted(), 1, "{kind}");
        record(&worker, &welcome("ada")).await;
        assert_eq!(world.later(&worker, HOUR).await, [], "{kind}");
        assert_eq!(post.accepted(), 1, "{kind}");
        let entry = entry(&world, "ada", EffectKind::WelcomeMail).await.unwrap();
        let Entry::Done { receipt, .. } = entry else {
            panic!("{entry:?}");
        };
        assert_eq!(receipt.as_deref(), Some("mail-1"));
    }
}

#[tokio::test]
async fn a_day_without_mail_ends_with_one_mail_and_no_dead_letters() {
    let world = World::new().await;
    let post = Arc::new(Post::out(FaultKind::Refused, 1000));
    let worker = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    record(&worker, &welcome("ada")).await;
    let mut tries = 0;
    for _ in 0..(24 * 4) {
        let outcomes = world.later(&worker, Duration::from_secs(15 * 60)).await;
        assert!(outcomes.iter().all(Outcome::is_done));
        tries += outcomes.len();
    }
    assert!(
        (15..=35).contains(&tries),
        "{tries} tries: waits grow to two hours"
    );
    post.failures.lock().unwrap().clear();
    world.later(&worker, Duration::from_hours(2)).await;
    world.later(&worker, HOUR).await;
    assert_eq!(post.accepted(), 1);
    assert_eq!(world.here.stack.dead_letters.list().await.unwrap().len(), 0);
    assert_eq!(world.here.stack.queue.list().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_mail_that_fails_until_its_last_age_is_given_up_and_says_why() {
    let world = World::new().await;
    let post = Arc::new(Post::out(FaultKind::Refused, 1000));
    let worker = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    record(&worker, &welcome("ada")).await;
    world.later(&worker, Duration::from_hours(71)).await;
    let open = entry(&world, "ada", EffectKind::WelcomeMail).await.unwrap();
    assert_eq!((open.is_open(), open.attempts()), (true, 2));
    let outcomes = world.later(&worker, Duration::from_hours(2)).await;
    let fates = outcomes.into_iter().map(|outcome| story(outcome).effects);
    let given_up = (EffectKind::WelcomeMail, Fate::Failed("too_old"));
    assert_eq!(fates.collect::<Vec<_>>(), [[given_up]]);
    let Some(Entry::Failed {
        fault, last_error, ..
    }) = entry(&world, "ada", EffectKind::WelcomeMail).await
    else {
        panic!("it is given up");
    };
    let said = (fault.as_str(), last_error.as_deref());
    assert_eq!(said, ("too_old", Some("refused")));
    post.failures.lock().unwrap().clear();
    for hours in [1, 24] {
        assert_eq!(world.later(&worker, Duration::from_hours(hours)).await, []);
    }
    assert_eq!(post.accepted(), 0, "nothing is due any more");
}

#[tokio::test]
async fn a_mail_whose_template_breaks_waits_for_a_better_one() {
    let mut rules = policy(POLICY);
    let template = usher_shared::policy::MailTemplate {
        readers: usher_shared::policy::mails::Readers {
            mail: usher_shared::policy::MailKind::Welcome,
            locale: None,
            account_type: None,
            source: None,
        },
        subject: "Hi".to_owned(),
        text: "{% if source == 'seldom' %}{{ first_name.first }}{% endif %}".to_owned(),
        html: "<p>Hi</p>".to_owned(),
    };
    rules.mail.templates.push(template);
    let mut world = World::under(rules).await;
    let context = usher_events::SignUpContext {
        source: Some("seldom".to_owned()),
        campaign: None,
        referrer: None,
    };
    let event = crate::common::confirmed_from("ada", person(HOME), context, at(1));
    let story = record(&world.worker(), &event).await;
    assert_eq!(mail_of(&story), Some(&Fate::Deferred("bad_template")));
    world.policy = Arc::new(policy(POLICY));
    world.later(&world.worker(), MINUTES).await;
    assert_eq!(world.mails().len(), 1);
}

#[tokio::test]
async fn an_event_that_was_spilled_arrives_after_a_sweep_and_only_once() {
    let world = World::new().await;
    let worker = world.worker();
    let event = welcome("ada");
    let store = &world.here.stack.store;
    store
        .spill(event.id, &wire::encode(&event), at(0))
        .await
        .unwrap();
    let outcomes = world.later(&worker, Duration::ZERO).await;
    assert!(story(outcomes[0].clone()).appended);
    assert_eq!(store.spilled(event.id).await.unwrap(), None);
    assert_eq!(world.later(&worker, HOUR).await, []);
    assert_eq!(world.mails().len(), 1);
}

#[tokio::test]
async fn two_sweeps_at_once_send_nothing_twice() {
    let world = World::new().await;
    let worker = Worker {
        mailer: outage(8),
        ..world.worker()
    };
    for user in ["ada", "bob"] {
        record(&worker, &welcome(user)).await;
    }
    let spilled = welcome("eve");
    let store = &world.here.stack.store;
    store
        .spill(spilled.id, &wire::encode(&spilled), at(0))
        .await
        .unwrap();
    world.here.clock.advance(MINUTES);
    let other = world.worker();
    let (one, other) = tokio::join!(worker.sweep(), other.sweep());
    let (one, other) = (one.unwrap(), other.unwrap());
    let sent = one.lanes.iter().zip(&other.lanes);
    let sent = sent.map(|(one, other)| one.sent + other.sent);
    assert_eq!(sent.collect::<Vec<_>>(), [2, 0, 1]);
    assert_eq!(world.here.stack.queue.list().await.unwrap().len(), 3);
}

#[tokio::test]
async fn what_a_sweep_cannot_send_stays_due() {
    let world = World::new().await;
    let worker = Worker {
        queue: Arc::new(NoQueue),
        ..world.worker()
    };
    let store = &world.here.stack.store;
    for user in ["ada", "bob"] {
        let event = welcome(user);
        store
            .spill(event.id, &wire::encode(&event), at(0))
            .await
            .unwrap();
    }
    let swept = worker.sweep().await.unwrap();
    assert_eq!((swept.sent(), swept.left()), (0, 2));
    world.here.clock.advance(HOUR);
    let swept = world.worker().sweep().await.unwrap();
    assert_eq!((swept.sent(), swept.left()), (2, 0));
}
