//! A dead letter, and what can be told of it without telling what it says. Pure.

use serde::Serialize;
use serde_json::Value;
use usher_events::{EventId, PoolId, Subject, Time, wire};
use usher_shared::digest::sha_256;
use usher_shared::port::{Cause, DeadLetter};
use uuid::Uuid;

/// What a letter is grouped under that the queue itself moved: nobody said why.
pub const NO_CAUSE: &str = "no cause recorded";

/// The longest name of a type that is shown.
const LONGEST_NAME: usize = 64;

/// One dead letter.
#[derive(Clone)]
pub struct Letter {
    /// The queue's id of it.
    pub id: String,
    /// What deletes this delivery.
    pub receipt: String,
    /// The text, as it came.
    pub body: String,
    /// Why it was set aside, where somebody said so.
    pub cause: Option<Cause>,
    /// When it was sent to this queue, or to the one that it was moved from.
    pub sent: Option<Time>,
    /// How often it was delivered in vain.
    pub receives: u32,
    /// What it is about.
    pub about: About,
}

/// What a letter is about, as far as it can be told. Whatever cannot be a name or an id is left out, as
/// it may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// The type's name, without prefix.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The version that it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u16>,
    /// Whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolId>,
    /// The event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
}

impl Letter {
    /// When it was set aside; for one that the queue moved, when it was sent.
    pub fn at(&self) -> Option<Time> {
        let set_aside = self.cause.as_ref().map(|cause| cause.set_aside);
        set_aside.or(self.sent)
    }

    /// The kind of its cause.
    pub fn cause_kind(&self) -> &str {
        self.cause.as_ref().map_or(NO_CAUSE, |cause| &cause.kind)
    }

    /// What failed, where a service did.
    pub fn operation(&self) -> Option<&str> {
        self.cause.as_ref()?.operation.as_deref()
    }

    /// SHA-256 of the text, in hex.
    pub fn sha_256(&self) -> String {
        sha_256(&self.body)
    }
}

impl From<DeadLetter> for Letter {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter {
            message,
            sent,
            cause,
        } = letter;
        let by_worker = cause.as_ref().map(|cause| cause.receive_count);
        Self {
            about: About::of(&message.body),
            id: message.id,
            receipt: message.receipt,
            body: message.body,
            receives: by_worker.unwrap_or(message.receive_count),
            cause,
            sent,
        }
    }
}

impl About {
    /// Reads what can be read of any text.
    pub fn of(body: &str) -> Self {
        let Ok(json) = serde_json::from_str::<Value>(body) else {
            return Self::default();
        };
        let resume = &json["resume"];
        if resume.is_object() {
            return Self {
                kind: Some("resume".to_owned()),
                subject: subject(&resume["subject"]),
                event: event(&resume["id"]),
                ..Self::default()
            };
        }
        let schema = json["dataschema"].as_str().unwrap_or_default();
        let version = schema.rsplit_once(':').and_then(|(_, v)| v.parse().ok());
        Self {
            kind: json["type"].as_str().and_then(name),
            version,
            subject: subject(&json["subject"]),
            pool: pool(&json["source"]),
            event: event(&json["id"]),
        }
    }
}

/// A type's name without prefix, if it looks like one. It need not be known here.
pub fn name(text: &str) -> Option<String> {
    let name = text.strip_prefix(wire::TYPE_PREFIX).unwrap_or(text);
    let is_name = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    is_name.then(|| name.to_owned())
}

/// A pool's id, of the shape that Cognito's have.
fn pool(value: &Value) -> Option<PoolId> {
    let text = value.as_str()?;
    let (region, name) = text.split_once('_')?;
    let is_region = region
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let is_id =
        is_region && region.contains('-') && name.bytes().all(|b| b.is_ascii_alphanumeric());
    is_id.then(|| PoolId::new(text).ok()).flatten()
}

/// A sub as Cognito makes them, or a sign-up key. Anything else in their place may be somebody's name.
fn subject(value: &Value) -> Option<Subject> {
    let text = value.as_str()?;
    let subject = Subject::try_from(text.to_owned()).ok()?;
    let is_id = match &subject {
        Subject::User(sub) => sub.as_str().parse::<Uuid>().is_ok(),
        Subject::SignUp(key) => {
            let mut digest = key.as_str().bytes().skip(2);
            digest.all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        }
    };
    is_id.then_some(subject)
}

fn event(value: &Value) -> Option<EventId> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_letter_says_only_names_and_ids_are_told_of_it() {
        for secret in [
            "ada@example.com",
            "+12025550143",
            "ada.lovelace",
            "ada-1815",
        ] {
            tells_nothing(secret);
        }
    }

    fn tells_nothing(secret: &str) {
        for body in [
            "not { json".to_owned(),
            secret.to_owned(),
            format!(r#"{{"type":"{secret}","subject":"{secret}","source":"{secret}"}}"#),
            format!(r#"{{"type":["{secret}"],"id":"{secret}","dataschema":"{secret}:{secret}"}}"#),
            format!(r#"{{"resume":{{"subject":"{secret}","id":"{secret}"}}}}"#),
        ] {
            let about = About::of(&body);
            assert!(!format!("{about:?}").contains(secret), "{about:?}");
        }
    }

    #[test]
    fn an_envelope_of_any_version_tells_what_it_is_about() {
        let body = r#"{"type":"usher.user_flew","dataschema":"urn:usher:event:user_flew:7",
            "subject":"3f0c2a1e-7b44-4c1d-9f5e-2d8a6b90c1f7","source":"eu-west-1_A","id":"f0f607a8-e0d0-545f-8a65-5d5843765c82"}"#;
        let about = About::of(body);
        assert_eq!(about.kind.as_deref(), Some("user_flew"));
        assert_eq!(about.version, Some(7));
        assert!(about.subject.is_some());
        assert_eq!(about.pool.unwrap().as_str(), "eu-west-1_A");
        assert!(about.event.is_some());
    }
}
