use super::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use usher_events::identity;
use uuid::Uuid;

const AFTER: u32 = 5;
const USED: RefusalReason = RefusalReason::InviteUsed;

fn hour() -> Time {
    "2026-01-02T03:00:00Z".parse().unwrap()
}

fn id(number: u32) -> EventId {
    EventId::from_uuid(Uuid::from_u128(number.into()))
}

fn of_a_name() -> Tally {
    let name = SignUpKey::from_digest("q1wE-_").unwrap();
    Tally::new(Counted::Name(name), hour())
}

fn of_an_invite() -> Tally {
    let (pool, invite) = (PoolId::new("p").unwrap(), InviteId::new("i").unwrap());
    Tally::new(Counted::Invite(pool, invite), hour())
}

/// Counts events of these numbers for these reasons, and gives what was said of each.
fn noted(tally: &mut Tally, events: &[(u32, RefusalReason)]) -> Vec<Option<u32>> {
    let note = |(number, reason): &(u32, RefusalReason)| tally.note(id(*number), *reason, AFTER);
    events.iter().map(note).collect()
}

#[test]
fn the_next_refusal_is_one_more_for_its_reason_until_nobody_needs_to_hear_of_it() {
    let mut tally = of_a_name();
    for number in 1..=3 {
        assert_eq!(tally.next_attempt(USED, 3), Some(number));
        assert_eq!(tally.next_attempt(RefusalReason::DomainBlocked, 3), Some(1));
        tally.note(id(number), USED, AFTER);
    }
    assert_eq!(tally.next_attempt(USED, 3), None);
    assert_eq!(tally.next_attempt(USED, 4), Some(4));
}

#[test]
fn the_one_that_is_too_many_is_suspicious_whatever_the_reasons_and_no_other_is() {
    let reasons = [USED, RefusalReason::ConsentMissing].into_iter().cycle();
    let events: Vec<_> = (1..=8).zip(reasons).collect();
    for mut tally in [of_a_name(), of_an_invite()] {
        let mut expected = vec![None; 8];
        expected[4] = Some(5);
        assert_eq!(noted(&mut tally, &events), expected);
        assert_eq!(
            noted(&mut tally, &events),
            expected,
            "a repeat says the same"
        );
    }
}

#[test]
fn a_repeat_is_counted_once() {
    let mut tally = of_a_name();
    assert_eq!(noted(&mut tally, &[(1, USED); 40]), [None; 40]);
    assert_eq!(tally.next_attempt(USED, 9), Some(2));
}

#[test]
fn our_own_outages_make_nobody_suspicious() {
    let mut tally = of_a_name();
    let outages: Vec<_> = (1..=9)
        .map(|n| (n, RefusalReason::StoreUnavailable))
        .collect();
    assert_eq!(noted(&mut tally, &outages), [None; 9]);
    let signs: Vec<_> = (11..=15).map(|n| (n, USED)).collect();
    assert_eq!(noted(&mut tally, &signs), [None, None, None, None, Some(5)]);
}

#[test]
fn a_policy_that_changes_between_two_tries_changes_nothing_that_was_raised() {
    let mut tally = of_a_name();
    for number in 1..=4 {
        assert_eq!(tally.note(id(number), USED, 5), None);
    }
    // A repeat is no reason to look again, and the next one is.
    assert_eq!(tally.note(id(4), USED, 3), None);
    assert_eq!(tally.note(id(5), USED, 3), Some(5));
    assert_eq!(tally.note(id(5), USED, 40), Some(5));
    assert_eq!(tally.note(id(6), USED, 6), None);
}

#[test]
fn a_tally_is_bounded_whoever_tries_however_often() {
    let (mut name, mut invite) = (of_a_name(), of_an_invite());
    for number in 0..10_000 {
        name.note(id(number), USED, AFTER);
        invite.note(id(number), USED, AFTER);
    }
    assert_eq!(name.counted[&USED].len(), MOST as usize);
    assert_eq!(invite.counted[&USED].len(), AFTER as usize);
    assert_eq!(name.raised.map(|raised| raised.attempts), Some(AFTER));
}

proptest! {
    /// Any order of any deliveries of any events raises exactly once, if there are enough.
    #[test]
    fn whatever_the_order_and_the_repeats_one_event_is_one_too_many(
        reasons in prop::collection::vec(select(&RefusalReason::ALL), 1..12),
        deliveries in prop::collection::vec(any::<Index>(), 0..60),
        of_invite: bool,
    ) {
        let events: Vec<_> = (0..).zip(reasons.iter().copied()).collect();
        let mut tally = if of_invite { of_an_invite() } else { of_a_name() };
        let mut saying = BTreeMap::new();
        let delivered = deliveries.iter().map(|index| *index.get(&events));
        let all: Vec<_> = delivered.chain(events.iter().copied()).collect();
        for (number, said) in all.iter().zip(noted(&mut tally, &all)) {
            if let Some(said) = said {
                let before = saying.insert(number.0, said);
                prop_assert!(before.is_none_or(|before| before == said));
            }
        }
        let signs = reasons.iter().filter(|reason| is_a_sign(**reason)).count();
        let expected = usize::from(signs >= AFTER as usize);
        prop_assert_eq!(saying.len(), expected);
        prop_assert!(saying.values().all(|attempts| *attempts == AFTER));
    }
}

#[test]
fn it_outlasts_whatever_waits_to_be_counted() {
    let weeks = Duration::from_secs(28 * 24 * 3600);
    assert!(of_a_name().expires_at() > identity::refusal_hour(hour()).plus(weeks));
}
