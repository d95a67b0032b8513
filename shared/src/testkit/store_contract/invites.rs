//! Promises about invites and the sign-ups that hold their uses.

use super::{Stored, at, crowd, sub};
use crate::digest::Secret;
use crate::invite::{self, Applicant, Code, Grants, Invite, PATIENCE, Terms};
use crate::port::{InviteWritten, Written};
use crate::retry::Schedule;
use crate::sign_up::{Held, SignUp};
use futures::future::join_all;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{
    AccountType, InviteId, LapseReason, OrganizationId, PoolId, RefusalReason, Role, SignUpContext,
    SignUpKey,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Enough tries for a network that fails every second call.
const TRIES: Schedule = Schedule {
    first_wait: Duration::from_millis(2),
    max_wait: Duration::from_millis(20),
    attempts: 30,
};

fn pool() -> PoolId {
    PoolId::new("eu-west-1_AbCdEfGhI").unwrap()
}

fn secret() -> Secret {
    Secret::new(&[7; 32])
}

fn id(number: u8) -> InviteId {
    secret().invite_id(&pool(), &Code::draw(&[number; 10]))
}

fn invite(number: u8, uses: u32) -> Invite {
    let terms = Terms {
        uses,
        expires_at: None,
        bound_to: None,
        grants: Grants::default(),
        label: None,
    };
    Invite::new(pool(), id(number), terms, at(number.into()))
}

fn who(name: &str) -> Applicant {
    Applicant {
        sign_in: secret().sign_in_key(&pool(), "email", name),
        sign_up: secret().sign_up_key(&pool(), name),
        address: Some(secret().address_key(&pool(), name)),
    }
}

fn sign_up() -> SignUpKey {
    who("ada").sign_up
}

/// An invite of which everything is known.
fn full() -> Invite {
    let mut invite = invite(9, 3);
    invite.terms.expires_at = Some(at(1_000_000));
    invite.terms.bound_to = who("ada").address;
    invite.terms.label = Some("summer-2026".to_owned());
    invite.terms.grants = Grants {
        role: Some(Role::new("manager").unwrap()),
        organization: Some(OrganizationId::new("acme").unwrap()),
        account_type: Some(AccountType::new("business").unwrap()),
    };
    invite.reserve(&who("ada"), at(10), DAY).unwrap();
    invite
        .redeem(&who("ada"), &sub("3f0c"), at(11), at(12))
        .unwrap();
    invite.reserve(&who("ada"), at(13), DAY).unwrap();
    invite.revoke(at(20));
    invite
}

/// Nothing there is an answer.
pub async fn an_invite_that_was_never_made_is_none(store: impl Stored) {
    assert_eq!(store.invite(&pool(), &id(1)).await, Ok(None));
    let mut later = invite(1, 1);
    later.version = 2;
    let written = store.write_invite(&later).await;
    assert_eq!(written, Ok(InviteWritten::Overtaken(None)));
}

/// Everything that an invite can hold comes back, and in its own pool alone.
pub async fn an_invite_is_read_back_as_written(store: impl Stored) {
    assert_eq!(store.write_invite(&full()).await, Ok(InviteWritten::Now));
    assert_eq!(store.invite(&pool(), &full().id).await, Ok(Some(full())));
    let elsewhere = PoolId::new("eu-west-1_Other").unwrap();
    assert_eq!(store.invite(&elsewhere, &full().id).await, Ok(None));
}

/// Whoever is overtaken is shown by what.
pub async fn an_invite_is_written_under_its_version_alone(store: impl Stored) {
    let first = invite(1, 1);
    assert_eq!(store.write_invite(&first).await, Ok(InviteWritten::Now));
    let overtaken = InviteWritten::Overtaken(Some(Box::new(first.clone())));
    let second_first = invite(1, 5);
    let written = store.write_invite(&second_first).await;
    assert_eq!(written, Ok(overtaken.clone()));
    let mut third = first.clone();
    third.version = 3;
    assert_eq!(store.write_invite(&third).await, Ok(overtaken));
    let mut second = first;
    second.version = 2;
    second.revoke(at(5));
    assert_eq!(store.write_invite(&second).await, Ok(InviteWritten::Now));
    let again = store.write_invite(&second).await;
    let shown = InviteWritten::Overtaken(Some(Box::new(second)));
    assert_eq!(again, Ok(shown));
}

/// Exactly one.
pub async fn of_twenty_who_write_an_invite_at_once_one_has_written(store: impl Stored) {
    store.write_invite(&invite(1, 1)).await.unwrap();
    let written = crowd(|number| {
        let store = store.clone();
        async move {
            let mut next = invite(1, 1);
            next.version = 2;
            next.revoke(at(i64::try_from(number).unwrap()));
            store.write_invite(&next).await.unwrap()
        }
    })
    .await;
    let now = written.iter().filter(|one| **one == InviteWritten::Now);
    assert_eq!(now.count(), 1);
}

/// Page after page, oldest first, and none of another pool.
pub async fn invites_are_listed_by_pool_and_age(store: impl Stored) {
    let elsewhere = PoolId::new("eu-west-1_AbCdEfGh").unwrap();
    let other = Invite::new(elsewhere.clone(), id(0), invite(0, 1).terms, at(0));
    store.write_invite(&other).await.unwrap();
    for number in [5, 2, 7, 1, 3] {
        store.write_invite(&invite(number, 1)).await.unwrap();
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.invites(&pool(), after.as_deref(), 2).await.unwrap();
        assert!(page.0.len() <= 2);
        found.extend(page.0);
        after = page.1;
        if after.is_none() {
            break;
        }
    }
    let expected = [1, 2, 3, 5, 7].map(|number| invite(number, 1));
    assert_eq!(found, expected);
    let (of_other, _) = store.invites(&elsewhere, None, 100).await.unwrap();
    assert_eq!(of_other, [other]);
}

/// Lets everybody in `names` sign up at once, and says who got in.
async fn sign_up_at_once(
    store: &impl Stored,
    names: Vec<String>,
) -> Vec<Result<(), RefusalReason>> {
    let one = |name: String| {
        let store = store.clone();
        tokio::spawn(async move {
            let deadline = Instant::now() + Duration::from_secs(120);
            let (pool, id) = (pool(), id(1));
            let reserve = |invite: &mut Invite| invite.reserve(&who(&name), at(10), DAY);
            let said = invite::change(&store, (&pool, &id), &TRIES, deadline, reserve).await;
            said.unwrap().unwrap().map(|_| ())
        })
    };
    let done = join_all(names.into_iter().map(one)).await;
    done.into_iter().map(Result::unwrap).collect()
}

/// However they meet, and whatever the network makes of it.
pub async fn of_a_hundred_sign_ups_at_once_on_five_uses_five_are_admitted(store: impl Stored) {
    make(&store, invite(1, 5)).await;
    let names = (0..100).map(|number| format!("n{number}")).collect();
    let said = sign_up_at_once(&store, names).await;
    let admitted = said.iter().filter(|said| said.is_ok()).count();
    let refused = said
        .iter()
        .filter(|said| **said == Err(RefusalReason::InviteUsed));
    assert_eq!((admitted, refused.count()), (5, 95));
    let after = read(&store).await;
    assert_eq!((after.taken(at(10)), after.reservations.len()), (5, 5));
}

/// A name is one person, however impatient.
pub async fn of_a_hundred_repeats_by_five_names_at_once_all_are_admitted(store: impl Stored) {
    make(&store, invite(1, 5)).await;
    let names = (0..100).map(|number| format!("n{}", number % 5)).collect();
    let said = sign_up_at_once(&store, names).await;
    assert!(said.iter().all(Result::is_ok));
    assert_eq!(read(&store).await.taken(at(10)), 5);
}

/// Confirmations, late confirmations and new sign-ups for the same five uses, all at once.
pub async fn of_a_hundred_confirmations_at_once_on_five_uses_five_redeem(store: impl Stored) {
    make(&store, invite(1, 5)).await;
    let names = (0..5).map(|number| format!("early{number}")).collect();
    let _ = sign_up_at_once(&store, names).await;
    let late = at(10).plus(DAY + PATIENCE + Duration::from_secs(1));
    let one = |number: usize| {
        let store = store.clone();
        tokio::spawn(async move {
            let deadline = Instant::now() + Duration::from_secs(120);
            let (pool, id) = (pool(), id(1));
            let name = format!("n{}", number % 50);
            let redeem = |invite: &mut Invite| invite.redeem(&who(&name), &sub(&name), late, late);
            let said = invite::change(&store, (&pool, &id), &TRIES, deadline, redeem).await;
            (name.clone(), said.unwrap().unwrap())
        })
    };
    // Everybody twice: a repeat says what the first said.
    let done = join_all((0..100).map(one)).await;
    let said: Vec<_> = done.into_iter().map(Result::unwrap).collect();
    for (name, result) in &said {
        let same = said.iter().filter(|(other, _)| other == name);
        assert!(same.into_iter().all(|(_, other)| other == result), "{name}");
        assert!(matches!(result, Ok(()) | Err(LapseReason::Used)));
    }
    let redeemed = said.iter().filter(|(_, result)| result.is_ok()).count();
    assert_eq!((redeemed, read(&store).await.redemptions.len()), (10, 5));
}

async fn make(store: &impl Stored, invite: Invite) {
    let mut made = None;
    while made.is_none() {
        made = store.write_invite(&invite).await.ok();
    }
}

async fn read(store: &impl Stored) -> Invite {
    let mut found = None;
    while found.is_none() {
        found = store.invite(&pool(), &id(1)).await.ok();
    }
    found.flatten().unwrap()
}

fn held(seconds: i64) -> Held {
    Held {
        invite: id(1),
        sign_in: who("ada").sign_in,
        at: at(seconds),
        until: at(seconds).plus(DAY),
        grants: full().terms.grants,
        bound_to: who("ada").address,
        redeemed_by: None,
    }
}

/// Each pre sign-up writes the sign-up whole.
pub async fn a_sign_up_is_kept_and_overwritten_whole(store: impl Stored) {
    assert_eq!(store.sign_up(&sign_up()).await, Ok(None));
    let context = SignUpContext {
        source: Some("invite".to_owned()),
        ..SignUpContext::default()
    };
    let mut first = SignUp::new(sign_up(), context, at(0));
    first.held = Some(held(0));
    store.put_sign_up(&first).await.unwrap();
    assert_eq!(store.sign_up(&sign_up()).await, Ok(Some(first)));
    let second = SignUp::new(sign_up(), SignUpContext::default(), at(5));
    store.put_sign_up(&second).await.unwrap();
    assert_eq!(store.sign_up(&sign_up()).await, Ok(Some(second)));
    assert_eq!(store.sign_up(&who("eve").sign_up).await, Ok(None));
}

/// Whoever redeemed an earlier attempt's use says nothing about a later one.
pub async fn a_sign_up_is_stamped_by_its_own_user_alone(store: impl Stored) {
    let (ada, eve) = (sub("ada"), sub("eve"));
    let stamp = |held, sub| {
        let store = store.clone();
        async move { store.stamp_sign_up(&sign_up(), &held, &sub).await }
    };
    let overtaken = Ok(Written::Overtaken);
    assert_eq!(stamp(held(0), ada.clone()).await, overtaken);
    let mut kept = SignUp::new(sign_up(), SignUpContext::default(), at(5));
    store.put_sign_up(&kept).await.unwrap();
    assert_eq!(stamp(held(0), ada.clone()).await, overtaken);
    kept.held = Some(held(5));
    store.put_sign_up(&kept).await.unwrap();
    let other = Held {
        invite: id(2),
        ..held(5)
    };
    for not_this in [held(0), other] {
        assert_eq!(stamp(not_this, ada.clone()).await, overtaken);
    }
    for _ in 0..2 {
        assert_eq!(stamp(held(5), ada.clone()).await, Ok(Written::Now));
    }
    assert_eq!(stamp(held(5), eve).await, overtaken);
    let stamped = store.sign_up(&sign_up()).await.unwrap().unwrap();
    assert_eq!(stamped.held.unwrap().redeemed_by, Some(ada));
}

/// A code that is sent again holds the attempt that it was sent for.
pub async fn a_sign_up_is_extended_for_its_own_attempt_alone(store: impl Stored) {
    let extend = |held: Held| {
        let store = store.clone();
        async move {
            let (until, expires_at) = (at(900_000), at(999_999));
            let key = sign_up();
            store.extend_sign_up(&key, &held, until, expires_at).await
        }
    };
    assert_eq!(extend(held(0)).await, Ok(Written::Overtaken));
    let mut kept = SignUp::new(sign_up(), SignUpContext::default(), at(5));
    kept.held = Some(held(5));
    store.put_sign_up(&kept).await.unwrap();
    assert_eq!(extend(held(0)).await, Ok(Written::Overtaken));
    assert_eq!(store.sign_up(&sign_up()).await, Ok(Some(kept)));
    for _ in 0..2 {
        assert_eq!(extend(held(5)).await, Ok(Written::Now));
    }
    let extended = store.sign_up(&sign_up()).await.unwrap().unwrap();
    assert_eq!(extended.held.unwrap().until, at(900_000));
    assert_eq!(extended.expires_at, at(999_999));
}
