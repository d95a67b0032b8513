use super::*;
use crate::port::{Parameters, Secrets, Stored};
use crate::testkit::crm::{Asked, Crm, Says};
use crate::testkit::stand_in::{Identity, port};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::Instant;
use usher_events::Personal;

/// Long enough for a busy machine; what hangs has a shorter one.
const PATIENCE: Duration = Duration::from_secs(20);

fn question() -> Question {
    Question {
        email: Personal::new("ada@example.com"),
    }
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint {
        url: url.parse().unwrap(),
        authorization: None,
        timeout: PATIENCE,
    }
}

async fn ask(url: &str) -> Result<Option<String>, FaultKind> {
    answered(&Https::without_secrets(), &endpoint(url)).await
}

async fn answered(https: &Https, endpoint: &Endpoint) -> Result<Option<String>, FaultKind> {
    let answer = https.ask(endpoint, &question()).await;
    let role = answer.map(|answer| answer.role.map(String::from));
    role.map_err(|fault| fault.kind)
}

#[tokio::test]
async fn the_question_is_one_address_and_the_answer_one_role() {
    let crm = Crm::start(Says::role("manager")).await;
    assert_eq!(ask(&crm.url()).await, Ok(Some("manager".to_owned())));
    let asked = Asked {
        line: "POST /usher/role".to_owned(),
        authorization: None,
        body: r#"{"email":"ada@example.com"}"#.to_owned(),
    };
    assert_eq!(crm.take_asked(), [asked]);
}

#[tokio::test]
async fn only_a_readable_answer_with_a_role_or_none_is_one() {
    use FaultKind::{Corrupt, Refused, Throttled, TimedOut, Unavailable};
    let crm = Crm::start(Says::no_role()).await;
    let elsewhere = Crm::start(Says::role("manager")).await;
    let text = |text: &str| Says::Text(text.to_owned());
    let padded = format!("{{\"role\":null}}{}", " ".repeat(LARGEST - 13));
    for (says, expected) in [
        (Says::no_role(), Ok(None)),
        (
            text(r#"{"name":"Ada","role":"user"}"#),
            Ok(Some("user".to_owned())),
        ),
        (text(&padded), Ok(None)),
        (text(&format!("{padded} ")), Err(Corrupt)),
        (Says::Endless, Err(Corrupt)),
        (text(""), Err(Corrupt)),
        (text("{}"), Err(Corrupt)),
        (text(r#"{"role":""}"#), Err(Corrupt)),
        (text(r#"{"role":"a b"}"#), Err(Corrupt)),
        (text(r#"{"role":["manager"]}"#), Err(Corrupt)),
        (text(r#"{"role":"manager""#), Err(Corrupt)),
        (text("<p>manager</p>"), Err(Corrupt)),
        (Says::Status(204), Err(Corrupt)),
        (Says::Elsewhere(elsewhere.url()), Err(Refused)),
        (Says::Status(400), Err(Refused)),
        (Says::Status(401), Err(Refused)),
        (Says::Status(404), Err(Refused)),
        (Says::Status(408), Err(TimedOut)),
        (Says::Status(429), Err(Throttled)),
        (Says::Status(500), Err(Unavailable)),
        (Says::Status(503), Err(Unavailable)),
        (Says::Status(504), Err(TimedOut)),
    ] {
        crm.says(says.clone());
        assert_eq!(ask(&crm.url()).await, expected, "{says:?}");
    }
    assert_eq!(elsewhere.take_asked(), [], "no redirect is followed");
}

#[tokio::test]
async fn who_is_not_there_or_says_nothing_is_not_waited_for() {
    assert_eq!(
        ask("http://127.0.0.1:1/role").await,
        Err(FaultKind::Unavailable)
    );
    let crm = Crm::start(Says::Nothing).await;
    let short = Endpoint {
        timeout: Duration::from_millis(200),
        ..endpoint(&crm.url())
    };
    let begun = Instant::now();
    let answer = answered(&Https::without_secrets(), &short).await;
    assert_eq!(answer, Err(FaultKind::TimedOut));
    assert!(begun.elapsed() < PATIENCE / 2);
}

#[tokio::test]
async fn a_fault_says_nothing_of_question_or_answer() {
    let crm = Crm::start(Says::Text("{\"role\":\"ada lovelace\"}".to_owned())).await;
    let fault = Https::without_secrets()
        .ask(&endpoint(&crm.url()), &question())
        .await;
    let fault = fault.unwrap_err();
    assert_eq!(format!("{fault}"), "lookup.ask: corrupt");
    let call = Call {
        path: "/".to_owned(),
        authorization: Some(Arc::new("Bearer hunter2".into())),
        body: "ada@example.com".to_owned(),
    };
    let shown = format!("{call:?} {:?}", question());
    assert!(
        !shown.contains("ada") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[tokio::test]
async fn whom_nobody_vouches_for_is_not_told_anything() {
    let identity = Identity::new();
    let crm = Crm::over_tls(port(), &identity, Says::role("manager"));
    assert_eq!(ask(&crm.url()).await, Err(FaultKind::Unavailable));
    assert_eq!(crm.take_asked(), []);

    let trust = TrustStore::empty().with_pem_certificate(identity.root());
    let trusting = Https::over(https(trust), None);
    let answer = answered(&trusting, &endpoint(&crm.url())).await;
    assert_eq!(answer, Ok(Some("manager".to_owned())));
    assert_eq!(crm.take_asked().len(), 1);
}

/// Keeps one text under every name, or nothing.
struct Keeper {
    text: Option<&'static str>,
    reads: AtomicUsize,
}

#[async_trait]
impl Parameters for Keeper {
    async fn parameter(&self, name: &str) -> Result<Option<Stored>, Fault> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        Ok(self.text.map(|text| Stored {
            name: name.to_owned(),
            text: text.into(),
            version: "1".to_owned(),
        }))
    }
    async fn under(&self, _: &str) -> Result<Vec<Stored>, Fault> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Secrets for Keeper {
    async fn secret(&self, _: &str) -> Result<Option<Stored>, Fault> {
        Ok(None)
    }
}

fn keeping(text: Option<&'static str>) -> (Https, Arc<Keeper>) {
    let keeper = Arc::new(Keeper {
        text,
        reads: AtomicUsize::new(0),
    });
    let keepers = Keepers {
        parameters: keeper.clone(),
        secrets: keeper.clone(),
    };
    (Https::new(keepers, PATIENCE), keeper)
}

fn authorized(crm: &Crm) -> Endpoint {
    Endpoint {
        authorization: Some("ssm:/crm".parse().unwrap()),
        ..endpoint(&crm.url())
    }
}

#[tokio::test]
async fn the_secret_is_the_whole_value_of_the_header_and_is_read_once() {
    let crm = Crm::start(Says::no_role()).await;
    let (https, keeper) = keeping(Some("Bearer hunter2\n"));
    for _ in 0..3 {
        assert_eq!(answered(&https, &authorized(&crm)).await, Ok(None));
    }
    for asked in crm.take_asked() {
        assert_eq!(asked.authorization.as_deref(), Some("Bearer hunter2"));
    }
    assert_eq!(keeper.reads.load(Ordering::SeqCst), 1);
    // Another policy asks another system, which must not be told.
    let other = Crm::start(Says::no_role()).await;
    assert_eq!(answered(&https, &endpoint(&other.url())).await, Ok(None));
    assert_eq!(other.take_asked()[0].authorization, None);
}

#[tokio::test]
async fn without_the_secret_that_it_has_to_carry_nothing_is_asked() {
    let crm = Crm::start(Says::role("manager")).await;
    for text in [None, Some(""), Some("two\nlines"), Some("\u{fc}ber")] {
        let (https, _) = keeping(text);
        let fault = https.ask(&authorized(&crm), &question()).await;
        assert_eq!(fault, Err(NO_AUTHORIZATION), "{text:?}");
    }
    let fault = Https::without_secrets()
        .ask(&authorized(&crm), &question())
        .await;
    assert_eq!(fault, Err(NO_AUTHORIZATION));
    assert_eq!(crm.take_asked(), []);
}
