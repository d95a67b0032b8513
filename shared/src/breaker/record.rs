use super::State;
use std::time::Duration;

/// What is kept of one breaker where all processes that share it can read it. Instants are distances
/// from the Unix epoch, by the clock of whoever wrote it, in whole milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// How often it was written. Each is written only over the one below, so that of many who want to
    /// write at once one does.
    pub version: u64,
    /// Of whom it speaks; empty is whoever has the name. Who calls somebody else under the same name
    /// goes by nothing of it but the version.
    pub target: String,
    /// What it lets by.
    pub state: State,
    /// Since when.
    pub since: Duration,
    /// Open: until when nobody calls. Half-open: until when the probe is waited for. Closed: no later
    /// than `since`.
    pub until: Duration,
    /// How often it has opened since it was last closed.
    pub trips: u32,
    /// Why it opened, in one word; `None` where it is closed.
    pub why: Option<String>,
    /// Who wrote this.
    pub by: String,
    /// Whether an operator holds it open. No probe is made before its time is over.
    pub held: bool,
}

impl Record {
    /// What an operator writes over `before` to hold a breaker open, whomever it is before.
    pub fn hold(before: Option<&Self>, now: Duration, until: Duration, by: &str) -> Self {
        let (now, until) = (whole(now), whole(until));
        let mut held = Self::after(before, by);
        held.state = State::Open;
        (held.since, held.until) = (now, until.max(now));
        held.why = Some("operator".to_owned());
        held.held = true;
        held
    }

    /// What an operator writes over `before` to have everybody call again at once.
    pub fn reset(before: Option<&Self>, now: Duration, by: &str) -> Self {
        let now = whole(now);
        let mut reset = Self::after(before, by);
        (reset.since, reset.until) = (now, now);
        reset.trips = 0;
        reset
    }

    /// Closed since ever, under the next version.
    fn after(before: Option<&Self>, by: &str) -> Self {
        Self {
            version: before.map_or(0, |before| before.version) + 1,
            target: String::new(),
            state: State::Closed,
            since: Duration::ZERO,
            until: Duration::ZERO,
            trips: before.map_or(0, |before| before.trips),
            why: None,
            by: by.to_owned(),
            held: false,
        }
    }
}

/// Cuts what is finer than a millisecond.
pub(super) fn whole(instant: Duration) -> Duration {
    Duration::from_secs(instant.as_secs()) + Duration::from_millis(instant.subsec_millis().into())
}
