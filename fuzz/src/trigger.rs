//! Any bytes, given to the trigger as an event, in every world that there is.

use crate::log::CANARY;
use crate::places::{Places, now};
use crate::worlds::{WORLDS, World};
use crate::{answer, facts, log};
use serde_json::value::RawValue;
use std::cell::LazyCell;
use tokio::runtime::{Builder, Runtime};
use usher_events::wire;
use usher_shared::policy::Policy;
use usher_trigger::cognito::Call;
use usher_trigger::publish::Route;
use usher_trigger::{Handled, Trigger};

thread_local! {
    /// Time is paused: what hangs is waited for at once.
    static RUNTIME: LazyCell<Runtime> = LazyCell::new(|| {
        let mut builder = Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    });
}

/// Gives bytes to the trigger, and panics if a promise is broken. `false` where they are no JSON, of
/// which the trigger never hears.
pub fn holds(bytes: &[u8]) -> bool {
    // As the Lambda runtime reads an invocation.
    let Ok(event) = serde_json::from_slice::<Box<RawValue>>(bytes) else {
        return false;
    };
    if let Ok(fact) = wire::decode(event.get()) {
        facts::check(&fact, &WORLDS[0].policy, now());
    }
    if Call::read(&event).is_none() {
        in_one(&WORLDS[0], &event);
        return true;
    }
    for world in WORLDS.iter() {
        in_one(world, &event);
    }
    true
}

fn in_one(world: &World, event: &RawValue) {
    let (trigger, places) = world.trigger();
    let (handled, lines) = log::of(|| handle(&trigger, event));
    check(&world.policy, event, &handled, &places);
    check_log(event, &handled, &lines);
    let (again, _) = world.trigger();
    let again = handle(&again, event);
    let fact = |handled: &Handled| handled.published.as_ref().map(|(fact, _)| fact.clone());
    assert_eq!(fact(&again), fact(&handled), "a repeat is another fact");
}

/// Answers one event.
pub(crate) fn handle(trigger: &Trigger, event: &RawValue) -> Handled {
    RUNTIME.with(|runtime| runtime.block_on(trigger.handle(event, "b9c8a8c6-aaaa")))
}

/// Holds what became of an event to every promise.
pub(crate) fn check(policy: &Policy, event: &RawValue, handled: &Handled, places: &Places) {
    answer::check(policy, event.get(), handled);
    let queued = places.queued.lock().unwrap();
    let on_bus = places.on_bus.lock().unwrap();
    let spilled = places.spilled.lock().unwrap();
    let mut taken: Vec<(Route, &str)> = Vec::new();
    taken.extend(queued.iter().map(|it| (Route::Queue, it.body.as_str())));
    taken.extend(on_bus.iter().map(|it| (Route::Bus, it.detail.as_str())));
    taken.extend(spilled.iter().map(|it| (Route::Spill, it.1.as_str())));
    match &handled.published {
        None => assert_eq!(taken, [], "nothing was published, and something is there"),
        Some((fact, route)) => {
            facts::check(fact, policy, now());
            assert_eq!(taken, [(*route, wire::encode(fact).as_str())]);
            let group = queued.first().and_then(|message| message.group.as_deref());
            assert!(queued.is_empty() || group == Some(fact.subject.as_str()));
        }
    }
}

/// Nothing personal is in the log, in debug output or in a refusal.
fn check_log(event: &RawValue, handled: &Handled, lines: &str) {
    let names_no_person = |text: &str| !text.to_lowercase().contains(CANARY);
    let pool = Call::read(event).map(|call| call.pool.to_string());
    if pool.as_deref().is_none_or(names_no_person) {
        assert!(names_no_person(lines), "{lines}");
        let shown = format!("{handled:?} {:?}", handled.answer.as_ref().err());
        assert!(names_no_person(&shown), "{shown}");
        let call = Call::read(event).map(|call| format!("{call:?}"));
        assert!(call.as_deref().is_none_or(names_no_person), "{call:?}");
    }
}
