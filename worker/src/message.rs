//! What a message says: an event, or a call to resume one.

use serde::{Deserialize, Serialize};
use usher_events::wire::{self, DecodeError};
use usher_events::{Envelope, EventId, LifecycleEvent, Subject};

/// Work that a message brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// An event to be recorded.
    Event(Box<Envelope<LifecycleEvent>>),
    /// A commit whose effects are to be tried again.
    Resume(Resume),
}

/// Asks for one commit's open effects. Carries nothing that the log does not hold, so that a forged
/// one can do no more than a sweep does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// Whose stream.
    pub subject: Subject,
    /// Which commit.
    pub id: EventId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeMessage {
    resume: Resume,
}

impl Resume {
    /// The message's text.
    pub fn encode(&self) -> String {
        let message = ResumeMessage {
            resume: self.clone(),
        };
        serde_json::to_string(&message).expect("ids are texts, so this is always JSON")
    }
}

impl Work {
    /// Reads a message.
    pub fn decode(body: &str) -> Result<Self, DecodeError> {
        if let Ok(message) = serde_json::from_str::<ResumeMessage>(body) {
            return Ok(Self::Resume(message.resume));
        }
        wire::decode(body).map(|envelope| Self::Event(Box::new(envelope)))
    }

    /// Whom it is about.
    pub fn subject(&self) -> &Subject {
        match self {
            Self::Event(envelope) => &envelope.subject,
            Self::Resume(resume) => &resume.subject,
        }
    }

    /// Which commit it is to make or to resume.
    pub fn id(&self) -> EventId {
        match self {
            Self::Event(envelope) => envelope.id,
            Self::Resume(resume) => resume.id,
        }
    }
}

/// What is to become of a message that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// No program will ever read it: set it aside at once.
    Never(&'static str),
    /// A newer program may: leave it in the queue until its last delivery.
    NotYet(&'static str),
}

impl Unreadable {
    /// Judges why decoding failed.
    pub fn judge(error: &DecodeError) -> Self {
        match error {
            DecodeError::NotAnEnvelope { .. } => Self::Never("not_an_envelope"),
            DecodeError::Forged { .. } => Self::Never("forged"),
            DecodeError::BadData { .. } => Self::Never("bad_data"),
            DecodeError::UnknownType => Self::NotYet("unknown_type"),
            DecodeError::UnknownVersion { .. } => Self::NotYet("unknown_version"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resume_reads_back_and_nothing_more_than_a_resume_is_one() {
        let resume = Resume {
            subject: Subject::try_from("3f0c".to_owned()).unwrap(),
            id: "f0f607a8-e0d0-545f-8a65-5d5843765c82".parse().unwrap(),
        };
        assert_eq!(
            Work::decode(&resume.encode()),
            Ok(Work::Resume(resume.clone()))
        );
        let more = resume.encode().replace('}', r#","grant":"admin"}"#);
        assert!(Work::decode(&more).is_err());
    }
}
