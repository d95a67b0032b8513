use super::*;
use crate::digest::Secret;
use proptest::prelude::*;
use std::collections::BTreeMap;
use usher_events::{LapseReason, RefusalReason};

const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: u64 = 3600;

fn secret() -> Secret {
    Secret::new(&[7; 32])
}

fn pool() -> PoolId {
    PoolId::new("eu-west-1_A").unwrap()
}

fn at(hours: u64) -> Time {
    let start: Time = "2026-01-02T03:04:00Z".parse().unwrap();
    start.plus(Duration::from_secs(hours * HOUR))
}

fn sub(text: &str) -> Sub {
    Sub::new(text).unwrap()
}

/// Somebody with this address, under this user name.
fn who(address: &str, user_name: &str) -> Applicant {
    Applicant {
        sign_in: secret().sign_in_key(&pool(), "email", address),
        sign_up: secret().sign_up_key(&pool(), user_name),
        address: Some(secret().address_key(&pool(), address)),
    }
}

fn unverified(who: Applicant) -> Applicant {
    Applicant {
        address: None,
        ..who
    }
}

fn invite(uses: u32) -> Invite {
    let terms = Terms {
        uses,
        expires_at: None,
        bound_to: None,
        grants: Grants::default(),
        label: None,
    };
    let id = secret().invite_id(&pool(), &Code::draw(&[0; 10]));
    Invite::new(pool(), id, terms, at(0))
}

fn bound(uses: u32, address: &str) -> Invite {
    let mut invite = invite(uses);
    invite.terms.bound_to = Some(secret().address_key(&pool(), address));
    invite
}

#[test]
fn a_repeat_by_one_sign_in_name_takes_nothing_more() {
    let mut invite = invite(1);
    let first = invite.reserve(&who("ada", "u1"), at(0), DAY).unwrap();
    let after_one = invite.clone();
    assert_eq!(
        invite.reserve(&who("ada", "u1"), at(0), DAY),
        Ok(first.clone())
    );
    assert_eq!(invite, after_one);
    // The pool makes up a user name at each attempt; the last one is the one that counts.
    let second = invite.reserve(&who("ada", "u2"), at(1), DAY).unwrap();
    assert_eq!((invite.taken(at(1)), invite.reservations.len()), (1, 1));
    assert_ne!(first.sign_up, second.sign_up);
    assert_eq!(
        invite.reserve(&who("bob", "u3"), at(1), DAY),
        Err(RefusalReason::InviteUsed)
    );
}

#[test]
fn an_invite_says_why_it_lets_nobody_in_and_stays_as_it_is() {
    let mut ended = invite(1);
    ended.terms.expires_at = Some(at(2));
    let mut taken = invite(1);
    taken.reserve(&who("bob", "b"), at(0), DAY).unwrap();
    let mut back = invite(1);
    back.revoke(at(1));
    for (invite, now, expected) in [
        (ended.clone(), 1, None),
        (ended, 2, Some(RefusalReason::InviteExpired)),
        (taken, 3, Some(RefusalReason::InviteUsed)),
        (back.clone(), 0, None),
        (back, 1, Some(RefusalReason::InviteRevoked)),
        (bound(1, "ada"), 1, None),
        (bound(1, "bob"), 1, Some(RefusalReason::InviteForeign)),
    ] {
        let mut after = invite.clone();
        let said = after.reserve(&who("ada", "a"), at(now), DAY);
        assert_eq!(said.as_ref().err(), expected.as_ref(), "{invite:?}");
        assert_eq!(after == invite, expected.is_some(), "{invite:?}");
    }
    let nobody = unverified(who("ada", "a"));
    let said = bound(1, "ada").reserve(&nobody, at(0), DAY);
    assert_eq!(said, Err(RefusalReason::InviteForeign));
}

#[test]
fn an_unconfirmed_sign_up_gives_its_use_back_six_hours_after_it_has_run_out() {
    let mut invite = invite(1);
    invite.reserve(&who("ada", "a"), at(0), DAY).unwrap();
    for hours in [24, 30] {
        let said = invite.reserve(&who("bob", "b"), at(hours), DAY);
        assert_eq!(said, Err(RefusalReason::InviteUsed), "{hours}");
    }
    assert_eq!(invite.state(at(30)), State::Used);
    let just_after = at(30).plus(Duration::from_millis(1));
    assert_eq!(invite.state(just_after), State::Open);
    invite.reserve(&who("bob", "b"), just_after, DAY).unwrap();
    assert_eq!(invite.reservations.len(), 1);
}

#[test]
fn a_resent_code_holds_the_use_for_longer_and_never_for_less_long() {
    let mut invite = invite(1);
    let ada = who("ada", "a");
    invite.reserve(&ada, at(0), DAY).unwrap();
    let longer = invite
        .extend(&ada.sign_in, &ada.sign_up, at(20), DAY)
        .unwrap();
    assert_eq!(longer.until, at(44));
    let hour = Duration::from_secs(HOUR);
    let same = invite.extend(&ada.sign_in, &ada.sign_up, at(21), hour);
    assert_eq!(same.map(|held| held.until), Some(at(44)));
    let said = invite.reserve(&who("bob", "b"), at(49), DAY);
    assert_eq!(said, Err(RefusalReason::InviteUsed));
    let other = who("ada", "another");
    assert_eq!(
        invite.extend(&other.sign_in, &other.sign_up, at(21), DAY),
        None
    );
    invite.revoke(at(22));
    assert_eq!(invite.extend(&ada.sign_in, &ada.sign_up, at(22), DAY), None);
}

#[test]
fn a_confirmation_in_time_redeems_whatever_has_become_of_the_invite() {
    let mut invite = invite(1);
    invite.terms.expires_at = Some(at(2));
    let ada = who("ada", "a");
    invite.reserve(&ada, at(1), DAY).unwrap();
    // It waited in the queue for six hours, and was made in time.
    assert_eq!(invite.redeem(&ada, &sub("ada"), at(25), at(31)), Ok(()));
    let once = invite.clone();
    assert_eq!(invite.redeem(&ada, &sub("ada"), at(25), at(99)), Ok(()));
    assert_eq!(invite, once);
    assert_eq!((once.taken(at(99)), once.reservations.len()), (1, 0));
}

#[test]
fn a_late_confirmation_takes_a_use_that_is_free_and_else_gets_nothing() {
    let (ada, bob) = (who("ada", "a"), who("bob", "b"));
    let mut nobody_else = invite(1);
    nobody_else.reserve(&ada, at(0), DAY).unwrap();
    assert_eq!(
        nobody_else.redeem(&ada, &sub("ada"), at(100), at(100)),
        Ok(())
    );

    let mut given_away = invite(1);
    given_away.reserve(&ada, at(0), DAY).unwrap();
    given_away.reserve(&bob, at(31), DAY).unwrap();
    assert_eq!(
        given_away.redeem(&ada, &sub("ada"), at(32), at(32)),
        Err(LapseReason::Used)
    );
    assert_eq!(given_away.redeem(&bob, &sub("bob"), at(33), at(33)), Ok(()));

    let mut ended = invite(1);
    ended.terms.expires_at = Some(at(48));
    ended.reserve(&ada, at(0), DAY).unwrap();
    assert_eq!(
        ended.redeem(&ada, &sub("ada"), at(48), at(48)),
        Err(LapseReason::Expired)
    );
    assert!(ended.reservations.is_empty());
}

#[test]
fn what_is_taken_back_lapses_for_those_who_are_confirmed_later() {
    let (ada, bob) = (who("ada", "a"), who("bob", "b"));
    let mut invite = invite(2);
    invite.reserve(&ada, at(0), DAY).unwrap();
    invite.reserve(&bob, at(0), DAY).unwrap();
    invite.revoke(at(2));
    invite.revoke(at(9));
    // Confirmed before, and only now heard of.
    assert_eq!(invite.redeem(&ada, &sub("ada"), at(1), at(3)), Ok(()));
    assert_eq!(
        invite.redeem(&bob, &sub("bob"), at(2), at(3)),
        Err(LapseReason::Revoked)
    );
    assert_eq!(
        (invite.taken(at(3)), invite.state(at(3))),
        (1, State::Revoked)
    );
}

#[test]
fn a_bound_invite_is_redeemed_only_with_that_address_verified() {
    let ada = who("ada", "a");
    for (verified, expected) in [
        (ada.clone(), Ok(())),
        (unverified(ada.clone()), Err(LapseReason::Foreign)),
        (
            Applicant {
                address: who("eve", "a").address,
                ..ada.clone()
            },
            Err(LapseReason::Foreign),
        ),
    ] {
        let mut invite = bound(1, "ada");
        invite.reserve(&ada, at(0), DAY).unwrap();
        let said = invite.redeem(&verified, &sub("ada"), at(1), at(1));
        assert_eq!(said, expected);
        assert_eq!(invite.taken(at(1)), usize::from(expected.is_ok()));
    }
}

#[test]
fn a_reservation_never_serves_another_person() {
    let mut invite = invite(1);
    invite.reserve(&who("ada", "name"), at(0), DAY).unwrap();
    // The user is deleted, and somebody else takes the name: another sign-in name, no reservation.
    let eve = who("eve", "name");
    assert_eq!(
        invite.redeem(&eve, &sub("eve"), at(1), at(1)),
        Err(LapseReason::Used)
    );
    // Ada has redeemed and is gone; the same name needs a use of its own.
    assert_eq!(
        invite.redeem(&who("ada", "name"), &sub("ada"), at(1), at(1)),
        Ok(())
    );
    assert_eq!(
        invite.reserve(&who("ada", "name"), at(2), DAY),
        Err(RefusalReason::InviteUsed)
    );
    assert_eq!(
        invite.redeem(&who("ada", "name"), &sub("eve"), at(2), at(2)),
        Err(LapseReason::Used)
    );
}

#[test]
fn of_two_attempts_under_one_sign_in_name_the_earlier_has_no_use_any_more() {
    let mut invite = invite(1);
    invite.reserve(&who("ada", "u1"), at(0), DAY).unwrap();
    invite.reserve(&who("ada", "u2"), at(1), DAY).unwrap();
    assert_eq!(
        invite.redeem(&who("ada", "u1"), &sub("one"), at(2), at(2)),
        Err(LapseReason::Used)
    );
    assert_eq!(
        invite.redeem(&who("ada", "u2"), &sub("two"), at(2), at(2)),
        Ok(())
    );
}

#[derive(Clone, Debug)]
enum Act {
    Reserve(u8, u8),
    Extend(u8, u8),
    /// Confirmed so many hours ago, and heard of now.
    Redeem(u8, u8, u64),
    Release(u8, u8),
    Revoke,
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let (name, user) = (0..5_u8, 0..2_u8);
    prop_oneof![
        4 => (name.clone(), user.clone()).prop_map(|(name, user)| Act::Reserve(name, user)),
        1 => (name.clone(), user.clone()).prop_map(|(name, user)| Act::Extend(name, user)),
        4 => (name.clone(), user.clone(), 0..8_u64)
            .prop_map(|(name, user, ago)| Act::Redeem(name, user, ago)),
        1 => (name, user).prop_map(|(name, user)| Act::Release(name, user)),
        1 => Just(Act::Revoke),
        3 => (1..40_u64).prop_map(Act::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Never more than there are; a repeat changes nothing; and who was given a use, and confirms in
    /// time, and is heard of within the queue's patience, has it, whoever else comes.
    #[test]
    fn uses_are_never_given_twice_and_promises_are_kept(
        uses in 1..4_u32,
        acts in proptest::collection::vec(act(), 0..60),
    ) {
        let mut invite = invite(uses);
        let mut hours = 10;
        let mut promised: BTreeMap<u8, (u8, Time)> = BTreeMap::new();
        let name = |name: u8, user: u8| who(&format!("n{name}"), &format!("n{name}u{user}"));
        for act in acts {
            let now = at(hours);
            let step = |invite: &mut Invite| match act {
                Act::Reserve(n, user) => invite.reserve(&name(n, user), now, DAY).is_ok(),
                Act::Extend(n, user) => {
                    let who = name(n, user);
                    invite.extend(&who.sign_in, &who.sign_up, now, DAY).is_some()
                }
                Act::Redeem(n, user, ago) => {
                    let sub = sub(&format!("n{n}u{user}"));
                    invite.redeem(&name(n, user), &sub, at(hours - ago), now).is_ok()
                }
                Act::Release(n, user) => {
                    let who = name(n, user);
                    invite.release(&who.sign_in, &who.sign_up);
                    true
                }
                Act::Revoke => { invite.revoke(now); true }
                Act::Wait(_) => true,
            };
            let redeemed_before = invite.redemptions.clone();
            let done = step(&mut invite);
            let once = invite.clone();
            prop_assert_eq!(step(&mut invite), done, "{:?}", act);
            prop_assert_eq!(&invite, &once, "{:?}", act);
            match act {
                Act::Reserve(n, user) | Act::Extend(n, user) if done => {
                    let longer = invite.reservations[&name(n, user).sign_in].until;
                    promised.insert(n, (user, longer));
                }
                Act::Redeem(n, user, ago) => {
                    if let Some((promised_to, until)) = promised.get(&n).copied()
                        && promised_to == user
                    {
                        let revoked = invite.revoked_at.is_some_and(|at_| at_ <= at(hours - ago));
                        if at(hours - ago) <= until && now <= until.plus(PATIENCE) && !revoked {
                            prop_assert!(done, "{:?} {:?}", act, invite);
                        }
                        promised.remove(&n);
                    }
                }
                Act::Release(n, user) => {
                    if promised.get(&n).is_some_and(|(to, _)| *to == user) {
                        promised.remove(&n);
                    }
                }
                Act::Wait(more) => hours += more,
                Act::Reserve(..) | Act::Extend(..) | Act::Revoke => {}
            }
            prop_assert!(invite.taken(at(hours)) <= uses as usize);
            prop_assert!(invite.redemptions.len() <= uses as usize);
            prop_assert!(invite.reservations.len() <= 2 * uses as usize);
            prop_assert!(redeemed_before.iter().all(|(sub, was)| invite.redemptions.get(sub) == Some(was)));
        }
    }
}
