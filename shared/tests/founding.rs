//! Whatever becomes of the founders' calls, and in whichever order they come, a domain has one
//! organization and one founder.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that meets the unexpected has failed its test"
)]

use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;
use usher_events::{EventId, Sub, Time};
use usher_shared::aws::Timeouts;
use usher_shared::dynamodb::Table;
use usher_shared::embedded::Database;
use usher_shared::organization::Organization;
use usher_shared::policy::{self, Domain};
use usher_shared::port::Organizations;
use usher_shared::testkit::http::{Behavior, Outcome, scripted};
use uuid::Uuid;

/// How many try to found one organization.
const FOUNDERS: u128 = 4;

/// A table, and the same table over a network that does with each transaction what is asked for.
struct Stage {
    runtime: Runtime,
    sound: Table,
    troubled: Table,
    next: Arc<Mutex<Outcome>>,
    _database: Database,
}

impl Stage {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let next = Arc::new(Mutex::new(Outcome::Passes));
        let script = Arc::clone(&next);
        let (sound, troubled, database) = runtime.block_on(async {
            let database = Database::memory().await.unwrap();
            let sound = Table::new(&database.clients(), "usher");
            sound.create().await.unwrap();
            let clients = scripted(
                database.endpoint(),
                Timeouts::WORKER,
                move |call| match call.operation.as_str() {
                    "TransactWriteItems" => *script.lock().unwrap(),
                    _ => Outcome::Passes,
                },
            );
            (sound, Table::new(&clients, "usher"), database)
        });
        Self {
            runtime,
            sound,
            troubled,
            next,
            _database: database,
        }
    }
}

fn founding(of: &str, who: u128) -> Organization {
    let terms = policy::Organization {
        name: "Acme".to_owned(),
        account_type: None,
        active: true,
        plan: None,
    };
    Organization::new(
        Domain::new(of).unwrap(),
        terms,
        Sub::new(format!("n{who}")).unwrap(),
        EventId::from_uuid(Uuid::from_u128(who)),
        Time::from_unix_seconds(i64::try_from(who).unwrap()).unwrap(),
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Passes),
        Just(Outcome::LosesAnswer),
        Just(Outcome::Ends(Behavior::Conflicts)),
        Just(Outcome::Ends(Behavior::FailsCondition)),
        Just(Outcome::Ends(Behavior::Throttles)),
        Just(Outcome::Ends(Behavior::Breaks)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1))]

    #[test]
    fn any_founders_in_any_order_and_trouble_elect_exactly_one(
        cases in prop::collection::vec(
            prop::collection::vec((0..FOUNDERS, outcome()), 1..12), 100),
    ) {
        let stage = Stage::new();
        for (number, tries) in cases.iter().enumerate() {
            let of = format!("c{number}.example");
            stage.runtime.block_on(async {
                let mut answers = Vec::new();
                for (who, outcome) in tries {
                    *stage.next.lock().unwrap() = *outcome;
                    if let Ok(found) = stage.troubled.found(&founding(&of, *who)).await {
                        answers.push(found);
                    }
                }
                // Everybody's message comes again until it is done.
                for who in (0..FOUNDERS).rev() {
                    answers.push(stage.sound.found(&founding(&of, who)).await.unwrap());
                }
                let first = &answers[0];
                assert!(answers.iter().all(|one| one == first), "{tries:?}");
                let founders = (0..FOUNDERS).filter(|who| {
                    let new = founding(&of, *who);
                    let seen = first.found_by(&new.founder, new.founded_by);
                    assert_eq!(seen.is_founder, seen.founded_now);
                    seen.founded_now
                });
                assert_eq!(founders.count(), 1, "{tries:?}");
            });
        }
        let listed = stage.runtime.block_on(stage.sound.organizations(None, 100)).unwrap();
        prop_assert_eq!(listed.0.len(), 100);
    }
}
