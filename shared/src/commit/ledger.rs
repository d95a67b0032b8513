use super::{DueAt, Lane};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use usher_events::{EventId, Time};

/// Work that an event can owe to the outside world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// The welcome mail. Owed once in a user's life, whichever event asks for it.
    WelcomeMail,
    /// The mail that tells of a new password. Owed once by each reset.
    PasswordChangedNotice,
    /// The mail that tells of a suspension. Owed once by each suspension.
    SuspensionNotice,
    /// Publication to the bus. May be repeated: receivers know an event by its id.
    Publication,
}

impl EffectKind {
    /// Every kind there is.
    pub const ALL: [Self; 4] = [
        Self::WelcomeMail,
        Self::PasswordChangedNotice,
        Self::SuspensionNotice,
        Self::Publication,
    ];

    /// Whether it must happen at most once, so that a lease guards it.
    pub fn is_once(self) -> bool {
        match self {
            Self::WelcomeMail | Self::PasswordChangedNotice | Self::SuspensionNotice => true,
            Self::Publication => false,
        }
    }

    /// Whether several commits of one user may owe the same, so that only the one may perform it
    /// whose claim is in the user item. Of any other kind each commit owes its own.
    pub fn needs_claim(self) -> bool {
        match self {
            Self::WelcomeMail => true,
            Self::PasswordChangedNotice | Self::SuspensionNotice | Self::Publication => false,
        }
    }

    /// The service that performs it.
    pub fn lane(self) -> Lane {
        match self {
            Self::WelcomeMail | Self::PasswordChangedNotice | Self::SuspensionNotice => Lane::Mail,
            Self::Publication => Lane::Bus,
        }
    }

    /// The name in the ledger, in claims and in log fields.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WelcomeMail => "welcome_mail",
            Self::PasswordChangedNotice => "password_changed_notice",
            Self::SuspensionNotice => "suspension_notice",
            Self::Publication => "publication",
        }
    }
}

/// What the ledger says of an effect that an operator made owed again, until it is tried.
pub const RE_OWED: &str = "re_owed";

/// How far one effect is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Entry {
    /// Nobody has performed it, as far as the log knows.
    Owed,
    /// Performed.
    Done {
        /// When the service accepted it.
        at: Time,
        /// The service's own id of what it accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<String>,
    },
    /// To be tried again.
    Deferred {
        /// Not before this instant.
        due: Time,
        /// How many tries there were.
        attempts: u32,
        /// Why the last one failed; [`Entry::later`] says what stands there before the first.
        fault: String,
        /// Since when it is owed, where that is not since the commit was appended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Time>,
    },
    /// Given up.
    Failed {
        /// When.
        at: Time,
        /// Why.
        fault: String,
        /// The kind of the last error, where it is not why: what is too old has failed for another
        /// reason each time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_error: Option<String>,
    },
    /// Another commit holds the claim of this once-effect.
    Anothers {
        /// Which one.
        commit: EventId,
    },
}

impl Entry {
    /// Whether something is still to be done.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Owed | Self::Deferred { .. } => true,
            Self::Done { .. } | Self::Failed { .. } | Self::Anothers { .. } => false,
        }
    }

    /// When it is to be tried again, if it was set aside.
    pub fn due(&self) -> Option<Time> {
        match self {
            Self::Deferred { due, .. } => Some(*due),
            Self::Owed | Self::Done { .. } | Self::Failed { .. } | Self::Anothers { .. } => None,
        }
    }

    /// How many tries of it have failed.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Deferred { attempts, .. } => *attempts,
            Self::Owed | Self::Done { .. } | Self::Failed { .. } | Self::Anothers { .. } => 0,
        }
    }

    /// The entry of an effect that nobody is to try before this instant; its fault is `too_early`.
    pub fn later(due: Time) -> Self {
        Self::Deferred {
            due,
            attempts: 0,
            fault: "too_early".to_owned(),
            since: Some(due),
        }
    }

    /// The entry of an effect that was given up and is owed again, as if from now on; its fault is
    /// [`RE_OWED`].
    pub fn re_owed(now: Time) -> Self {
        Self::Deferred {
            due: now,
            attempts: 0,
            fault: RE_OWED.to_owned(),
            since: Some(now),
        }
    }

    /// The entry of an effect that no later try can perform, and why.
    pub fn given_up(at: Time, why: impl Into<String>) -> Self {
        Self::Failed {
            at,
            fault: why.into(),
            last_error: None,
        }
    }
}

/// What one commit owes, by kind. A repeatable effect appears only once it has failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ledger(BTreeMap<EffectKind, Entry>);

impl Ledger {
    /// A ledger that owes these effects.
    pub fn owing(kinds: impl IntoIterator<Item = EffectKind>) -> Self {
        Self(kinds.into_iter().map(|kind| (kind, Entry::Owed)).collect())
    }

    /// The entry of one kind.
    pub fn get(&self, kind: EffectKind) -> Option<&Entry> {
        self.0.get(&kind)
    }

    /// Replaces or adds an entry.
    pub fn set(&mut self, kind: EffectKind, entry: Entry) {
        self.0.insert(kind, entry);
    }

    /// Every entry, in order of kind.
    pub fn entries(&self) -> impl Iterator<Item = (EffectKind, &Entry)> {
        self.0.iter().map(|(kind, entry)| (*kind, entry))
    }

    /// The once-effects that are still to be performed.
    pub fn open_once(&self) -> impl Iterator<Item = EffectKind> + '_ {
        self.entries()
            .filter(|(kind, entry)| kind.is_once() && entry.is_open())
            .map(|(kind, _)| kind)
    }

    /// Whether the entry of a once-effect is another than in that ledger.
    pub fn differs_in_once(&self, other: &Self) -> bool {
        let mut once = EffectKind::ALL.into_iter().filter(|kind| kind.is_once());
        once.any(|kind| self.get(kind) != other.get(kind))
    }

    /// Whether there is a once-effect that may be performed at once.
    pub fn owes_now(&self) -> bool {
        self.entries()
            .any(|(kind, entry)| kind.is_once() && *entry == Entry::Owed)
    }

    /// The earliest instant at which something set aside is to be tried again, and what that waits
    /// for.
    pub fn due(&self) -> Option<DueAt> {
        let set_aside = self.entries().filter_map(|(kind, entry)| {
            let (at, lane) = (entry.due()?, kind.lane());
            Some(DueAt { at, lane })
        });
        set_aside.min()
    }
}

/// The right to perform a commit's once-effects, until an instant by the wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who has it.
    pub owner: String,
    /// Until when.
    pub until: Time,
}

/// How far the clocks of two workers may differ before both think that they hold one lease.
const CLOCK_SKEW_MS: i64 = 2000;

impl Lease {
    /// Whether its owner may begin a call that can take this long.
    ///
    /// Asked right before the call, of the clock as it is then: a worker that was stopped for an
    /// hour after it took the lease must find that it has it no longer.
    pub fn outlasts(&self, now: Time, call: Duration) -> bool {
        now.plus(call) < self.until
    }

    /// Whether another worker may take it over.
    pub fn has_expired(&self, now: Time) -> bool {
        self.until <= Self::expired_by(now)
    }

    /// Leases that end at this instant or before have expired.
    pub fn expired_by(now: Time) -> Time {
        Time::from_unix_millis(now.unix_millis() - CLOCK_SKEW_MS).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_unix_seconds(seconds).unwrap()
    }

    #[test]
    fn nobody_may_begin_a_call_on_a_lease_that_another_may_take_meanwhile() {
        let lease = Lease {
            owner: "a".to_owned(),
            until: at(100),
        };
        let call = Duration::from_secs(10);
        for now in 0..200 {
            if lease.outlasts(at(now), call) {
                assert!(
                    (now..now + 10).all(|then| !lease.has_expired(at(then))),
                    "at {now}"
                );
            }
        }
        assert!(lease.outlasts(at(89), call) && !lease.outlasts(at(90), call));
        assert!(lease.has_expired(at(102)) && !lease.has_expired(at(101)));
    }

    #[test]
    fn the_name_of_a_kind_is_its_name_in_the_ledger_and_only_what_happens_once_is_claimed() {
        for kind in EffectKind::ALL {
            let stored = serde_json::to_value(kind).unwrap();
            assert_eq!(stored, serde_json::json!(kind.as_str()));
            assert!(kind.is_once() || !kind.needs_claim(), "{}", kind.as_str());
        }
    }

    #[test]
    fn what_is_owed_later_is_open_and_due_and_not_owed_now() {
        let kind = EffectKind::WelcomeMail;
        let mut ledger = Ledger::default();
        ledger.set(kind, Entry::later(at(60)));
        let lane = Lane::Mail;
        assert_eq!(ledger.due(), Some(DueAt { at: at(60), lane }));
        assert_eq!(ledger.open_once().collect::<Vec<_>>(), [kind]);
        assert!(!ledger.owes_now() && Ledger::owing([kind]).owes_now());
    }

    #[test]
    fn the_earliest_entry_says_in_which_lane_a_commit_is_due() {
        let (mail, bus) = (EffectKind::WelcomeMail, EffectKind::Publication);
        let mut ledger = Ledger::owing([mail]);
        assert_eq!(ledger.due(), None, "nothing is set aside");
        for (mail_at, bus_at, expected) in [
            (5, 9, (5, Lane::Mail)),
            (9, 5, (5, Lane::Bus)),
            (5, 5, (5, Lane::Mail)),
        ] {
            ledger.set(mail, Entry::later(at(mail_at)));
            ledger.set(bus, Entry::later(at(bus_at)));
            let due = ledger.due().unwrap();
            assert_eq!((due.at, due.lane), (at(expected.0), expected.1));
        }
        ledger.set(mail, Entry::given_up(at(6), "refused"));
        let left = DueAt {
            at: at(5),
            lane: Lane::Bus,
        };
        assert_eq!(ledger.due(), Some(left), "the other is found then");
    }
}
