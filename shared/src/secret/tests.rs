use super::*;
use crate::disposition::FaultKind;
use crate::port::Stored;
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, advance, timeout};

const DOWN: Fault = Fault {
    operation: "keeper.read",
    kind: FaultKind::Unavailable,
};
const LIFETIME: Duration = Duration::from_mins(10);

/// What a keeper does when it is asked.
#[derive(Clone, Copy)]
enum Answer {
    Text(&'static str),
    Nothing,
    Down,
    Hangs,
}

/// Answers as it was told to, and then as the last time. Keeps the names that it was asked for.
#[derive(Default)]
struct Keeper {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<String>>,
}

impl Keeper {
    fn that(answers: &[Answer]) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.iter().copied().collect()),
            asked: Mutex::default(),
        })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn answer(&self, name: &str) -> Result<Option<Stored>, Fault> {
        self.asked.lock().unwrap().push(name.to_owned());
        let answer = {
            let mut answers = self.answers.lock().unwrap();
            let first = *answers.front().expect("a keeper is told what to say");
            if answers.len() > 1 {
                answers.pop_front();
            }
            first
        };
        match answer {
            Answer::Text(text) => Ok(Some(Stored {
                name: name.to_owned(),
                text: text.into(),
                version: text.len().to_string(),
            })),
            Answer::Nothing => Ok(None),
            Answer::Down => Err(DOWN),
            Answer::Hangs => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Parameters for Keeper {
    async fn parameter(&self, name: &str) -> Result<Option<Stored>, Fault> {
        self.answer(&format!("parameter {name}")).await
    }
    async fn under(&self, _: &str) -> Result<Vec<Stored>, Fault> {
        panic!("a secret is one parameter")
    }
}

#[async_trait]
impl Secrets for Keeper {
    async fn secret(&self, id: &str) -> Result<Option<Stored>, Fault> {
        self.answer(&format!("secret {id}")).await
    }
}

fn keepers(keeper: &Arc<Keeper>) -> Keepers {
    Keepers {
        parameters: keeper.clone(),
        secrets: keeper.clone(),
    }
}

/// A secret that is a number.
fn kept(keeper: &Arc<Keeper>) -> Kept<u32> {
    let reference = "secretsmanager:usher/number".parse().unwrap();
    Kept::named(reference, keepers(keeper), LIFETIME, |text| {
        text.parse().ok()
    })
}

fn value(kept: &Kept<u32>) -> Option<u32> {
    kept.current().map(|value| *value)
}

/// Lets what was begun beside go on to its end, or to where it hangs.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
        advance(Duration::from_micros(500)).await;
    }
}

#[tokio::test]
async fn a_reference_says_where_and_reads_as_it_was_written() {
    for (text, asked) in [
        ("secretsmanager:usher/digest", "secret usher/digest"),
        (
            "secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:usher-AbCdEf",
            "secret arn:aws:secretsmanager:eu-west-1:1:secret:usher-AbCdEf",
        ),
        ("ssm:/usher/digest", "parameter /usher/digest"),
        ("ssm:/usher/digest:3", "parameter /usher/digest:3"),
        (
            "ssm:arn:aws:ssm:eu-west-1:1:parameter/usher",
            "parameter arn:aws:ssm:eu-west-1:1:parameter/usher",
        ),
    ] {
        let reference: SecretRef = text.parse().unwrap();
        assert_eq!(reference.to_string(), text);
        let keeper = Keeper::that(&[Answer::Text("7")]);
        let read = reference.read(&keepers(&keeper)).await;
        assert_eq!(read.unwrap().0.expose_secret(), "7");
        assert_eq!(keeper.asked(), [asked]);
    }
}

#[test]
fn what_looks_like_a_value_is_refused_and_not_repeated() {
    for text in [
        "",
        "hunter2",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "https://example.com/hunter2",
        "ssm:",
        "ssm:/usher/digest#hunter2",
        "secretsmanager:",
        "secretsmanager:#hunter2",
        "secretsmanager:usher#",
        "secretsmanager:usher hunter2",
        "ssm:hunter2\n",
        "vault:hunter2",
    ] {
        let error = text.parse::<SecretRef>().expect_err(text).to_string();
        assert!(!error.contains("hunter2") && error.contains("secretsmanager:NAME"));
    }
}

#[tokio::test]
async fn a_key_picks_one_text_out_of_a_json_object() {
    let json = r#"{"user":"ada","password":"hunter\"2","port":5432}"#;
    for (key, expected) in [
        ("password", Ok("hunter\"2")),
        ("user", Ok("ada")),
        ("port", Err(Unread::NoSuchKey)),
        ("none", Err(Unread::NoSuchKey)),
    ] {
        let keeper = Keeper::that(&[Answer::Text(json)]);
        let reference: SecretRef = format!("secretsmanager:db#{key}").parse().unwrap();
        let read = reference.read(&keepers(&keeper)).await;
        let read = read.map(|(text, _)| text.expose_secret().to_owned());
        assert_eq!(read, expected.map(ToOwned::to_owned), "{key}");
        assert_eq!(keeper.asked(), ["secret db"]);
    }
    let keeper = Keeper::that(&[Answer::Text("no json")]);
    let reference: SecretRef = "secretsmanager:db#user".parse().unwrap();
    let read = reference.read(&keepers(&keeper)).await;
    assert_eq!(read.unwrap_err(), Unread::NoSuchKey);
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let stored = Stored {
        name: "n".to_owned(),
        text: "hunter2".into(),
        version: "1".to_owned(),
    };
    let kept = Kept::given("hunter2");
    assert!(!format!("{stored:?} {kept:?}").contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn it_is_read_once_in_a_lifetime_and_anew_beside_the_answers() {
    let keeper = Keeper::that(&[Answer::Text("1"), Answer::Text("22")]);
    let kept = kept(&keeper);
    assert_eq!(value(&kept), None);
    assert_eq!(kept.get().await.as_deref(), Some(&1));
    for _ in 0..5 {
        kept.refresh_soon();
        assert_eq!(kept.get().await.as_deref(), Some(&1));
        settle().await;
    }
    assert_eq!(keeper.asked().len(), 1);

    advance(2 * LIFETIME).await;
    kept.refresh_soon();
    assert_eq!(value(&kept), Some(1), "nobody waits for it");
    settle().await;
    assert_eq!(value(&kept), Some(22));
    assert_eq!(keeper.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_outlives_its_lifetime_while_there_is_nothing_better() {
    for worse in [
        Answer::Down,
        Answer::Nothing,
        Answer::Hangs,
        Answer::Text("not a number"),
    ] {
        let keeper = Keeper::that(&[Answer::Text("1"), worse]);
        let kept = kept(&keeper);
        assert_eq!(kept.get().await.as_deref(), Some(&1));
        for round in 2..5 {
            advance(2 * LIFETIME).await;
            kept.refresh_soon();
            settle().await;
            advance(Duration::from_secs(5)).await;
            settle().await;
            assert_eq!(value(&kept), Some(1));
            assert!(keeper.asked().len() >= round, "it is tried again");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_there_is_none_each_who_needs_it_tries_and_none_waits_longer_than_he_will() {
    let keeper = Keeper::that(&[
        Answer::Hangs,
        Answer::Down,
        Answer::Nothing,
        Answer::Text("1"),
    ]);
    let kept = kept(&keeper);
    let start = Instant::now();
    let limit = Duration::from_millis(800);
    assert!(timeout(limit, kept.get()).await.is_err());
    assert_eq!(start.elapsed(), limit);
    assert!(kept.get().await.is_none());
    assert!(kept.get().await.is_none());
    assert_eq!(kept.get().await.as_deref(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_was_frozen_is_begun_again_when_the_function_runs_again() {
    let keeper = Keeper::that(&[Answer::Text("1"), Answer::Hangs, Answer::Text("22")]);
    let kept = kept(&keeper);
    kept.get().await;
    advance(2 * LIFETIME).await;
    kept.refresh_soon();
    settle().await;
    // Lambda freezes the function here, and thaws it for the next call an hour later.
    advance(Duration::from_hours(1)).await;
    settle().await;
    assert_eq!(value(&kept), Some(22));
}
