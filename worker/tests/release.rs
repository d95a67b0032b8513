//! What is true of the worker as it ships, and of the same with a panic planted in it. Builds
//! release binaries, and so runs only when asked to, with the feature `release-tests`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;
use usher_events::Sub;
use usher_shared::port::Store;
use usher_shared::testkit::runtime_api::{Answer, Function, RuntimeApi};
use usher_shared::testkit::stand_in::StandIn;
use usher_shared::testkit::{TestStack, shipped, stack};

static WITH_FAULTS: LazyLock<PathBuf> = LazyLock::new(|| shipped::with_faults("usher-worker"));

/// What the function is deployed with.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Where a panic is planted, in the order in which a message comes by.
const PLACES: [&str; 8] = [
    "received",
    "appended",
    "claimed",
    "prepared",
    "mail_begun",
    "mail_sent",
    "closed",
    "published",
];

/// Whose message meets the panic.
const POISONED: &str = "11111111-7b44-4c1d-9f5e-2d8a6b90c1f7";
const OTHERS: [&str; 2] = [
    "22222222-7b44-4c1d-9f5e-2d8a6b90c1f7",
    "33333333-7b44-4c1d-9f5e-2d8a6b90c1f7",
];

/// Parts of the values in the fixture that must not be in a log, in small letters.
const PERSONAL: [&str; 4] = ["ada.example", "beispiel", "12025550143", "vienna"];

const POLICY: &str = r#"
[mail]
from = "welcome@usher.example"
app_url = "https://app.example"

[trusted_providers]
ExampleOIDC = ["example.com"]
"#;

/// A message of SQS's with the confirmation of one user's sign-up.
fn confirmed(sub: &str) -> Value {
    let fixture = include_str!("../../events/fixtures/sign_up_confirmed.v1.json");
    let mut event: Value = serde_json::from_str(fixture).unwrap();
    event["subject"] = json!(sub);
    event["id"] = json!(format!("{}-66e8-54dd-a4b0-a7935ffabb79", &sub[..8]));
    json!({
        "messageId": sub,
        "body": event.to_string(),
        "attributes": { "ApproximateReceiveCount": "1" },
    })
}

/// A worker that runs as Lambda runs it, and that panics once, over the message of one user.
struct Planted {
    api: RuntimeApi,
    aws: StandIn,
    here: TestStack,
    log: PathBuf,
    _function: Function,
}

impl Planted {
    async fn at(place: &str, test: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{place}"));
        fs::create_dir_all(&directory).unwrap();
        let [policy, log] = ["usher.toml", "log"].map(|name| directory.join(name));
        fs::write(&policy, POLICY).unwrap();
        let api = RuntimeApi::start_with(TIME_LIMIT).await;
        let (aws, here) = (StandIn::start().await, stack().await);
        let database = here.stack.database.endpoint().to_owned();
        let queue = "http://127.0.0.1/0/usher".to_owned();
        let environment = [
            ("AWS_ENDPOINT_URL", aws.endpoint()),
            ("AWS_ENDPOINT_URL_DYNAMODB", database),
            ("USHER_TABLE", here.stack.store.name().to_owned()),
            ("USHER_DEAD_LETTER_URL", format!("{queue}-dead-letters")),
            ("USHER_QUEUE_URL", queue),
            ("USHER_BUS", "usher".to_owned()),
            ("USHER_SECRET", format!("{}=", "A".repeat(43))),
            ("USHER_POLICY", policy.to_str().unwrap().to_owned()),
            ("USHER_LOG", "trace".to_owned()),
            ("USHER_FAULT", format!("panic:{place}@{POISONED}")),
        ];
        let environment = environment
            .each_ref()
            .map(|(key, value)| (*key, value.as_str()));
        let output = Stdio::from(File::create(&log).unwrap());
        let bootstrap = shipped::logging_everything(&WITH_FAULTS, &directory);
        let function = Function::start_logging_to(&api, &bootstrap, &environment, output);
        Self {
            api,
            aws,
            here,
            log,
            _function: function,
        }
    }

    /// Gives it a batch and says which messages are to come again.
    async fn failures(&self, subs: &[&str]) -> Vec<String> {
        let records: Vec<Value> = subs.iter().map(|sub| confirmed(sub)).collect();
        let batch = json!({ "Records": records }).to_string();
        let Some(Answer::Response(text)) = self.api.invoke(&batch).await else {
            panic!("a worker answers every batch");
        };
        let answer: Value = serde_json::from_str(&text).unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap().iter();
        let ids = failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned());
        ids.collect()
    }

    /// Whether the user's confirmation is in the user item.
    async fn has_folded(&self, sub: &str) -> bool {
        let item = self.here.stack.store.glance(&Sub::new(sub).unwrap()).await;
        item.unwrap()
            .is_some_and(|item| item.user.confirmed_at.is_some())
    }

    /// Checks what it wrote: one panic without its text, and nobody's values.
    fn check_log(&self) {
        let log = fs::read_to_string(&self.log).unwrap();
        let panics = log.matches("its text is not shown").count();
        assert_eq!(panics, 1, "a panic says where it was, once:\n{log}");
        assert!(
            !log.contains("planted at"),
            "a panic's text is in the log:\n{log}"
        );
        let small = log.to_lowercase();
        for personal in PERSONAL {
            assert!(
                !small.contains(personal),
                "{personal} is in the log:\n{log}"
            );
        }
    }
}

#[test]
fn what_ships_has_no_fault_to_plant() {
    let binary = fs::read(shipped::release("usher-worker")).unwrap();
    assert_eq!(shipped::fault_markers(&binary), Vec::<&str>::new());
    let planted = fs::read(&*WITH_FAULTS).unwrap();
    assert_ne!(
        shipped::fault_markers(&planted),
        Vec::<&str>::new(),
        "the markers mark nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_its_own_message_alone() {
    for place in PLACES {
        let worker = Planted::at(place, "alone").await;
        let failed = worker.failures(&[OTHERS[0], POISONED, OTHERS[1]]).await;
        assert_eq!(failed, [POISONED], "at {place}");
        for other in OTHERS {
            assert!(worker.has_folded(other).await, "at {place}: {other}");
        }
        worker.check_log();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_met_a_panic_is_done_when_it_comes_again() {
    for place in PLACES {
        let worker = Planted::at(place, "again").await;
        assert_eq!(worker.failures(&[POISONED]).await, [POISONED], "at {place}");
        assert_eq!(
            worker.failures(&[POISONED]).await,
            Vec::<String>::new(),
            "at {place}"
        );
        assert!(worker.has_folded(POISONED).await, "at {place}");
        // The one window: the mail is accepted, and nobody has written that down.
        let mails = if place == "mail_sent" { 2 } else { 1 };
        let sent = worker.aws.take_calls().get("SendEmail").copied();
        assert_eq!(sent, Some(mails), "at {place}");
        worker.check_log();
    }
}
