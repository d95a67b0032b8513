//! What is true of the trigger as it ships, and of the same with a panic planted in it. Builds
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
use usher_shared::testkit::runtime_api::{Answer, Function, RuntimeApi};
use usher_shared::testkit::shipped;
use usher_shared::testkit::stand_in::StandIn;

static SHIPPED: LazyLock<PathBuf> = LazyLock::new(|| shipped::release("usher-trigger"));
static WITH_FAULTS: LazyLock<PathBuf> = LazyLock::new(|| shipped::with_faults("usher-trigger"));

/// The largest that the trigger may be: Lambda fetches and maps it at every cold start.
const LARGEST: u64 = 12 * 1024 * 1024;

/// Parts of the values in the fixtures that must not be in a log, in small letters.
const PERSONAL: [&str; 4] = ["canary", "example.com", "15550100199", "108123"];

const GATED: &str = r#"sign_up.allowed_domains = ["example.com"]"#;
const OPEN: &str = "";
const TRY_AGAIN: &str = "Please try again in a moment";

/// A trigger that runs as Lambda runs it, with a fault planted.
struct Planted {
    api: RuntimeApi,
    aws: StandIn,
    _function: Function,
    log: PathBuf,
}

impl Planted {
    /// Starts one that panics at this place, under this policy.
    async fn at(place: &str, policy: &str, test: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        fs::create_dir_all(&directory).unwrap();
        let [policy_file, log] = ["usher.toml", "log"].map(|name| directory.join(name));
        fs::write(&policy_file, policy).unwrap();
        let (api, aws) = (RuntimeApi::start().await, StandIn::start().await);
        let environment = [
            ("AWS_ENDPOINT_URL", aws.endpoint()),
            ("USHER_TABLE", "usher".to_owned()),
            ("USHER_QUEUE_URL", "http://127.0.0.1/0/usher".to_owned()),
            ("USHER_BUS", "usher".to_owned()),
            (
                "USHER_SECRET",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
            ),
            ("USHER_POLICY", policy_file.to_str().unwrap().to_owned()),
            ("USHER_LOG", "trace".to_owned()),
            ("USHER_FAULT", place.to_owned()),
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
            _function: function,
            log,
        }
    }

    /// Gives it an event. An answer is JSON, and so is an error.
    async fn answer(&self, event: &str) -> Result<Value, Value> {
        let json = |text: String| serde_json::from_str(&text).unwrap();
        match self.api.invoke(event).await.unwrap() {
            Answer::Response(text) => Ok(json(text)),
            Answer::Error(text) => Err(json(text)),
        }
    }

    /// What it logged and wrote, checked for what may never be there.
    fn log(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap();
        let small = log.to_lowercase();
        for personal in PERSONAL {
            assert!(
                !small.contains(personal),
                "{personal} is in the log:\n{log}"
            );
        }
        assert!(
            !log.contains("planted at"),
            "a panic's text is in the log:\n{log}"
        );
        log
    }
}

fn fixture(source: &str) -> String {
    let path = format!("{}/fixtures/{source}.json", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap()
}

fn parsed(source: &str) -> Value {
    serde_json::from_str(&fixture(source)).unwrap()
}

/// Every fixture of the triggers that usher decides on, by the beginning of its name.
fn sources(beginnings: &[&str]) -> Vec<String> {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| name.strip_suffix(".json").map(ToOwned::to_owned));
    let ours = |name: &String| beginnings.iter().any(|begin| name.starts_with(begin));
    let sources: Vec<String> = names.filter(ours).collect();
    assert!(!sources.is_empty(), "{beginnings:?}");
    sources
}

fn refusal() -> Value {
    json!({ "errorType": "Refused", "errorMessage": TRY_AGAIN })
}

#[test]
fn what_ships_is_small_and_has_no_fault_to_plant() {
    let binary = fs::read(&*SHIPPED).unwrap();
    let size = u64::try_from(binary.len()).unwrap();
    assert!(size < LARGEST, "the trigger has {size} bytes");
    assert_eq!(shipped::fault_markers(&binary), Vec::<&str>::new());
    let planted = fs::read(&*WITH_FAULTS).unwrap();
    assert_ne!(
        shipped::fault_markers(&planted),
        Vec::<&str>::new(),
        "the markers mark nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_refuses_a_sign_up_where_the_policy_goes_by_domain() {
    let trigger = Planted::at("decide", GATED, "gated").await;
    for source in sources(&["PreSignUp"]) {
        assert_eq!(
            trigger.answer(&fixture(&source)).await,
            Err(refusal()),
            "{source}"
        );
    }
    assert!(trigger.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_passes_what_nothing_gates() {
    let trigger = Planted::at("decide", OPEN, "open").await;
    let sources = sources(&[
        "PreSignUp",
        "PreAuthentication",
        "PostConf",
        "PostAuth",
        "TokenGen",
    ]);
    for source in &sources {
        assert_eq!(
            trigger.answer(&fixture(source)).await,
            Ok(parsed(source)),
            "{source}"
        );
    }
    let log = trigger.log();
    let panics = log.matches("its text is not shown").count();
    assert_eq!(
        panics,
        sources.len(),
        "each panic says where it was, once:\n{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_refuses_a_sign_in_where_the_policy_wants_a_table_that_answers() {
    let policy = r#"sign_in.when_store_is_down = "refuse""#;
    let trigger = Planted::at("decide", policy, "sign-in").await;
    let source = "PreAuthentication_Authentication";
    assert_eq!(trigger.answer(&fixture(source)).await, Err(refusal()));
    trigger.log();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_leaves_a_token_the_policys_suppressions_and_nothing_else() {
    let policy = r#"tokens.suppress = ["email"]"#;
    let trigger = Planted::at("decide", policy, "token").await;
    let suppressed = json!({ "claimsToSuppress": ["email"] });
    let both = json!({ "idTokenGeneration": suppressed, "accessTokenGeneration": suppressed });
    for (source, member, section) in [
        (
            "TokenGeneration_AuthenticateDevice",
            "claimsOverrideDetails",
            &suppressed,
        ),
        (
            "TokenGeneration_RefreshTokens",
            "claimsAndScopeOverrideDetails",
            &both,
        ),
    ] {
        let mut expected = parsed(source);
        expected["response"][member] = section.clone();
        assert_eq!(
            trigger.answer(&fixture(source)).await,
            Ok(expected),
            "{source}"
        );
    }
    trigger.log();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_while_publishing_changes_no_answer_and_is_counted() {
    let trigger = Planted::at("publish", OPEN, "publish").await;
    let sources = sources(&["PreSignUp", "PostConfirmation", "PostAuthentication"]);
    for source in &sources {
        assert_eq!(
            trigger.answer(&fixture(source)).await,
            Ok(parsed(source)),
            "{source}"
        );
    }
    assert_eq!(
        trigger.log().matches("\"unpublished\":1").count(),
        sources.len()
    );
    assert_eq!(trigger.aws.take_calls().get("SendMessage"), None);
}
