//! Our own bug.

use super::*;

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
        let (log, _guard) = listen();
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
    // Whoever cannot tell the time cannot tell that it is closed.
    let strict = CLOSED.replace("zone =", "apply_while_store_is_down = true\nzone =");
    each_bug(&strict, &event, |handled| comes_back(handled, &event)).await;
    each_bug(CAUTIOUS, &event, |handled| {
        assert_eq!(refusal(handled), "Please try again in a moment");
    })
    .await;
    let german = format!("{CAUTIOUS}\n[refusals.try_again]\nde = \"Bitte gleich noch einmal\"\n");
    let event = changed(
        SIGN_IN,
        &[("/request/userAttributes/locale", json!("de-AT"))],
    );
    each_bug(&german, &event, |handled| {
        assert_eq!(refusal(handled), "Bitte gleich noch einmal");
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
