use usher_shared::breaker::{News, State, Transition};
use usher_shared::dependency::Dependency;

/// One line for each change that was made here, with a count; what others made is only of interest to
/// whoever looks for it.
pub(super) fn tell(of: Dependency, news: News, why: Option<&str>) {
    let name = of.as_str();
    let (transition, is_shared) = match news {
        News::Ours(transition) => (transition, true),
        News::Alone(transition) => (transition, false),
        News::Anothers(transition) => {
            let (from, state) = (transition.from.as_str(), transition.to.as_str());
            tracing::debug!(
                breaker.name = name,
                breaker.from = from,
                breaker.state = state,
                "Another worker has changed a breaker"
            );
            return;
        }
    };
    let Transition {
        from,
        to,
        failures_in_a_row,
        cool_down,
    } = transition;
    let (before, state) = (from.as_str(), to.as_str());
    let cool_down_ms = u64::try_from(cool_down.as_millis()).unwrap_or(u64::MAX);
    match (from, to) {
        (State::HalfOpen, State::Open) => tracing::warn!(
            breaker.name = name,
            breaker.from = before,
            breaker.state = state,
            breaker.shared = is_shared,
            breaker.cool_down_ms = cool_down_ms,
            fault = why,
            breaker_probe_failed = 1,
            "A service is still not back, and is not called for a longer while"
        ),
        (State::Closed | State::Open, State::Open) => tracing::warn!(
            breaker.name = name,
            breaker.from = before,
            breaker.state = state,
            breaker.shared = is_shared,
            breaker.failures_in_a_row = failures_in_a_row,
            breaker.cool_down_ms = cool_down_ms,
            fault = why,
            breaker_opened = 1,
            "A service is not called for a while"
        ),
        (_, State::HalfOpen) => tracing::info!(
            breaker.name = name,
            breaker.from = before,
            breaker.state = state,
            breaker.shared = is_shared,
            breaker_probed = 1,
            "A service is called once, to see whether it is back"
        ),
        (_, State::Closed) => tracing::info!(
            breaker.name = name,
            breaker.from = before,
            breaker.state = state,
            breaker.shared = is_shared,
            breaker_closed = 1,
            "A service is back"
        ),
    }
}
