use super::section::Section;
use crate::commit::Deferral;
use crate::policy::{SweepLimits, TriggerLimits, WorkerLimits};
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
/// The sweep comes once a minute, so less than a second is no wait.
const FIRST_WAIT_S: RangeInclusive<u32> = 1..=3600;
/// A day is the longest that a service that has recovered goes unused.
const MAX_WAIT_MIN: RangeInclusive<u32> = 1..=1440;
/// Two weeks, as long as a queue keeps dead letters.
const LAST_AGE_H: RangeInclusive<u32> = 1..=336;

/// Beyond five hundred a second, a sweep would not be through with them within its minute.
const MOST_A_MINUTE: RangeInclusive<u32> = 1..=30_000;

pub(super) fn trigger(section: &Section<'_>) -> TriggerLimits {
    let budget_ms = section.number("budget_ms", BUDGET_MS, "ms", 2500);
    TriggerLimits {
        budget: Duration::from_millis(budget_ms.into()),
    }
}

/// `mails` is whether any are owed: a message that meets another worker's lease on one comes
/// again, so it must be allowed to.
pub(super) fn worker(section: &Section<'_>, mails: bool) -> WorkerLimits {
    let concurrency = section.number("concurrency", CONCURRENCY, "users at once", 8);
    let lease_s = section.number("lease_s", LEASE_S, "s", 60);
    let receive_limit = section.number("receive_limit", RECEIVE_LIMIT, "deliveries", 40);
    if mails && receive_limit < 2 {
        let text =
            "must be at least 2 while any mail is on; a message may have to wait for a lease";
        section.report_key("receive_limit", text);
    }
    WorkerLimits {
        concurrency: concurrency as usize,
        lease: Duration::from_secs(lease_s.into()),
        receive_limit,
    }
}

pub(super) fn deferral(section: &Section<'_>) -> Deferral {
    let first_wait_s = section.number("first_wait_s", FIRST_WAIT_S, "s", 30);
    let max_wait_min = section.number("max_wait_min", MAX_WAIT_MIN, "minutes", 120);
    let last_age_h = section.number("last_age_h", LAST_AGE_H, "h", 72);
    let deferral = Deferral {
        first_wait: Duration::from_secs(first_wait_s.into()),
        max_wait: Duration::from_mins(max_wait_min.into()),
        last_age: Duration::from_hours(last_age_h.into()),
    };
    if deferral.first_wait > deferral.max_wait {
        let text = "must not be longer than deferral.max_wait_min; waits grow from it to that";
        section.report_key("first_wait_s", text);
    }
    if deferral.max_wait > deferral.last_age {
        let text = "must not be longer than deferral.last_age_h, at which an effect is given up";
        section.report_key("max_wait_min", text);
    }
    deferral
}

pub(super) fn sweep(section: &Section<'_>) -> SweepLimits {
    SweepLimits {
        most_a_minute: section.number("most_a_minute", MOST_A_MINUTE, "a minute", 600),
    }
}
