//! The table is down or slow.

use super::*;

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
async fn hours_wait_for_the_store_unless_the_policy_says_otherwise() {
    for source in TOKENS.into_iter().chain([SIGN_IN]) {
        let event = fixture(source);
        each_way(CLOSED, STORE, Places::new, &event, |_, handled, _| {
            assert_eq!(handled.reason(), None, "{source}");
        })
        .await;
        let asked = [SIGN_IN, "TokenGeneration_HostedAuth"].contains(&source);
        let expected = asked.then_some(RefusalReason::OutsideHours);
        let strict = CLOSED.replace("zone =", "apply_while_store_is_down = true\nzone =");
        each_way(&strict, STORE, Places::new, &event, |_, handled, _| {
            assert_eq!(handled.reason(), expected, "{source}");
            assert!(!asked || route(handled) == Some(Route::Queue), "{source}");
        })
        .await;
    }
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
