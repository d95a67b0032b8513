use super::*;
use crate::dynamodb::Table;
use crate::embedded::Database;
use crate::port::{Organizations, Store, Written};
use aws_sdk_dynamodb::types::AttributeValue;
use std::time::Duration;
use usher_events::{EventId, Sub, Time};

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn item(due: Option<&str>, filling: usize) -> Item {
    let mut item = Item::from([
        ("PK".to_owned(), text("U#3f0c")),
        ("SK".to_owned(), text("E#1")),
        ("filling".to_owned(), text(&"x".repeat(filling))),
    ]);
    if let Some(due) = due {
        item.insert("due_shard".to_owned(), text("D#mail#1"));
        item.insert("due_at".to_owned(), text(due));
    }
    item
}

fn write(before: Option<&Item>, after: Option<&Item>) -> (usize, usize) {
    let units = Units::write(before, after);
    (units.written, units.indexed)
}

#[test]
fn a_write_costs_the_larger_image_and_what_it_changes_in_the_index() {
    let (small, large) = (item(None, 100), item(None, 1500));
    assert_eq!(write(None, Some(&small)), (1, 0));
    assert_eq!(write(Some(&large), Some(&small)), (2, 0));
    assert_eq!(write(Some(&small), None), (1, 0));
    assert_eq!(write(None, None), (1, 0));
    let (due, later) = (item(Some("2026"), 100), item(Some("2027"), 100));
    assert_eq!(write(Some(&small), Some(&due)), (1, 1));
    assert_eq!(write(Some(&due), Some(&small)), (1, 1));
    assert_eq!(write(Some(&due), Some(&later)), (1, 2));
    // What the index does not have costs it nothing.
    let mut other = due.clone();
    other.insert("filling".to_owned(), text("y"));
    assert_eq!(write(Some(&due), Some(&other)), (1, 0));
    let mut half = small.clone();
    half.insert("due_at".to_owned(), text("2026"));
    assert_eq!(write(None, Some(&half)), (1, 0));
}

#[test]
fn a_refused_write_costs_what_is_there() {
    let large = item(Some("2026"), 1500);
    assert_eq!(Units::refused(Some(&large)).written, 2);
    assert_eq!(Units::refused(Some(&large)).writes(), 2);
    assert_eq!(Units::refused(None).writes(), 1);
}

#[test]
fn a_read_costs_a_unit_for_four_kilobytes_and_half_where_it_may_be_old() {
    let reads = [
        (0, true),
        (4096, true),
        (4097, true),
        (0, false),
        (4097, false),
    ];
    let halves = reads.map(|(bytes, consistent)| Units::read(bytes, consistent).half_reads);
    assert_eq!(halves, [2, 2, 4, 1, 2]);
}

/// A server that would not report would leave the comparison with nothing to compare.
#[tokio::test]
async fn every_call_of_a_table_is_counted_and_reported_but_for_a_failed_condition() {
    let database = Database::memory().await.unwrap();
    let endpoint = database.endpoint();
    let clients = database.clients();
    Table::new(&clients, "usher").create().await.unwrap();
    let meter = Meter::default();
    let metered = meter.before(&clients, endpoint, Timeouts::WORKER);
    let table = Table::new(&metered, "usher");
    let (sub, now) = (Sub::new("3f0c").unwrap(), "2026-01-02T03:04:05Z");
    let now: Time = now.parse().unwrap();
    let id = EventId::from_uuid(uuid::Uuid::from_u128(7));

    let key = crate::seal::UserKey::new([7; 32]);
    table.ensure_key(&sub, &key).await.unwrap();
    table.ensure_key(&sub, &key).await.unwrap();
    table.glance(&sub).await.unwrap();
    table.load(&sub).await.unwrap();
    table.spill(id, "{}", now).await.unwrap();
    let lane = crate::commit::Lane::Queue;
    let due = table.due(lane, now, 10).await.unwrap();
    let moved = table.move_due(&due[0], now.plus(Duration::from_secs(60)));
    assert_eq!(moved.await, Ok(Written::Now));
    table.remove_spill(id).await.unwrap();
    table.organizations(None, 10).await.unwrap();

    let calls = meter.take();
    let said: Vec<String> = calls
        .iter()
        .filter(|call| call.operation != "Query")
        .map(|call| format!("{} {}", call.operation, call.computed))
        .collect();
    assert_eq!(
        said,
        [
            "PutItem 1+0 WRU 0.0 RRU",
            "PutItem 1+0 WRU 0.0 RRU",
            "GetItem 0+0 WRU 1.0 RRU",
            "GetItem 0+0 WRU 0.5 RRU",
            "BatchGetItem 0+0 WRU 2.0 RRU",
            "PutItem 1+1 WRU 0.0 RRU",
            "UpdateItem 1+2 WRU 0.0 RRU",
            "DeleteItem 1+1 WRU 0.0 RRU",
        ]
    );
    let queries: Units = calls
        .iter()
        .filter(|call| call.operation == "Query")
        .map(|call| call.computed)
        .sum();
    // Eight shards, each half a unit, and the list, consistently.
    assert_eq!(queries.half_reads, 8 + 2);
    for (number, call) in calls.iter().enumerate() {
        let expected = (number != 1).then_some(call.computed);
        assert_eq!(call.reported, expected, "{number}: {call:?}");
    }
}
