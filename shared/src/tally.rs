//! How often one subject was refused within one hour, and whether that is suspicious.
//!
//! Pure, but for [`count`]. A [`Tally`] holds the events that were counted and only ever grows, so
//! that a repeat counts once and order does not matter. Each hour has one of its own: an event that
//! comes late is counted where it belongs and is not taken for new.

mod count;

pub use count::count;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use usher_events::{EventId, InviteId, PoolId, RefusalReason, SignUpKey, Time};

/// The most that is counted for one reason, whatever a policy asks for: sixteen bytes of the tally's
/// one item each, and every one writes that item anew.
pub const MOST: u32 = 50;

/// How long a tally is kept beyond its hour: longer than a refusal can wait to be counted, which is
/// fourteen days in the queue and fourteen among the dead letters.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Whose refusals a tally counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Those of whoever signs up under this name.
    Name(SignUpKey),
    /// Those of whoever tries this invite's code, under whichever name.
    Invite(PoolId, InviteId),
}

/// The refusals of one subject within one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Whose.
    pub of: Counted,
    /// When the hour begins.
    pub hour: Time,
    /// The events that were counted, by reason; at most [`MOST`] of each.
    pub counted: BTreeMap<RefusalReason, BTreeSet<EventId>>,
    /// The event with which it became suspicious. Never taken back.
    pub raised: Option<Raised>,
    /// How often it was written.
    pub version: u64,
}

/// When a tally became suspicious.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// With which event.
    pub by: EventId,
    /// How many had been counted by then.
    pub attempts: u32,
}

impl Tally {
    /// A tally of nothing, not yet written anywhere.
    pub fn new(of: Counted, hour: Time) -> Self {
        Self {
            of,
            hour,
            counted: BTreeMap::new(),
            raised: None,
            version: 0,
        }
    }

    /// Which refusal for this reason the next one is, from 1; `None` if it is beyond `most`, and so
    /// one that nobody needs to hear of.
    pub fn next_attempt(&self, reason: RefusalReason, most: u32) -> Option<u32> {
        let next = self.counted.get(&reason).map_or(0, size) + 1;
        (next <= most).then_some(next)
    }

    /// Counts a refusal, and says of how many it is one if it is the one that is too many: the first
    /// with which there are `suspicious_after`. A repeat changes nothing and says the same.
    ///
    /// What is refused only because we could not look is no sign of anything. Once an invite's tally
    /// has become suspicious nothing more is counted in it: nobody asks how often it was after that.
    pub fn note(
        &mut self,
        event: EventId,
        reason: RefusalReason,
        suspicious_after: u32,
    ) -> Option<u32> {
        let is_closed = matches!(self.of, Counted::Invite(..)) && self.raised.is_some();
        let is_new = !is_closed && self.add(event, reason);
        let attempts = self.attempts();
        if is_new && is_a_sign(reason) && self.raised.is_none() && attempts >= suspicious_after {
            self.raised = Some(Raised {
                by: event,
                attempts,
            });
        }
        let raised = self.raised.filter(|raised| raised.by == event);
        raised.map(|raised| raised.attempts)
    }

    fn add(&mut self, event: EventId, reason: RefusalReason) -> bool {
        let events = self.counted.entry(reason).or_default();
        size(events) < MOST && events.insert(event)
    }

    /// How many there were that say something of who was refused.
    fn attempts(&self) -> u32 {
        let signs = self
            .counted
            .iter()
            .filter(|(reason, _)| is_a_sign(**reason));
        signs.map(|(_, events)| size(events)).sum()
    }

    /// When it may be forgotten.
    pub fn expires_at(&self) -> Time {
        self.hour.plus(KEPT)
    }
}

fn is_a_sign(reason: RefusalReason) -> bool {
    reason != RefusalReason::StoreUnavailable
}

fn size(events: &BTreeSet<EventId>) -> u32 {
    u32::try_from(events.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
