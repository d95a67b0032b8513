//! DESIGN's table of what happens when something is down, cell by cell, over the adapters that are
//! deployed and networks that hang, refuse, throttle or break. Time is paused: what is measured is
//! how long the trigger would have let Cognito wait.

mod bugs;
mod cold_start;
mod publishing;
mod store;

use crate::listen::listen;
use crate::world::{
    BrokenClock, Mood, Places, answer, changed, fixture, handle, now, policy, refusal, response,
    suspended, trigger, trigger_on,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{RefusalReason, wire};
use usher_shared::aws::{Clients, Timeouts};
use usher_shared::commit::Lane;
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

/// Nobody signs in at the fixtures' time of day.
const CLOSED: &str = r#"
[sign_in.hours]
zone = "UTC"
open = [{ days = ["mon-sun"], from = "08:00", to = "18:00" }]
"#;

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
