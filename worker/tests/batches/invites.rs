//! What becomes of an invite when the sign-up that holds it is confirmed.

use crate::common::watched::crashing;
use crate::common::{World, at, message, person, policy, pool, record, soon, sub, work};
use std::sync::Arc;
use std::time::Duration;
use usher_events::{
    AccountType, ConfirmationRoute, DecidedEvent, Envelope, InviteId, LapseReason, LifecycleEvent,
    OrganizationId, Person, Role, RoleSource, SignUpConfirmed, SignUpContext, Subject, Time,
    identity, wire,
};
use usher_shared::invite::{Applicant, Code, Grants, Invite, PATIENCE, Terms};
use usher_shared::policy::Policy;
use usher_shared::port::{InviteWritten, Invites, Store};
use usher_shared::sign_up::SignUp;
use usher_worker::Worker;
use usher_worker::story::Outcome;

const ADA: &str = "ada@home.example";
const DAY: Duration = Duration::from_secs(24 * 3600);

fn rules() -> Policy {
    policy(
        "[sign_up]\ninvite = 'always'\n[organizations.club]\nname = 'Club'\naccount_type = 'enterprise'\n",
    )
}

fn id(world: &World) -> InviteId {
    let secret = &world.here.stack.secret;
    secret.invite_id(&pool(), &Code::draw(&[0; 10]))
}

/// An invite that brings all that an invite can.
async fn make(world: &World, uses: u32, bound_to: Option<&str>) {
    let secret = &world.here.stack.secret;
    let terms = Terms {
        uses,
        expires_at: None,
        bound_to: bound_to.map(|address| secret.address_key(&pool(), address)),
        grants: Grants {
            role: Role::new("manager").ok(),
            organization: OrganizationId::new("club").ok(),
            account_type: AccountType::new("business").ok(),
        },
        label: None,
    };
    let invite = Invite::new(pool(), id(world), terms, at(0));
    let written = world.here.stack.store.write_invite(&invite).await;
    assert_eq!(written, Ok(InviteWritten::Now));
}

async fn read(world: &World) -> Invite {
    let found = world.here.stack.store.invite(&pool(), &id(world)).await;
    found.unwrap().unwrap()
}

async fn change(world: &World, change: impl Fn(&mut Invite)) {
    let mut invite = read(world).await;
    change(&mut invite);
    invite.version += 1;
    let written = world.here.stack.store.write_invite(&invite).await;
    assert_eq!(written, Ok(InviteWritten::Now));
}

/// Signs somebody up as the trigger does, with the invite or without.
async fn sign_up(world: &World, name: &str, email: &str, with_invite: bool, now: Time) {
    let (secret, store) = (&world.here.stack.secret, &world.here.stack.store);
    let key = secret.sign_up_key(&pool(), name);
    let context = SignUpContext {
        campaign: Some("spring".to_owned()),
        source: Some("invite".to_owned()),
        ..SignUpContext::default()
    };
    let mut kept = SignUp::new(key.clone(), context, now);
    if with_invite {
        let person = person(email);
        let who = Applicant::asking(&world.policy, secret, &pool(), key, &person);
        let mut invite = read(world).await;
        let reservation = invite.reserve(&who, now, DAY).unwrap();
        kept = kept.holding(&invite, &who, &reservation);
        invite.version += 1;
        store.write_invite(&invite).await.unwrap();
    }
    store.put_sign_up(&kept).await.unwrap();
}

fn confirmation(
    world: &World,
    user: &str,
    name: &str,
    person: Person,
    time: Time,
) -> Envelope<LifecycleEvent> {
    let event = LifecycleEvent::from(SignUpConfirmed {
        route: ConfirmationRoute::SignUp,
        client: None,
        context: SignUpContext {
            source: Some("organic".to_owned()),
            referrer: Some("friend".to_owned()),
            ..SignUpContext::default()
        },
        sign_up: Some(world.here.stack.secret.sign_up_key(&pool(), name)),
        person,
    });
    Envelope {
        id: identity::once(&pool(), &sub(user), &event),
        source: pool(),
        subject: Subject::User(sub(user)),
        time,
        correlation_id: None,
        causation_id: None,
        event,
    }
}

/// What was recorded of an invite with a user's confirmation: lapsed, or how much it has brought.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Redeemed(usize),
    Lapsed(LapseReason),
}

fn said(decided: &[DecidedEvent]) -> Said {
    let mut said = Said::Nothing;
    let mut brought = 0;
    for event in decided {
        match event {
            DecidedEvent::InviteRedeemed(_) => said = Said::Redeemed(0),
            DecidedEvent::InviteLapsed(event) => said = Said::Lapsed(event.reason),
            DecidedEvent::RoleAssigned(event) if event.source == RoleSource::Invite => brought += 1,
            DecidedEvent::OrganizationJoined(_) | DecidedEvent::AccountTypeAssigned(_) => {
                brought += 1;
            }
            _ => {}
        }
    }
    match said {
        Said::Redeemed(_) => Said::Redeemed(brought),
        other => {
            assert_eq!(brought, 0, "{decided:?}");
            other
        }
    }
}

async fn recorded(world: &World, user: &str) -> Said {
    let commits = world.commits(user).await;
    assert_eq!(commits.len(), 1);
    said(&commits[0].decided)
}

async fn role(world: &World, user: &str) -> String {
    let loaded = world.here.stack.store.load(&sub(user)).await.unwrap();
    let user = loaded.user.unwrap().user;
    user.role().unwrap().0.to_string()
}

async fn world() -> World {
    World::under(rules()).await
}

#[tokio::test]
async fn a_confirmation_redeems_once_and_gives_what_the_invite_brings() {
    let world = world().await;
    make(&world, 1, None).await;
    sign_up(&world, "ada", ADA, true, at(0)).await;
    let event = confirmation(&world, "ada", "ada", person(ADA), at(60));
    for worker in [world.worker(), world.worker(), world.worker()] {
        record(&worker, &event).await;
    }
    assert_eq!(recorded(&world, "ada").await, Said::Redeemed(3));
    assert_eq!(role(&world, "ada").await, "manager");
    let invite = read(&world).await;
    assert_eq!(
        (invite.redemptions.len(), invite.reservations.len()),
        (1, 0)
    );
    let key = world.here.stack.secret.sign_up_key(&pool(), "ada");
    let kept = world.here.stack.store.sign_up(&key).await.unwrap().unwrap();
    assert_eq!(kept.held.unwrap().redeemed_by, Some(sub("ada")));
    let told = world.told();
    let types = told.iter().filter_map(|line| line["detail-type"].as_str());
    let redeemed = types
        .filter(|name| *name == "usher.invite_redeemed")
        .count();
    assert!(redeemed >= 1, "{told:?}");
}

#[tokio::test]
async fn where_a_sign_up_came_from_is_recorded_with_its_confirmation() {
    let world = world().await;
    sign_up(&world, "ada", ADA, false, at(0)).await;
    let event = confirmation(&world, "ada", "ada", person(ADA), at(60));
    record(&world.worker(), &event).await;
    let commits = world.commits("ada").await;
    let usher_shared::commit::Recorded::Lifecycle(LifecycleEvent::SignUpConfirmed(event)) =
        &commits[0].envelope.event
    else {
        panic!("{commits:?}");
    };
    let said = |text: &Option<String>| text.clone().unwrap();
    let context = &event.context;
    assert_eq!(said(&context.source), "invite");
    assert_eq!(said(&context.campaign), "spring");
    assert_eq!(said(&context.referrer), "friend");
    assert_eq!(recorded(&world, "ada").await, Said::Nothing);
}

#[tokio::test]
async fn a_crash_between_any_two_steps_redeems_once_all_the_same() {
    for call in [
        "sign_up",
        "commit",
        "invite",
        "write_invite",
        "stamp_sign_up",
        "append",
    ] {
        for after in [false, true] {
            let world = world().await;
            make(&world, 2, None).await;
            sign_up(&world, "ada", ADA, true, at(0)).await;
            let event = confirmation(&world, "ada", "ada", person(ADA), at(60));
            let body = [wire::encode(&event)];
            let worker = world.worker();
            let crashing = crashing(worker, call, after);
            let outcomes = work(&crashing, &body).await;
            assert!(!outcomes[0].is_done(), "{call} {after}: {outcomes:?}");
            let outcomes = work(&world.worker(), &body).await;
            assert!(outcomes[0].is_done(), "{call} {after}: {outcomes:?}");
            assert_eq!(recorded(&world, "ada").await, Said::Redeemed(3), "{call}");
            assert_eq!(read(&world).await.taken(at(60)), 1, "{call} {after}");
        }
    }
}

#[tokio::test]
async fn one_confirmation_in_two_workers_at_once_redeems_once() {
    let world = world().await;
    make(&world, 5, None).await;
    sign_up(&world, "ada", ADA, true, at(0)).await;
    let event = confirmation(&world, "ada", "ada", person(ADA), at(60));
    let messages = [message(&wire::encode(&event))];
    let workers = [world.worker(), world.worker(), world.worker()];
    let works = workers.iter().map(|worker| worker.work(&messages, soon()));
    let outcomes: Vec<Vec<Outcome>> = futures::future::join_all(works).await;
    assert!(outcomes.iter().any(|outcomes| outcomes[0].is_done()));
    record(&world.worker(), &event).await;
    assert_eq!(recorded(&world, "ada").await, Said::Redeemed(3));
    assert_eq!(read(&world).await.redemptions.len(), 1);
}

#[tokio::test]
async fn a_late_confirmation_takes_a_free_use_or_has_the_default_role_and_is_recorded_as_lapsed() {
    let late = at(0).plus(DAY + PATIENCE + Duration::from_secs(60));
    for (somebody_else, expected, has) in [
        (false, Said::Redeemed(3), "manager"),
        (true, Said::Lapsed(LapseReason::Used), "user"),
    ] {
        let world = world().await;
        make(&world, 1, None).await;
        sign_up(&world, "ada", ADA, true, at(0)).await;
        if somebody_else {
            sign_up(&world, "bob", "bob@home.example", true, late).await;
        }
        world
            .here
            .clock
            .advance(DAY + PATIENCE + Duration::from_secs(120));
        let event = confirmation(&world, "ada", "ada", person(ADA), late);
        record(&world.worker(), &event).await;
        record(&world.worker(), &event).await;
        assert_eq!(recorded(&world, "ada").await, expected);
        assert_eq!(role(&world, "ada").await, has);
        assert!(read(&world).await.taken(late) <= 1);
    }
}

#[tokio::test]
async fn a_confirmation_that_was_made_in_time_and_heard_of_late_redeems() {
    let world = world().await;
    make(&world, 1, None).await;
    sign_up(&world, "ada", ADA, true, at(0)).await;
    world.here.clock.advance(DAY + PATIENCE);
    let event = confirmation(&world, "ada", "ada", person(ADA), at(0).plus(DAY));
    record(&world.worker(), &event).await;
    assert_eq!(recorded(&world, "ada").await, Said::Redeemed(3));
}

#[tokio::test]
async fn a_bound_invite_is_redeemed_only_with_its_address_verified_and_else_is_free_again() {
    let unverified = Person {
        email_verified: false,
        ..person(ADA)
    };
    let by_a_stranger = Person {
        providers: vec!["Evil".to_owned()],
        ..person(ADA)
    };
    for (person, expected) in [
        (person(ADA), Said::Redeemed(3)),
        (unverified, Said::Lapsed(LapseReason::Foreign)),
        (by_a_stranger, Said::Lapsed(LapseReason::Foreign)),
    ] {
        let world = world().await;
        make(&world, 1, Some(ADA)).await;
        sign_up(&world, "ada", ADA, true, at(0)).await;
        let event = confirmation(&world, "ada", "ada", person, at(60));
        record(&world.worker(), &event).await;
        let taken = usize::from(expected == Said::Redeemed(3));
        assert_eq!(recorded(&world, "ada").await, expected);
        assert_eq!(read(&world).await.taken(at(60)), taken);
    }
}

#[tokio::test]
async fn a_revoked_invite_and_one_that_is_gone_bring_nothing() {
    let world = world().await;
    make(&world, 2, None).await;
    sign_up(&world, "ada", ADA, true, at(0)).await;
    change(&world, |invite| invite.revoke(at(30))).await;
    let event = confirmation(&world, "ada", "ada", person(ADA), at(60));
    record(&world.worker(), &event).await;
    assert_eq!(
        recorded(&world, "ada").await,
        Said::Lapsed(LapseReason::Revoked)
    );
}

/// Ada signs up and is confirmed or not, is deleted, and Eve has the user name.
#[tokio::test]
async fn a_reservation_never_serves_another_person() {
    let eves = "eve@home.example";
    for confirmed_before in [false, true] {
        for eve_signs_up in [false, true] {
            let world = world().await;
            make(&world, 2, None).await;
            sign_up(&world, "name", ADA, true, at(0)).await;
            if confirmed_before {
                let ada = confirmation(&world, "ada", "name", person(ADA), at(60));
                record(&world.worker(), &ada).await;
            }
            // Without it the table was away when she signed up, and Ada's sign-up is still there.
            if eve_signs_up {
                sign_up(&world, "name", eves, false, at(90)).await;
            }
            let eve = confirmation(&world, "eve", "name", person(eves), at(120));
            record(&world.worker(), &eve).await;
            assert_eq!(recorded(&world, "eve").await, Said::Nothing);
            assert_eq!(role(&world, "eve").await, "user");
            let redemptions = read(&world).await.redemptions;
            assert!(!redemptions.contains_key(&sub("eve")));
        }
    }
}

/// The same address, too: whoever has a mailbox after somebody else.
#[tokio::test]
async fn what_one_user_has_redeemed_serves_no_other_under_the_same_names() {
    let world = world().await;
    make(&world, 2, None).await;
    sign_up(&world, "name", ADA, true, at(0)).await;
    let first = confirmation(&world, "first", "name", person(ADA), at(60));
    record(&world.worker(), &first).await;
    let second = confirmation(&world, "second", "name", person(ADA), at(120));
    record(&world.worker(), &second).await;
    assert_eq!(recorded(&world, "first").await, Said::Redeemed(3));
    assert_eq!(recorded(&world, "second").await, Said::Nothing);
    assert_eq!(read(&world).await.redemptions.len(), 1);
}

#[tokio::test]
async fn a_policy_that_has_changed_meanwhile_changes_nothing_that_was_promised_or_recorded() {
    let world = world().await;
    make(&world, 1, None).await;
    sign_up(&world, "ada", ADA, true, at(0)).await;
    let event = confirmation(&world, "ada", "ada", person(ADA), at(60));
    let under = |text: &str| Worker {
        policy: Arc::new(policy(text)),
        ..world.worker()
    };
    // Invites are switched off between sign-up and confirmation: the promise is kept.
    record(&under(""), &event).await;
    assert_eq!(recorded(&world, "ada").await, Said::Redeemed(3));
    // Whatever later policies would have decided of a repeat.
    for text in ["", "[roles]\ndefault = 'guest'\n"] {
        let story = record(&under(text), &event).await;
        assert!(!story.appended);
        assert_eq!(role(&world, "ada").await, "manager");
    }
}
