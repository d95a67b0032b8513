//! Secrets Manager or the parameter store is down when the function starts.

use super::*;
use usher_shared::digest::Secret;
use usher_shared::secret::{Keepers, Kept};
use usher_shared::secrets_manager::SecretsManager;
use usher_shared::ssm::ParameterStore;
use usher_shared::testkit::Log;

/// A trigger whose secret cannot be read, on places that are well.
fn without_the_secret(text: &str, behavior: Behavior, name: &str, well: &Arc<Places>) -> Trigger {
    let clients = http::clients(behavior, Timeouts::TRIGGER);
    let keepers = Keepers {
        parameters: Arc::new(ParameterStore::new(&clients)),
        secrets: Arc::new(SecretsManager::new(&clients)),
    };
    let lifetime = Duration::from_mins(15);
    let reference = name.parse().unwrap();
    Trigger {
        secret: Kept::named(reference, keepers, lifetime, Secret::from_base64),
        ..trigger(policy(text), well)
    }
}

/// Handles an event in every way in which the secret can be missing.
async fn each_way_without(text: &str, event: &str, check: impl Fn(&Handled, &Places, &Log)) {
    let unfit = [
        Behavior::Answers(r#"{"Name":"x","VersionId":"1","SecretString":"short"}"#),
        Behavior::Refuses("ResourceNotFoundException"),
        Behavior::Refuses("ParameterNotFound"),
    ];
    for budget in ["", "[trigger]\nbudget_ms = 200\n"] {
        for name in ["secretsmanager:usher/digest", "ssm:/usher/digest"] {
            for behavior in BEHAVIORS.into_iter().chain(unfit) {
                let (log, _guard) = listen();
                let well = Arc::new(Places::new());
                let text = format!("{text}\n{budget}");
                let trigger = without_the_secret(&text, behavior, name, &well);
                let handled = in_time(&trigger, event).await;
                check(&handled, &well, &log);
            }
        }
    }
}

fn lost(log: &Log) -> usize {
    log.text().matches(r#""unpublished":1"#).count()
}

#[tokio::test(start_paused = true)]
async fn a_sign_up_is_decided_without_the_secret_and_what_cannot_be_told_is_counted() {
    for source in SIGN_UPS {
        let event = fixture(source);
        each_way_without(GATED, &event, |handled, well, log| {
            comes_back(handled, &event);
            assert_eq!(route(handled), None);
            assert_eq!((well.queued.lock().unwrap().len(), lost(log)), (0, 1));
        })
        .await;
    }
    let email = (
        "/request/userAttributes/email",
        json!("eve@blocked.example"),
    );
    let event = changed("PreSignUp_SignUp", &[email]);
    each_way_without(GATED, &event, |handled, _, log| {
        assert_eq!(handled.reason(), Some(RefusalReason::DomainBlocked));
        assert_eq!(lost(log), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_has_a_sub_is_told_without_the_secret() {
    for source in POST {
        let event = fixture(source);
        each_way_without("", &event, |handled, well, log| {
            comes_back(handled, &event);
            assert_eq!(route(handled), Some(Route::Queue), "{source}");
            assert_eq!((well.queued.lock().unwrap().len(), lost(log)), (1, 0));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_needs_no_secret_does_not_wait_for_one() {
    for source in TOKENS.into_iter().chain([SIGN_IN, MESSAGE]) {
        let event = fixture(source);
        let well = Arc::new(Places::new());
        let name = "secretsmanager:usher/digest";
        let trigger = without_the_secret(GENEROUS, Behavior::Hangs, name, &well);
        let start = Instant::now();
        in_time(&trigger, &event).await;
        assert_eq!(start.elapsed(), Duration::ZERO, "{source}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_secret_is_tried_again_until_it_is_there_and_then_sign_ups_are_told() {
    let answer = r#"{"Name":"x","VersionId":"1","SecretString":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
    let script = move |call: &http::Call| {
        http::Outcome::Ends(match call.before {
            0 => Behavior::Hangs,
            1 => Behavior::Throttles,
            _ => Behavior::Answers(answer),
        })
    };
    let clients = http::scripted("http://127.0.0.1:1", Timeouts::TRIGGER, script);
    let keepers = Keepers {
        parameters: Arc::new(ParameterStore::new(&clients)),
        secrets: Arc::new(SecretsManager::new(&clients)),
    };
    let well = Arc::new(Places::new());
    let reference = "secretsmanager:usher/digest".parse().unwrap();
    let lifetime = Duration::from_mins(15);
    let trigger = Trigger {
        secret: Kept::named(reference, keepers, lifetime, Secret::from_base64),
        ..trigger(policy(""), &well)
    };
    let event = fixture("PreSignUp_SignUp");
    let mut routes = Vec::new();
    for _ in 0..4 {
        routes.push(route(&in_time(&trigger, &event).await));
    }
    let queue = Some(Route::Queue);
    assert_eq!(routes, [None, None, queue, queue]);
}
