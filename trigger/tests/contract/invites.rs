//! Who is let in by an invite, what that costs, and what the first token shows of it.

use crate::sources::{given_under, published};
use crate::world::{Mood, Places, SUB, changed, commit, fixture, given_role, now, policy};
use crate::world::{refusal, response};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use usher_events::{
    Fact, InviteId, LifecycleEvent, PasswordReset, Person, PoolId, RefusalReason, Role,
    RoleAssigned, RoleSource, SignUpKey, Sub, Time,
};
use usher_shared::commit::{Commit, Recorded};
use usher_shared::digest::Secret;
use usher_shared::disposition::FaultKind;
use usher_shared::invite::{Code, Grants, Invite, Terms};
use usher_shared::sign_up::SignUp;
use usher_trigger::{Decision, Handled};

const ALWAYS: &str = "[sign_up]\ninvite = 'always'\n";
const OPTIONAL: &str = "[sign_up]\ninvite = 'optional'\n";
const ROUTES: [&str; 2] = ["PreSignUp_SignUp", "PreSignUp_ExternalProvider"];
const CODE: &str = "0000-0000-0000-0000";
const EMAIL: &str = "ada.canary@example.com";
const DAY: Duration = Duration::from_secs(24 * 3600);

fn secret() -> Secret {
    Secret::new(&[7; 32])
}

fn pool() -> PoolId {
    PoolId::new("eu-west-1_Ex4mpl301").unwrap()
}

fn id() -> InviteId {
    secret().invite_id(&pool(), &Code::read(CODE).unwrap())
}

fn hour() -> Duration {
    Duration::from_secs(3600)
}

fn before() -> Time {
    "2026-01-02T00:00:00Z".parse().unwrap()
}

/// An invite that makes a manager.
fn invite(uses: u32) -> Invite {
    let terms = Terms {
        uses,
        expires_at: None,
        bound_to: None,
        grants: Grants {
            role: Role::new("manager").ok(),
            ..Grants::default()
        },
        label: None,
    };
    Invite::new(pool(), id(), terms, before())
}

fn with(invite: Invite) -> Places {
    let places = Places::new();
    let key = (invite.pool.clone(), invite.id.clone());
    places.invites.lock().unwrap().insert(key, invite);
    places
}

fn sign_up_with(source: &str, code: &str) -> String {
    changed(
        source,
        &[("/request/validationData", json!({ "invite_code": code }))],
    )
}

/// What is kept under the user name of an event.
fn kept(places: &Places, event: &str) -> Option<SignUp> {
    places.sign_ups.lock().unwrap().get(&key_of(event)).cloned()
}

fn key_of(event: &str) -> SignUpKey {
    let event: Value = serde_json::from_str(event).unwrap();
    secret().sign_up_key(&pool(), event["userName"].as_str().unwrap())
}

fn calls(places: &Places) -> Vec<&'static str> {
    places.invite_calls.lock().unwrap().clone()
}

#[tokio::test]
async fn whoever_needs_an_invite_and_has_none_is_told_so_without_asking_the_table() {
    for source in ROUTES {
        let (handled, places) = given_under(policy(ALWAYS), Places::new(), &fixture(source)).await;
        assert_eq!(refusal(&handled), "An invite is needed to sign up");
        assert_eq!(handled.reason(), Some(RefusalReason::InviteMissing));
        assert!(calls(&places).is_empty(), "{source}");
    }
}

#[tokio::test]
async fn a_good_code_costs_one_read_one_update_and_one_put() {
    for source in ["PreSignUp_SignUp", "PreSignUp_ExternalProvider"] {
        for typed in [CODE, " oooo oooo oooo oooo "] {
            let event = sign_up_with(source, typed);
            let (handled, places) = given_under(policy(ALWAYS), with(invite(1)), &event).await;
            assert_eq!(handled.decision, Decision::Passed, "{source}");
            assert_eq!(calls(&places), ["invite", "write_invite", "put_sign_up"]);
            let Some(LifecycleEvent::SignUpRequested(fact)) = published(&handled) else {
                panic!("{handled:?}");
            };
            assert_eq!(fact.invite, Some(id()));
            let held = kept(&places, &event).unwrap().held.unwrap();
            assert_eq!((held.invite, held.until), (id(), now().plus(DAY)));
            let invites = places.invites.lock().unwrap();
            let after = &invites[&(pool(), id())];
            assert_eq!((after.version, after.taken(now())), (2, 1));
        }
    }
}

#[tokio::test]
async fn an_invite_that_does_not_count_is_refused_in_one_sentence_whatever_is_wrong() {
    let mut used = invite(1);
    let other = usher_shared::invite::Applicant {
        sign_in: secret().sign_in_key(&pool(), "email", "bob"),
        sign_up: secret().sign_up_key(&pool(), "bob"),
        address: None,
    };
    used.reserve(&other, before(), DAY).unwrap();
    let mut expired = invite(1);
    expired.terms.expires_at = Some(now());
    let mut revoked = invite(1);
    revoked.revoke(now());
    let mut foreign = invite(1);
    foreign.terms.bound_to = Some(secret().address_key(&pool(), "bob@example.com"));
    let elsewhere = PoolId::new("eu-west-1_Other").unwrap();
    let in_another_pool = Invite {
        pool: elsewhere,
        ..invite(1)
    };
    for (invite, code, reason) in [
        (
            invite(1),
            "0000-0000-0000-0001",
            RefusalReason::InviteUnknown,
        ),
        (invite(1), "WELCOME2024", RefusalReason::InviteUnknown),
        (in_another_pool, CODE, RefusalReason::InviteUnknown),
        (used, CODE, RefusalReason::InviteUsed),
        (expired, CODE, RefusalReason::InviteExpired),
        (revoked, CODE, RefusalReason::InviteRevoked),
        (foreign, CODE, RefusalReason::InviteForeign),
    ] {
        for rules in [ALWAYS, OPTIONAL] {
            let event = sign_up_with("PreSignUp_SignUp", code);
            let (handled, places) = given_under(policy(rules), with(invite.clone()), &event).await;
            assert_eq!(
                refusal(&handled),
                "This invite cannot be used",
                "{reason:?}"
            );
            assert_eq!(handled.reason(), Some(reason));
            assert_eq!(kept(&places, &event), None);
            let Some(LifecycleEvent::SignUpRefused(fact)) = published(&handled) else {
                panic!("{handled:?}");
            };
            let is_one = reason != RefusalReason::InviteUnknown;
            assert_eq!(fact.invite, is_one.then(id), "{reason:?}");
            let body = &places.queued.lock().unwrap()[0].body;
            assert!(!body.contains(code), "{body}");
        }
    }
}

#[tokio::test]
async fn a_bound_invite_is_reserved_for_its_address() {
    let mut bound = invite(1);
    bound.terms.bound_to = Some(secret().address_key(&pool(), "Ada.Canary@Example.com"));
    let event = sign_up_with("PreSignUp_SignUp", CODE);
    let (handled, _) = given_under(policy(ALWAYS), with(bound), &event).await;
    assert_eq!(handled.decision, Decision::Passed);
}

#[tokio::test]
async fn an_administrators_user_needs_no_invite_and_holds_none_from_before() {
    let source = "PreSignUp_AdminCreateUser";
    let places = with(invite(1));
    hold(&places, &key_of(&fixture(source)), EMAIL, None);
    let (handled, places) = given_under(policy(ALWAYS), places, &fixture(source)).await;
    assert_eq!(handled.decision, Decision::Passed);
    assert_eq!(kept(&places, &fixture(source)).unwrap().held, None);
}

#[tokio::test]
async fn a_new_attempt_without_a_code_holds_nothing_any_more() {
    let event = fixture("PreSignUp_SignUp");
    let places = with(invite(1));
    hold(&places, &key_of(&event), EMAIL, None);
    let (handled, places) = given_under(policy(OPTIONAL), places, &event).await;
    assert_eq!(handled.decision, Decision::Passed);
    assert_eq!(kept(&places, &event).unwrap().held, None);
    assert_eq!(calls(&places), ["put_sign_up"]);
}

#[tokio::test]
async fn only_listed_domains_need_an_invite_where_the_policy_goes_by_domain() {
    let rules =
        "[sign_up]\ninvite = 'by_domain'\ninvite_domains = ['example.com']\ncheck_email = false\n";
    let email = |text: &str| ("/request/userAttributes/email", json!(text));
    for (address, reason) in [
        ("ada@example.com", Some(RefusalReason::InviteMissing)),
        ("ada@other.example", None),
        ("nowhere", Some(RefusalReason::InviteMissing)),
    ] {
        let event = changed("PreSignUp_SignUp", &[email(address)]);
        let (handled, _) = given_under(policy(rules), Places::new(), &event).await;
        assert_eq!(handled.reason(), reason, "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_table_nobody_comes_in_by_an_invite_and_others_come_in_as_ever() {
    let with_code = sign_up_with("PreSignUp_SignUp", CODE);
    let without = fixture("PreSignUp_SignUp");
    let again = Some(RefusalReason::StoreUnavailable);
    for mood in [
        Mood::Hangs,
        Mood::Fails(FaultKind::Unavailable),
        Mood::Fails(FaultKind::TimedOut),
        Mood::Fails(FaultKind::Refused),
        Mood::Fails(FaultKind::Corrupt),
    ] {
        for (rules, event, reason) in [
            (ALWAYS, &with_code, again),
            (OPTIONAL, &with_code, again),
            (OPTIONAL, &without, None),
            ("", &with_code, None),
        ] {
            let places = Places {
                reading: mood,
                ..with(invite(1))
            };
            let begun = tokio::time::Instant::now();
            let (handled, _) = given_under(policy(rules), places, event).await;
            assert_eq!(handled.reason(), reason, "{mood:?} {rules}");
            if reason.is_some() {
                assert_eq!(refusal(&handled), "Please try again in a moment");
            }
            assert!(begun.elapsed() < Duration::from_millis(2500));
            assert!(handled.published.is_some());
        }
    }
}

#[tokio::test]
async fn where_the_policy_takes_no_invites_a_code_is_not_looked_at() {
    let event = sign_up_with("PreSignUp_SignUp", CODE);
    let (handled, places) = given_under(policy(""), with(invite(1)), &event).await;
    assert_eq!(handled.decision, Decision::Passed);
    // Where it came from is kept all the same.
    assert_eq!(calls(&places), ["put_sign_up"]);
    let kept = kept(&places, &event).unwrap();
    assert_eq!(
        (kept.held, kept.context.source.as_deref()),
        (None, Some("organic"))
    );
}

/// Keeps a sign-up that holds a use for this address since an hour.
fn hold(places: &Places, key: &SignUpKey, email: &str, redeemed_by: Option<&str>) {
    let who = usher_shared::invite::Applicant {
        sign_in: secret().sign_in_key(&pool(), "email", email),
        sign_up: key.clone(),
        address: None,
    };
    let mut invites = places.invites.lock().unwrap();
    let invite = invites.get_mut(&(pool(), id())).unwrap();
    let at = "2026-01-02T02:04:05Z".parse().unwrap();
    let reservation = invite.reserve(&who, at, DAY).unwrap();
    let mut sign_up = SignUp::new(key.clone(), Default::default(), at);
    sign_up = sign_up.holding(invite, &who, &reservation);
    if let Some(held) = &mut sign_up.held {
        held.redeemed_by = redeemed_by.map(|sub| Sub::new(sub).unwrap());
    }
    places.sign_ups.lock().unwrap().insert(key.clone(), sign_up);
}

#[tokio::test]
async fn the_first_token_carries_what_the_invite_brings_and_nobody_elses() {
    let source = "TokenGeneration_Authentication";
    let key = key_of(&fixture(source));
    for (email, redeemed_by, role) in [
        (EMAIL, None, "manager"),
        (EMAIL, Some(SUB), "manager"),
        // The user was deleted and somebody else has the name.
        (EMAIL, Some("another"), "user"),
        ("bob@example.com", None, "user"),
    ] {
        let places = with(invite(1));
        hold(&places, &key, email, redeemed_by);
        let (handled, places) = given_under(policy(OPTIONAL), places, &fixture(source)).await;
        let said = response(&handled).to_string();
        let expected = format!(r#""role":"{role}""#);
        assert!(said.contains(&expected), "{email} {redeemed_by:?}: {said}");
        assert_eq!(calls(&places), ["sign_up"]);
    }
}

#[tokio::test]
async fn the_first_sign_in_goes_by_the_hours_of_the_role_that_the_invite_brings() {
    let source = "PreAuthentication_Authentication";
    let key = key_of(&fixture(source));
    let hours = "[sign_in.hours]\nzone = 'UTC'\nexempt_roles = ['manager']\n\
                 open = [{ days = ['mon-sun'], from = '08:00', to = '18:00' }]\n";
    let outside = Some(RefusalReason::OutsideHours);
    for (rules, email, reason, asked) in [
        (hours, EMAIL, None, &["sign_up"][..]),
        (hours, "bob@example.com", outside, &["sign_up"]),
        ("", EMAIL, None, &[]),
    ] {
        let places = with(invite(1));
        hold(&places, &key, email, None);
        let rules = policy(&format!("{OPTIONAL}{rules}"));
        let (handled, places) = given_under(rules, places, &fixture(source)).await;
        assert_eq!(handled.reason(), reason, "{email} {asked:?}");
        assert_eq!(calls(&places), asked, "{email}");
    }
}

const TOKEN: &str = "TokenGeneration_Authentication";

/// A token for the fixtures' user, of whom this is recorded, and for whose sign-up a use is held.
async fn token_for(rules: &str, recorded: &[Commit]) -> (Handled, Arc<Places>) {
    let mut places = with(invite(1));
    hold(&places, &key_of(&fixture(TOKEN)), EMAIL, None);
    if !recorded.is_empty() {
        places.users = Places::knowing(recorded).users;
    }
    given_under(policy(rules), places, &fixture(TOKEN)).await
}

/// What a token of the fixtures' user shows, as it is recorded.
async fn seen() -> Commit {
    let (handled, _) = given_under(policy(""), Places::new(), &fixture(TOKEN)).await;
    let event = published(&handled).unwrap().clone();
    assert_eq!(event.name(), "first_seen");
    commit(Recorded::Lifecycle(event), now())
}

#[tokio::test]
async fn a_token_asks_for_the_sign_up_until_an_announcement_of_its_user_is_recorded() {
    let refused = crate::world::refused(RefusalReason::UserSuspended, "2026-01-01T00:00:00Z");
    let reset = LifecycleEvent::from(PasswordReset {
        client: None,
        person: Person::default(),
    });
    let reset = commit(Recorded::Lifecycle(reset), before());
    let mut by_role = refused.clone();
    by_role.decided = vec![
        RoleAssigned {
            source: RoleSource::Default,
            role: Role::new("user").ok(),
        }
        .into(),
    ];
    for (what, recorded, rules, role, asked) in [
        ("nothing", vec![], OPTIONAL, "manager", &["sign_up"][..]),
        (
            "a refusal",
            vec![refused],
            OPTIONAL,
            "manager",
            &["sign_up"],
        ),
        ("a reset", vec![reset], OPTIONAL, "manager", &["sign_up"]),
        (
            "an operator's role",
            vec![given_role("guest")],
            OPTIONAL,
            "guest",
            &["sign_up"],
        ),
        ("first seen", vec![seen().await], OPTIONAL, "user", &[]),
        (
            "announced without a profile",
            vec![by_role],
            OPTIONAL,
            "user",
            &[],
        ),
        ("no invites", vec![], "", "user", &[]),
    ] {
        let (handled, places) = token_for(rules, &recorded).await;
        let said = response(&handled).to_string();
        let expected = format!(r#""role":"{role}""#);
        assert!(said.contains(&expected), "{what}: {said}");
        assert_eq!(calls(&places), asked, "{what}");
    }
}

/// Recorded before the confirmation, it would hide from later tokens what the invite brings.
#[tokio::test]
async fn whoever_waits_for_a_confirmation_with_an_invite_is_not_first_seen() {
    let (handled, _) = token_for(OPTIONAL, &[]).await;
    assert!(handled.published.is_none(), "{handled:?}");
    let (handled, _) = token_for("", &[]).await;
    assert_eq!(published(&handled).map(Fact::name), Some("first_seen"));
    // Somebody else's, or over: there is no confirmation to wait for.
    let key = key_of(&fixture(TOKEN));
    for (email, redeemed_by, until) in [
        ("bob@example.com", None, None),
        (EMAIL, Some("another"), None),
        (EMAIL, None, Some(before())),
    ] {
        let places = with(invite(1));
        hold(&places, &key, email, redeemed_by);
        if let (Some(until), Some(sign_up)) = (until, places.sign_ups.lock().unwrap().get_mut(&key))
        {
            sign_up.held.as_mut().unwrap().until = until;
        }
        let (handled, _) = given_under(policy(OPTIONAL), places, &fixture(TOKEN)).await;
        assert_eq!(
            published(&handled).map(Fact::name),
            Some("first_seen"),
            "{email}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn while_nobody_can_tell_whether_a_confirmation_will_come_nobody_is_first_seen() {
    for mood in [Mood::Hangs, Mood::Fails(FaultKind::Unavailable)] {
        let places = Places {
            reading_sign_ups: mood,
            ..with(invite(1))
        };
        let (handled, places) = given_under(policy(OPTIONAL), places, &fixture(TOKEN)).await;
        assert!(response(&handled).to_string().contains(r#""role":"user""#));
        assert!(handled.published.is_none(), "{mood:?}");
        assert_eq!(calls(&places), ["sign_up"]);
    }
}

#[tokio::test]
async fn a_code_that_is_sent_again_holds_the_use_for_longer() {
    for source in ["CustomEmailSender_ResendCode", "CustomMessage_ResendCode"] {
        let event = fixture(source);
        let places = with(invite(1));
        hold(&places, &key_of(&event), EMAIL, None);
        let (_, places) = given_under(policy(OPTIONAL), places, &event).await;
        let expected = ["sign_up", "invite", "write_invite", "extend_sign_up"];
        assert_eq!(calls(&places), expected);
        let until = now().plus(DAY);
        assert_eq!(kept(&places, &event).unwrap().held.unwrap().until, until);
        let invites = places.invites.lock().unwrap();
        let reservation = invites[&(pool(), id())].reservations.values().next();
        assert_eq!(reservation.unwrap().until, until);
        assert!(until.since(before()) > DAY + hour());
    }
}
