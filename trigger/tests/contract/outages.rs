//! DESIGN's table of what happens when something is down, cell by cell, over the adapters that are
//! deployed and networks that hang, refuse, throttle or break. Time is paused: what is measured is
//! how long the trigger would have let Cognito wait.

use crate::world::{
    BrokenClock, Log, Mood, Places, answer, changed, fixture, handle, now, policy, refusal,
    response, suspended, trigger, trigger_on,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{RefusalReason, wire};
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::dynamodb::Table;
use usher_shared::eventbridge::EventBus;
use usher_shared::policy::Policy;
use usher_shared::port::{Bus, Due, Queue, Store};
use usher_shared::sqs::WorkQueue;
use usher_shared::testkit::http::{self, Behavior};
use usher_shared::testkit::stack;
use usher_trigger::publish::{FALLBACK_DETAIL_TYPE, FALLBACK_SOURCE, Publisher, Route};
use usher_trigger::{Decision, Handled, Trigger};

const BEHAVIORS: [Behavior; 6] = [
    Behavior::Hangs,
    Behavior::RefusesConnection,
    Behavior::Resets,
    Behavior::Throttles,
    Behavior::Breaks,
    Behavior::Denies,
];

const TOKENS: [&str; 5] = [
    "TokenGeneration_HostedAuth",
    "TokenGeneration_Authentication",
    "TokenGeneration_NewPasswordChallenge",
    "TokenGeneration_AuthenticateDevice",
    "TokenGeneration_RefreshTokens",
];
const SIGN_UPS: [&str; 3] = [
    "PreSignUp_SignUp",
    "PreSignUp_AdminCreateUser",
    "PreSignUp_ExternalProvider",
];
const POST: [&str; 3] = [
    "PostConfirmation_ConfirmSignUp",
    "PostConfirmation_ConfirmForgotPassword",
    "PostAuthentication_Authentication",
];
const SIGN_IN: &str = "PreAuthentication_Authentication";
const MESSAGE: &str = "CustomMessage_SignUp";

/// Which services are down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Down {
    store: bool,
    queue: bool,
    bus: bool,
}

const STORE: Down = Down {
    store: true,
    queue: false,
    bus: false,
};
const QUEUE: Down = Down {
    store: false,
    queue: true,
    bus: false,
};
const BUS: Down = Down {
    store: false,
    queue: false,
    bus: true,
};
const QUEUE_AND_BUS: Down = Down {
    store: false,
    queue: true,
    bus: true,
};
const EVERYTHING: Down = Down {
    store: true,
    queue: true,
    bus: true,
};

/// A trigger whose services that are down are the deployed adapters over a broken network, and whose
/// others are `well`.
fn outage(policy: Policy, down: Down, behavior: Behavior, well: &Arc<Places>) -> Trigger {
    let clients = http::clients(behavior, Timeouts::TRIGGER);
    let store: Arc<dyn Store> = match down.store {
        true => Arc::new(Table::new(&clients, "usher")),
        false => well.clone(),
    };
    let queue: Arc<dyn Queue> = match down.queue {
        true => Arc::new(WorkQueue::new(
            &clients,
            "https://sqs.eu-west-1.amazonaws.com/1/usher",
        )),
        false => well.clone(),
    };
    let bus: Arc<dyn Bus> = match down.bus {
        true => Arc::new(EventBus::new(&clients, "usher")),
        false => well.clone(),
    };
    trigger_on(policy, Publisher { queue, bus, store })
}

/// Handles an event and insists that the answer leaves within the budget.
async fn in_time(trigger: &Trigger, event: &str) -> Handled {
    let start = Instant::now();
    let handled = handle(trigger, event).await;
    let (took, budget) = (start.elapsed(), trigger.policy.trigger.budget);
    assert!(took <= budget, "took {took:?} of {budget:?}: {handled:?}");
    handled
}

/// Handles an event once for each way in which services can be down.
async fn each_way(
    text: &str,
    down: Down,
    places: impl Fn() -> Places,
    event: &str,
    check: impl Fn(Behavior, &Handled, &Places),
) {
    for budget in [
        "",
        "[trigger]\nbudget_ms = 200\n",
        "[trigger]\nbudget_ms = 4000\n",
    ] {
        for behavior in BEHAVIORS {
            let well = Arc::new(places());
            let policy = policy(&format!("{text}\n{budget}"));
            let handled = in_time(&outage(policy, down, behavior, &well), event).await;
            check(behavior, &handled, &well);
        }
    }
}

fn comes_back(handled: &Handled, event: &str) {
    assert_eq!(handled.answer.as_ref().unwrap().get(), event, "{handled:?}");
}

fn route(handled: &Handled) -> Option<Route> {
    handled.published.as_ref().map(|(_, route)| *route)
}

const GATED: &str = "[sign_up]\nblocked_domains = [\"blocked.example\"]";
const CAUTIOUS: &str = "[sign_in]\nwhen_store_is_down = \"refuse\"";

/// The policy would give this user a role above the default, and hides a claim.
const GENEROUS: &str = r#"
[roles.permissions]
user = ["profile:read"]
manager = ["everything"]
[organizations.acme]
name = "Acme"
account_type = "enterprise"
[[domains]]
domain = "example.com"
role = "manager"
organization = "acme"
[tokens]
suppress = ["phone_number"]
"#;

// Store down or slow.

#[tokio::test(start_paused = true)]
async fn sign_ups_are_decided_without_the_store() {
    for source in SIGN_UPS {
        let event = fixture(source);
        each_way(GATED, STORE, Places::new, &event, |_, handled, _| {
            comes_back(handled, &event);
            assert_eq!(route(handled), Some(Route::Queue));
        })
        .await;
    }
    let email = (
        "/request/userAttributes/email",
        json!("eve@blocked.example"),
    );
    let event = changed("PreSignUp_SignUp", &[email]);
    each_way(GATED, STORE, Places::new, &event, |_, handled, _| {
        assert_eq!(handled.reason(), Some(RefusalReason::DomainBlocked));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_is_admitted_without_the_store_by_default() {
    let event = fixture(SIGN_IN);
    each_way("", STORE, Places::new, &event, |_, handled, _| {
        comes_back(handled, &event);
        assert_eq!(handled.decision, Decision::Passed);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_is_refused_without_the_store_where_the_policy_says_so() {
    each_way(
        CAUTIOUS,
        STORE,
        Places::new,
        &fixture(SIGN_IN),
        |_, handled, _| {
            assert_eq!(refusal(handled), "Please try again in a moment");
            assert_eq!(handled.reason(), Some(RefusalReason::StoreUnavailable));
            assert_eq!(route(handled), Some(Route::Queue));
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn tokens_carry_the_default_role_without_the_store_and_never_an_elevated_one() {
    for source in TOKENS {
        each_way(
            GENEROUS,
            STORE,
            Places::new,
            &fixture(source),
            |_, handled, _| {
                assert_eq!(handled.decision, Decision::Answered, "{source}");
                let said = response(handled).to_string();
                assert!(said.contains(r#""role":"user""#), "{source}: {said}");
                for elevated in [
                    "manager",
                    "everything",
                    "acme",
                    "enterprise",
                    "groupOverrideDetails",
                ] {
                    assert!(!said.contains(elevated), "{source}: {said}");
                }
            },
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn triggers_after_the_fact_and_messages_do_not_need_the_store() {
    for source in POST.into_iter().chain([MESSAGE]) {
        let event = fixture(source);
        each_way("", STORE, Places::new, &event, |_, handled, _| {
            comes_back(handled, &event);
            let expected = (source != MESSAGE).then_some(Route::Queue);
            assert_eq!(route(handled), expected, "{source}");
        })
        .await;
    }
}

// Publish down.

type MakesPlaces = fn() -> Places;

/// Every fixture that publishes, with the places it publishes from.
fn publishing() -> Vec<(&'static str, MakesPlaces)> {
    let suspended: MakesPlaces = || Places::knowing(&[suspended()]);
    let anybody: MakesPlaces = Places::new;
    let answered = SIGN_UPS
        .into_iter()
        .chain(POST)
        .map(|source| (source, anybody));
    let refused = TOKENS
        .into_iter()
        .chain([SIGN_IN])
        .map(|source| (source, suspended));
    answered.chain(refused).collect()
}

/// What the same call is answered while all is well.
async fn undisturbed(source: &str, places: MakesPlaces) -> Result<Value, String> {
    let handled = handle(&trigger(policy(""), &Arc::new(places())), &fixture(source)).await;
    said(&handled)
}

fn said(handled: &Handled) -> Result<Value, String> {
    match &handled.answer {
        Ok(_) => Ok(answer(handled)),
        Err(refusal) => Err(refusal.text().to_owned()),
    }
}

async fn falls_to(down: Down, expected: Route, look: impl Fn(&Handled, &Places)) {
    for (source, places) in publishing() {
        let undisturbed = undisturbed(source, places).await;
        each_way(
            "",
            down,
            places,
            &fixture(source),
            |behavior, handled, well| {
                assert_eq!(said(handled), undisturbed, "{source} {behavior:?}");
                assert_eq!(route(handled), Some(expected), "{source} {behavior:?}");
                look(handled, well);
            },
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_queue_is_down_events_go_to_the_bus_as_the_fallbacks_own() {
    falls_to(QUEUE, Route::Bus, |handled, well| {
        let (fact, _) = handled.published.as_ref().unwrap();
        let on_bus = well.on_bus.lock().unwrap();
        let [entry] = on_bus.as_slice() else {
            panic!("{} entries", on_bus.len())
        };
        assert_eq!(
            (entry.source.as_str(), FALLBACK_SOURCE),
            ("usher.fallback", "usher.fallback")
        );
        assert_eq!(entry.detail_type, FALLBACK_DETAIL_TYPE);
        assert_eq!(entry.detail, wire::encode(fact));
        assert_eq!(entry.time, fact.time);
        assert!(well.spilled.lock().unwrap().is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn while_the_bus_alone_is_down_nobody_notices() {
    falls_to(BUS, Route::Queue, |_, _| {}).await;
}

#[tokio::test(start_paused = true)]
async fn while_queue_and_bus_are_down_events_are_spilled_as_they_are_and_due_at_once() {
    falls_to(QUEUE_AND_BUS, Route::Spill, |handled, well| {
        let (fact, _) = handled.published.as_ref().unwrap();
        let expected = (fact.id, wire::encode(fact), now());
        assert_eq!(*well.spilled.lock().unwrap(), [expected]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn while_everything_is_down_the_answer_leaves_and_the_loss_is_counted() {
    for source in SIGN_UPS.into_iter().chain(POST) {
        let event = fixture(source);
        let (log, _guard) = Log::begin();
        each_way(
            "",
            EVERYTHING,
            Places::new,
            &event,
            |behavior, handled, _| {
                comes_back(handled, &event);
                assert_eq!(
                    route(handled),
                    Some(Route::Unpublished),
                    "{source} {behavior:?}"
                );
            },
        )
        .await;
        let counted =
            |line: &&Value| line["fields"]["unpublished"] == 1 && line["level"] == "ERROR";
        assert_eq!(
            log.lines().iter().filter(counted).count(),
            3 * BEHAVIORS.len(),
            "{source}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn while_everything_is_down_sign_ins_and_tokens_are_answered_as_without_the_store() {
    let event = fixture(SIGN_IN);
    each_way("", EVERYTHING, Places::new, &event, |_, handled, _| {
        comes_back(handled, &event);
    })
    .await;
    each_way(
        CAUTIOUS,
        EVERYTHING,
        Places::new,
        &event,
        |_, handled, _| {
            assert_eq!(refusal(handled), "Please try again in a moment");
            assert_eq!(route(handled), Some(Route::Unpublished));
        },
    )
    .await;
    for source in TOKENS {
        each_way(
            GENEROUS,
            EVERYTHING,
            Places::new,
            &fixture(source),
            |_, handled, _| {
                assert!(
                    response(handled).to_string().contains(r#""role":"user""#),
                    "{source}"
                );
            },
        )
        .await;
    }
}

/// On real time: the embedded table is reached over a socket, which paused time does not wait for.
#[tokio::test]
async fn a_spilled_event_is_in_the_table_byte_for_byte_and_due_at_once() {
    let kit = stack().await;
    let clients: Clients = http::clients(Behavior::RefusesConnection, Timeouts::TRIGGER);
    let publisher = Publisher {
        queue: Arc::new(WorkQueue::new(
            &clients,
            "https://sqs.eu-west-1.amazonaws.com/1/usher",
        )),
        bus: Arc::new(EventBus::new(&clients, "usher")),
        store: Arc::new(kit.stack.store.clone()),
    };
    let trigger = trigger_on(policy(""), publisher);
    for source in POST {
        let handled = handle(&trigger, &fixture(source)).await;
        let (fact, route) = handled.published.unwrap();
        assert_eq!(route, Route::Spill, "{source}");
        let spilled = kit.stack.store.spilled(fact.id).await.unwrap();
        assert_eq!(spilled, Some(wire::encode(&fact)), "{source}");
        let due = kit.stack.store.due(now(), 10).await.unwrap();
        assert!(
            due.contains(&Due::Spill {
                id: fact.id,
                due: now()
            }),
            "{source}: {due:?}"
        );
    }
}

// Policy says no.

#[tokio::test(start_paused = true)]
async fn a_refusal_stands_whatever_becomes_of_its_event() {
    let broken = [QUEUE, QUEUE_AND_BUS];
    for down in broken {
        for source in TOKENS.into_iter().chain([SIGN_IN]) {
            let places = || Places::knowing(&[suspended()]);
            each_way("", down, places, &fixture(source), |_, handled, _| {
                assert_eq!(
                    refusal(handled),
                    "Sign-in is not possible with this account"
                );
            })
            .await;
        }
    }
    let panics = || Places {
        queue: Mood::Panics,
        bus: Mood::Panics,
        spill: Mood::Panics,
        ..Places::knowing(&[suspended()])
    };
    let handled = in_time(&trigger(policy(""), &Arc::new(panics())), &fixture(SIGN_IN)).await;
    assert_eq!(handled.reason(), Some(RefusalReason::UserSuspended));
    assert_eq!(route(&handled), Some(Route::Unpublished));
}

// Our own bug.

/// A panic before the decision, and one while the store is read.
fn bugs(text: &str) -> Vec<Trigger> {
    let well = Arc::new(Places::new());
    let panics = Arc::new(Places {
        reading: Mood::Panics,
        ..Places::new()
    });
    vec![
        Trigger {
            clock: Arc::new(BrokenClock),
            ..trigger(policy(text), &well)
        },
        trigger(policy(text), &panics),
    ]
}

async fn each_bug(text: &str, event: &str, check: impl Fn(&Handled)) {
    for trigger in bugs(text) {
        let (log, _guard) = Log::begin();
        let handled = in_time(&trigger, event).await;
        assert_eq!(handled.decision, Decision::Broken, "{handled:?}");
        assert_eq!(handled.published, None, "{handled:?}");
        assert!(
            log.lines().iter().any(|line| line["level"] == "ERROR"),
            "{}",
            log.text()
        );
        check(&handled);
    }
}

#[tokio::test]
async fn our_bug_refuses_a_sign_up_where_the_policy_gates_it_and_lets_it_pass_elsewhere() {
    for source in SIGN_UPS {
        let event = fixture(source);
        let broken = |text| Trigger {
            clock: Arc::new(BrokenClock),
            ..trigger(policy(text), &Arc::new(Places::new()))
        };
        let handled = in_time(&broken(GATED), &event).await;
        assert_eq!(refusal(&handled), "Please try again in a moment");
        assert_eq!(handled.decision, Decision::Broken);
        comes_back(&in_time(&broken(""), &event).await, &event);
    }
}

#[tokio::test]
async fn our_bug_treats_a_sign_in_as_if_the_store_were_down() {
    let event = fixture(SIGN_IN);
    each_bug("", &event, |handled| comes_back(handled, &event)).await;
    each_bug(CAUTIOUS, &event, |handled| {
        assert_eq!(refusal(handled), "Please try again in a moment");
    })
    .await;
}

#[tokio::test]
async fn our_bug_leaves_tokens_unmodified_but_for_what_the_policy_always_suppresses() {
    let hidden = json!({ "claimsToSuppress": ["phone_number"] });
    for source in TOKENS {
        let event = fixture(source);
        each_bug("", &event, |handled| comes_back(handled, &event)).await;
        each_bug(GENEROUS, &event, |handled| {
            let response = response(handled);
            let expected = match response.get("claimsOverrideDetails") {
                Some(_) => json!({ "claimsOverrideDetails": hidden }),
                None => json!({ "claimsAndScopeOverrideDetails": {
                    "idTokenGeneration": hidden, "accessTokenGeneration": hidden,
                } }),
            };
            assert_eq!(response, expected, "{source}");
        })
        .await;
    }
}

#[tokio::test]
async fn our_bug_lets_triggers_after_the_fact_and_messages_pass() {
    for source in POST.into_iter().chain([MESSAGE]) {
        let event = fixture(source);
        for trigger in bugs("") {
            comes_back(&in_time(&trigger, &event).await, &event);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bug_at_one_place_for_events_is_that_places_outage_and_no_more() {
    let panics = |queue, bus, spill| Places {
        queue,
        bus,
        spill,
        ..Places::new()
    };
    let (bug, well) = (Mood::Panics, Mood::Well);
    for (places, expected) in [
        (panics(bug, well, well), Route::Bus),
        (panics(Mood::Hangs, bug, well), Route::Spill),
        (panics(bug, bug, Mood::Hangs), Route::Unpublished),
        (panics(bug, bug, bug), Route::Unpublished),
    ] {
        for source in POST {
            let event = fixture(source);
            let well = Arc::new(Places {
                queued: std::sync::Mutex::default(),
                ..panics(places.queue, places.bus, places.spill)
            });
            let handled = in_time(&trigger(policy(""), &well), &event).await;
            comes_back(&handled, &event);
            assert_eq!(route(&handled), Some(expected), "{source}");
            assert_ne!(handled.decision, Decision::Broken, "{source}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn even_the_worst_call_leaves_most_of_cognitos_five_seconds() {
    for source in TOKENS
        .into_iter()
        .chain([SIGN_IN])
        .chain(POST)
        .chain(SIGN_UPS)
    {
        let start = Instant::now();
        let well = Arc::new(Places::new());
        let trigger = outage(policy(CAUTIOUS), EVERYTHING, Behavior::Hangs, &well);
        handle(&trigger, &fixture(source)).await;
        assert!(start.elapsed() <= Duration::from_millis(2_500), "{source}");
    }
}
