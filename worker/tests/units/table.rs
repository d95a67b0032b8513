//! The table, as the README has it.

use crate::cost::Cost;
use usher_shared::testkit::meter::Service;

const HEAD: &str = "\
| per event | WRU | at p95 | of it the due index | RRU | DynamoDB | SQS | PutEvents | SES |
|---|--:|--:|--:|--:|--:|--:|--:|--:|";

/// One row each, from what an ordinary user's costs and one's at the 95th percentile.
pub fn rows(ordinary: &[Cost], percentile: &[Cost]) -> String {
    assert_eq!(ordinary.len(), percentile.len());
    let mut rows = HEAD.to_owned();
    for (ordinary, percentile) in ordinary.iter().zip(percentile) {
        assert_eq!(
            (ordinary.what, ordinary.events),
            (percentile.what, percentile.events)
        );
        // Only what is written is larger; one column tells the rest of both.
        let rest = |cost: &Cost| {
            let services = [
                Service::DynamoDb,
                Service::Sqs,
                Service::EventBridge,
                Service::Ses,
            ];
            let units = cost.units();
            let calls = services.map(|service| cost.calls_of(service));
            (units.indexed, units.half_reads, calls)
        };
        assert_eq!(rest(ordinary), rest(percentile), "{}", ordinary.what);
        let (indexed, half_reads, calls) = rest(ordinary);
        let events = ordinary.events;
        let halves = [
            2 * ordinary.units().writes(),
            2 * percentile.units().writes(),
            2 * indexed,
            half_reads,
        ];
        rows.push_str(&format!("\n| {} |", ordinary.what));
        for number in halves.into_iter().chain(calls.map(|calls| 2 * calls)) {
            rows.push_str(&format!(" {} |", per(number, events)));
        }
    }
    rows
}

/// So many halves for each of so many events, with as few digits as that takes.
fn per(halves: usize, events: usize) -> String {
    let twentieths = 10 * halves / events;
    assert_eq!(
        twentieths * events,
        10 * halves,
        "{halves} halves / {events}"
    );
    match (twentieths / 20, twentieths % 20 * 5) {
        (0, 0) => "–".to_owned(),
        (whole, 0) => format!("{whole}"),
        (whole, hundredths) if hundredths % 10 == 0 => format!("{whole}.{}", hundredths / 10),
        (whole, hundredths) => format!("{whole}.{hundredths:02}"),
    }
}
