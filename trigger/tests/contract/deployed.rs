//! From start to answers: which policy decides, and what a start that finds everything down costs.

use crate::listen::listen;
use crate::world::{fixture, raw};
use lambda_runtime::{Context, LambdaEvent};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, advance};
use usher_shared::aws::Timeouts;
use usher_shared::config::{Config, Environment};
use usher_shared::testkit::http::{self, Behavior, Outcome};
use usher_trigger::{Deployed, Refusal, lambda, wiring};

const PACKAGED: &str = "[sign_up]\nblocked_domains = ['example.com']\n";
const SECRET: &str =
    r#"{"Name":"x","VersionId":"1","SecretString":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
const OPEN: &str = r#"{"Parameter":{"Name":"/p","Value":"[sign_up]\nblocked_domains = ['b.example']","Version":2}}"#;
const BROKEN: &str =
    r#"{"Parameter":{"Name":"/p","Value":"[sign_up]\nblocked_domain = 1","Version":3}}"#;

fn config() -> Config {
    let variable = |key: &str| {
        let value = match key {
            "REGION" => "eu-west-1",
            "USHER_TABLE" | "USHER_BUS" => "usher",
            "USHER_QUEUE_URL" => "https://sqs.eu-west-1.amazonaws.com/1/usher",
            "USHER_SECRET" => "secretsmanager:usher/digest",
            "USHER_POLICY" => "ssm:/usher/policy",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let file = |_: &Path| Ok(PACKAGED.to_owned());
    Config::from_lookup(&variable, &file).unwrap()
}

async fn sign_up(deployed: &Arc<Deployed>) -> Result<(), Refusal> {
    let event = LambdaEvent::new(
        raw(&fixture("PreSignUp_SignUp")).to_owned(),
        Context::default(),
    );
    let answer = lambda::one(Arc::clone(deployed), Environment::Dev, event).await;
    answer.map(|_| ())
}

/// Lets what was begun beside the answers go on to its end, or to where it hangs.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
        advance(Duration::from_micros(500)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_finds_everything_down_is_short_and_answers_by_the_packages_policy() {
    for behavior in [
        Behavior::Hangs,
        Behavior::RefusesConnection,
        Behavior::Breaks,
    ] {
        let start = Instant::now();
        let clients = http::clients(behavior, Timeouts::TRIGGER);
        let deployed = Arc::new(Box::pin(wiring::on(&clients, config())).await.unwrap());
        let started = start.elapsed();
        assert!(
            started <= Duration::from_millis(500),
            "{behavior:?}: {started:?}"
        );

        let refused = sign_up(&deployed).await.unwrap_err();
        assert_eq!(refused.text(), "Sign-up is not possible with these details");
        let answered = start.elapsed();
        assert!(
            answered <= Duration::from_millis(3_000),
            "{behavior:?}: {answered:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn each_answer_is_by_the_policy_in_force_and_the_log_says_which() {
    let (log, _guard) = listen();
    let said = Arc::new(Mutex::new(Behavior::Breaks));
    let parameter = Arc::clone(&said);
    let script = move |call: &http::Call| {
        Outcome::Ends(match call.operation.as_str() {
            "GetParameter" => *parameter.lock().unwrap(),
            "GetSecretValue" => Behavior::Answers(SECRET),
            _ => Behavior::Denies,
        })
    };
    let clients = http::scripted("http://127.0.0.1:1", Timeouts::TRIGGER, script);
    let deployed = Arc::new(Box::pin(wiring::on(&clients, config())).await.unwrap());

    // The package's, because the store is down; and beside that answer the store is asked again.
    *said.lock().unwrap() = Behavior::Answers(OPEN);
    assert!(sign_up(&deployed).await.is_err());
    settle().await;
    assert!(
        sign_up(&deployed).await.is_ok(),
        "the parameter's is in force"
    );

    *said.lock().unwrap() = Behavior::Answers(BROKEN);
    for _ in 0..3 {
        advance(Duration::from_mins(2)).await;
        assert!(
            sign_up(&deployed).await.is_ok(),
            "a broken version changes nothing"
        );
        settle().await;
    }
    let lines = log.lines();
    let answers: Vec<&str> = lines
        .iter()
        .filter(|line| line["fields"]["message"] == "Answered a trigger")
        .map(|line| line["span"]["policy.version"].as_str().unwrap())
        .collect();
    let by = |name: &str| answers.iter().filter(|by| by.starts_with(name)).count();
    assert_eq!(
        (answers.len(), by("package-"), by("2-")),
        (5, 1, 4),
        "{answers:?}"
    );
    let errors = lines.iter().filter(|line| {
        line["fields"]["message"] == "A new policy has problems; the one in force stays"
    });
    assert_eq!(errors.count(), 1, "it is spoken of once");
}
