use super::section::Section;
use crate::policy::{TriggerLimits, WorkerLimits};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Below 200 ms not even one read of the table is sure to be answered; Cognito waits 5,000 ms, and
/// the last thousand belong to a cold start and the way back.
const BUDGET_MS: RangeInclusive<u32> = 200..=4000;
/// SQS gives 10,000 messages to one invocation at most; beyond a hundred users at once the table's
/// client only queues.
const CONCURRENCY: RangeInclusive<u32> = 1..=100;
/// At least two calls to the mail service; at most what a Lambda can live.
const LEASE_S: RangeInclusive<u32> = 20..=900;
/// What SQS accepts as `maxReceiveCount`.
const RECEIVE_LIMIT: RangeInclusive<u32> = 1..=1000;

pub(super) fn trigger(section: &Section<'_>) -> TriggerLimits {
    let budget_ms = section.number("budget_ms", BUDGET_MS, "ms", 2500);
    TriggerLimits {
        budget: Duration::from_millis(budget_ms.into()),
    }
}

/// `welcome` is whether mails are owed: a message that meets another worker's lease on one comes
/// again, so it must be allowed to.
pub(super) fn worker(section: &Section<'_>, welcome: bool) -> WorkerLimits {
    let concurrency = section.number("concurrency", CONCURRENCY, "users at once", 8);
    let lease_s = section.number("lease_s", LEASE_S, "s", 60);
    let receive_limit = section.number("receive_limit", RECEIVE_LIMIT, "deliveries", 40);
    if welcome && receive_limit < 2 {
        let text =
            "must be at least 2 while mail.welcome is on; a message may have to wait for a lease";
        section.report_key("receive_limit", text);
    }
    WorkerLimits {
        concurrency: concurrency as usize,
        lease: Duration::from_secs(lease_s.into()),
        receive_limit,
    }
}
