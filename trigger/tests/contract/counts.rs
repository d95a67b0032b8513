//! How often refusals are told of that anybody can cause without a password.

use crate::sources::{given_under, published};
use crate::world::{
    Mood, Places, SUB, changed, fixture, handle, now, policy, refused, suspended, trigger,
};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use usher_events::{
    Envelope, EventId, LifecycleEvent, RefusalReason, RefusedStep, SignUpRefused, SignUpRoute, Sub,
    Subject, identity,
};
use usher_shared::commit::Commit;
use usher_shared::disposition::FaultKind;
use usher_shared::tally::{Counted, Tally};
use usher_shared::user::{User, UserItem};
use usher_trigger::{Handled, Trigger};

const GATED: &str = "[sign_up]\nblocked_domains = ['blocked.example']\nrefusals_an_hour = 7\n";
const BLOCKED: RefusalReason = RefusalReason::DomainBlocked;

fn blocked() -> String {
    let email = (
        "/request/userAttributes/email",
        json!("eve@blocked.example"),
    );
    changed("PreSignUp_SignUp", &[email])
}

/// The refusal that was told of, and under which name.
fn told(handled: &Handled) -> Option<(SignUpRefused, Counted)> {
    assert_eq!(handled.reason(), Some(BLOCKED), "the answer stands");
    let (fact, _) = handled.published.as_ref()?;
    match (&fact.event, &fact.subject) {
        (LifecycleEvent::SignUpRefused(event), Subject::SignUp(key)) => {
            Some((event.clone(), Counted::Name(key.clone())))
        }
        other => panic!("{other:?}"),
    }
}

/// Whoever the fixture's refusals are counted for.
async fn name() -> Counted {
    let (handled, _) = given_under(policy(GATED), Places::new(), &blocked()).await;
    told(&handled).unwrap().1
}

fn tally(of: Counted, reason: RefusalReason, count: u32) -> Tally {
    let mut tally = Tally::new(of, identity::refusal_hour(now()));
    for number in 0..count {
        let id: EventId = format!("00000000-0000-0000-0000-{number:012}")
            .parse()
            .unwrap();
        tally.note(id, reason, 5);
    }
    tally
}

#[tokio::test]
async fn each_refusal_of_an_hour_has_a_number_until_nobody_needs_to_hear_of_it() {
    let of = name().await;
    let with = |tally| {
        let places = Places::new();
        places.tallies.lock().unwrap().push(tally);
        places
    };
    let earlier = Tally {
        hour: "2026-01-02T02:00:00Z".parse().unwrap(),
        ..tally(of.clone(), BLOCKED, 7)
    };
    for (places, expected) in [
        (Places::new(), Some(1)),
        (with(tally(of.clone(), BLOCKED, 1)), Some(2)),
        (with(tally(of.clone(), BLOCKED, 6)), Some(7)),
        (with(tally(of.clone(), BLOCKED, 7)), None),
        (with(tally(of.clone(), BLOCKED, 50)), None),
        (with(tally(of, RefusalReason::EmailInvalid, 7)), Some(1)),
        (with(earlier), Some(1)),
    ] {
        let (handled, _) = given_under(policy(GATED), places, &blocked()).await;
        let attempt = told(&handled).map(|(event, _)| event.attempt);
        assert_eq!(attempt, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_cannot_be_counted_in_time_is_told_as_the_first() {
    let of = name().await;
    let mut ids = BTreeSet::new();
    for mood in [
        Mood::Hangs,
        Mood::Takes(Duration::from_secs(4)),
        Mood::Fails(FaultKind::Unavailable),
        Mood::Fails(FaultKind::Throttled),
        Mood::Fails(FaultKind::Corrupt),
    ] {
        let places = Places {
            reading: mood,
            ..Places::new()
        };
        places
            .tallies
            .lock()
            .unwrap()
            .push(tally(of.clone(), BLOCKED, 7));
        let (handled, places) = given_under(policy(GATED), places, &blocked()).await;
        assert_eq!(told(&handled).unwrap().0.attempt, 1, "{mood:?}");
        assert_eq!(places.queued.lock().unwrap().len(), 1, "{mood:?}");
        ids.insert(handled.published.unwrap().0.id);
    }
    assert_eq!(ids.len(), 1, "however often it is told, it is one event");
}

#[tokio::test]
async fn who_is_admitted_pays_nothing_for_the_counting() {
    for source in ["PreSignUp_SignUp", "PreSignUp_ExternalProvider"] {
        let (handled, places) = given_under(policy(GATED), Places::new(), &fixture(source)).await;
        assert_eq!(handled.reason(), None);
        assert_eq!(*places.tally_reads.lock().unwrap(), 0);
    }
}

#[tokio::test]
async fn a_person_is_counted_under_the_name_that_people_sign_in_with() {
    let attempt = |user: &str, email: &str, phone: &str| {
        changed(
            "PreSignUp_SignUp",
            &[
                ("/userName", json!(user)),
                ("/request/userAttributes/email", json!(email)),
                ("/request/userAttributes/phone_number", json!(phone)),
            ],
        )
    };
    let (ada, bob) = ("ada@blocked.example", "bob@blocked.example");
    for (by, first, second, same) in [
        (
            "email",
            ("u1", ada, "+1"),
            ("u2", "Ada@blocked.example ", "+2"),
            true,
        ),
        ("email", ("u1", ada, "+1"), ("u1", bob, "+1"), false),
        ("phone_number", ("u1", ada, "+1"), ("u2", bob, "+1"), true),
        ("phone_number", ("u1", ada, "+1"), ("u1", ada, "+2"), false),
        ("phone_number", ("u1", ada, ""), ("u1", bob, ""), true),
        ("user_name", ("u1", ada, "+1"), ("U1", bob, "+2"), true),
        ("user_name", ("u1", ada, "+1"), ("u2", ada, "+1"), false),
    ] {
        let rules = format!("{GATED}[attributes]\nsign_in_name = '{by}'\n");
        let mut names = BTreeSet::new();
        for (user, email, phone) in [first, second] {
            let event = attempt(user, email, phone);
            let (handled, _) = given_under(policy(&rules), Places::new(), &event).await;
            names.insert(told(&handled).unwrap().1);
        }
        assert_eq!(names.len() == 1, same, "{by} {first:?} {second:?}");
    }
}

/// Counts what was told as the worker does.
fn work(places: &Places, told: &mut Vec<Envelope<LifecycleEvent>>) {
    let mut tallies = places.tallies.lock().unwrap();
    for fact in told.drain(..) {
        let (LifecycleEvent::SignUpRefused(event), Subject::SignUp(key)) =
            (&fact.event, &fact.subject)
        else {
            panic!("{fact:?}");
        };
        let of = Counted::Name(key.clone());
        if tallies.is_empty() {
            tallies.push(Tally::new(of, identity::refusal_hour(fact.time)));
        }
        tallies[0].note(fact.id, event.reason, 5);
    }
}

#[tokio::test]
async fn ten_thousand_refusals_in_an_hour_are_few_events_and_few_messages() {
    // The worker comes by after so many; meanwhile all that come are one event.
    for (lag, messages) in [(1, 7), (10, 70), (100, 700)] {
        let places = Arc::new(Places::new());
        let trigger: Trigger = trigger(policy(GATED), &places);
        let (event, mut ids, mut waiting) = (blocked(), BTreeSet::new(), Vec::new());
        for number in 0..10_000 {
            let handled = handle(&trigger, &event).await;
            assert_eq!(handled.reason(), Some(BLOCKED));
            if let Some((fact, _)) = handled.published {
                ids.insert(fact.id);
                waiting.push(fact);
            }
            if number % lag == lag - 1 {
                work(&places, &mut waiting);
            }
        }
        assert_eq!(ids.len(), 7, "{lag}");
        assert_eq!(places.queued.lock().unwrap().len(), messages, "{lag}");
    }
}

/// Every source that refuses a user whom the pool knows, by which policy, and why.
fn sources() -> Vec<(&'static str, &'static str, RefusalReason)> {
    let tokens = [
        "TokenGeneration_HostedAuth",
        "TokenGeneration_Authentication",
        "TokenGeneration_NewPasswordChallenge",
        "TokenGeneration_AuthenticateDevice",
        "TokenGeneration_RefreshTokens",
    ];
    let suspended = tokens
        .into_iter()
        .chain(["PreAuthentication_Authentication"])
        .map(|source| (source, "", RefusalReason::UserSuspended));
    let closed = "[sign_in.hours]\nzone = 'UTC'\n[[sign_in.hours.open]]\ndays = ['sun']\n\
                  from = '00:00'\nto = '00:01'\n";
    let closed = [
        "PreAuthentication_Authentication",
        "TokenGeneration_HostedAuth",
    ]
    .map(|source| (source, closed, RefusalReason::OutsideHours));
    let shut = "[sources]\nchallenges = 'refuse'\n";
    let shut = [
        "DefineAuthChallenge_Authentication",
        "CreateAuthChallenge_Authentication",
        "VerifyAuthChallengeResponse_Authentication",
    ]
    .map(|source| (source, shut, RefusalReason::SourceRefused));
    suspended.chain(closed).chain(shut).collect()
}

/// The user, as the commits of these refusals and what else is known make it.
fn knowing(reason: RefusalReason, commits: &[Commit]) -> Places {
    let mut places = Places::knowing(commits);
    if reason == RefusalReason::UserSuspended {
        let sub = Sub::new(SUB).unwrap();
        let user = User::fold(commits.iter().chain(&[suspended()]));
        let item = UserItem {
            user,
            version: 1,
            ..UserItem::new(sub.clone())
        };
        places.users.insert(sub, item);
    }
    places
}

/// What a source is asked for.
fn step(source: &str) -> RefusedStep {
    match source {
        "TokenGeneration_RefreshTokens" => RefusedStep::Refresh,
        source if source.starts_with("TokenGeneration_") => RefusedStep::Token,
        _ => RefusedStep::SignIn,
    }
}

#[tokio::test]
async fn a_refusal_that_the_user_item_shows_is_told_by_no_source_again() {
    const THIS: &str = "2026-01-02T03:00:00Z";
    const LAST: &str = "2026-01-02T02:00:00Z";
    for (source, rules, reason) in sources() {
        let others = RefusalReason::ALL.into_iter().filter(|it| *it != reason);
        let others: Vec<Commit> = others.map(|other| refused(other, THIS)).collect();
        let both = |hour| [&others[..], &[refused(reason, hour)]].concat();
        for (commits, is_told) in [
            (Vec::new(), true),
            (others.clone(), true),
            (vec![refused(reason, LAST)], true),
            (both(LAST), true),
            (vec![refused(reason, THIS)], false),
            // Whatever else the hour has brought: it used to hide what came before it.
            (both(THIS), false),
        ] {
            let places = knowing(reason, &commits);
            let (handled, _) = given_under(policy(rules), places, &fixture(source)).await;
            assert_eq!(handled.reason(), Some(reason), "{source}");
            let said = match published(&handled) {
                Some(LifecycleEvent::SignInRefused(event)) => {
                    assert_eq!(event.step, step(source), "{source}");
                    assert!(event.client.is_some(), "{source}");
                    Some(event.reason)
                }
                None => None,
                other => panic!("{source}: {other:?}"),
            };
            assert_eq!(said, is_told.then_some(reason), "{source} {reason:?}");
        }
    }
}

#[tokio::test]
async fn a_thousand_refusals_of_a_user_in_an_hour_are_one_event_for_each_reason() {
    for (source, rules, reason) in sources() {
        let shown = [refused(reason, "2026-01-02T03:00:00Z")];
        let before = trigger(policy(rules), &Arc::new(knowing(reason, &[])));
        let after = trigger(policy(rules), &Arc::new(knowing(reason, &shown)));
        let (event, mut ids, mut messages) = (fixture(source), BTreeSet::new(), 0);
        for number in 0..1_000 {
            let trigger = if number < 50 { &before } else { &after };
            let handled = handle(trigger, &event).await;
            assert_eq!(handled.reason(), Some(reason), "{source}");
            if let Some((fact, _)) = handled.published {
                ids.insert(fact.id);
                messages += 1;
            }
        }
        assert_eq!((ids.len(), messages), (1, 50), "{source}");
    }
}

#[tokio::test]
async fn routes_that_are_refused_alike_are_told_alike() {
    for (source, route) in [
        ("PreSignUp_SignUp", SignUpRoute::SelfService),
        ("PreSignUp_ExternalProvider", SignUpRoute::ExternalProvider),
        ("PreSignUp_AdminCreateUser", SignUpRoute::Administrator),
    ] {
        let email = (
            "/request/userAttributes/email",
            json!("eve@blocked.example"),
        );
        let event = changed(source, &[email]);
        let rules = format!("{GATED}apply_to_administrators = true\n");
        let (handled, places) = given_under(policy(&rules), Places::new(), &event).await;
        let (event, _) = told(&handled).unwrap();
        assert_eq!((event.route, event.attempt), (route, 1));
        assert_eq!(event.invite, None);
        assert_eq!(*places.tally_reads.lock().unwrap(), 1, "{source}");
    }
}
