//! DESIGN's table of what happens when something is down, over every source that Cognito has, the
//! adapters that are deployed, and services that hang, refuse, throttle, answer garbage or answer
//! late. Time is paused: what is measured is how long the trigger would have let Cognito wait.

mod services;
mod table;

use crate::listen::listen;
use crate::world::{fixture, policy, raw};
use serde_json::Value;
use services::{Down, Failure, Items, Services};
use table::{Answer, CASES, Case, Group};
use tokio::time::Instant;
use usher_events::{Fact, wire};
use usher_shared::policy::Policy;
use usher_shared::testkit::Log;
use usher_trigger::cognito::Source;
use usher_trigger::publish::Route;
use usher_trigger::{Decision, Handled};

/// A case of one source, with what is the same however often it is played.
struct Scene {
    source: &'static str,
    case: &'static Case,
    event: String,
    policy: Policy,
    items: Items,
}

/// Every case of every source.
async fn scenes() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for (name, source) in Source::ALL {
        let group = Group::of(*source);
        for case in CASES.iter().filter(|case| case.groups.contains(&group)) {
            scenes.push(Scene {
                source: name,
                case,
                event: (case.event)(name),
                policy: policy(case.policy),
                items: services::items(case.known).await,
            });
        }
    }
    scenes
}

/// Everything that happened once.
struct Played<'a> {
    /// For the message of a test that fails.
    what: String,
    event: &'a str,
    handled: Handled,
    services: Services,
    log: Log,
}

impl Scene {
    /// Handles the event while services are down, and holds everything to it that never changes: the
    /// budget, the silence of the log, and that nothing is lost without being counted.
    async fn play(&self, down: Down, failure: Failure) -> Played<'_> {
        let what = format!("{}, {}: {down:?} {failure:?}", self.source, self.case.name);
        let services = Services::new(self.items.clone(), down, failure);
        let trigger = services.trigger(self.policy.clone());
        let (log, guard) = listen();
        let start = Instant::now();
        let handled = trigger.handle(raw(&self.event), "b9c8a8c6-aaaa").await;
        let took = start.elapsed();
        drop(guard);
        assert!(took <= self.policy.trigger.budget, "{what}: took {took:?}");
        let played = Played {
            what,
            event: &self.event,
            handled,
            services,
            log,
        };
        played.says_nothing_personal();
        played.lost_nothing_unsaid();
        played
    }
}

impl Played<'_> {
    fn says_nothing_personal(&self) {
        let refusal = self.handled.answer.as_ref().err();
        let shown = format!("{} {:?} {refusal:?}", self.log.text(), self.handled);
        let shown = shown.to_lowercase();
        for canary in ["canary", "5550100199", "q2fuyxj5", "0000-0000"] {
            assert!(!shown.contains(canary), "{}: {shown}", self.what);
        }
    }

    /// The event is where the trigger says it is, as it was written; or its loss is counted, once,
    /// where a person sees it.
    fn lost_nothing_unsaid(&self) {
        let lines = self.log.lines();
        let counted = lines
            .iter()
            .filter(|line| line["fields"]["unpublished"] == 1);
        let counted: Vec<&Value> = counted.collect();
        let is_lost = matches!(&self.handled.published, Some((_, Route::Unpublished)));
        assert_eq!(counted.len(), usize::from(is_lost), "{}", self.what);
        assert!(counted.iter().all(|line| line["level"] == "ERROR"));
        if let Some((fact, route)) = &self.handled.published
            && *route != Route::Unpublished
        {
            let taken = self.services.taken_by(*route);
            assert!(taken.contains(&wire::encode(fact)), "{}", self.what);
        }
    }

    fn answers(&self, expected: Answer) {
        let what = &self.what;
        let (answer, decision) = (&self.handled.answer, self.handled.decision);
        match expected {
            Answer::AsItCame => {
                let answer = answer.as_ref().map(|answer| answer.get());
                assert_eq!(answer, Ok(self.event), "{what}");
                assert_eq!(decision, Decision::Passed, "{what}");
            }
            Answer::Refused(sentence) => {
                let refusal = answer.as_ref().map(|_| ()).unwrap_err();
                assert_eq!(refusal.text(), sentence, "{what}");
            }
            Answer::Role(role) => {
                let said = self.response().to_string();
                let shown = format!(r#""role":"{role}""#);
                assert!(said.contains(&shown), "{what}: {said}");
                let elevated = ["manager", "reports:read", "acme", "enterprise"];
                let elevated = elevated.iter().any(|word| said.contains(word));
                assert_eq!(elevated, role == "manager", "{what}: {said}");
                assert!(!said.contains("groupOverrideDetails"), "{what}: {said}");
                assert!(
                    said.contains(r#""claimsToSuppress":["phone_number""#),
                    "{what}: {said}"
                );
            }
            Answer::Says(pointer, value) => {
                let said = self.response();
                let said = said.pointer(pointer).and_then(Value::as_str);
                let begins = said.is_some_and(|said| said.starts_with(value));
                assert!(begins, "{what}: {said:?}");
            }
        }
    }

    fn response(&self) -> Value {
        let answer = self.handled.answer.as_ref();
        let answer = answer.unwrap_or_else(|refusal| panic!("{}: {refusal}", self.what));
        let answer: Value = serde_json::from_str(answer.get()).unwrap();
        answer["response"].clone()
    }

    /// What is published, and which way it goes.
    fn publishes(&self, fact: Option<&str>, route: Route) {
        let published = self.handled.published.as_ref();
        let published = published.map(|(fact, route)| (fact.event.name(), *route));
        assert_eq!(published, fact.map(|fact| (fact, route)), "{}", self.what);
    }
}

/// Plays every case once for each way in which services fail, and holds it to the table.
async fn hold(down: Down, failures: &[Failure], route: Route) {
    for scene in scenes().await {
        let cell = match down.store {
            true => scene.case.without_store,
            false => scene.case.well,
        };
        for failure in failures {
            let played = scene.play(down, *failure).await;
            played.answers(cell.answer);
            played.publishes(cell.fact, route);
        }
    }
}

#[test]
fn every_source_has_a_case() {
    for (name, source) in Source::ALL {
        let group = Group::of(*source);
        assert!(
            CASES.iter().any(|case| case.groups.contains(&group)),
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn while_all_is_well_every_case_has_the_other_answer() {
    hold(Down::NOTHING, &[Failure::Hangs], Route::Queue).await;
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_down_the_answer_is_the_tables_and_its_event_is_on_the_queue() {
    hold(Down::STORE, &Failure::all(), Route::Queue).await;
}

#[tokio::test(start_paused = true)]
async fn while_the_queue_is_down_nobody_notices_and_the_bus_has_the_event() {
    hold(Down::QUEUE, &Failure::all(), Route::Bus).await;
}

#[tokio::test(start_paused = true)]
async fn while_the_bus_is_down_nobody_notices_and_the_queue_has_the_event() {
    hold(Down::BUS, &Failure::all(), Route::Queue).await;
}

#[tokio::test(start_paused = true)]
async fn while_queue_and_bus_are_down_nobody_notices_and_the_table_has_the_event() {
    hold(Down::QUEUE_AND_BUS, &Failure::all(), Route::Spill).await;
}

#[tokio::test(start_paused = true)]
async fn while_everything_is_down_the_answer_is_the_tables_and_the_loss_is_counted() {
    hold(
        Down::EVERYTHING,
        &Failure::unmistakable(),
        Route::Unpublished,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_late_and_within_its_limit_is_waited_for() {
    let late = Failure::Late(services::IN_TIME);
    for scene in scenes().await {
        for down in [Down::STORE, Down::QUEUE, Down::BUS, Down::EVERYTHING] {
            let played = scene.play(down, late).await;
            played.answers(scene.case.well.answer);
            played.publishes(scene.case.well.fact, Route::Queue);
        }
    }
}

/// What the table says must not be what the trigger says whatever happens.
#[test]
fn every_cell_that_the_store_decides_has_two_answers() {
    for group in [Group::SignUp, Group::SignIn, Group::Token] {
        let differs = CASES
            .iter()
            .filter(|case| case.groups.contains(&group))
            .any(|case| case.well.answer != case.without_store.answer);
        assert!(differs, "{group:?}");
    }
}

/// The fixtures are what Cognito sends.
#[test]
fn every_source_has_its_fixture() {
    for (name, _) in Source::ALL {
        assert!(!fixture(name).is_empty());
    }
}
