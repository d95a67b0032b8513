//! Nothing personal anywhere but in the log, the user item, the preferences and the mail.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod common;

use common::fakes::{Line, NoQueue, Post};
use common::{POLICY, World, at, confirmed, password_reset, person, policy, signed_in, work};
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use usher_events::{Envelope, LifecycleEvent, Person, Personal, wire};
use usher_shared::disposition::FaultKind;
use usher_shared::policy::MailTemplate;
use usher_shared::port::MailError;
use usher_shared::testkit::Log;
use usher_shared::testkit::crm::{Crm, Says};
use usher_worker::Worker;

/// Values that are nowhere else, and what of them could be found.
const CANARIES: [&str; 6] = [
    "canary",
    "tweety",
    "436760000777",
    "xq-sylvester",
    "pacific/kiritimati",
    "aviary",
];

fn canary() -> Person {
    let text = |text| Some(Personal::new(text));
    Person {
        email: text("Canary@home.example"),
        email_verified: true,
        phone_number: text("+43 676 0000777"),
        phone_number_verified: true,
        given_name: text("Tweety"),
        family_name: text("Xq-Sylvester"),
        locale: text("de-AT"),
        zoneinfo: text("Pacific/Kiritimati"),
        department: text("Aviary"),
        ..Person::default()
    }
}

fn assert_silent(what: &str, text: &str) {
    let small = text.to_lowercase();
    for canary in CANARIES {
        assert!(!small.contains(canary), "{canary} is in {what}:\n{text}");
    }
}

/// Everything that our own code says, on this thread, in every detail.
fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let form = tracing_subscriber::fmt::layer()
        .json()
        .with_span_list(true)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(log.clone())
        .with_filter(LevelFilter::TRACE)
        .with_filter(filter_fn(|metadata| metadata.target().starts_with("usher")));
    let subscriber = tracing_subscriber::registry().with(form);
    (log, Log::listen(subscriber))
}

fn events() -> [Envelope<LifecycleEvent>; 3] {
    [
        confirmed("u-1", canary()),
        signed_in("u-1", canary(), at(60)),
        password_reset("u-1", canary(), at(120)),
    ]
}

/// Messages that cannot be read, each with the canary in it.
fn unreadable() -> Vec<String> {
    let text = wire::encode(&events()[0]);
    vec![
        text.replace("\"specversion\"", "\"Canary@home.example\""),
        text.replace("usher.sign_up_confirmed", "usher.Tweety"),
        text.replace("\"u-1\"", "\"u 1 Canary@home.example\""),
        text.replace("\"email\":", "\"Tweety\":"),
        text.replace(":1\"", ":Tweety\""),
        text[..text.len() / 2].to_owned(),
        "Tweety Xq-Sylvester <Canary@home.example>".to_owned(),
    ]
}

#[tokio::test]
async fn a_user_who_is_well_leaves_nothing_personal_outside_the_places_for_it() {
    let (log, _guard) = listen();
    let world = World::new().await;
    let worker = world.worker();
    let bodies: Vec<String> = events().iter().map(wire::encode).collect();
    for _ in 0..2 {
        let outcomes = work(&worker, &bodies).await;
        assert_silent("an outcome", &format!("{outcomes:?}"));
    }
    assert_eq!(world.mails().len(), 2);

    for item in world.items().await {
        for key in ["PK", "SK", "due_shard", "due_at"] {
            assert_silent(key, &format!("{:?}", item.get(key)));
        }
        let sk = item["SK"].as_s().unwrap();
        if sk.starts_with("E#") {
            assert_silent("a commit", &format!("{item:?}"));
        }
    }
    let told: Vec<String> = world.told().iter().map(ToString::to_string).collect();
    assert_silent("the bus", &told.join("\n"));
    let outbox = world.here.stack.outbox.directory().read_dir().unwrap();
    for file in outbox {
        assert_silent("a file's name", &format!("{:?}", file.unwrap().file_name()));
    }
    let log = log.text();
    assert!(log.contains("\"new\""), "spans are heard: {log}");
    assert_silent("the log", &log);
}

#[tokio::test]
async fn nothing_that_goes_wrong_says_whom_it_happened_to() {
    let (log, _guard) = listen();
    // Fine for everybody but who is called Tweety, and so found by no check.
    let template = MailTemplate {
        readers: usher_shared::policy::mails::Readers {
            mail: usher_shared::policy::MailKind::Welcome,
            locale: None,
            account_type: None,
            source: None,
        },
        subject: "Hi".to_owned(),
        text: "{% if first_name == 'Tweety' %}{{ first_name.nothing }}{% endif %}".to_owned(),
        html: "<p>Hi</p>".to_owned(),
    };
    let mut rules = policy(POLICY);
    rules.mail.templates.push(template);
    let bodies: Vec<String> = events().iter().map(wire::encode).collect();
    let world = World::under(rules).await;
    let post = |kind, times| Arc::new(Post::out(kind, times));
    let rejecting = Arc::new(Post::failing([MailError::Rejected]));
    let workers = [
        world.worker(),
        Worker {
            mailer: post(FaultKind::Refused, 1),
            ..world.worker()
        },
        Worker {
            mailer: post(FaultKind::TimedOut, 1),
            bus: Arc::new(Line::refusing("u-1", FaultKind::Refused)),
            ..world.worker()
        },
        Worker {
            dead_letters: Arc::new(NoQueue),
            queue: Arc::new(NoQueue),
            ..world.worker()
        },
        Worker {
            mailer: rejecting,
            bus: Arc::new(Line {
                breaking: true,
                ..Line::default()
            }),
            ..world.worker()
        },
    ];
    for worker in &workers {
        let outcomes = work(worker, &[bodies.clone(), unreadable()].concat()).await;
        assert_silent("an outcome", &format!("{outcomes:?}"));
        world.here.clock.advance(Duration::from_secs(3600));
        worker.sweep().await.unwrap();
    }
    for dead in world.here.stack.dead_letters.list().await.unwrap() {
        assert_silent("a cause", &format!("{:?}", dead.cause.unwrap()));
    }
    let log = log.text();
    for said in [
        "set aside in the dead letters",
        "set aside until later",
        "cannot be made",
        "has to come again",
        "made the worker panic",
        "The dead-letter queue takes nothing",
    ] {
        assert!(log.contains(said), "nobody said {said:?}: {log}");
    }
    assert_silent("the log", &log);
}

#[tokio::test]
async fn nothing_that_becomes_of_a_question_says_whom_it_was_about() {
    let (log, _guard) = listen();
    let crm = Crm::start(Says::role("Tweety")).await;
    let url = crm.url();
    let lookup = format!("[lookup]\nurl = '{url}'\nroles = ['manager']\ntimeout_ms = 5000\n");
    let world = World::under(policy(&format!("{POLICY}\n{lookup}"))).await;
    let worker = world.worker();
    let garbage = Says::Text("Canary@home.example".to_owned());
    for (second, says) in [
        (10, None),
        (20, Some(garbage)),
        (30, Some(Says::Status(500))),
    ] {
        says.into_iter().for_each(|says| crm.says(says));
        for minute in 0..3 {
            let event = signed_in("u-1", canary(), at(60 * minute + second));
            let outcomes = work(&worker, &[wire::encode(&event)]).await;
            assert_silent("an outcome", &format!("{outcomes:?}"));
        }
    }
    let questions = crm.take_asked();
    assert!(
        questions
            .iter()
            .all(|asked| asked.body == "{\"email\":\"canary@home.example\"}")
    );
    let log = log.text();
    for said in [
        "gave a role that is not in lookup.roles",
        "A lookup was not answered",
        "A service is not called for a while",
    ] {
        assert!(log.contains(said), "nobody said {said:?}: {log}");
    }
    assert_silent("the log", &log);
}

#[tokio::test]
async fn a_mails_tags_and_its_shape_in_a_log_hold_nothing_personal() {
    let world = World::new().await;
    let post = Arc::new(Post::default());
    let worker = Worker {
        mailer: post.clone(),
        ..world.worker()
    };
    work(&worker, &[wire::encode(&events()[0])]).await;
    let accepted = post.accepted.lock().unwrap();
    assert_eq!(accepted[0].to.expose(), "canary@home.example");
    assert_silent("a mail's tags", &format!("{:?}", accepted[0].tags));
    assert_silent("a mail's shape", &format!("{:?}", accepted[0]));
}

#[test]
fn the_canaries_can_be_heard() {
    let text = wire::encode(&events()[0]).to_lowercase().replace(' ', "");
    for canary in CANARIES {
        assert!(text.contains(canary), "{canary}: {text}");
    }
    let other = wire::encode(&confirmed("u-1", person("ada@home.example")));
    assert_silent("another event", &other);
}
