//! What the policy switches off, and what it cannot take back.

use crate::common::{
    POLICY, World, at, confirmed, mail_of, person, policy, record, signed_in, sub,
};
use crate::{HOME, welcome};
use std::sync::Arc;
use usher_shared::port::Store;

#[tokio::test]
async fn without_profiles_there_are_a_log_rights_and_one_mail_and_nothing_of_the_person() {
    let mut rules = policy(POLICY);
    rules.profile.create = false;
    let world = World::under(rules).await;
    let worker = world.worker();
    for _ in 0..2 {
        record(&worker, &welcome("ada")).await;
        record(&worker, &signed_in("ada", person(HOME), at(60))).await;
        record(&worker, &signed_in("bob", person(HOME), at(60))).await;
    }
    assert_eq!(
        (world.commits("ada").await.len(), world.mails().len()),
        (2, 1)
    );
    let store = &world.here.stack.store;
    assert_eq!(store.preferences(&sub("ada")).await.unwrap(), None);
    let ada = store.glance(&sub("ada")).await.unwrap().unwrap();
    assert_eq!(
        (ada.user.person.as_ref(), ada.user.last_login_at),
        (None, None)
    );
    assert_eq!(
        ada.user,
        ada.user.clone().rights(),
        "rights and the claim alone"
    );
    assert_eq!(ada.claims.len(), 1);
}

#[tokio::test]
async fn without_the_welcome_mail_nothing_is_owed_not_even_after_it_is_switched_on() {
    let mut rules = policy(POLICY);
    rules.mail.welcome = false;
    let mut world = World::under(rules).await;
    let story = record(&world.worker(), &welcome("ada")).await;
    assert_eq!(mail_of(&story), None);
    world.policy = Arc::new(policy(POLICY));
    let story = record(&world.worker(), &welcome("ada")).await;
    assert!(!story.appended);
    assert_eq!((mail_of(&story), world.mails().len()), (None, 0));
    assert!(
        world
            .here
            .stack
            .store
            .preferences(&sub("ada"))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn what_was_granted_yesterday_stays_under_tomorrows_policy() {
    let mut world = World::new().await;
    let event = confirmed("ada", person("ada@root.example"));
    record(&world.worker(), &event).await;
    world.policy = Arc::new(policy(&POLICY.replace("\"admin\"", "\"guest\"")));
    record(&world.worker(), &event).await;
    let item = world
        .here
        .stack
        .store
        .glance(&sub("ada"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(item.user.role().unwrap().0.as_str(), "admin");
}

#[tokio::test]
async fn preferences_are_made_once_and_then_are_the_applications() {
    let world = World::new().await;
    let worker = world.worker();
    let mut who = person(HOME);
    who.locale = Some(usher_events::Personal::new("de-AT"));
    who.marketing_consent = Some(false);
    let event = confirmed("ada", who);
    record(&worker, &event).await;
    let store = &world.here.stack.store;
    let made = store.preferences(&sub("ada")).await.unwrap().unwrap();
    assert_eq!(made.language.expose(), "de-AT");
    assert!(!made.marketing_emails);

    let update = world.client().update_item().table_name(store.name());
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    update
        .key("PK", text("U#ada"))
        .key("SK", text("PREFS"))
        .update_expression("SET theme = :dark")
        .expression_attribute_values(":dark", text("dark"))
        .send()
        .await
        .unwrap();
    record(&worker, &event).await;
    record(&worker, &signed_in("ada", person(HOME), at(60))).await;
    let kept = store.preferences(&sub("ada")).await.unwrap().unwrap();
    assert_eq!(
        (kept.theme.as_str(), kept.language.expose()),
        ("dark", "de-AT")
    );
}
