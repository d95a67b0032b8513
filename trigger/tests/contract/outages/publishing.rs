//! Queue, bus or both are down, or everything is.

use super::*;

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
        let (log, _guard) = listen();
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
        let due = kit.stack.store.due(Lane::Queue, now(), 10).await.unwrap();
        assert!(
            due.contains(&Due::Spill {
                id: fact.id,
                due: now()
            }),
            "{source}: {due:?}"
        );
    }
}

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

#[tokio::test(start_paused = true)]
async fn whatever_hangs_leaves_the_next_place_the_time_that_it_needs() {
    let (hangs, slow) = (Mood::Hangs, Mood::Takes(Duration::from_millis(300)));
    for (queue, bus, spill, expected) in [
        (slow, hangs, hangs, Route::Queue),
        (hangs, slow, hangs, Route::Bus),
        (hangs, hangs, slow, Route::Spill),
    ] {
        for (source, text) in [(POST[0], ""), (SIGN_IN, CAUTIOUS)] {
            let places = Places {
                reading: hangs,
                queue,
                bus,
                spill,
                ..Places::new()
            };
            let trigger = trigger(policy(text), &Arc::new(places));
            let handled = in_time(&trigger, &fixture(source)).await;
            assert_eq!(route(&handled), Some(expected), "{source}");
        }
    }
}
