//! `usher user`: what an operator does holds at the next token, whatever the clock says and whenever
//! the command dies.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Answer, Local, json, mails, run, sample, told};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use usher_events::{
    OperatorEvent, PoolId, Role, RoleSet, RoleSource, Sub, SuspensionReason, Time, UserSuspended,
};
use usher_shared::chance;
use usher_shared::clock::{Clock, WallClock};
use usher_shared::embedded::{QueueLimits, Stack};
use usher_shared::operator::Act;
use usher_shared::policy::Policy;
use usher_shared::port::{Appended, Store, Written};
use usher_shared::seal;
use usher_shared::user::{User, UserItem};

/// The user of the samples.
const ADA: &str = "8f14e45f-ceea-467f-a9af-0a1f3d2c5b6e";
const POOL: &str = "eu-west-1_Sample01";

fn user(directory: &Path, arguments: &[&str]) -> Output {
    run(directory, &[&["user"], arguments].concat())
}

fn text(output: &Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).unwrap()
}

fn show(directory: &Path) -> Value {
    json(&user(directory, &["show", ADA, "--json"]))
}

fn refused(answer: &Answer) -> bool {
    answer.header("x-amz-function-error").is_some()
}

/// A machine on which Ada has been confirmed.
fn with_ada(directory: &Path) -> Local {
    let local = Local::start(directory, &[]);
    local.invoke("trigger", &[], &sample("03-confirmation.json"));
    mails(&directory.join(".usher/mail"), 1);
    local
}

fn token(local: &Local) -> Answer {
    local.invoke("trigger", &[], &sample("06-token.json"))
}

fn refresh(local: &Local) -> Answer {
    let event = sample("06-token.json").replace(
        "TokenGeneration_Authentication",
        "TokenGeneration_RefreshTokens",
    );
    local.invoke("trigger", &[], &event)
}

/// What somebody does whose clock is this much ahead, and whose command dies after the append
/// unless it is `folded`.
fn done_elsewhere(directory: &Path, event: OperatorEvent, ahead: Duration, folded: bool) -> Time {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let limits = QueueLimits {
            visibility_timeout: Duration::from_secs(60),
            receive_limit: 5,
        };
        let state = directory.join(".usher");
        let stack = Stack::open(&state, Arc::new(WallClock), limits);
        let stack = stack.await.unwrap();
        let sub = Sub::new(ADA).unwrap();
        let item = stack.store.load(&sub).await.unwrap().user;
        let act = Act {
            id: chance::event_id(),
            pool: PoolId::new(POOL).unwrap(),
            sub: sub.clone(),
            event,
        };
        let before = item.unwrap_or_else(|| UserItem::new(sub));
        let now = WallClock.now().plus(ahead);
        let commit = act.commit(&Policy::default(), &before.user, now).unwrap();
        let sealed = seal::seal(&commit, None, chance::bytes()).unwrap();
        assert_eq!(stack.store.append(&sealed).await.unwrap(), Appended::Now);
        if folded {
            let after = UserItem {
                user: User::apply(before.user, &commit),
                version: before.version + 1,
                ..before
            };
            let written = stack.store.write_user(&after).await.unwrap();
            assert_eq!(written, Written::Now);
        }
        stack.close().await;
        commit.envelope.time
    })
}

fn suspension() -> OperatorEvent {
    let reason = SuspensionReason::Operator;
    UserSuspended { reason }.into()
}

#[test]
fn a_suspended_user_has_no_token_until_reinstated_and_the_bus_is_told() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = with_ada(here);
    assert!(!refused(&token(&local)));

    let dry = json(&user(here, &["suspend", ADA, "--json"]));
    assert_eq!(
        (&dry["dry_run"], &dry["changed"]),
        (&true.into(), &false.into())
    );
    let plan = text(&user(here, &["suspend", ADA]));
    assert!(
        plan.contains("would be suspended") && plan.contains("--confirm"),
        "{plan}"
    );
    assert_eq!(show(here)["status"], "active");
    assert!(!refused(&token(&local)), "a plan changes nothing");

    let done = json(&user(here, &["suspend", ADA, "--confirm", "--json"]));
    assert_eq!(
        (&done["event"], &done["changed"], &done["status"]),
        (&"user_suspended".into(), &true.into(), &"suspended".into())
    );
    assert_eq!(show(here)["status_set_at"], done["at"]);
    for answer in [
        token(&local),
        refresh(&local),
        local.invoke("trigger", &[], &sample("04-pre-sign-in.json")),
    ] {
        assert!(refused(&answer), "{answer:?}");
    }
    let again = json(&user(here, &["suspend", ADA, "--confirm", "--json"]));
    assert_eq!(again["changed"], false, "said once");

    let done = json(&user(here, &["reinstate", ADA, "--json"]));
    assert_eq!(
        (&done["changed"], &done["status"]),
        (&true.into(), &"active".into())
    );
    assert!(!refused(&token(&local)) && !refused(&refresh(&local)));
    assert_eq!(local.interrupt(), Some(0));
    // The worker sweeps as it starts, and so publishes what the command recorded.
    let local = Local::start(here, &[]);
    let bus = here.join(".usher/bus.ndjson");
    for told_once in ["user_suspended", "user_reinstated"] {
        let line = format!("\"detail-type\":\"usher.{told_once}\"");
        let bus = told(&bus, &line);
        assert_eq!(bus.matches(&line).count(), 1, "{bus}");
    }
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn a_role_from_an_operator_is_in_the_next_token_and_goes_when_it_is_cleared() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = with_ada(here);
    let before = show(here)["role"].clone();
    let claims = |answer: &Answer| {
        let response = &answer.json()["response"]["claimsAndScopeOverrideDetails"];
        response["accessTokenGeneration"]["claimsToAddOrOverride"].to_string()
    };
    assert!(!claims(&token(&local)).contains("guest"));
    let unknown = user(here, &["role", ADA, "emperor"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        text(&unknown).contains("has no role emperor; it has"),
        "{}",
        text(&unknown)
    );
    let planned = json(&user(here, &["role", ADA, "guest", "--dry-run", "--json"]));
    assert_eq!(
        (&planned["changed"], &planned["role"]),
        (&false.into(), &"guest".into())
    );
    assert_eq!(show(here)["role"], before);

    let done = json(&user(here, &["role", ADA, "guest", "--json"]));
    assert_eq!(
        (&done["role"], &done["role_source"]),
        (&"guest".into(), &"operator".into())
    );
    let shown = show(here);
    assert_eq!(
        (&shown["role"], &shown["role_assigned_at"]),
        (&"guest".into(), &done["at"])
    );
    assert!(
        claims(&token(&local)).contains("\"guest\""),
        "{}",
        claims(&token(&local))
    );
    let cleared = json(&user(here, &["role", ADA, "--clear", "--json"]));
    assert_eq!(
        (&cleared["changed"], &cleared["role"]),
        (&true.into(), &before)
    );
    assert!(!claims(&token(&local)).contains("guest"));
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn an_act_counts_after_one_by_a_clock_that_was_ahead() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let hour = Duration::from_secs(3600);
    let at = done_elsewhere(here, suspension(), hour, true);
    assert_eq!(show(here)["status"], "suspended");
    let done = json(&user(here, &["reinstate", ADA, "--json"]));
    let later = at.plus(Duration::from_millis(1));
    assert_eq!(done["at"], later.to_string());
    assert_ne!(show(here)["status"], "suspended");
}

#[test]
fn what_a_command_that_died_had_recorded_is_known_to_the_next() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let hour = Duration::from_secs(3600);
    done_elsewhere(here, suspension(), hour, false);
    // Nothing is folded: the item alone would say that nobody is suspended.
    assert_eq!(user(here, &["show", ADA]).status.code(), Some(1));
    let again = json(&user(here, &["suspend", ADA, "--confirm", "--json"]));
    assert_eq!(
        (&again["changed"], &again["status"]),
        (&false.into(), &"suspended".into())
    );
    assert_eq!(
        show(here)["status"],
        "suspended",
        "and it is finished on the way"
    );
    let role = Role::new("guest").ok();
    done_elsewhere(here, RoleSet { role }.into(), hour, false);
    let cleared = json(&user(here, &["role", ADA, "--clear", "--json"]));
    assert_eq!(cleared["changed"], true);
    assert_ne!(show(here)["role_source"], RoleSource::Operator.as_str());
}

#[test]
fn acts_on_one_user_at_once_are_all_recorded_and_one_role_counts() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = with_ada(here);
    let roles = ["guest", "manager", "user", "admin"];
    std::thread::scope(|scope| {
        for role in roles {
            scope.spawn(move || {
                let done = user(here, &["role", ADA, role, "--json"]);
                // The loser of a race is told.
                assert!(matches!(done.status.code(), Some(0 | 1)), "{}", text(&done));
                assert_eq!(json(&done)["changed"], true);
            });
        }
        scope.spawn(|| {
            let done = user(here, &["suspend", ADA, "--confirm"]);
            assert_eq!(done.status.code(), Some(0), "{}", text(&done));
        });
    });
    let shown = show(here);
    assert_eq!(
        (&shown["status"], &shown["role_source"]),
        (&"suspended".into(), &"operator".into())
    );
    assert!(roles.contains(&shown["role"].as_str().unwrap()));
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn a_user_is_shown_without_anything_personal_unless_asked_for() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = with_ada(here);
    for arguments in [&["show", ADA][..], &["show", ADA, "--json"]] {
        let shown = text(&user(here, arguments)).to_lowercase();
        assert!(
            shown.contains("[personal]") && shown.contains("active"),
            "{shown}"
        );
        assert!(!shown.contains("acme.example"), "{shown}");
        let revealed = [arguments, &["--reveal"]].concat();
        let revealed = text(&user(here, &revealed)).to_lowercase();
        assert!(revealed.contains("ada@acme.example"), "{revealed}");
    }
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn who_is_not_known_is_not_touched_by_mistake() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let nowhere = user(here, &["suspend", ADA, "--confirm"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere).contains("there is no state in .usher"));
    assert!(!here.join(".usher").exists(), "and none is made");
    assert_eq!(Local::start(here, &[]).interrupt(), Some(0));
    for (arguments, status, problem) in [
        (vec!["show", ADA], 1, "Nothing is known"),
        (vec!["suspend", ADA, "--confirm"], 1, "--unseen"),
        (
            vec!["suspend", ADA, "--confirm", "--pool", POOL],
            1,
            "--unseen",
        ),
        (vec!["suspend", ADA, "--confirm", "--unseen"], 2, "--pool"),
        (vec!["role", ADA], 2, "ROLE"),
        (vec!["role", ADA, "guest", "--clear"], 2, "--clear"),
        (vec!["suspend", "ada@acme.example"], 2, "is an address"),
    ] {
        let output = user(here, &arguments);
        let text = text(&output);
        assert_eq!(output.status.code(), Some(status), "{text}");
        assert!(text.contains(problem), "{text}");
    }
    let unseen = [
        "suspend",
        ADA,
        "--confirm",
        "--unseen",
        "--pool",
        POOL,
        "--json",
    ];
    assert_eq!(json(&user(here, &unseen))["changed"], true);
    let elsewhere = user(here, &["reinstate", ADA, "--pool", "eu-west-1_Other"]);
    assert_eq!(elsewhere.status.code(), Some(1));
    assert!(text(&elsewhere).contains(POOL), "{}", text(&elsewhere));
    assert_eq!(show(here)["status"], "suspended");
}

#[test]
fn a_user_is_found_by_the_address_in_the_table() {
    let directory = TempDir::new().unwrap();
    let here = directory.path();
    let local = with_ada(here);
    let shown = user(here, &["show", "ADA@acme.example", "--json"]);
    assert_eq!(json(&shown)["sub"], ADA, "{}", text(&shown));
    for (who, remedy) in [
        ("eve@acme.example", "no user item"),
        ("eve", "the pool alone knows"),
    ] {
        let output = user(here, &["show", who]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(remedy) && !said.contains("eve"), "{said}");
    }
    assert_eq!(local.interrupt(), Some(0));
}

#[test]
fn every_verb_teaches_with_an_example() {
    let directory = TempDir::new().unwrap();
    for verb in ["suspend", "reinstate", "role", "show"] {
        let help = text(&user(directory.path(), &[verb, "--help"]));
        assert!(
            help.contains("Examples:") && help.contains("Exit status"),
            "{help}"
        );
    }
}
