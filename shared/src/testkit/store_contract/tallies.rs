//! Promises about how often sign-ups were refused.

use super::{Stored, at, crowd, id};
use crate::port::TallyWritten;
use crate::retry::Schedule;
use crate::tally::{self, Counted, Raised, Tally};
use futures::future::join_all;
use std::time::Duration;
use tokio::time::Instant;
use usher_events::{InviteId, PoolId, RefusalReason, SignUpKey, Time, identity};

/// Enough tries for a network that fails every second call.
const TRIES: Schedule = Schedule {
    first_wait: Duration::from_millis(2),
    max_wait: Duration::from_millis(20),
    attempts: 30,
};

const AFTER: u32 = 5;
const WHY: RefusalReason = RefusalReason::InviteUsed;

fn hour() -> Time {
    identity::refusal_hour(at(0))
}

fn name(digest: &str) -> Counted {
    Counted::Name(SignUpKey::from_digest(digest).unwrap())
}

fn invite(pool: &str, id: &str) -> Counted {
    Counted::Invite(PoolId::new(pool).unwrap(), InviteId::new(id).unwrap())
}

fn tally(version: u64) -> Tally {
    let mut tally = Tally::new(name("q1wE-_"), hour());
    for number in 0..version {
        tally.note(id(number.into()), WHY, AFTER);
    }
    tally.version = version;
    tally
}

/// Nothing there is an answer.
pub async fn what_was_never_counted_is_none(store: impl Stored) {
    assert_eq!(store.tally(&name("q1wE-_"), hour()).await, Ok(None));
    let written = store.write_tally(&tally(2)).await;
    assert_eq!(written, Ok(TallyWritten::Overtaken(None)));
}

/// Everything that a tally can hold comes back, for its own subject and hour alone.
pub async fn a_tally_is_read_back_as_written(store: impl Stored) {
    for of in [name("q1wE-_"), invite("p", "q1wE-_")] {
        let mut full = Tally::new(of.clone(), hour());
        for (number, reason) in (0..100).zip(RefusalReason::ALL.into_iter().cycle()) {
            full.note(id(number), reason, 99);
        }
        full.raised = Some(Raised {
            by: id(7),
            attempts: 9,
        });
        full.version = 1;
        assert_eq!(store.write_tally(&full).await, Ok(TallyWritten::Now));
        assert_eq!(store.tally(&of, hour()).await, Ok(Some(full)));
        let next = hour().plus(Duration::from_secs(3600));
        assert_eq!(store.tally(&of, next).await, Ok(None));
    }
    for other in [name("p"), invite("q", "q1wE-_"), invite("p", "q")] {
        assert_eq!(store.tally(&other, hour()).await, Ok(None));
    }
}

/// Whoever is overtaken is shown by what.
pub async fn a_tally_is_written_under_its_version_alone(store: impl Stored) {
    assert_eq!(store.write_tally(&tally(1)).await, Ok(TallyWritten::Now));
    let overtaken = |by: u64| Ok(TallyWritten::Overtaken(Some(Box::new(tally(by)))));
    assert_eq!(store.write_tally(&tally(1)).await, overtaken(1));
    assert_eq!(store.write_tally(&tally(3)).await, overtaken(1));
    assert_eq!(store.write_tally(&tally(2)).await, Ok(TallyWritten::Now));
    assert_eq!(store.write_tally(&tally(2)).await, overtaken(2));
}

/// Exactly one.
pub async fn of_twenty_who_write_a_tally_at_once_one_has_written(store: impl Stored) {
    store.write_tally(&tally(1)).await.unwrap();
    let written = crowd(|_| {
        let store = store.clone();
        async move { store.write_tally(&tally(2)).await.unwrap() }
    })
    .await;
    let now = written.iter().filter(|one| **one == TallyWritten::Now);
    assert_eq!(now.count(), 1);
}

/// However they meet, and whatever the network makes of it: each is counted once, and one event is
/// one too many, at each of its deliveries.
pub async fn of_a_hundred_refusals_at_once_one_is_suspicious(store: impl Stored) {
    for of in [name("q1wE-_"), invite("p", "i")] {
        let one = |number: u128| {
            let (store, of) = (store.clone(), of.clone());
            tokio::spawn(async move {
                let deadline = Instant::now() + Duration::from_secs(120);
                let event = (id(number % 20), WHY);
                let said = tally::count(&store, (&of, hour()), event, AFTER, &TRIES, deadline);
                said.await.unwrap().map(|attempts| (number % 20, attempts))
            })
        };
        // Everybody five times.
        let done = join_all((0..100).map(one)).await;
        let said: Vec<_> = done.into_iter().filter_map(Result::unwrap).collect();
        let (by, attempts) = said[0];
        assert_eq!(attempts, AFTER);
        assert!(said.iter().all(|one| *one == (by, AFTER)), "{said:?}");
        let after = read(&store, &of).await;
        assert_eq!(after.raised.map(|raised| raised.by), Some(id(by)));
        let counted = after.counted[&WHY].len();
        let expected = match of {
            Counted::Name(_) => 20,
            Counted::Invite(..) => AFTER as usize,
        };
        assert_eq!(counted, expected);
    }
}

async fn read(store: &impl Stored, of: &Counted) -> Tally {
    let mut found = None;
    while found.is_none() {
        found = store.tally(of, hour()).await.ok();
    }
    found.flatten().unwrap()
}
