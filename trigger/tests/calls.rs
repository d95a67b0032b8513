//! What each trigger costs: the calls to AWS that one invocation makes, through the adapters that
//! are deployed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

use serde_json::value::RawValue;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::clock::WallClock;
use usher_shared::digest::Secret;
use usher_shared::organization::Cache;
use usher_shared::policy::file;
use usher_shared::secret::Kept;
use usher_shared::testkit::stand_in::StandIn;
use usher_shared::{dynamodb, eventbridge, sqs};
use usher_trigger::Trigger;
use usher_trigger::publish::Publisher;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
const README: &str = include_str!("../../README.md");
const POLICY: &str = r#"
sign_up.blocked_domains = ["blocked.example"]
custom_messages.sign_up.en.sms = "your code is {{ code }}"
"#;

/// A trigger on everything that it is deployed on, but for AWS itself.
fn trigger(aws: &StandIn) -> Trigger {
    let clients = Clients::local(&aws.endpoint(), Timeouts::TRIGGER);
    let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    Trigger {
        policy: Arc::new(file::parse(POLICY, Path::new(""), &no_files).unwrap()),
        secret: Kept::given(Secret::new(&[7; 32])),
        publisher: Publisher {
            queue: Arc::new(sqs::WorkQueue::new(&clients, "http://127.0.0.1/0/usher")),
            bus: Arc::new(eventbridge::EventBus::new(&clients, "usher")),
            store: Arc::new(dynamodb::Table::new(&clients, "usher")),
        },
        organizations: Cache::default(),
        clock: Arc::new(WallClock),
    }
}

/// Gives a trigger one event and says what it called: each operation as often as it was.
async fn calls(trigger: &Trigger, aws: &StandIn, event: &str) -> Vec<String> {
    let event: &RawValue = serde_json::from_str(event).unwrap();
    trigger.handle(event, "b9c8a8c6-aaaa").await;
    let calls = aws.take_calls().into_iter();
    calls
        .flat_map(|(operation, count)| vec![operation; count])
        .collect()
}

/// What the README says that one invocation of a source calls.
fn documented(source: &str) -> Vec<String> {
    let (trigger, how) = source.split_once('_').unwrap();
    let (trigger, how) = (format!("| `{trigger}_` "), format!("`{how}`"));
    let mut rows = README.lines().filter(|row| row.starts_with(&trigger));
    let row = rows.find(|row| {
        row.split(" | ")
            .next()
            .is_some_and(|cell| cell.contains(&how))
    });
    // What is no source of Cognito's is not listed, and goes back as it came.
    let calls = row.and_then(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let words = calls.unwrap_or_default().split('`').skip(1).step_by(2);
    words.map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn every_trigger_calls_what_the_readme_says() {
    let aws = StandIn::start().await;
    let trigger = trigger(&aws);
    let mut checked = 0;
    for fixture in fs::read_dir(FIXTURES).unwrap() {
        let path = fixture.unwrap().path();
        let source = path.file_stem().unwrap().to_str().unwrap();
        let event = fs::read_to_string(&path).unwrap();
        assert_eq!(
            calls(&trigger, &aws, &event).await,
            documented(source),
            "{source}"
        );
        checked += 1;
    }
    assert!(checked > 0, "there are fixtures");
}

#[tokio::test]
async fn a_refused_sign_up_costs_one_read_of_how_often_that_was() {
    let aws = StandIn::start().await;
    let event = fs::read_to_string(format!("{FIXTURES}/PreSignUp_SignUp.json")).unwrap();
    let refused = event.replace("example.com", "blocked.example");
    let calls = calls(&trigger(&aws), &aws, &refused).await;
    assert_eq!(calls, ["GetItem", "SendMessage"]);
}
