//! What each kind of event costs: DynamoDB units and calls to AWS, counted below the SDK.
//!
//! The worker works as it ships, with its own adapters; only SQS, EventBridge and SES are a stand-in
//! that takes everything. Units are computed from the items by DynamoDB's rules, and compared with
//! what the server reports for each call that it reports anything of: the embedded DynamoDB here,
//! and, in the reference tests, DynamoDB Local, whose address `USHER_TEST_DYNAMODB` says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

#[path = "../common/mod.rs"]
mod common;

mod cost;
mod place;
mod scenes;
mod table;
mod who;

use cost::Cost;
use std::collections::BTreeMap;
use usher_shared::embedded::Database;
use usher_shared::testkit::meter::Service;
use who::Who;

/// The README, which has the table.
const README: &str = include_str!("../../../README.md");

#[tokio::test]
async fn what_an_event_costs_on_the_embedded_dynamodb_is_what_the_readme_says() {
    let database = Database::memory().await.unwrap();
    let name = "the embedded DynamoDB";
    costs_what_the_readme_says(name, database.endpoint(), &[]).await;
}

#[cfg(feature = "reference")]
#[tokio::test]
async fn what_an_event_costs_on_dynamodb_local_is_what_the_readme_says() {
    // It charges nothing for a batch or a page in which nothing is found, and for a transaction of
    // small items four units, however many they are.
    let otherwise = [
        "BatchGetItem: 0+0 WRU 0.0 RRU, and not 0+0 WRU 2.0 RRU",
        "BatchGetItem: 0+0 WRU 0.0 RRU, and not 0+0 WRU 3.0 RRU",
        "Query: 0+0 WRU 0.0 RRU, and not 0+0 WRU 0.5 RRU",
        "TransactWriteItems: 4+0 WRU 0.0 RRU, and not 6+0 WRU 0.0 RRU",
    ];
    costs_what_the_readme_says("DynamoDB Local", &dynamodb_local(), &otherwise).await;
}

#[cfg(feature = "reference")]
#[expect(
    clippy::disallowed_methods,
    reason = "only the reference tests know where the server is"
)]
fn dynamodb_local() -> String {
    let endpoint = std::env::var("USHER_TEST_DYNAMODB");
    endpoint.expect("USHER_TEST_DYNAMODB is the address of a DynamoDB Local")
}

/// `otherwise` is what this server reports of some calls instead of what is computed.
async fn costs_what_the_readme_says(server: &str, endpoint: &str, otherwise: &[&str]) {
    let ordinary = scenes::play(endpoint, Who::Ordinary).await;
    let percentile = scenes::play(endpoint, Who::Percentile).await;
    let items = percentile.items.join("\n");
    let rows = table::rows(&ordinary.costs, &percentile.costs);
    let all = || ordinary.costs.iter().chain(&percentile.costs);
    let calls: usize = all().map(|cost| cost.calls_of(Service::DynamoDb)).sum();
    let reported: Vec<_> = all().flat_map(Cost::reported).collect();
    let mut differing = BTreeMap::new();
    for (call, units) in &reported {
        if *units != call.computed {
            let difference = format!("{}: {units}, and not {}", call.operation, call.computed);
            *differing.entry(difference).or_insert(0) += 1;
        }
    }
    let (known, silent) = (reported.len(), calls - reported.len());
    // At once, because the tests of several servers print at the same time.
    println!(
        "What an event costs on {server}:\n\n{rows}\n\n\
         Calls of {server}: {calls}; it reported the units of {known}.\n\
         What it reported otherwise than computed, and how often: {differing:#?}\n\n\
         What there is of users at the 95th percentile:\n\n{items}\n"
    );
    let refused = all().flat_map(|cost| &cost.calls);
    let refused = refused.filter(|call| call.condition_failed).count();
    assert_eq!(silent, refused, "only a failed condition reports nothing");
    let differing: Vec<&str> = differing.keys().map(String::as_str).collect();
    assert_eq!(differing, otherwise);
    for cost in all() {
        keeps_its_limit(cost);
    }
    assert!(
        README.contains(&rows),
        "the README's table is another than this one:\n{rows}"
    );
}

/// The budgets, in write units per event. Founding an organization and redeeming an invite come on
/// top of a registration, and so does an outage.
fn keeps_its_limit(cost: &Cost) {
    let what = cost.what;
    let most = match what {
        _ if what.contains("founds") || what.contains("redeems") => return,
        _ if what.contains("deferred") => return,
        _ if what.contains("again") => 1,
        "sign-in" | "sign-in, with an attribute changed" => 2,
        _ if what.starts_with("sign-ins,") => 2,
        _ if what.starts_with("registration") || what.starts_with("first seen") => 7,
        _ => return,
    };
    let written = cost.units().writes();
    assert!(
        written <= most * cost.events,
        "{what} costs {written} write units: {:#?}",
        cost.calls
    );
}
