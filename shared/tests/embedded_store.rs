//! The store's contract on the embedded DynamoDB, through the same adapter as in the cloud.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that meets the unexpected has failed its test"
)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use usher_shared::dynamodb::Table;
use usher_shared::embedded::Database;
use usher_shared::testkit::feed_contract::every_commit_comes_once;
use usher_shared::testkit::http::disturbed;

/// A table of its own for each test, in one database.
async fn fresh() -> Table {
    made().await.0
}

/// The same over a network on which most writes go wrong.
async fn over_a_bad_network() -> Table {
    let (table, database) = made().await;
    Table::new(&disturbed(database.endpoint()), table.name())
}

async fn made() -> (Table, Database) {
    static DATABASE: OnceLock<Database> = OnceLock::new();
    static TABLES: AtomicUsize = AtomicUsize::new(0);
    let database = match DATABASE.get() {
        Some(database) => database.clone(),
        None => {
            let database = Database::memory().await.unwrap();
            DATABASE.get_or_init(|| database).clone()
        }
    };
    let number = TABLES.fetch_add(1, Ordering::SeqCst);
    let table = Table::new(&database.clients(), format!("usher-{number}"));
    table.create().await.unwrap();
    (table, database)
}

usher_shared::store_contract!(fresh);
usher_shared::store_contract!(disturbed: over_a_bad_network);

#[tokio::test]
async fn a_table_is_followed_by_its_stream() {
    let (table, database) = made().await;
    every_commit_comes_once(&database.clients(), &table).await;
}
