//! The store's contract on Amazon's own DynamoDB Local. Fails where there is none:
//! `USHER_TEST_DYNAMODB` says where it is.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that meets the unexpected has failed its test"
)]

use usher_shared::aws::{Clients, Timeouts};
use usher_shared::chance;
use usher_shared::dynamodb::Table;
use usher_shared::testkit::feed_contract::every_commit_comes_once;
use usher_shared::testkit::http::disturbed;

#[expect(
    clippy::disallowed_methods,
    reason = "only the reference tests know where the server is"
)]
fn endpoint() -> String {
    let endpoint = std::env::var("USHER_TEST_DYNAMODB");
    endpoint.expect("USHER_TEST_DYNAMODB is the address of a DynamoDB Local")
}

async fn fresh() -> Table {
    let clients = Clients::local(&endpoint(), Timeouts::WORKER);
    let table = Table::new(&clients, format!("usher-{}", chance::owner()));
    table.create().await.unwrap();
    table
}

/// The same over a network on which most writes go wrong.
async fn over_a_bad_network() -> Table {
    Table::new(&disturbed(&endpoint()), fresh().await.name())
}

usher_shared::store_contract!(fresh);
usher_shared::store_contract!(disturbed: over_a_bad_network);

#[tokio::test]
async fn a_table_is_followed_by_its_stream() {
    let clients = Clients::local(&endpoint(), Timeouts::WORKER);
    every_commit_comes_once(&clients, &fresh().await).await;
}
