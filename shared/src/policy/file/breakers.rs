use super::section::Section;
use crate::breaker::Limits;
use crate::dependency::Dependency;
use crate::policy::{BreakerRules, LookupRules};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Longer, and an opening would be over before others hear of it.
const CACHE_S: RangeInclusive<u32> = 1..=60;
const FAILURES: RangeInclusive<u32> = 1..=1000;
const PERCENT: RangeInclusive<u32> = 1..=100;
const CALLS: RangeInclusive<u32> = 1..=10_000;
/// Longer, and what was yesterday would count; the same for how long nobody calls.
const SECONDS: RangeInclusive<u32> = 1..=3600;

/// How long a mail's probe is waited for: a worker ends that call after ten seconds.
const MAIL_PROBE: Duration = Duration::from_secs(15);
/// The same of the bus, where a call whose entries are large is several, of seven seconds each.
const BUS_PROBE: Duration = Duration::from_secs(30);
/// The same of a lookup: twice its time limit, and this for the table.
const LOOKUP_PROBE: Duration = Duration::from_secs(2);

/// What is said for all holds for each that says nothing else.
pub(super) fn breakers(section: &Section<'_>, lookup: Option<&LookupRules>) -> BreakerRules {
    let cache_s = section.number("cache_s", CACHE_S, "s", 5);
    let all = limits(section, Limits::default());
    let of = |dependency: Dependency, probe| {
        section.section(dependency.as_str(), |section| Limits {
            probe,
            ..limits(section, all)
        })
    };
    let asking = lookup.map_or(Duration::ZERO, |rules| rules.endpoint.timeout);
    let rules = BreakerRules {
        cache: Duration::from_secs(cache_s.into()),
        mail: of(Dependency::Mail, MAIL_PROBE),
        bus: of(Dependency::Bus, BUS_PROBE),
        lookup: of(Dependency::Lookup, 2 * asking + LOOKUP_PROBE),
    };
    let shortest = Dependency::ALL
        .map(|dependency| rules.of(dependency).cool_down)
        .into_iter()
        .min();
    // A cool-down is drawn between half of itself and the whole.
    if let Some(shortest) = shortest.filter(|shortest| rules.cache * 2 > *shortest) {
        let text = format!(
            "must be at most half of the shortest cool_down_s, which is {}; a worker would hear \
             of an opening when it is over",
            shortest.as_secs()
        );
        section.report_key("cache_s", text);
    }
    rules
}

fn limits(section: &Section<'_>, default: Limits) -> Limits {
    let seconds = |key: &str, default: Duration| {
        let default = u32::try_from(default.as_secs()).unwrap_or(u32::MAX);
        Duration::from_secs(section.number(key, SECONDS, "s", default).into())
    };
    let in_a_row = default.failures_in_a_row;
    let limits = Limits {
        failures_in_a_row: section.number("failures_in_a_row", FAILURES, "failures", in_a_row),
        failure_percent: section.number(
            "failure_percent",
            PERCENT,
            "percent",
            default.failure_percent,
        ),
        min_calls: section.number("min_calls", CALLS, "calls", default.min_calls),
        window: seconds("window_s", default.window),
        cool_down: seconds("cool_down_s", default.cool_down),
        max_cool_down: seconds("max_cool_down_s", default.max_cool_down),
        probe: default.probe,
    };
    if limits.max_cool_down < limits.cool_down {
        let text = format!(
            "must not be less than cool_down_s, which is {}",
            limits.cool_down.as_secs()
        );
        section.report_key("max_cool_down_s", text);
    }
    limits
}
