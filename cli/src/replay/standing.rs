//! What a letter reads as, and what the table holds of it. Pure: what was read is an argument.

use super::letter::About;
use serde::{Deserialize, Serialize};
use usher_events::wire::{self, DecodeError};
use usher_events::{EventId, LifecycleEvent, Subject};
use usher_shared::commit::Commit;
use usher_shared::user::User;
use usher_worker::message::{Unreadable, Work};

/// What a letter reads as.
#[derive(Debug)]
pub enum Reading {
    /// Something that a worker can do.
    Work {
        /// What.
        work: Work,
        /// The text to send; in the current version, whichever it came in.
        body: String,
        /// Whether it came in an older version.
        lifted: bool,
    },
    /// Nothing, to any program.
    Never(&'static str),
    /// Nothing to this program; a newer one may read it.
    NotYet(&'static str),
}

/// Reads a letter.
pub fn read(body: &str) -> Reading {
    let work = match Work::decode(body) {
        Ok(work) => work,
        Err(error) => return unreadable(&error),
    };
    let lifted = match &work {
        Work::Event(envelope) => {
            let current = usher_events::Fact::version(&envelope.event);
            About::of(body).version.is_some_and(|it| it != current)
        }
        Work::Resume(_) => false,
    };
    let body = match &work {
        Work::Event(envelope) if lifted => wire::encode::<LifecycleEvent>(envelope),
        Work::Event(_) | Work::Resume(_) => body.to_owned(),
    };
    Reading::Work { work, body, lifted }
}

fn unreadable(error: &DecodeError) -> Reading {
    match Unreadable::judge(error) {
        Unreadable::Never(why) => Reading::Never(why),
        Unreadable::NotYet(why) => Reading::NotYet(why),
    }
}

impl Reading {
    /// Whose stream it belongs to, and which commit of it.
    pub fn key(&self) -> Option<(&Subject, EventId)> {
        match self {
            Self::Work { work, .. } => Some((work.subject(), work.id())),
            Self::Never(_) | Self::NotYet(_) => None,
        }
    }
}

/// What the table holds of an event already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing: it is not in the log.
    NotRecorded,
    /// It is recorded, and its ledger has something open.
    EffectsOpen,
    /// It is recorded, and its user does not know of it.
    NotFolded,
    /// It is recorded, all that it owes is closed, and folding it again changes nothing.
    Done,
}

impl Standing {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotRecorded => "not_recorded",
            Self::EffectsOpen => "effects_open",
            Self::NotFolded => "not_folded",
            Self::Done => "done",
        }
    }

    /// Tells from the commit, if there is one, and from its user as stored.
    ///
    /// All that it says counts, also where a policy keeps rights alone: by another policy than the
    /// worker's a letter may be sent that needed not be, and none removed that had to be sent.
    pub fn of(commit: Option<&Commit>, user: Option<&User>) -> Self {
        let Some(commit) = commit else {
            return Self::NotRecorded;
        };
        if commit.ledger.entries().any(|(_, entry)| entry.is_open()) {
            return Self::EffectsOpen;
        }
        let said = User::of(commit);
        let known = user.cloned().unwrap_or_default();
        // What is about nobody folds into nothing.
        let folded = commit.sub().is_none() || known.clone().join(said) == known;
        if folded { Self::Done } else { Self::NotFolded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use usher_events::{Envelope, PoolId, SignInRefused, Sub, Time};
    use usher_events::{RefusalReason, SignedIn};
    use usher_shared::commit::{EffectKind, Entry, Ledger, Recorded};

    fn at(seconds: i64) -> Time {
        Time::from_unix_seconds(1_780_000_000 + seconds).unwrap()
    }

    fn refused() -> Envelope<LifecycleEvent> {
        Envelope {
            id: "f0f607a8-e0d0-545f-8a65-5d5843765c82".parse().unwrap(),
            source: PoolId::new("eu-west-1_A").unwrap(),
            subject: Subject::User(Sub::new("3f0c").unwrap()),
            time: at(0),
            correlation_id: None,
            causation_id: None,
            event: SignInRefused::new(RefusalReason::UserSuspended).into(),
        }
    }

    fn commit(event: LifecycleEvent) -> Commit {
        Commit {
            envelope: refused().map(|_| Recorded::Lifecycle(event)),
            decided: Vec::new(),
            ledger: Ledger::default(),
            lease: None,
            recorded_at: at(1),
        }
    }

    #[test]
    fn what_came_in_an_older_version_is_sent_in_the_current_one_and_all_else_as_it_came() {
        let current = wire::encode(&refused());
        let spaced = current.replacen(':', " : ", 1);
        let Reading::Work { body, lifted, .. } = read(&spaced) else {
            panic!("it is an event");
        };
        assert_eq!((body, lifted), (spaced, false));
        let mut old: Value = serde_json::from_str(&current).unwrap();
        old["dataschema"] = json!("urn:usher:event:sign_in_refused:1");
        old["data"] = json!({ "reason": "user_suspended", "severity": old["data"]["severity"] });
        let Reading::Work { body, lifted, .. } = read(&old.to_string()) else {
            panic!("it is an event");
        };
        assert!(lifted);
        let lifted: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(lifted["dataschema"], "urn:usher:event:sign_in_refused:2");
        assert_eq!(lifted["data"]["step"], "unknown");
    }

    #[test]
    fn what_cannot_be_read_ever_is_told_from_what_a_newer_program_may_read() {
        let newer = wire::encode(&refused()).replace("refused:2", "refused:3");
        assert!(matches!(read("{"), Reading::Never("not_an_envelope")));
        assert!(matches!(read(&newer), Reading::NotYet("unknown_version")));
    }

    #[test]
    fn an_event_is_done_only_if_recorded_and_closed_and_folded() {
        let signed_in = commit(signed_in().into());
        let known = User::default().join(User::of(&signed_in));
        let standing = |commit: Option<&Commit>, user: Option<&User>| Standing::of(commit, user);
        assert_ne!(known, User::default(), "a sign-in says something");
        assert_eq!(standing(None, Some(&known)), Standing::NotRecorded);
        assert_eq!(standing(Some(&signed_in), None), Standing::NotFolded);
        assert_eq!(standing(Some(&signed_in), Some(&known)), Standing::Done);
        for (entry, expected) in [
            (Entry::Owed, Standing::EffectsOpen),
            (Entry::later(at(9)), Standing::EffectsOpen),
            (Entry::given_up(at(9), "refused"), Standing::Done),
        ] {
            let mut owing = signed_in.clone();
            owing.ledger.set(EffectKind::Publication, entry);
            assert_eq!(standing(Some(&owing), Some(&known)), expected);
        }
    }

    fn signed_in() -> SignedIn {
        let text = include_str!("../../../events/fixtures/signed_in.v1.json");
        let envelope = wire::decode(text).unwrap();
        match envelope.event {
            LifecycleEvent::SignedIn(event) => event,
            other => panic!("{other:?}"),
        }
    }
}
