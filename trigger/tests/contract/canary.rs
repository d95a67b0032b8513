//! Nothing personal is said in logs, refusals or debug output. Every personal value, password, code
//! and token of the fixtures holds a word or a number that stands nowhere else.

use crate::listen::listen;
use crate::sources::RULES;
use crate::world::{
    BrokenClock, FIXTURES, Mood, Places, fixture, handle, policy, raw, suspended, trigger,
};
use std::sync::Arc;
use usher_shared::disposition::FaultKind;
use usher_trigger::cognito::Call;
use usher_trigger::{Handled, Trigger};

const CANARIES: [&str; 3] = ["canary", "5550100199", "q2fuyxj5"];

fn check(what: &str, text: &str) {
    let text = text.to_lowercase();
    for canary in CANARIES {
        assert!(!text.contains(canary), "{what} shows {canary}: {text}");
    }
}

fn sources() -> Vec<String> {
    let files = std::fs::read_dir(FIXTURES).unwrap();
    let name =
        |file: std::io::Result<std::fs::DirEntry>| file.unwrap().file_name().into_string().unwrap();
    files
        .map(|file| name(file).trim_end_matches(".json").to_owned())
        .collect()
}

/// Handles every fixture, and looks at everything that is said of it.
async fn says_nothing_personal(of: impl Fn() -> Trigger) {
    for source in sources() {
        let (log, _guard) = listen();
        let handled: Handled = handle(&of(), &fixture(&source)).await;
        let lines = log.text();
        assert!(lines.contains("Answered a trigger"), "{source}: {lines}");
        check(&format!("the log of {source}"), &lines);
        check(
            &format!("what was handled of {source}"),
            &format!("{handled:?} {handled:#?}"),
        );
        if let Err(refusal) = &handled.answer {
            check(
                &format!("the refusal of {source}"),
                &format!("{refusal} {refusal:?}"),
            );
        }
        if let Some((fact, _)) = &handled.published {
            check(&format!("the event of {source}"), &format!("{fact:?}"));
        }
    }
}

#[test]
fn every_fixture_holds_a_canary() {
    for source in sources() {
        let text = fixture(&source).to_lowercase();
        assert!(
            CANARIES.iter().any(|canary| text.contains(canary)),
            "{source}"
        );
    }
}

#[tokio::test]
async fn nothing_personal_is_said_while_all_is_well() {
    says_nothing_personal(|| trigger(policy(RULES), &Arc::new(Places::new()))).await;
}

#[tokio::test]
async fn nothing_personal_is_said_of_a_refusal() {
    let blocks = "[sign_up]\nblocked_domains = [\"example.com\"]\n";
    says_nothing_personal(|| trigger(policy(blocks), &Arc::new(Places::knowing(&[suspended()]))))
        .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_personal_is_said_while_everything_is_down() {
    for mood in [
        Mood::Hangs,
        Mood::Panics,
        Mood::Fails(FaultKind::Refused),
        Mood::Fails(FaultKind::Corrupt),
    ] {
        let down = || Places {
            reading: mood,
            queue: mood,
            bus: mood,
            spill: mood,
            ..Places::new()
        };
        says_nothing_personal(|| trigger(policy(RULES), &Arc::new(down()))).await;
    }
}

#[tokio::test]
async fn nothing_personal_is_said_of_our_own_bugs() {
    says_nothing_personal(|| Trigger {
        clock: Arc::new(BrokenClock),
        ..trigger(policy(RULES), &Arc::new(Places::new()))
    })
    .await;
}

#[test]
fn what_was_read_of_a_call_does_not_show_itself() {
    for source in sources() {
        let event = fixture(&source);
        check(&source, &format!("{:?}", Call::read(raw(&event))));
    }
}
