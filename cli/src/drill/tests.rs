//! Drills of the drill: that it sees what must not be, and shows the same each time.

use super::check::Violation;
use super::report::Drilled;
use super::scenario::{Kind, Scenario};
use super::stage::{self, Settings};
use crate::policy_file;
use indicatif::ProgressBar;
use std::sync::Arc;
use std::time::Duration;

fn settings() -> Settings {
    let (policy, _) = policy_file::read(None).unwrap();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    Settings {
        policy: Arc::new(policy),
        rate: 1,
        seed: 1,
        workers: 10,
        before: minutes(3),
        outage: Some(minutes(5)),
        after: minutes(1),
        kind: Kind::Mixed,
        past_the_guard: false,
    }
}

fn played(settings: &Settings, scenario: Scenario) -> Drilled {
    stage::play(settings, scenario, &ProgressBar::hidden()).unwrap()
}

#[test]
fn calls_while_a_breaker_is_open_are_its_probes_and_few_more() {
    for scenario in [Scenario::Mail, Scenario::Bus] {
        let shown = played(&settings(), scenario);
        let calls = &shown.calls;
        assert!(calls.probes > 2, "{scenario:?} {calls:?}");
        assert_eq!(calls.unheeding, 0, "{scenario:?} {calls:?}");
        // One call a probe, and a few that were under way as it opened: by then each of ten workers may
        // have seen four failures of its own.
        assert!(
            calls.while_open <= calls.probes + 5,
            "{scenario:?} {calls:?}"
        );
        assert!(
            calls.during <= calls.while_open + 45,
            "{scenario:?} {calls:?}"
        );
        assert_eq!(shown.violations.get(&Violation::CalledWhileOpen), None);
    }
}

#[test]
fn a_worker_that_calls_past_its_breaker_is_seen() {
    for scenario in [Scenario::Mail, Scenario::Bus] {
        // It takes that one worker has a batch while the others have found the service out.
        let mut seen = (1..=8).map(|seed| {
            let settings = Settings {
                past_the_guard: true,
                seed,
                ..settings()
            };
            let shown = played(&settings, scenario);
            shown.violations.get(&Violation::CalledWhileOpen).copied()
        });
        assert!(seen.any(|times| times > Some(0)), "{scenario:?}");
    }
}

#[test]
fn one_seed_plays_the_same_each_time_and_another_does_not() {
    let shown = |seed| {
        let outage = Some(Duration::from_secs(120));
        let settings = Settings {
            seed,
            outage,
            ..settings()
        };
        let drilled = [Scenario::Mail, Scenario::Store].map(|whose| played(&settings, whose));
        drilled.map(|one| one.to_json())
    };
    let first = shown(1);
    assert_eq!(first, shown(1));
    assert_ne!(first, shown(2));
}
